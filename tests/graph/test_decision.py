"""Counting votes: by code, from what the members said."""

from typing import Any

import pytest

from converse_graph import Debate, ImaginedDebate, Persona
from converse_graph.scenarios.fields import Choice, Text
from converse_graph.turn.decision import NONE_OF_THESE, decide, position_field, statement_position

MEMBERS = ("Chair", "Second", "Third", "Fourth")


def spec(*options: str) -> Debate:
    return Debate(motion="?", members=[Persona(name=name) for name in MEMBERS], turns=4, options=options)


def lines(*said: tuple[str, str | None]) -> list[dict[str, Any]]:
    return [{"speaker": who, "text": f"{who} says {position}", "position": position} for who, position in said]


def test_the_most_votes_win_and_the_rest_dissent() -> None:
    decision = decide(spec(), lines(("Chair", "stay"), ("Second", "go"), ("Third", "go"), ("Fourth", "stop")))
    assert decision == {
        "position": "go",
        "reasons": ["Second says go", "Third says go"],
        "votes": {"Chair": "stay", "Second": "go", "Third": "go", "Fourth": "stop"},
        "dissent": ["Chair", "Fourth"],
    }


def test_a_tie_goes_as_the_chair_voted_even_when_the_chair_spoke_last() -> None:
    decision = decide(spec(), lines(("Second", "go"), ("Third", "go"), ("Fourth", "stay"), ("Chair", "stay")))
    assert decision is not None
    assert decision["position"] == "stay"


def test_a_tie_that_the_chair_has_no_part_in_goes_to_the_first_member_who_voted() -> None:
    tied = lines(("Third", "b"), ("Second", "a"), ("Fourth", "b"), ("Chair", None))
    decision = decide(spec(), [*tied, *lines(("Chair", "c"))])
    assert decision is not None
    assert decision["position"] == "b"
    decision = decide(spec(), lines(("Fourth", "b"), ("Second", "a"), ("Chair", None)))
    assert decision is not None
    assert decision["position"] == "a"


def test_the_last_position_counts_and_a_line_without_one_takes_none_back() -> None:
    said = lines(("Chair", "stay"), ("Second", "go"), ("Chair", "go"), ("Second", None), ("Chair", None))
    decision = decide(spec(), said)
    assert decision is not None
    assert decision["votes"] == {"Chair": "go", "Second": "go"}
    assert decision["dissent"] == []


@pytest.mark.parametrize("said", [[], lines(("Chair", None), ("Second", "")), lines(("Chair", "  "), ("Second", None))])
def test_nothing_is_decided_when_nobody_took_a_position(said: list[dict[str, Any]]) -> None:
    assert decide(spec(), said) is None


def test_own_words_count_as_the_same_apart_from_case_spaces_and_punctuation() -> None:
    said = lines(("Chair", "Stop now"), ("Second", "Raise  pay!"), ("Third", "raise pay"), ("Fourth", "“Raise” pay."))
    decision = decide(spec(), said)
    assert decision is not None
    assert decision["position"] == "Raise  pay!", "in the words of the first who took it"
    assert set(decision["votes"].values()) == {"Stop now", "Raise  pay!"}


@pytest.mark.parametrize(
    ("one", "other"), [("-1%", "+1%"), ("-1%", "1%"), ("from 3 to 4", "from 4 to 3"), ("?", "!"), ("1.5", "15")]
)
def test_own_words_that_mean_something_else_are_not_counted_together(one: str, other: str) -> None:
    decision = decide(spec(), lines(("Chair", one), ("Second", other)))
    assert decision is not None
    assert decision["votes"] == {"Chair": one, "Second": other}


def test_options_of_a_closed_motion_are_never_counted_together() -> None:
    decision = decide(spec("C", "C++"), lines(("Chair", "C"), ("Second", "C++"), ("Third", "C++")))
    assert decision is not None
    assert decision["position"] == "C++"


def test_a_closed_motion_offers_its_options_and_an_open_one_asks_for_words() -> None:
    assert position_field(spec("a", "b")) == Choice(name="position", ask="where you stand", options=("a", "b"))
    assert isinstance(position_field(spec()), Text)


def test_a_statement_may_take_any_position_voted_for_or_none_of_them() -> None:
    decision = decide(spec(), lines(("Chair", "a"), ("Second", "b")))
    offered = statement_position(spec(), decision)
    assert offered is not None
    assert offered.options == ("a", "b", NONE_OF_THESE)
    assert statement_position(spec(), None) is None


def test_a_member_who_votes_for_something_else_in_those_words_breaks_nothing() -> None:
    decision = decide(spec(), lines(("Chair", NONE_OF_THESE), ("Second", "b")))
    offered = statement_position(spec(), decision)
    assert offered is not None
    assert sorted(offered.options) == sorted({NONE_OF_THESE, "b"})
    alone = statement_position(spec(), decide(spec(), lines(("Chair", NONE_OF_THESE))))
    assert alone is None, "where there is nothing to choose between, nothing is asked"


def test_an_imagined_talk_is_counted_alike() -> None:
    imagined = ImaginedDebate(motion="?", members=[Persona(name="A"), Persona(name="B")], turns=2, options=("x", "y"))
    decision = decide(imagined, lines(("A", "y"), ("B", "x")))
    assert decision is not None
    assert decision["position"] == "y"
