"""Tables for tests of runs made from runs, by chance and by hand; and records as they can be put side by side."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from converse_graph import (
    Boolean,
    Debate,
    Event,
    ImaginedDebate,
    Integer,
    Organisation,
    Persona,
    Scenario,
    StopOnEvent,
    StopOnSilence,
)
from converse_graph.store import Store
from tests.support.property_search import example_count
from tests.support.small_scenarios import debate, table

NAMES = ("Alpha", "Beta", "Gamma")
ORDERS = ("listed", "shuffled", "simultaneous", "moderated")
FIELDS = (Boolean(name="agreed", ask="agreed?"), Integer(name="week", ask="the week", minimum=1, maximum=52))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Two or three parties in any order, each deliberating in any way, for two or three rounds."""
    parties = [
        Organisation(name=name, brief=f"brief of {name}", fields=FIELDS, deliberation=draw(st.sampled_from(_WAYS)))
        for name in NAMES[: draw(st.integers(2, 3))]
    ]
    return table(
        *parties, rounds=draw(st.integers(2, 3)), order=draw(st.sampled_from(ORDERS)), fairness=draw(st.integers(1, 2))
    )


_WAYS: tuple[Debate | ImaginedDebate | None, ...] = (
    None,
    ImaginedDebate(motion="What now?", members=(Persona(name="Left"), Persona(name="Right")), turns=2),
    debate("Left", "Right"),
    debate("Left", "Right", inside=debate("Day", "Night")),
    debate("Left", "Right", turns=3, options=("go", "stay"), private_positions=True, ballot="secret",
           justify_changes=True, dissenter=True),
)  # fmt: skip


def stopping() -> Scenario:
    """A table that stops when a party agrees, which the null model sooner or later does."""
    parties = [Organisation(name=name, brief="a brief", fields=FIELDS) for name in NAMES[:2]]
    return table(*parties, rounds=9, events=(Event(name="deal", field="agreed"),), stop=(StopOnEvent(event="deal"),))


def silent() -> Scenario:
    """A table of guests that say nothing, which stops for silence after the first round."""
    mute = [Organisation(name=name, brief="a brief", graph=_nothing) for name in NAMES[:2]]
    return table(*mute, rounds=4, stop=(StopOnSilence(),))


def with_guest() -> Scenario:
    """A table at which one party is a graph of its own, which tells how much it has heard."""
    return table("Alpha", Organisation(name="Visitor", brief="a brief", graph=_counts), rounds=2)


def _nothing(view: dict[str, Any]) -> str:
    return ""


asked: list[int] = []
"""How much the visitor had heard, each time that it was asked."""


def _counts(view: dict[str, Any]) -> dict[str, Any]:
    asked.append(len(view["statements"]))
    return {"text": f"I have heard {len(view['statements'])}.", "memo": "counted"}


async def record(store: Store, name: str) -> dict[str, Any]:
    """All that a run says of itself but for its name, its dates and what sums these up, private parts too."""
    told = store.transcript(name).model_dump()
    for free in ("run", "created", "chain_head"):
        del told["header"][free]
    return told


by_chance = settings(
    max_examples=example_count(12),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
SEEDS = st.integers(0, 999)


def in_a_store(test: Callable[[Store], Awaitable[None]]) -> None:
    """Run a test of one example on a store of its own."""

    async def run(folder: str) -> None:
        async with Store.open(Path(folder) / "runs.sqlite", make=True) as store:
            await test(store)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(folder))
