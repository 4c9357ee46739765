"""Small scenarios that tests play, and adapters of the chat port that count, stop and listen."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from converse_graph import Clock, Debate, ImaginedDebate, NullModel, Organisation, Persona, Request, Response, Scenario
from converse_graph.checkpoints import StoreSaver
from converse_graph.errors import ProviderUnreachable
from converse_graph.runs.simulation import Simulation
from converse_graph.store import Store

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def debate(*names: str, inside: Debate | ImaginedDebate | None = None, turns: int = 0, **more: Any) -> Debate:
    """A debate of members of these names, without minutes; the first holds `inside` before it speaks."""
    members = [
        Persona(name=name, aim=f"the aim of {name}", deliberation=None if number else inside)
        for number, name in enumerate(names)
    ]
    return Debate(**{"motion": "What now?", "members": members, "turns": turns or len(names), "minutes": False, **more})


def nested(depth: int) -> Debate | None:
    """Debates inside one another, so that the conversations with the root table are `depth` deep."""
    inside: Debate | None = None
    for level in range(depth - 1, 0, -1):
        inside = debate(f"First{level}", f"Second{level}", inside=inside)
    return inside


def table(*parties: Organisation | str, rounds: int = 2, **more: Any) -> Scenario:
    """A table of these parties on a clock of plain rounds."""
    seated = [Organisation(name=party, brief=f"brief of {party}") if isinstance(party, str) else party
              for party in parties]  # fmt: skip
    return Scenario(**{"premise": "All meet.", "clock": Clock(end=rounds, step="round"), "organisations": seated,
                       **more})  # fmt: skip


def consciences(order: str = "listed", rounds: int = 2) -> Scenario:
    """Conversations three deep inside one party, two deep inside another, none inside the third."""
    return table(
        Organisation(name="Alpha", brief="brief of Alpha", deliberation=nested(3)),
        Organisation(name="Beta", brief="brief of Beta", deliberation=debate("Left", "Right", turns=3)),
        Organisation(name="Gamma", brief="brief of Gamma"),
        rounds=rounds,
        order=order,
    )


class Stop(BaseException):
    """Ends a run as a kill does: nothing in the product catches it."""


class CountingChat:
    """The null model that notes every call it is asked for, and may break off at one of them."""

    model = "counting"
    profile = "small"
    window: int | None = None

    def __init__(
        self,
        *,
        stop_at: int | None = None,
        latency: float = 0.0,
        error: Callable[[], BaseException] | None = None,
        before: Callable[[Request], Awaitable[None]] | None = None,
    ) -> None:
        self.places: list[tuple[str, int]] = []
        self.answered: list[tuple[str, int]] = []
        self._stop_at = stop_at
        self._null = NullModel(latency=latency)
        self._error = error or (lambda: ProviderUnreachable("nobody answers"))
        self.before = before

    async def complete(self, request: Request) -> Response:
        self.places.append((request.place, request.attempt))
        number = len(self.places)
        await (self.before(request) if self.before else asyncio.sleep(0))
        if number == self._stop_at:
            raise self._error()
        reply = dataclasses.replace(await self._null.complete(request), model=self.model)
        self.answered.append((request.place, request.attempt))
        return reply

    async def close(self) -> None:
        return


class Waited(NullModel):
    """The null model as one whose calls cost something: none may be lost, and all are waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.repeatable = False


class Prompts(CountingChat):
    """Keeps every prompt, by its place."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts: dict[str, str] = {}

    async def complete(self, request: Request) -> Response:
        self.prompts[str(request.place)] = "\n".join(message.text for message in request.messages)
        return await super().complete(request)


async def until(happens: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait for something that must happen soon."""
    async with asyncio.timeout(seconds):
        while not happens():  # noqa: ASYNC110 - what is waited for is in a file or another process
            await asyncio.sleep(0.005)


async def begin(store: Store, scenario: Scenario, *, model: Any = "null", seed: int = 3, **more: Any) -> Simulation:
    """A run registered with a fixed date."""
    return await Simulation.begin(store, scenario, seed=seed, created=CREATED, model=model, **more)


async def played(store: Store, scenario: Scenario, **more: Any) -> Simulation:
    """A run played to its end."""
    simulation = await begin(store, scenario, **more)
    await simulation.play()
    return simulation


async def channels(store: Store, simulation: Simulation) -> dict[str, Any]:
    """Every channel of a run, private ones too, as its last checkpoint has them."""
    graph = simulation.scenario.graph().compile(checkpointer=StoreSaver(store))
    state = await graph.aget_state({"configurable": {"thread_id": simulation.run.name}})
    return dict(state.values)


def journal(store: Store, simulation: Simulation) -> list[tuple[str, int, str, bool]]:
    """Every call of a run, by place and attempt, with its reply and whether it was taken."""
    calls = store.journal(simulation.run.id).calls()
    return sorted((call.place, call.attempt, call.reply.text, call.accepted) for call in calls)
