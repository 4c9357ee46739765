"""What parties announced against what they did, as far as anybody could tell."""

from pathlib import Path

import pytest

from converse_graph import Action, Pledge, Store, World
from converse_graph.errors import InvalidValue
from converse_graph.export.stats import stats_json, stats_markdown
from converse_graph.measures.pledges import pledges
from converse_graph.record.transcript import HiddenWorld, Statement, Transcript, WorldMove, WorldRound
from converse_graph.scenarios.yaml_files import load_scenario, read_scenario
from tests.support.sample_transcripts import HEADER
from tests.support.small_scenarios import played

PATH = Path(__file__).parents[2] / "graphs" / "fishery.yaml"
FISHERY = load_scenario(PATH)


def transcript(
    answer_given: str | None, move: str, *, is_seen: bool, due: int = 0, detections: tuple[float, float]
) -> Transcript:
    assert FISHERY.world is not None
    actions = [
        Action(name=name, text=name, detection=detection)
        for name, detection in zip(("fish", "inspect"), detections, strict=True)
    ]
    world = World(variables=FISHERY.world.variables, actions=actions, pledges=[Pledge(field="pledge", due=due)])
    party = HEADER.cast[0]
    did = WorldMove(party=party.name, move=move, is_legal=True, is_seen=is_seen)
    after = WorldRound(
        round=due,
        period="then",
        state={"world": {}},
        moves=[did] if is_seen else [],
        hidden=HiddenWorld(state={"world": {}}, moves=[did]),
    )
    statement = Statement(round=0, turn=0, period="now", speaker=party.name, text="x", fields={"pledge": answer_given})
    return Transcript(header=HEADER.model_copy(update={"world": world}), statements=(statement,), world=(after,))


ROWS = {
    "seen as announced": (("fish", "fish", True, (0.5, 0.5)), ("kept", True)),
    "seen otherwise": (("fish", "inspect", True, (0.5, 0.5)), ("broken", False)),
    "unseen, might have been": (("fish", "fish", False, (0.5, 1.0)), ("unobservable", True)),
    "unseen, and untrue": (("fish", "wait", False, (0.5, 1.0)), ("unobservable", False)),
    "unseen, what would have been seen": (("fish", "wait", False, (1.0, 0.5)), ("broken", False)),
    "waited, and nothing stays unseen": (("wait", "wait", False, (1.0, 1.0)), ("kept", True)),
    "statement to wait, may have acted": (("wait", "fish", False, (0.5, 1.0)), ("unobservable", False)),
    "statement to wait, was seen": (("wait", "fish", True, (0.5, 1.0)), ("broken", False)),
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("due", [0, 2])
def test_a_pledge_is_held_against_the_move_of_its_round(row: str, due: int) -> None:
    (answer_given, move, is_seen, detections), (observation, is_kept) = ROWS[row]
    record = transcript(answer_given, move, is_seen=is_seen, due=due, detections=detections)
    (outcome,) = pledges(record)
    assert (outcome.observation, outcome.is_kept, outcome.due_round) == (observation, is_kept, due)
    (public,) = pledges(record.public())
    assert public.observation == observation
    assert public.is_kept == (None if observation == "unobservable" else is_kept)


def test_what_announces_nothing_counts_for_nothing_and_what_is_not_over_stays_open() -> None:
    for answer in (None, "none"):
        assert pledges(transcript(answer, "fish", is_seen=True, detections=(1, 1))) == ()
    record = transcript("fish", "fish", is_seen=True, detections=(1, 1))
    (outcome,) = pledges(record.model_copy(update={"world": ()}))
    assert (outcome.observation, outcome.is_kept) == ("open", None)
    assert pledges(record.model_copy(update={"header": HEADER})) == ()


async def test_figures_of_a_run_count_every_pledge_by_party_and_round(store: Store) -> None:
    record = await (await played(store, FISHERY, name="run", seed=2)).transcript()
    rows = stats_json(record)["pledges"]
    statements = [statement for statement in record.statements if statement.fields["pledge"] != "none"]
    assert [(row["party"], row["period"], row["move"]) for row in rows] == [
        (statement.speaker, statement.period, statement.fields["pledge"]) for statement in statements
    ]
    page = stats_markdown(record)
    assert "## Pledges" in page
    for party in {row["party"] for row in rows}:
        of_party = [row for row in rows if row["party"] == party]
        line = next(line for line in page.split("## Pledges")[1].splitlines() if line.startswith(f"| {party} "))
        counts = [cell.strip() for cell in line.strip("|").split("|")[1:]]
        names = ("kept", "broken", "unobservable", "open")
        expected = [sum(row["observation"] == name for row in of_party) for name in names]
        assert counts == [*map(str, [len(of_party), *expected, sum(row["is_kept"] is False for row in of_party)])]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("- {field: pledge}", "- {field: promise}", "'promise', a field that no party reports"),
        ("- {field: pledge}", "- {field: ask}", "'ask', which is no choice"),
        (
            "options: [fish_little, fish_much, none]",
            "options: [fish_litle, none]",
            "'fish_litle' in 'pledge'",
        ),
        ("- {field: pledge}", "- {field: pledge, due: -1}", "due"),
    ],
)
def test_pledges_of_what_is_not_there_are_refused(before: str, after: str, message: str) -> None:
    text = PATH.read_text(encoding="utf-8")
    assert before in text
    with pytest.raises(InvalidValue, match=message):
        read_scenario(text.replace(before, after, 1))


def test_a_party_whose_kind_may_not_act_cannot_pledge_it() -> None:
    assert FISHERY.world is not None
    with pytest.raises(ValueError, match="there is: wait, none"):
        FISHERY.world.check_pledge("Harbour", "port", "pledge", ["inspect", "none"])
