"""What a scenario may not be is refused when it is made, in one line that says what is allowed."""

from typing import Any

import pytest

from converse_graph import (
    Boolean,
    Choice,
    Clock,
    Constant,
    Debate,
    Event,
    ImaginedDebate,
    Integer,
    Number,
    Organisation,
    Percentiles,
    Persona,
    Scenario,
    StopOnEvent,
    Text,
    TextList,
    Variable,
    World,
)
from converse_graph.errors import ConverseError, InvalidValue, NotFound
from tests.support.small_scenarios import debate, table

TWO = (Persona(name="One"), Persona(name="Two"))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: table("A", "A"), "two organisations are called 'A'"),
        (lambda: table("Acme", "ACME"), "two organisations are called"),
        (lambda: table(), "the cast is empty"),
        (lambda: table("Supervisor"), "supervisor"),
        (lambda: Clock(start=2027, end=2026), "the clock ends in 2026, before it starts in 2027"),
        (lambda: Clock(start=-1, end=3), "years run from 0 to 9999"),
        (lambda: Clock(start=9998, end=10000), "years run from 0 to 9999"),
        (lambda: Clock(end=3, step="week"), "step is 'week'"),
        (lambda: Debate(motion="?", turns=2, members=TWO[:1]), "two members or more, not 1"),
        (lambda: Debate(motion="?", turns=2, members=()), "two members or more, not 0"),
        (lambda: ImaginedDebate(motion="?", turns=2, members=TWO[:1]), "two members or more, not 1"),
        (lambda: Debate(motion="?", turns=1, members=TWO), "let turns >= members"),
        (lambda: Debate(motion="?", turns=101, members=TWO), "turns is 101"),
        (lambda: Debate(motion="?", turns=2, members=(TWO[0], TWO[0])), "two members are called 'One'"),
        (lambda: debate("supervisor", "Other"), "supervisor"),
        (lambda: debate("One", "Two", options=("yes",)), "options must be none, or two or more that differ"),
        (lambda: debate("One", "Two", options=("yes", "yes")), "options must be none, or two or more that differ"),
        (lambda: Choice(name="c", ask="?", options=("a", "a")), "options repeat themselves"),
        (lambda: Choice(name="c", ask="?", options=("a",)), "options"),
        (lambda: Number(name="n", ask="?", minimum=2, maximum=2), "minimum 2 must lie below maximum 2"),
        (lambda: Integer(name="n", ask="?", minimum=3, maximum=2), "minimum 3 must lie below maximum 2"),
        (lambda: Percentiles(name="n", ask="?", minimum=3, maximum=2), "minimum 3 must lie below maximum 2"),
        (lambda: Text(name="Big", ask="?"), "an identifier is a lower-case letter"),
        (lambda: Text(name="t", ask="?", max_length=0), "max_length is 0"),
        (lambda: TextList(name="t", ask="?", max_items=51), "max_items is 51"),
        (lambda: Organisation(name="A", colour="red"), "no field 'colour'; there is: name, brief"),
        (lambda: Persona(name="A", goal="win"), "no field 'goal'; there is: name, role"),
        (lambda: Organisation(brief="nameless"), "name is missing"),
        (lambda: table("A", order="random"), "order is 'random'"),
        (lambda: table("A", fairness=0), "fairness is 0"),
        (lambda: table("A", verbatim_rounds=0), "verbatim_rounds is 0"),
        (lambda: table("A", events=[Event(name="e", field="f")]), "waits for field 'f'; the parties report: nothing"),
        (
            lambda: table(
                Organisation(name="A", fields=[Boolean(name="f", ask="?")]),
                "B",
                events=[Event(name="e", field="f", parties=2)],
            ),
            "event 'e' waits for 2 parties, and 1 can report 'f'",
        ),
        (lambda: table("A", stop=[StopOnEvent(event="never")]), "no event 'never'; there is: none"),
        (
            lambda: table(Organisation(name="A", questions_after={"later": "?"})),
            "no event 'later'; there is: none",
        ),
        (
            lambda: Organisation(name="A", fields=[Boolean(name="f", ask="?"), Text(name="f", ask="?")]),
            "two fields are called 'f'",
        ),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_made_and_in_one_line(make: Any, says: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        make()
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "a|b", "a:b", "-a", "a ", " a", "a\n", "a\nb", "<b>", 'a"b', "__start__", "x" * 61, "a>b"]
)
def test_a_name_that_could_break_a_path_a_node_or_a_page_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue, match="name is"):
        Organisation(name=name)
    with pytest.raises(InvalidValue, match="name is"):
        Persona(name=name)


@pytest.mark.parametrize("name", ["A", "OpenAI", "AT&T", "St. John's", "Größe 2", "中国", "x" * 60, "a.b-c_d"])
def test_a_name_that_people_use_is_taken_and_can_be_built(name: str) -> None:
    table(Organisation(name=name, deliberation=debate(name, "Other"))).graph(compiled=True)


@pytest.mark.parametrize(
    "name", ["transcript", "events", "floor", "horizon", "ended", "mind_A", "out_A", "mind_", "out_x"]
)
def test_a_party_cannot_have_the_name_of_a_channel(name: str) -> None:
    with pytest.raises(InvalidValue, match="name it otherwise"):
        table("A", name)


@pytest.mark.parametrize("name", ["lines", "inner", "decision", "line", "out_Two"])
def test_a_member_of_a_debate_cannot_have_the_name_of_a_channel(name: str) -> None:
    with pytest.raises(InvalidValue, match="name it otherwise"):
        debate(name, "Two")


@pytest.mark.parametrize("name", ["statement", "position", "memo", "speaker", "round"])
def test_a_field_cannot_have_a_name_that_every_statement_uses(name: str) -> None:
    with pytest.raises(InvalidValue, match=f"every statement has {name} already"):
        Organisation(name="A", fields=[Text(name=name, ask="?")])


def test_a_scenario_names_its_parties_when_one_is_unknown() -> None:
    with pytest.raises(
        NotFound, match=r"No organisation 'Openai'. Did you mean 'OpenAI'\? There is: Anthropic, OpenAI"
    ):
        table("Anthropic", "OpenAI").party("Openai")


def test_values_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Clock(end=3).end = 4  # type: ignore[misc]


def test_a_spec_takes_lists_and_is_the_same_value_as_with_tuples() -> None:
    listed = Debate(motion="Who goes?", turns=2, members=list(TWO), options=["one", "two"])
    assert listed.members == TWO
    assert isinstance(listed.options, tuple)
    assert listed == Debate(motion="Who goes?", turns=2, members=TWO, options=("one", "two"))
    assert hash(listed) == hash(Debate(motion="Who goes?", turns=2, members=TWO, options=("one", "two")))


def test_a_text_is_no_list_of_texts() -> None:
    with pytest.raises(InvalidValue, match="options"):
        Choice(name="mood", ask="?", options="calm")


def test_an_unknown_field_of_a_scenario_is_named_with_those_there_are() -> None:
    with pytest.raises(ConverseError, match="no field 'parties'; there is: name, title, premise"):
        Scenario(premise="p", clock=Clock(end=1), organisations=[Organisation(name="A")], parties=[])


def test_a_copy_with_another_field_keeps_nothing_that_was_worked_out_of_the_one_before() -> None:
    def stock(unit: str) -> tuple[Variable]:
        return (Variable(name="stock", unit=unit, maximum=10, start=1),)

    world = World(variables=stock("kt"), constants=[Constant(name="rate", unit="share", value=1)])
    assert (world.variable("stock").unit, world.fixed_values["rate"]) == ("kt", 1)

    other = world.model_copy(
        update={"variables": stock("t"), "constants": (Constant(name="rate", unit="share", value=2),)}
    )
    assert (other.variable("stock").unit, other.fixed_values["rate"]) == ("t", 2)
    assert world.variable("stock").unit == "kt"
