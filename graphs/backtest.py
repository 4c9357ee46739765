"""Forecasters in the past: told what happened as it happened, and held to what came."""

from typing import Annotated

from pydantic import Field as Bound

from converse_graph import Clock, Example, Integer, Organisation, Percentiles, Scenario, load_facts, scenario

_FIRST = 2015
"""Year from which on facts are told: three years before the earliest start."""


@scenario
def backtest(
    start: Annotated[int, Bound(ge=2018, le=2024)] = 2018,
    end: Annotated[int, Bound(ge=2018, le=2024)] = 2024,
    facts: bool = True,
    training_cutoff: Annotated[str, Bound(pattern=r"^(\d{4}-\d{2}(-\d{2})?)?$")] = "",  # noqa: ARG001 - on record for whoever scores the run
) -> Scenario:
    """Three forecasters of 2018 to 2024 say how large the largest AI model will be; facts say how right they were.

    Args:
        start: The first year.
        end: The last year, not before the first.
        facts: Whether they are told what happened in the years before; without, they speak from memory.
        training_cutoff: Until when the model has read, such as 2023-10; empty where that is unknown.
    """
    clock = Clock(start=start, end=end)
    known_events = load_facts("training_compute").between(max(_FIRST, start - 3), end).as_events(clock) if facts else ()
    return Scenario(
        premise=(
            "Three forecasters meet at the beginning of each year. They know what has happened so far, and nothing of "
            "what is to come. Each says how much computing the largest AI model published by the end of this year "
            "will have been trained with."
        ),
        clock=clock,
        organisations=[
            _forecaster("Trend Desk", "You draw lines through past figures and extend them.", 4),
            _forecaster("Chip Analyst", "You follow who buys how many chips, and what they cost.", 7),
            _forecaster("Sceptic", "You expect money, power or data to run out, and progress with them.", 1),
        ],
        order="simultaneous",
        events=known_events,
    )


def _forecaster(name: str, brief: str, step: int) -> Organisation:
    low = 230 + step
    return Organisation(
        name=name,
        kind="forecaster",
        brief=brief,
        examples=[
            Example(
                topic="a year with no new record",
                statement="Nothing larger came out this year. The order books say that this will not last.",
                fields={"compute_estimate": {"p10": low, "p50": low + 3, "p90": low + 9}, "chance_of_1e25": 2 * step},
                memo="My last estimate was too wide.",
            )
        ],
        topics=("chips", "money", "data", "power", "rivals", "algorithms"),
        questions="What do you expect by the end of this year, and why?",
        fields=[
            Percentiles(
                name="compute_estimate",
                ask=(
                    "the training compute of the largest AI model published by the end of this year, ten times the "
                    "base-10 logarithm of its FLOP: 235 for 10^23.5"
                ),
                minimum=150,
                maximum=320,
            ),
            Integer(
                name="chance_of_1e25",
                ask="in percent, the chance that a model of 10^25 FLOP or more is out by the end of this year",
                minimum=0,
                maximum=100,
            ),
        ],
    )
