"""A dial is real: two of its values differ in a prompt, a rule or the graph; and every preset plays to its end."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converse_graph import Debate, ImaginedDebate, Persona, Scenario, ScenarioFunction, find_scenario
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.scenarios.catalogue import catalogue
from converse_graph.store import Store
from tests.support.small_scenarios import played

FUTURES = find_scenario("ai-futures")
PRESETS = sorted(catalogue())


def _names(made: Scenario) -> list[str]:
    return [party.name for party in made.organisations]


def _depth(people: tuple[Persona, ...]) -> int:
    """How many conversations are nested below a table at which these people speak."""
    return 1 + max((_depth(person.deliberation.members) for person in people if person.deliberation), default=0)


def _depths(made: Scenario) -> list[int]:
    return [1 + (_depth(party.deliberation.members) if party.deliberation else 0) for party in made.organisations]


def _temperaments(made: Scenario) -> set[str]:
    return {person.temperament for party in made.organisations for person in party.deliberation.members}  # type: ignore[union-attr]


PART: dict[str, tuple[Any, Any, Callable[[Scenario], Any]]] = {
    "labs": (1, 6, _names),
    "uk": (False, True, _names),
    "china": (False, True, _names),
    "placebo": (False, True, _names),
    "fictional": (False, True, _names),
    "regulation": ("none", "strict", lambda made: made.premise),
    "competition": ("none", "intense", lambda made: made.premise),
    "openness": ("closed", "open", lambda made: made.premise),
    "tone": ("sober", "accidents", lambda made: made.organisations[0].questions),
    "deliberation": ("imagined", "debate", lambda made: type(made.organisations[0].deliberation)),
    "inside": ("nobody", "departments", _depths),
    "lines": (3, 9, lambda made: made.organisations[0].deliberation.turns),  # type: ignore[union-attr]
    "rules": ("dissenter", "all", lambda made: made.organisations[0].deliberation.rules),  # type: ignore[union-attr]
    "personalities": (False, True, _temperaments),
    "step": ("year", "month", lambda made: made.clock.rounds),
    "start": (2024, 2026, lambda made: made.clock.period(0).label),
    "end": (2031, 2040, lambda made: made.clock.rounds),
    "stop": ("horizon", "agi", lambda made: made.stop),
    "world": (False, True, lambda made: made.world is None),
    "growth": (
        "horizon",
        "compute",
        lambda made: find_scenario("ai-futures")(world=True, growth=made.dials["growth"]).world,
    ),
    "order": ("listed", "shuffled", lambda made: made.order),
    "wording": ("usual", "other", lambda made: made.premise),
}
DEBATE_PART: dict[str, tuple[Any, Any, Callable[[Scenario], Any]]] = {
    "motion": ("Stop.", "Go on.", lambda made: made.motion.question),  # type: ignore[union-attr]
    "labs": (2, 6, _names),
    "rebuttals": (1, 4, lambda made: made.clock.rounds),
    "adjudicator": (False, True, _names),
    **{
        rule: (False, True, lambda made: made.motion.rules)  # type: ignore[union-attr]
        for rule in ("private_positions", "secret_ballot", "justify_changes", "dissenter")
    },
}
WAGES_PART: dict[str, tuple[Any, Any, Callable[[Scenario], Any]]] = {
    "inflation": (0.02, 0.08, lambda made: made.premise),
    "strike_fund": (False, True, lambda made: made.premise),
    "rounds": (2, 9, lambda made: made.clock.rounds),
    "boardroom": (False, True, lambda made: made.organisations[0].deliberation is None),
    "world": (False, True, lambda made: made.world is None),
}


@pytest.mark.parametrize("dial", [dial.name for dial in FUTURES.dials])
def test_two_values_of_a_dial_differ_in_a_named_part(dial: str) -> None:
    one, other, part = PART[dial]
    usual: dict[str, Any] = {"deliberation": "debate"}
    assert part(FUTURES(**{**usual, dial: one})) != part(FUTURES(**{**usual, dial: other}))


@pytest.mark.parametrize("dial", [dial.name for dial in find_scenario("alignment-debate").dials])
def test_two_values_of_a_dial_of_a_debate_differ_in_a_named_part(dial: str) -> None:
    one, other, part = DEBATE_PART[dial]
    function = find_scenario("alignment-debate")
    assert part(function(**{dial: one})) != part(function(**{dial: other}))


@pytest.mark.parametrize("dial", [dial.name for dial in find_scenario("wage-talks").dials])
def test_two_values_of_a_dial_of_the_wage_talks_differ_in_a_named_part(dial: str) -> None:
    one, other, part = WAGES_PART[dial]
    function = find_scenario("wage-talks")
    assert part(function(**{dial: one})) != part(function(**{dial: other}))


@pytest.mark.parametrize("function", catalogue().values(), ids=lambda function: function.name)
def test_every_dial_has_a_help(function: ScenarioFunction) -> None:
    assert [dial.name for dial in function.dials if not dial.doc] == []


def test_a_dial_by_party_sets_some_and_leaves_the_others() -> None:
    made = FUTURES(uk=True, deliberation={"OpenAI": "debate", "UK Government": "imagined"})
    assert [type(party.deliberation) for party in made.organisations] == [
        Debate,
        type(None),
        type(None),
        ImaginedDebate,
    ]
    with pytest.raises(
        NotFound, match=r"No party 'Openai'. Did you mean 'OpenAI'\? There is: OpenAI, DeepMind, Anthropic, others"
    ):
        FUTURES(deliberation={"Openai": "debate"})
    with pytest.raises(InvalidValue, match=r"Dial deliberation takes none \| imagined \| debate"):
        FUTURES(deliberation={"OpenAI": "shout"})


def test_without_personalities_no_temperament_is_left_at_any_depth() -> None:
    made = FUTURES(deliberation="debate", inside="departments", personalities=False)
    assert '"temperament":"",' in made.model_dump_json()
    assert all(
        f'"temperament":"{mood}"' not in made.model_dump_json() for mood in ("tired, exact", "dry, fond of tables")
    )


@pytest.mark.parametrize(
    ("preset", "labs", "others", "clock", "depths"),
    [
        ("agi-race", 3, [], (2024, 2031, "half-year"), [1, 1, 1]),
        ("government", 3, ["UK Government"], (2024, 2038, "half-year"), [1] * 4),
        ("boardrooms", 3, ["UK Government"], (2024, 2027, "year"), [2] * 4),
        ("boardrooms-long", 3, [], (2024, 2032, "year"), [2] * 3),
        ("china", 3, ["UK Government", "Chinese Government"], (2024, 2027, "year"), [2] * 5),
        ("china-long", 3, ["UK Government", "Chinese Government"], (2024, 2028, "year"), [1] * 5),
        ("imagined", 3, ["UK Government"], (2024, 2027, "year"), [2] * 4),
        ("consciences", 2, [], (2024, 2026, "year"), [3, 2]),
        ("departments", 3, [], (2024, 2026, "year"), [4, 2, 1]),
        ("alignment-debate-two", 2, [], (1, 5, "round"), [1, 1]),
        ("alignment-debate-three", 3, ["Adjudicator"], (1, 5, "round"), [1] * 4),
    ],
)  # fmt: skip
def test_a_preset_has_its_cast_its_clock_and_its_depth(
    preset: str, labs: int, others: list[str], clock: tuple[int, int, str], depths: list[int]
) -> None:
    made = find_scenario(preset)()
    assert len(_names(made)) == labs + len(others)
    assert _names(made)[labs:] == others
    assert (made.clock.start, made.clock.end, made.clock.step) == clock
    assert _depths(made) == depths


def test_imagined_and_boardrooms_differ_in_how_they_deliberate_alone() -> None:
    one, other = find_scenario("imagined")(), find_scenario("boardrooms")()
    assert {type(party.deliberation) for party in one.organisations} == {ImaginedDebate}
    assert {type(party.deliberation) for party in other.organisations} == {Debate}


def test_the_placebo_has_as_much_to_say_as_a_government_and_nothing_about_ai() -> None:
    made = FUTURES(labs=1, uk=True, placebo=True)
    lab, government, placebo = ([field.name for field in party.fields] for party in made.organisations)
    assert "agi_estimate" in lab
    assert {"instruments", "repealed", "enforcement", "finding"} == set(government)
    assert not {*lab, *government} & {"crops", "weather"}
    words = made.organisations[2].model_dump_json(exclude={"model"}).lower()
    assert all(word not in words for word in ("artificial", "agi", "laborator", "machine"))
    assert placebo == ["crops", "cleared", "weather", "finding"]
    room = [
        [(field.kind, getattr(field, "max_items", 1), getattr(field, "max_length", 0)) for field in party.fields]
        for party in made.organisations[1:]
    ]
    assert room[0] == room[1]


def test_a_government_must_be_told_of_accidents_where_that_is_the_tone() -> None:
    incident = {field.name: field for field in find_scenario("government")().organisations[0].fields}["incident"]
    assert not incident.optional
    assert {field.name: field for field in FUTURES().organisations[0].fields}["incident"].optional


def test_after_agi_the_labs_are_asked_something_else() -> None:
    for party in FUTURES().organisations:
        assert party.questions_after["agi_reached"] != party.questions


@pytest.mark.parametrize("name", PRESETS)
async def test_every_scenario_plays_to_its_end_on_the_null_model(name: str, store: Store) -> None:
    transcript = await (await played(store, find_scenario(name)(), rounds=2)).transcript()
    assert transcript.header.status == "finished"
    assert transcript.statements
    assert all(statement.text for statement in transcript.statements)


@pytest.mark.slow
async def test_a_server_is_given_every_scenario() -> None:
    root = Path(__file__).parent.parent
    served = json.loads((root / "langgraph.json").read_text(encoding="utf-8"))["graphs"]
    assert sorted(served) == PRESETS
    spec = importlib.util.spec_from_file_location("served_scenarios", root / "graphs" / "served.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, where in served.items():
        graph = await getattr(module, where["path"].rpartition(":")[2])({"configurable": {}})
        scenario = find_scenario(name)()
        own = {"supervisor"} if scenario.world is None else {"supervisor", "world"}
        assert set(graph.nodes) == {*own, *_names(scenario)}
