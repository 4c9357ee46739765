"""Two firms, one of which debates three deep before it speaks: for tests that stop it there."""

from typing import Literal

from converse_graph import Boolean, Clock, Debate, Integer, Organisation, Persona, Scenario, scenario


@scenario
def boards(rounds: int = 2, order: Literal["listed", "simultaneous"] = "listed", deep: bool = True) -> Scenario:
    """Two firms agree on a delivery date.

    Args:
        rounds: How many times each firm speaks.
        order: Who speaks when.
        deep: Whether the maker debates before it speaks.
    """
    shift = Debate(motion="Who works late?", turns=2, members=(Persona(name="Day"), Persona(name="Night")))
    plant = Debate(
        motion="Can the plant do it?",
        turns=2,
        members=(Persona(name="Foreman", deliberation=shift), Persona(name="Planner")),
    )
    board = Debate(
        motion="Which date do we name?",
        options=("early", "late"),
        turns=3,
        members=(Persona(name="Plant", deliberation=plant), Persona(name="Sales")),
    )
    fields = (
        Integer(name="week", ask="the week of delivery", minimum=1, maximum=52),
        Boolean(name="agreed", ask="agreed?"),
    )
    return Scenario(
        premise="A maker and a buyer settle when a machine is delivered.",
        clock=Clock(start=1, end=rounds, step="round"),
        order=order,
        organisations=(
            Organisation(name="Maker", fields=fields, deliberation=board if deep else None),
            Organisation(name="Buyer", fields=fields),
        ),
    )
