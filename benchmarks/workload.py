"""The conversation that is measured: three labs that report, on a null model that is prompted as a large one."""

import dataclasses
import json
from collections.abc import Sequence

from benchmarks.handwritten import PARTIES
from converse_graph import Clock, Debate, NullModel, Organisation, Persona, Scenario
from converse_graph.models.base import PromptProfile, Request, Response
from converse_graph.scenarios.scenario import Order

LENGTH = 480
"""Characters of a statement at most: the null model fills it with sixty words."""


class LargeNull(NullModel):
    """The null model, told as much as a large model is told."""

    profile: PromptProfile = "large"


class LongNull(LargeNull):
    """The same, with statements of up to 120 words."""

    async def complete(self, request: Request) -> Response:
        """Say twice as much in the prose of a statement, as far as its form has room."""
        reply = await super().complete(request)
        room = request.schema["properties"].get("statement", {}).get("maxLength", 0)
        if not room:
            return reply
        more = await super().complete(dataclasses.replace(request, place=f"{request.place}, more"))
        values, added = json.loads(reply.text), json.loads(more.text)
        values["statement"] = f"{values['statement']} {added['statement']}"[:room].rstrip()
        return dataclasses.replace(reply, text=json.dumps(values))


def conversation(rounds: int, *, lines: Sequence[int] = (), order: Order = "listed", length: int = LENGTH) -> Scenario:
    """A scenario of so many rounds.

    Args:
        rounds: Each party speaks once in a round.
        lines: How many lines the private debate of each party has before it speaks; none for no debates.
        order: Of the table.
        length: Characters of a statement at most.
    """
    people = [Persona(name="CEO"), Persona(name="Safety")]
    debates = [
        Debate(motion="What do we do?", turns=turns, options=("go on", "hold"), members=people) for turns in lines
    ]
    return Scenario(
        premise="Three labs report.",
        clock=Clock(end=rounds, step="round"),
        organisations=[
            Organisation(name=name, deliberation=debates[number] if debates else None)
            for number, name in enumerate(PARTIES)
        ],
        order=order,
        max_statement_chars=length,
    )
