"""Personas in sentences: what they are told of themselves, and what others are told of them."""

import pytest

from converse_graph import Persona
from converse_graph.models.base import PROFILES
from converse_graph.prompting.decisions import describe_decision
from converse_graph.prompting.personas import describe_persona, introduce_itself, with_article
from converse_graph.record.records import DecisionRecord
from converse_graph.scenarios.cast import Debate, personas
from converse_graph.scenarios.catalogue import catalogue, find_scenario
from tests.support.recording_model import listened


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CEO", "the CEO"),
        ("Head of Alignment", "the Head of Alignment"),
        ("Scaling Team", "the Scaling Team"),
        ("UK Government", "the UK Government"),
        ("Workers", "the Workers"),
        ("Anna", "Anna"),
        ("President Lee", "President Lee"),
        ("a shop steward", "a shop steward"),
        ("The Director", "The Director"),
        ("Google's Head of AI", "Google's Head of AI"),
        ("OpenAI", "OpenAI"),
        ("部長", "部長"),
    ],
)
def test_a_title_takes_an_article_and_a_name_does_not(name: str, text: str) -> None:
    assert with_article(name) == text


@pytest.mark.parametrize(
    ("role", "itself", "others"),
    [
        ("you decide what is built", ": you decide what is built.", ": they decide what is built"),
        ("You run the plants.", ": you run the plants.", ": they run the plants"),
        (
            "you keep your books, and the board trusts you",
            ": you keep your books, and the board trusts you.",
            ": they keep their books, and the board trusts them",
        ),
        ("a cautious engineer", ": a cautious engineer.", ": a cautious engineer"),
        ("youth worker", ": youth worker.", ": youth worker"),
        ("", ".", ""),
    ],
)
def test_a_role_is_a_sentence_to_its_holder_and_to_others(role: str, itself: str, others: str) -> None:
    persona = Persona(name="Anna", role=role)

    assert introduce_itself(persona, "Union") == f"You are Anna of the Union{itself}"
    assert describe_persona(persona) == f"Anna{others}"


def test_every_bundled_role_goes_on_from_who_its_holder_is() -> None:
    members = [
        (name, path, member)
        for name in sorted(catalogue())
        for party in find_scenario(name)().organisations
        for path, member in personas(party)
    ]
    assert any(isinstance(member.deliberation, Debate) for _, _, member in members)
    for name, path, member in members:
        assert member.role.startswith(("you ", "the ")), (name, path, member.role)


async def test_who_has_no_temperament_and_no_aim_is_not_told_of_any() -> None:
    plain = find_scenario("boardrooms")(personalities=False)
    for profile in PROFILES:
        chat = await listened(plain, profile, rounds=1)
        own = "\n".join(part.text for part in chat.of("0.0/OpenAI/1.Head of Alignment/line"))
        assert "You are the Head of Alignment of OpenAI: you answer for what the models may do.\n" in own
        assert "emperament" not in own


def test_a_tie_is_told_with_whose_vote_broke_it() -> None:
    decision: DecisionRecord = {
        "position": "hold", "reasons": ["Two percent."], "dissent": ["Plants"],
        "votes": {"Finance": "hold", "Plants": "raise"},
    }  # fmt: skip

    assert "They were tied, so it goes as Finance voted." in describe_decision(decision)
    assert "tied" not in describe_decision(
        {**decision, "votes": {**decision["votes"], "Sales": "hold"}, "reasons": ["", ""]}
    )
