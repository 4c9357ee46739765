"""How files of other tools and of people are read: who said what, in which line, and what could not be read."""

import codecs
import json
import time
from pathlib import Path

import pytest

from converse_graph.errors import InvalidValue
from converse_graph.imports.parsed_transcript import ParsedTranscript
from converse_graph.imports.readers import ImportForm, parse_source
from converse_graph.imports.source_text import read_source
from converse_graph.imports.turn_assignment import place_statements


def parse(
    folder: Path, text: str, *, file: str = "talk.txt", form: ImportForm | None = None, speakers: tuple[str, ...] = ()
) -> ParsedTranscript:
    path = folder / file
    path.write_text(text, encoding="utf-8", newline="")
    return parse_source(read_source(path), form=form, speakers=speakers)


Row = tuple[int, str, str, str]
"""Line, speaker, label, words."""

# ruff: noqa: E501 - a row of a table is a line

TEXTS: list[tuple[str, str, list[Row], list[tuple[int, int]]]] = [
    ("name and year", "A 2026: one\nB 2026: two", [(1, "A", "2026", "one"), (2, "B", "2026", "two")], []),
    ("lines go on", "A 2026: one\nmore\n\nB 2026:\ntwo", [(1, "A", "2026", "one\nmore"), (4, "B", "2026", "two")], []),
    ("bold, brackets", "**A (2026 H2):** one\n[2027] B: two", [(1, "A", "2026 H2", "one"), (2, "B", "2027", "two")], []),
    ("no year", "A: one\nB: two\nA: three", [(1, "A", "", "one"), (2, "B", "", "two"), (3, "A", "", "three")], []),
    ("a digit in the name", "GPT-4: one\nGPT-4o: two", [(1, "GPT-4", "", "one"), (2, "GPT-4o", "", "two")], []),
    ("times of day", "[10:30] A: one\n10:31 B: two", [(1, "A", "", "one"), (2, "B", "", "two")], []),
    ("a section a year", "== 2026 ==\nA: one\n\n2027\nA: two", [(2, "A", "2026", "one"), (5, "A", "2027", "two")], []),
    ("prose with a colon", "A 2026: one\nNote: more", [(1, "A", "2026", "one\nNote: more")], []),
    ("a preamble", "Minutes\nof a talk\n\nA 2026: one", [(4, "A", "2026", "one")], [(1, 2)]),
    ("nothing said", "A 2026: one\nB 2026:\nA 2027: two", [(1, "A", "2026", "one"), (3, "A", "2027", "two")], [(2, 2)]),
    ("old line ends", "A 2026: one\rB 2026: two\r\nA 2027: three\n",
     [(1, "A", "2026", "one"), (2, "B", "2026", "two"), (3, "A", "2027", "three")], []),
    ("two spellings", "OpenAI 2026: one\nOPENAI 2027: two\nOpenAI 2028: three",
     [(1, "OpenAI", "2026", "one"), (2, "OpenAI", "2027", "two"), (3, "OpenAI", "2028", "three")], []),
    ("a name of ours", "judge 2026: one\nworld 2026: two", [(1, "Judge", "2026", "one"), (2, "World", "2026", "two")], []),
    ("an address is no label", "A 2026: one\nhttps://a.example/: two", [(1, "A", "2026", "one\nhttps://a.example/: two")], []),
    ("nobody's month", "A 2026-13: one\nA 2026: two", [(1, "A", "2026-13", "one"), (2, "A", "2026", "two")], []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rows", "unread"), [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS])
def test_labelled_text_is_read_line_by_line(
    text: str, rows: list[Row], unread: list[tuple[int, int]], tmp_path: Path
) -> None:
    transcript = parse(tmp_path, text)

    assert [(one.line, one.speaker, one.label, one.text) for one in transcript.statements] == rows
    assert [(stretch.first, stretch.last) for stretch in transcript.unparsed] == unread


def test_only_those_who_are_named_speak_where_other_words_stand_before_colons(tmp_path: Path) -> None:
    transcript = parse(tmp_path, "A: one\nGoal: peace\nB: two\nGoal: war\n", speakers=("a", "B"))

    assert [(one.speaker, one.text) for one in transcript.statements] == [
        ("A", "one\nGoal: peace"),
        ("B", "two\nGoal: war"),
    ]


def test_markdown_has_a_heading_a_speaker_and_headings_for_periods(tmp_path: Path) -> None:
    page = "# The race\n\nAbout it.\n\n## 2026\n\n### OpenAI\n\nWe build.\n\n#### Aside\n\n- a list\n\n### UK (2027)\n\nWe rule.\n"
    transcript = parse(tmp_path, page, file="race.md")

    assert (transcript.form, transcript.title) == ("markdown", "The race")
    assert [(one.line, one.speaker, one.label) for one in transcript.statements] == [
        (7, "OpenAI", "2026"),
        (15, "UK", "2027"),
    ]
    assert transcript.statements[0].text == "We build.\n\n#### Aside\n\n- a list"
    assert [(stretch.first, stretch.last) for stretch in transcript.unparsed] == [(3, 3)]


LINES = [
    {"speaker": "A", "year": 2026, "text": "one", "agi_claimed": True, "agi_estimate": {"p10": 1, "p50": 2, "p90": 3}},
    {"name": "B", "content": [{"type": "text", "text": "two"}], "round": 3},
    {"role": "system", "content": "be nice"},
    {"role": "assistant", "name": "C", "content": "three", "deep": {"a": {"b": 1}}},
    {"content": "whose?"},
    {"speaker": "a/b", "text": "a name with a slash"},
    {"speaker": "D", "text": "  "},
]


@pytest.mark.parametrize("form", ["jsonl", "json", "json on one line"])
def test_messages_in_json_are_read_each_by_its_name(form: str, tmp_path: Path) -> None:
    text, first = "\n".join(map(json.dumps, LINES)) + "\n{broken\n", 1
    if form == "json":
        text, first = '{"title": "x", "messages": [\n' + ",\n".join(map(json.dumps, LINES)) + "\n]}", 2
    if form == "json on one line":
        text = json.dumps(LINES)
    transcript = parse(tmp_path, text, file="chat.json" if form != "jsonl" else "chat.jsonl")

    assert [(one.speaker, one.label, one.text) for one in transcript.statements] == [
        ("A", "2026", "one"),
        ("B", "round 3", "two"),
        ("C", "", "three"),
    ]
    assert transcript.statements[0].fields == {"agi_claimed": True, "agi_estimate": {"p10": 1, "p50": 2, "p90": 3}}
    reasons = {stretch.why: stretch.first for stretch in transcript.unparsed}
    step = 0 if form == "json on one line" else 1
    numbered = {
        "a message of the system or a tool": first + 2 * step,
        "a value that is too deep, too long or oddly named for a field": first + 3 * step,
        "a message without a name": first + 4 * step,
        "a name that no speaker can have": first + 5 * step,
        "a message without words": first + 6 * step,
    }
    assert reasons.items() >= numbered.items()
    assert ("no JSON" in reasons) == (form == "jsonl")


def test_a_list_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    transcript = parse(tmp_path, '[\n{"name": "A", "text": "one"},\n{"name": "B", "te\n', file="cut.json")

    assert [one.speaker for one in transcript.statements] == ["A"]
    assert [(stretch.first, stretch.why) for stretch in transcript.unparsed] == [(3, "no JSON")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_the_same_file_in_any_encoding_is_the_same(encoding: str, tmp_path: Path) -> None:
    text = "".join(
        f"Präsidium {year}: Über die Größe - „später“, größer als früher, äußerst.\n" for year in range(2020, 2040)
    )
    path = tmp_path / "talk.txt"
    path.write_bytes(text.encode(encoding))
    transcript = parse_source(read_source(path))

    assert {one.speaker for one in transcript.statements} == {"Präsidium"}
    assert len(transcript.statements) == 20
    assert "Größe" in transcript.statements[0].text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (codecs.BOM_UTF8 + b" \n\n", "is empty"),
        (bytes(range(256)) * 40, "is no text"),
        (b"just prose, and no more\n", "No statement was found"),
        (b"[1, 2]", "No statement was found"),
        (b"---\nconverse-transcript: 1\n---\nA: b\n", "show RUN --as json"),
        (b"A 2026: one\nB round 3: two\n", "labelled by years and some by rounds"),
    ],
)
def test_what_holds_no_conversation_is_refused_in_one_line(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_bytes(data)

    with pytest.raises(InvalidValue) as refused:
        place_statements(parse_source(read_source(path)).statements)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_hostile_text_neither_commands_a_terminal_nor_takes_long(tmp_path: Path) -> None:
    began = time.monotonic()
    trap = "A 2026: \x1b[2J\u202eevil\x00\n" + "A" * 1_000_000 + ": x\n" + "[" * 100_000 + "\n" + " : :" * 100_000
    transcript = parse(tmp_path, trap)
    nested = parse(tmp_path, '[{"name": "A", "text": "one"}, ' + "[" * 100_000, file="deep.json")
    number = parse(tmp_path, '{"name": "A", "text": "one", "size": ' + "9" * 4000 + "}\n{}", file="big.jsonl")

    assert transcript.statements[0].text.splitlines()[0] == "[2Jevil"
    assert [one.speaker for one in nested.statements] == ["A"]
    assert number.statements[0].fields == {}
    assert time.monotonic() - began < 10


TURNS: list[tuple[str, str, list[tuple[int, int]], set[int], set[int]]] = [
    ("in order", "A 2026: x\nB 2026: x\nA 2027: x", [(0, 0), (0, 1), (1, 0)], set(), set()),
    ("a year too far", "A 2026: x\nB 2062: x\nA 2027: x", [(0, 0), (0, 1), (1, 0)], set(), {1}),
    ("a year gone by", "A 2026: x\nB 2027: x\nA 2020: x\nB 2028: x", [(0, 0), (1, 0), (1, 1), (2, 0)], set(), {2}),
    ("twice in a year", "A 2026: x\nA 2026: x\nB 2026: x", [(0, 0), (0, 1), (0, 2)], {1}, set()),
    ("a gap", "A 2026: x\nA 2029: x", [(0, 0), (3, 0)], set(), set()),
    ("quarters", "A 2026 Q2: x\nB 2026: x\nA 2027 H1: x", [(0, 0), (0, 1), (3, 0)], set(), set()),
    ("rounds that nobody labelled", "A: x\nB: x\nA: x\nA: x\nB: x", [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)], {3}, set()),
    ("against the order", "A: x\nB: x\nA: x\nB: x\nA: x\nB: x\nB: x\nA: x",
     [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (3, 0)], {6}, set()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "places", "turns", "years"), [row[1:] for row in TURNS], ids=[row[0] for row in TURNS]
)
def test_statements_keep_their_order_and_strays_are_marked(
    text: str, places: list[tuple[int, int]], turns: set[int], years: set[int], tmp_path: Path
) -> None:
    clock, placed = place_statements(parse(tmp_path, text).statements)
    first = places[0][0]

    assert [(one.round - placed[0].round + first, one.turn) for one in placed] == places
    assert {number for number, one in enumerate(placed) if one.is_out_of_turn} == turns
    assert {number for number, one in enumerate(placed) if one.is_out_of_year} == years
    assert clock.step in ("year", "quarter", "round")


def test_who_speaks_against_the_order_of_all_others_is_out_of_turn(tmp_path: Path) -> None:
    orders = ["ABC", "ABC", "ACB", "ABC", "ABC"]
    text = "".join(f"{name} {2026 + number}: x\n" for number, order in enumerate(orders) for name in order)
    _, placed = place_statements(parse(tmp_path, text).statements)

    assert [(one.round, one.statement.speaker) for one in placed if one.is_out_of_turn] in ([(2, "C")], [(2, "B")])
