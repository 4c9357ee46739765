"""A negotiation that has nothing to do with AI: a union and an employer settle next year's wages."""

from typing import Annotated

from pydantic import Field as Bound

from converse_graph import (
    Clock,
    Debate,
    Event,
    Flag,
    Number,
    OnEvent,
    OnSilence,
    Organisation,
    Persona,
    Scenario,
    Text,
    scenario,
)


@scenario
def wage_talks(
    inflation: Annotated[float, Bound(ge=-0.1, le=1.0)] = 0.04,
    strike_fund: bool = True,
    rounds: Annotated[int, Bound(ge=1, le=50)] = 6,
    boardroom: bool = True,
) -> Scenario:
    """A union and an employer settle next year's wages, offer by offer, until both accept.

    Args:
        inflation: Of consumer prices, as a share per year: 0.04 is 4 %.
        strike_fund: Whether the union can afford a strike.
        rounds: How many offers each side makes at most.
        boardroom: Whether the employer's directors argue in private before each offer.
    """
    directors = Debate(
        motion="What do we offer now?",
        turns=4,
        options=("hold", "a little more", "settle"),
        members=[
            Persona(
                name="Finance",
                role="finance director",
                temperament="cautious",
                aim="keep the wage bill under the price rise",
            ),
            Persona(
                name="Operations",
                role="runs the plants",
                temperament="blunt",
                aim="avoid a strike at any price",
            ),
        ],
    )
    fund = "The union's strike fund lasts for ten weeks." if strike_fund else "The union's strike fund is empty."
    return Scenario(
        premise=f"A union and an employer negotiate next year's wages. Prices rise by {inflation:.1%} a year. {fund}",
        clock=Clock(start=1, end=rounds, step="round"),
        organisations=[
            Organisation(
                name="Employer",
                brief="You run a maker of machine parts with 3,000 workers. Orders are good, margins are thin.",
                example="We offer three percent and one more day of leave. More would cost us the Polish order.",
                fields=_bargaining("the raise that you offer"),
                questions="What do you offer, and why? Do you accept what is on the table?",
                deliberation=directors if boardroom else None,
            ),
            Organisation(
                name="Union",
                brief="You speak for 3,000 workers, who have lost a tenth of their pay to prices in three years.",
                example="We ask for six percent. Our members paid for your good year with overtime and cold canteens.",
                fields=_bargaining("the raise that you ask for"),
                questions="What do you ask for, and why? Do you accept what is on the table?",
            ),
        ],
        events=[Event(name="settled", field="accepts", parties=2)],
        stop=[OnEvent(event="settled"), OnSilence(rounds=2)],
        length=400,
    )


def _bargaining(asked: str) -> tuple[Number | Text | Flag, ...]:
    return (
        Number(name="raise_percent", ask=asked, minimum=0, maximum=30, example=3.0),
        Text(name="condition", ask="one condition beside pay", max_length=80, optional=True, example="a day of leave"),
        Flag(name="accepts", ask="whether you accept what the other side put forward last", example=False),
    )
