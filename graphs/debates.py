"""Debates at the root table: a motion, an opening, rebuttals and a closing, and somebody who judges if you like."""

from typing import Annotated

from pydantic import Field as Bound

from converse_graph import Choice, Clock, Motion, Organisation, Scenario, Text, cast_member, scenario

DEBATERS = ("openai", "anthropic", "deepmind", "halcyon", "northlight", "kestrel")
"""Cast files, in the order in which labs join; of the first three there is one with what they defend."""

STANCES = ("against it", "rather against it", "undecided", "rather for it", "for it")
"""Where a debater can stand on a motion."""

_DEFENDED = ("openai", "anthropic", "deepmind")


@scenario
def alignment_debate(
    motion: str = "Deploying models early and learning from it is the best way to make AI safe.",
    labs: Annotated[int, Bound(ge=2, le=6)] = 2,
    rebuttals: Annotated[int, Bound(ge=1, le=20)] = 3,
    adjudicator: bool = False,
    private_positions: bool = False,
    secret_ballot: bool = False,
    justify_changes: bool = False,
    dissenter: bool = False,
) -> Scenario:
    """Labs debate a motion on how to make AI safe: an opening each, rebuttals, a closing.

    Args:
        motion: What is for debate.
        labs: How many labs debate it; beyond three they are fictional.
        rebuttals: How many rounds of rebuttals lie between the opening and the closing.
        adjudicator: Whether somebody speaks last in each round and says at the end who argued better.
        private_positions: Whether each debater writes down where it stands before it hears anybody.
        secret_ballot: Whether the debaters vote in secret at the end.
        justify_changes: Whether a debater that changes its stance is asked for the new fact that moved it.
        dissenter: Whether, once all agree, the next debater is called on to argue against it.
    """
    table = [_debater(who, rebuttals) for who in DEBATERS[:labs]]
    if adjudicator:
        table.append(_adjudicator([party.name for party in table], rebuttals))
    return Scenario(
        premise=(
            "This is a public debate. Each side opens, answers the others, closes. Debaters attack arguments by "
            "name, concede a point only when it is proved, and do not look for common ground."
        ),
        motion=Motion(
            question=motion,
            options=STANCES,
            party_kind="debater",
            private_positions=private_positions,
            ballot="secret" if secret_ballot else "open",
            justify_changes=justify_changes,
            dissenter=dissenter,
        ),
        clock=Clock(start=1, end=rebuttals + 2, step="round"),
        organisations=table,
        max_statement_chars=700,
    )


def _debater(who: str, rebuttals: int) -> Organisation:
    is_bundled = who in _DEFENDED
    party, _ = cast_member(f"debater-{who}" if is_bundled else who)
    return party.model_copy(
        update={
            "kind": "debater",
            "fields": (
                Text(name="rebuts", ask="the claim of another that you attack, in its words", max_length=120,
                     optional=True),
            ),
            "examples": party.examples if is_bundled else (),
            "topics": party.topics or ("the strongest argument of the others", "what your own work shows"),
            "questions": "Rebut: quote the strongest claim that was made against you and show where it fails.",
            "questions_at": {
                "round 1": "Open: what do you defend, and what is your best evidence?",
                f"round {rebuttals + 2}": "Close: what did nobody answer, and why should the motion stand or fall?",
            },
        }
    )  # fmt: skip


def _adjudicator(names: list[str], rebuttals: int) -> Organisation:
    party, _ = cast_member("adjudicator")
    leader = Choice(name="leader", ask="who has argued best so far", options=(*names, "nobody yet"))
    return party.model_copy(
        update={
            "fields": (leader,),
            "questions": "What is the weakest point of each speech of this round, and which question was dodged?",
            "questions_at": {f"round {rebuttals + 2}": "Who argued better, and by which argument?"},
        }
    )


two_labs = alignment_debate.preset("alignment-debate-two", "OpenAI and Anthropic debate how to make AI safe.")
three_labs = alignment_debate.preset(
    "alignment-debate-three",
    "OpenAI, Anthropic and DeepMind debate how to make AI safe, before an adjudicator.",
    labs=3,
    adjudicator=True,
)
