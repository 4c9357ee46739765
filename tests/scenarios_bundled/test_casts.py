"""The bundled casts and their examples: what a small model copies its form from must itself be of that form."""

from pathlib import Path

import pytest

from converse_graph import Organisation, cast_member, find_scenario
from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.prompting.descriptions import example_reply
from converse_graph.resources import search_path
from converse_graph.scenarios.catalogue import catalogue
from converse_graph.scenarios.scenario import Scenario
from converse_graph.turn.statement import statement_fields

CASTS = sorted(path.stem for path in Path(search_path("prompts")[-1], "cast").glob("*.yaml"))
TABLES = ("openai", "deepmind", "anthropic", "halcyon", "northlight", "kestrel", "uk", "china")


def made_with_everybody(**more: object) -> Scenario:
    return find_scenario("ai-futures")(labs=6, uk=True, china=True, **more)


def with_examples() -> list[tuple[str, Scenario, Organisation]]:
    tables = {"everybody": made_with_everybody(), "accidents": made_with_everybody(tone="accidents"),
              "far": made_with_everybody(start=2100, end=2110)}  # fmt: skip
    tables |= {name: find_scenario(name)() for name in catalogue()}
    return [(name, made, party) for name, made in tables.items() for party in made.organisations if party.examples]


@pytest.mark.parametrize("who", CASTS)
def test_every_cast_file_loads(who: str) -> None:
    party, _ = cast_member(who)
    assert party.name


@pytest.mark.parametrize("who", TABLES)
def test_labs_and_governments_have_people_who_want_different_things(who: str) -> None:
    _, people = cast_member(who)
    assert len(people) >= 2
    assert len({person.aim for person in people}) == len(people)
    assert all(person.role and person.temperament and len(set(person.examples)) >= 2 for person in people)


@pytest.mark.parametrize("who", TABLES)
def test_examples_differ_in_every_answer_that_could_be_copied(who: str) -> None:
    party, _ = cast_member(who)
    assert len(party.examples) >= 3
    for answers in zip(*(example.fields.values() for example in party.examples), strict=True):
        assert len({str(answer) for answer in answers}) == len(party.examples)


@pytest.mark.parametrize(("name", "made", "party"), with_examples(), ids=lambda value: getattr(value, "name", value))
def test_every_example_fills_the_form_that_it_is_an_example_of(name: str, made: Scenario, party: Organisation) -> None:
    fields = statement_fields(made, party, profile="small")
    form = build_reply_schema("statement", fields)
    for example in party.examples:
        values, _ = form.read(example_reply(fields, example))
        assert values["statement"] == example.statement


def test_no_example_reports_on_a_topic_that_will_be_asked_for() -> None:
    for _, _, party in with_examples():
        assert not {example.topic for example in party.examples} & set(party.topics)


def test_labs_wait_for_agi_from_the_start_of_the_run_and_each_in_its_own_way() -> None:
    made = made_with_everybody(start=2050, end=2060)
    estimates = [
        tuple(example.fields["agi_estimate"].values())
        for party in made.organisations
        if party.kind == "lab"
        for example in party.examples
    ]
    assert all(2050 < low < middle < high for low, middle, high in estimates)
    assert len({estimate[0] for estimate in estimates}) > 4


@pytest.mark.parametrize(
    ("labs", "expected"),
    [
        (1, {"Halcyon"}),
        (3, {"Halcyon", "Northlight", "Kestrel"}),
        (4, {"Halcyon", "Northlight", "Kestrel", "OpenAI"}),
    ],
)
def test_fictional_labs_join_first_where_that_is_asked_for(labs: int, expected: set[str]) -> None:
    made = find_scenario("boardrooms")(labs=labs, fictional=True)
    assert {party.name for party in made.organisations if party.kind == "lab"} == expected
