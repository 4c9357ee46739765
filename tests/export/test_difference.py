"""Two runs side by side."""

import json
from datetime import UTC, datetime
from typing import Any

from converse_graph.export.comparison import as_json, as_markdown, as_text, compare
from converse_graph.record.transcript import Header, Party, PrivateNotes, Statement, Transcript


def said(round: int, speaker: str, text: str, turn: int = 0, **fields: Any) -> Statement:
    return Statement(
        round=round,
        turn=turn,
        period=str(2026 + round),
        speaker=speaker,
        text=text,
        fields=fields,
        private=PrivateNotes(memo="a secret"),
    )


def run(name: str, *statements: Statement, **more: Any) -> Transcript:
    header: dict[str, Any] = {
        "run": name,
        "scenario": "talks",
        "status": "finished",
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "model": "null",
        "seed": 3,
        "clock": {"start": 2026, "end": 2028, "step": "year", "rounds": 3},
        "order": "listed",
        "cast": (Party(name="A", kind="lab"), Party(name="B", kind="lab")),
    }
    return Transcript(header=Header(**{**header, **more}), statements=statements)


FIRST = run("one", said(0, "A", "Hello.", week=3), said(0, "B", "Hi.", 1), said(1, "A", "Yes.", ready=True, week=3))
SECOND = run(
    "two",
    said(0, "A", "Hello.", week=3),
    said(0, "B", "No.", 1),
    said(1, "A", "Yes.", ready=False, week=3),
    said(1, "B", "", 1),
    seed=4,
    dials={"tone": "blunt"},
)


def test_turns_are_aligned_by_round_and_party_and_told_where_they_differ() -> None:
    found = compare(FIRST, SECOND)

    assert [(row.round, row.party, row.same) for row in found.rows] == [
        (0, "A", True),
        (0, "B", False),
        (1, "A", False),
        (1, "B", False),
    ]
    assert (found.rows[1].first, found.rows[1].second) == ("Hi.", "No.")
    assert [(change.name, change.first, change.second) for change in found.rows[2].fields] == [("ready", True, False)]
    assert (found.rows[3].first, found.rows[3].second) == (None, "")
    assert [(change.name, change.first, change.second) for change in found.settings] == [
        ("seed", 3, 4),
        ("dial tone", None, "blunt"),
    ]


def test_turns_of_one_party_in_one_round_are_aligned_in_their_order() -> None:
    one = run("one", said(0, "A", "First."), said(0, "A", "Second.", 1))
    other = run("two", said(0, "A", "First."), said(0, "A", "Another.", 1))

    assert [(row.first, row.second) for row in compare(one, other).rows] == [
        ("First.", "First."),
        ("Second.", "Another."),
    ]


def test_a_run_is_the_same_as_itself() -> None:
    assert as_text(compare(FIRST, FIRST)) == "one and one: the same in 3 turns\n\n= 2026 to 2027: 3 turns the same\n"


def test_a_terminal_gets_words_side_by_side_and_fields_with_an_arrow() -> None:
    assert as_text(compare(FIRST, SECOND)) == (
        "one and two: 2 of 3 turns differ, the first at 2026, B; 1 turn in two alone\n"
        "seed: 3 → 4\n"
        "dial tone: none → blunt\n"
        "\n"
        "= 2026: 1 turn the same\n"
        "\n"
        "2026 · B\n"
        "  one  Hi.\n"
        "  two  No.\n"
        "\n"
        "2027 · A\n"
        "  ready: yes → no\n"
        "\n"
        "= 2027: 1 turn in two alone\n"
    )


def test_a_page_shows_what_was_said_as_text_and_never_as_markup() -> None:
    page = as_markdown(compare(FIRST, run("two", said(0, "A", "# Loud <b>words</b>", week=3))))

    assert "\n\\# Loud &lt;b&gt;words&lt;/b&gt;\n" in page
    assert "## 2026 · A" in page
    assert "<b>" not in page


def test_json_has_every_turn_and_what_differs() -> None:
    told = json.loads(json.dumps(as_json(compare(FIRST, SECOND))))

    assert (told["version"], told["runs"]) == (1, ["one", "two"])
    assert [row["same"] for row in told["rows"]] == [True, False, False, False]
    assert told["rows"][2]["fields"] == [{"name": "ready", "first": True, "second": False}]


def test_nothing_private_is_shown() -> None:
    found = compare(FIRST, SECOND)
    assert "secret" not in as_text(found) + as_markdown(found) + json.dumps(as_json(found))
