"""What is explanation of a world: explanations that add up, pages and tables that lose nothing."""

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from converse_graph import Number, Store, WorldEvent
from converse_graph.errors import ConverseError
from converse_graph.export.comparison import as_markdown, as_text, compare
from converse_graph.export.formats import as_csv, as_json, from_json, json_text, known_state
from converse_graph.export.markdown import render_markdown
from converse_graph.export.world_explanation import AGGREGATE, RANGE, Movement, explain_round, explanation_markdown
from converse_graph.export.world_figure import world_chart, world_figure
from converse_graph.record.transcript import Transcript
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.scenarios.yaml_files import load_scenario
from tests.support.markdown_reader import read_markdown
from tests.support.small_scenarios import played, table

FISHERY = load_scenario(Path(__file__).parents[2] / "graphs" / "fishery.yaml")


@pytest.fixture
async def transcript(store: Store) -> Transcript:
    return await (await played(store, FISHERY, name="run", seed=2)).transcript()


async def test_the_causes_of_a_movement_add_up_to_it_in_every_round(transcript: Transcript) -> None:
    causes = set()
    for after in transcript.world[1:]:
        assert after.hidden is not None
        explanation = explain_round(transcript, after.period)
        assert len(explanation.movements) == sum(map(len, after.hidden.state.values()))
        for one in explanation.movements:
            assert one.after == after.hidden.state[one.owner][one.variable]
            assert one.before + sum(cause.by for cause in one.causes) == pytest.approx(one.after, abs=1e-6)
            causes |= {cause.cause for cause in one.causes}
            assert all(cause.text for cause in one.causes)
    assert {"drift 1", "cost of inspect", "Norland: fish_little", RANGE} <= causes


async def test_an_action_is_told_with_when_it_was_taken_and_a_range_with_its_end(transcript: Transcript) -> None:
    inspections_made = {
        (after.round, move.party)
        for after in transcript.world
        for move in (after.hidden.moves if after.hidden else ())
        if move.move == "inspect" and move.is_legal
    }
    assert inspections_made
    for after in transcript.world[1:]:
        (trust,) = explain_round(transcript, after.period, ["trust"]).movements
        inspections = {
            (FISHERY.clock.round_of(period), cause.cause.partition(":")[0])
            for cause in trust.causes
            if cause.cause.endswith("inspect")
            for period in cause.action_periods
        }
        assert inspections == {(since, party) for since, party in inspections_made if since < after.round <= since + 2}
        assert ("maximum, 1" in _texts(trust)) == (trust.after == 1 and RANGE in {one.cause for one in trust.causes})


def _texts(movement: Movement) -> str:
    return " ".join(cause.text for cause in movement.causes)


async def test_what_follows_from_the_parties_variables_is_told_so(store: Store) -> None:
    race = find_scenario("agi-race")()
    transcript = await (await played(store, race, name="race", seed=2, rounds=3)).transcript()
    found = [
        (cause.cause, cause.text)
        for after in transcript.world[1:]
        for movement in explain_round(transcript, after.period, ["shown_frontier"]).movements
        for cause in movement.causes
    ]
    assert set(found) == {(AGGREGATE, "maximum of released over all that have it")}


async def test_one_owners_variable_is_told_alone(transcript: Transcript) -> None:
    explanation = explain_round(transcript, "2027", ["Norland.money"])
    assert [(one.owner, one.variable) for one in explanation.movements] == [("Norland", "money")]
    assert len(explain_round(transcript, "2027", ["money", "stock"]).movements) == 4
    page = explanation_markdown(explanation)
    assert page.startswith("# run in 2027: why the world moved\n")
    assert "| drift 4 " in page


@pytest.mark.parametrize(
    ("at", "variables", "message"),
    [
        ("2040", [], "it has come to 2037"),
        ("2020", [], "No period '2020'"),
        ("2027", ["fame"], "there is: stock, trust"),
        ("2027", ["Nobody.money"], "Norland.money"),
    ],
)
async def test_what_is_not_there_is_refused(
    transcript: Transcript, at: str, variables: list[str], message: str
) -> None:
    with pytest.raises(ConverseError, match=message):
        explain_round(transcript, at, variables)


async def test_a_run_of_words_and_a_public_record_are_refused(transcript: Transcript, store: Store) -> None:
    with pytest.raises(ConverseError, match="take the reader's edition"):
        explain_round(transcript.public(), "2027")
    words = await (await played(store, table("A", "B"), name="words")).transcript()
    with pytest.raises(ConverseError, match="Run words has no world"):
        explain_round(words, "1")


@pytest.mark.parametrize("is_public", [True, False])
async def test_a_page_and_json_of_a_world_read_back(transcript: Transcript, is_public: bool) -> None:
    record = transcript.public() if is_public else transcript
    assert len(record.world) == 13
    assert read_markdown(render_markdown(record)) == record
    assert from_json(json.loads(json_text(as_json(record, raw=not is_public)))) == record
    told = render_markdown(record).partition("\n---\n")[2].rpartition("<details>")[0]
    assert ("landed" in told) is not is_public, "the world's definition, in the details, is open to all"


async def test_a_table_has_the_state_after_each_round_from_where_its_party_stands(transcript: Transcript) -> None:
    for raw in (False, True):
        rows = list(csv.DictReader(io.StringIO(as_csv(transcript if raw else transcript.public(), raw=raw))))
        for row, statement in zip(rows, transcript.statements, strict=True):
            after = transcript.world[statement.round + 1]
            assert after.hidden is not None
            assert float(row["world.stock"]) == after.state["world"]["stock"]
            moves = after.hidden.moves if raw else after.moves
            assert row["move"] == next((move.move for move in moves if move.party == statement.speaker), "")
            if raw:
                assert float(row["own.money"]) == after.hidden.state[statement.speaker]["money"]
            else:
                assert not {"own.money", "own.landed"} & row.keys()


@pytest.mark.parametrize("raw", [True, False])
async def test_two_worlds_are_compared_value_by_value(transcript: Transcript, store: Store, raw: bool) -> None:
    other = await (await played(store, FISHERY, name="other", seed=3)).transcript()
    difference = compare(transcript, other, raw=raw)
    rows = {(row.round, row.owner, row.name): (row.first, row.second) for row in difference.world}
    for one, two in zip(transcript.world, other.world, strict=True):
        (state, moves), (second, seconds) = known_state(one, raw=raw), known_state(two, raw=raw)
        for owner, values in state.items():
            for name, value in values.items():
                there = second[owner][name]
                assert rows.pop((one.round, owner, name), None) == (None if value == there else (value, there))
        for party in ("Norland", "Sudmark", "Ostrand"):
            did = [next((move.move for move in of if move.party == party), None) for of in (moves, seconds)]
            expected = None if did[0] == did[1] else tuple(did)
            assert rows.pop((one.round, party, "move"), None) == expected
    assert rows == {}
    assert "; their worlds differ from start on" in as_text(difference)
    assert "## World after 2027" in as_markdown(difference)
    assert ("landed" in as_text(difference)) is raw
    assert not compare(transcript, transcript, raw=raw).world


async def test_a_figure_has_what_happened_and_what_was_stated_beside_it(store: Store) -> None:
    assert FISHERY.world is not None
    fields = (Number(name="stock", ask="your estimate", minimum=0, maximum=500),)
    norland = FISHERY.organisations[0].model_copy(update={"fields": fields})
    event = WorldEvent(name="less", variable="stock", at_most=330)
    scenario = FISHERY.model_copy(
        update={
            "organisations": (norland, *FISHERY.organisations[1:]),
            "world": FISHERY.world.model_copy(update={"events": (event,)}),
            "stop": (),
        }
    )
    transcript = await (await played(store, scenario, name="claims", seed=2)).transcript()
    stock, _, *hidden = world_chart(transcript)["vconcat"]
    truth, points, rule, _ = (layer["data"]["values"] for layer in stock["layer"])
    assert [row["value"] for row in truth] == [after.state["world"]["stock"] for after in transcript.world]
    assert [row["time"] for row in truth] == [*range(2026, 2039)]
    claims = [statement.fields["stock"] for statement in transcript.statements if statement.speaker == "Norland"]
    assert [(row["time"], row["value"]) for row in points] == [*zip(range(2026, 2038), claims, strict=True)]
    first = next(after.round for after in transcript.world if after.state["world"]["stock"] <= 330)
    assert rule == [{"time": 2026 + first + 1, "event": "less"}]
    still = world_chart(transcript.model_copy(update={"world": (transcript.world[0],) * 3}))
    assert [panel["title"]["text"] for panel in still["vconcat"]] == ["stock (points: as stated)"]
    assert still["title"]["subtitle"] == ["Never changed: trust, goodwill, standing, money, landed."]
    assert len(hidden) == 4
    assert len(world_chart(transcript.public())["vconcat"]) == 4
    with pytest.raises(ConverseError, match="nothing to draw"):
        world_chart(transcript.model_copy(update={"world": ()}))


async def test_figures_are_drawn_offline_and_load_nothing(transcript: Transcript) -> None:
    assert world_figure(transcript, "png").startswith(b"\x89PNG")
    drawing = world_figure(transcript, "svg").decode()
    assert ElementTree.fromstring(drawing).tag.endswith("svg")  # noqa: S314 - ours
    page = world_figure(transcript, "html").decode()
    assert drawing in page
    assert not re.search(r"""(src|href)=["']?https?:|<script|@import|url\(http""", page)
