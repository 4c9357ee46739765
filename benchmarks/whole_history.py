"""The design that every peer uses, as a model to be asked: a party is shown all that was ever said, and all it noted.

It stands between a run and its model, and puts the whole history where the run told little of it, so that scenario,
brief, examples, task, form and repairs are the same. What does not fit the window any more is cut off, oldest first.
"""

import dataclasses
import json
from collections.abc import Callable, Sequence

from converse_graph.models.base import PUBLIC, Message, Model, PromptProfile, Request, Response
from converse_graph.record.call_paths import CallPath, Provenance

_BEFORE = tuple(Provenance.of_template(f"organisation/{task}") for task in ("brief", "example"))
"""Where parts come from that stand before the history."""

_TOLD = ("statement", "mind", "summary", "event")
"""Records that a run itself tells of the past."""


class WholeHistory:
    """A model that is shown the whole history with every statement that it is asked for."""

    free = True

    def __init__(self, chat: Model, count: Callable[[str], int], window: int) -> None:
        """Ask another model.

        Args:
            chat: That model.
            count: Tokens of a message with this text.
            window: Tokens of prompt and reply together.
        """
        self._chat, self._count, self._size = chat, count, window
        self.model, self.profile = f"{chat.model}, whole history", chat.profile
        self.window: int | None = None
        """Of the run's own cutting: there is none, for it is done here."""
        self._statements: dict[str, dict[str, str]] = {}
        self.first_cut: str | None = None
        """The place of the first prompt that the history did not fit into; None where it always did."""

    profile: PromptProfile

    async def complete(self, request: Request) -> Response:
        """Ask with the whole history in place of what the run tells of it."""
        origins = [(part, Provenance.parse(part.source)) for part in request.messages]
        before = [part for part, origin in origins if origin in _BEFORE]
        after = [part for part, origin in origins
                 if origin not in _BEFORE and (origin.is_recalled or origin.record not in _TOLD)]  # fmt: skip
        speaker = CallPath.parse(request.place).party
        history = self._history(speaker, request.place)
        room = self._size - request.max_tokens - sum(self._count(part.text) for part in (*before, *after))
        latest = self._latest(history, room)
        if len(latest) < len(history):
            self.first_cut = self.first_cut or request.place
        reply = await self._chat.complete(dataclasses.replace(request, messages=(*before, *latest, *after)))
        self._note(request.place, reply)
        return reply

    async def close(self) -> None:
        """Let go of the model."""
        await self._chat.close()

    def _history(self, speaker: str, place: str) -> list[Message]:
        parts = []
        for where, statement in self._statements.items():
            path = CallPath.parse(where)
            by = path.party
            if where == place:
                continue  # what is being repaired is told by the repair
            line = f'{by} said: "{statement["statement"]}"'
            parts.append(
                Message(role="user", text=line, source=str(Provenance(record="statement", of=path)), owner=PUBLIC)
            )
            if by == speaker:
                noted = f'{by} noted in private: "{statement["memo"]}"'
                parts.append(Message(role="user", text=noted, source=str(Provenance.of_mind(path)), owner=by))
        return parts

    def _latest(self, history: Sequence[Message], room: int) -> list[Message]:
        latest: list[Message] = []
        for part in reversed(history):
            room -= self._count(part.text)
            if room < 0:
                break
            latest.append(part)
        return latest[::-1]

    def _note(self, place: str, reply: Response) -> None:
        """Keep what was said; of several replies at a place the last that could be read, which is the one on record."""
        try:
            statement = json.loads(reply.text)
        except ValueError:
            return
        if isinstance(statement, dict) and isinstance(statement.get("statement"), str) and statement["statement"]:
            self._statements[place] = {"statement": statement["statement"], "memo": str(statement.get("memo", ""))}
