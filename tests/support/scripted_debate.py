"""What tests of talks inside a speaker share: scripted lines, and the private part of a turn."""

from typing import Any

from converse_graph import Request, Store
from converse_graph.record.transcript import Deliberation, PrivateNotes


def prompt(request: Request) -> str:
    return "\n".join(part.text for part in request.messages)


def line(text: str, position: str = "go") -> dict[str, Any]:
    return {"line": text, "position": position}


def said(text: str = "We speak.", position: str | None = "go") -> dict[str, Any]:
    return {"statement": text, **({"position": position} if position else {}), "memo": "note"}


async def private(store: Store, simulation: Any, index: int = 0) -> PrivateNotes:
    found = (await simulation.transcript()).statements[index].private
    assert found is not None
    return found


def held(turn: PrivateNotes) -> Deliberation:
    assert turn.deliberation is not None
    return turn.deliberation
