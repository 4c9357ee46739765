"""A negotiation that has nothing to do with AI: a union and an employer settle next year's wages."""

from typing import Annotated

from pydantic import Field as Bound

from converse_graph import (
    Boolean,
    Clock,
    Debate,
    Event,
    Example,
    Number,
    Organisation,
    Persona,
    Scenario,
    StopOnEvent,
    StopOnSilence,
    Text,
    World,
    load_world,
    scenario,
)


@scenario
def wage_talks(
    inflation: Annotated[float, Bound(ge=-0.1, le=1.0)] = 0.04,
    strike_fund: bool = True,
    rounds: Annotated[int, Bound(ge=1, le=50)] = 6,
    boardroom: bool = True,
    world: bool = False,
) -> Scenario:
    """A union and an employer settle next year's wages, offer by offer, until both accept.

    Args:
        inflation: Of consumer prices, as a share per year: 0.04 is 4 %.
        strike_fund: Whether the union can afford a strike.
        rounds: How many offers each side makes at most.
        boardroom: Whether the employer's directors argue in private before each offer.
        world: Whether moves count: code then keeps orders, stocks, the strike fund and money, and decides when it is
            settled, by graphs/worlds/wages.yaml; else it is once both sides say that they accept.
    """
    directors = Debate(
        motion="What do we offer now?",
        turns=4,
        options=("hold", "a little more", "settle"),
        members=[
            Persona(
                name="Finance",
                role="you keep the books",
                temperament="cautious",
                aim="keep the wage bill under the price rise",
                examples=("Two percent, or we borrow in March.", "I did the sum twice. Three is the end."),
            ),
            Persona(
                name="Operations",
                role="you run the plants",
                temperament="blunt",
                aim="avoid a strike at any price",
                examples=("One day of strike costs more than their raise. Pay it.", "The night shift will walk out."),
            ),
        ],
    )
    fund = "The union's strike fund lasts for ten weeks." if strike_fund else "The union's strike fund is empty."
    return Scenario(
        premise=f"A union and an employer negotiate next year's wages. Prices rise by {inflation:.1%} a year. {fund}"
        + (_WORLD_PREMISE if world else ""),
        clock=Clock(start=1, end=rounds, step="round"),
        organisations=[
            Organisation(
                name="Employer",
                brief="You run a maker of machine parts with 3,000 workers. Orders are good, margins are thin.",
                examples=_with_moves(_EMPLOYER_EXAMPLES, _EMPLOYER_MOVES) if world else _EMPLOYER_EXAMPLES,
                topics=("orders", "margins", "overtime", "prices", "rivals", "machines", "holidays", "a strike"),
                fields=_bargaining("the raise that you offer"),
                questions="What do you offer, and why? Do you accept what is on the table?",
                deliberation=directors if boardroom else None,
            ),
            Organisation(
                name="Union",
                brief="You speak for 3,000 workers, who have lost a tenth of their pay to prices in three years.",
                examples=_with_moves(_UNION_EXAMPLES, _UNION_MOVES) if world else _UNION_EXAMPLES,
                topics=("rents", "night work", "profits", "food prices", "safety", "the young", "overtime", "a strike"),
                fields=_bargaining("the raise that you ask for"),
                questions="What do you ask for, and why? Do you accept what is on the table?",
            ),
        ],
        events=[Event(name="settled_in_words" if world else "settled", field="accepts", parties=2, from_round=1)],
        world=_world(inflation, strike_fund) if world else None,
        stop=[StopOnEvent(event="settled"), StopOnSilence(rounds=2)],
        max_statement_chars=400,
    )


_WORLD_PREMISE = " A round is two weeks. The raise is settled once the union's move accepts the offer on the table."


def _world(inflation: float, strike_fund: bool) -> World:
    """The world of graphs/worlds/wages.yaml, as the dials set it up."""
    file, prices = load_world("wages"), 100 * inflation
    above = file.fixed_values["sought"] - file.fixed_values["prices"]
    start = {"offer": max(0.0, prices / 2)} | ({} if strike_fund else {"fund": 0.0})
    return file.adjusted(constants={"prices": prices, "sought": prices + above}, start=start)


def _with_moves(examples: tuple[Example, ...], moves: tuple[str, ...]) -> tuple[Example, ...]:
    """The same examples, each with a move, for a small model takes what it is shown for what it may do."""
    return tuple(
        example.model_copy(update={"fields": {**example.fields, "move": move}})
        for example, move in zip(examples, moves, strict=True)
    )


_EMPLOYER_MOVES = ("wait", "raise_offer", "build_stocks")
_UNION_MOVES = ("call_strike", "call_off", "wait")


def _bargaining(what: str) -> tuple[Number | Text | Boolean, ...]:
    return (
        Number(name="raise_percent", ask=what, minimum=0, maximum=30),
        Text(name="condition", ask="one condition beside pay", max_length=80, optional=True),
        Boolean(name="accepts", ask="whether you accept what the other side put forward last", example=False),
    )


_EMPLOYER_EXAMPLES = (
    Example(
        topic="the Polish order",
        statement="We offer two percent and one more day of leave. Anything above it loses us the Polish order.",
        fields={"raise_percent": 2.0, "condition": "one more day of leave"},
        memo="Three percent is what we can really pay.",
    ),
    Example(
        topic="the canteen",
        statement="We offer three and a half percent and we pay for the canteen. In return shifts begin at six.",
        fields={"raise_percent": 3.5, "condition": "shifts begin at six"},
        memo="The early shift is worth a million.",
    ),
    Example(
        topic="sick leave",
        statement="We stay at three percent. Sick leave rose by a fifth, and customers waited for parts.",
        fields={"raise_percent": 3.0, "condition": None},
        memo="Do not talk about last year's profit.",
    ),
)

_UNION_EXAMPLES = (
    Example(
        topic="cold halls",
        statement="We ask for eight percent. Our members worked all winter at twelve degrees for your record year.",
        fields={"raise_percent": 8.0, "condition": "heating above eighteen degrees"},
        memo="Six percent would pass a vote.",
    ),
    Example(
        topic="apprentices",
        statement="We come down to seven percent if every apprentice is kept on. Nobody trains for no job.",
        fields={"raise_percent": 7.0, "condition": "keep every apprentice"},
        memo="The apprentices matter to the north plant.",
    ),
    Example(
        topic="buses",
        statement="We ask for seven and a half percent. The last bus leaves too early, and taxis eat the raise.",
        fields={"raise_percent": 7.5, "condition": "a bus after the late shift"},
        memo="Ask the town about the bus.",
    ),
)
