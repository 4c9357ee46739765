"""The trace of a run in motion: spans opened and closed as its calls come and go.

A call's place says which turn, debates and personas it lies in, so the spans above it are a fold over calls: each
begins with its first call and ends with its last. A call that the journal answers is in the trace of whoever made it,
and is not told again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from converse_graph.errors import InvalidReply
from converse_graph.models.base import Model, Request, Response
from converse_graph.record.call_paths import CallPath
from converse_graph.scenarios.cast import SUPERVISOR
from converse_graph.scenarios.model_settings import UNSET
from converse_graph.tracing.path_to_spans import (
    EnclosingSpan,
    Key,
    enclosing_spans,
    lies_in,
    task_name,
)
from converse_graph.tracing.spans import Exporter, Kind, Span, Usage

Answered = Callable[[Response, InvalidReply | None], None]
"""Is told of a call's reply, and of what is wrong with it."""


@dataclass(kw_only=True)
class RunTrace:
    """Spans of one run while it is played."""

    exporter: Exporter
    run: Mapping[str, Any]
    """Metadata of every span, such as the thread."""
    scenario: Mapping[str, Any]
    """Metadata of traces: scenario, dials, seed, digest."""
    title: str
    """How rounds are named, after their period."""
    tags: tuple[str, ...]
    period: Callable[[int], str]
    """The label of a round's period."""
    now: Callable[[], datetime]
    private: bool = False
    """Whether prompts, replies and the words of errors are told."""
    _round: int = -1
    _root: Span | None = None
    _open: dict[Key, Span] = field(default_factory=dict)
    """By key, in the order in which they began."""
    _busy: list[Key] = field(default_factory=list)
    """Keys of the innermost spans of calls that are under way."""

    @contextmanager
    def call(self, chat: Model, request: Request) -> Iterator[Answered]:
        """Trace a call of a model.

        Args:
            chat: Who is asked.
            request: What is asked.
        """
        path = CallPath.parse(request.place)
        spans = enclosing_spans(path)
        parent = self._inside(path, spans)
        span = self._span("call", (*spans[-1].names, task_name(path)), path, spans[-1], parent)
        span.metadata |= _call_inputs(chat, request)
        if self.private:
            span.inputs = {"messages": [{"role": part.role, "content": part.text} for part in request.messages]}
        key = spans[-1].key
        self._busy.append(key)
        try:
            yield lambda reply, problem: self._take_reply(span, reply, problem)
        except BaseException as error:
            span.error = self._error_in_words(error)
            raise
        finally:
            self._busy.remove(key)
            span.ended = self.now()
            for above in (self._root, *(self._open.get(outer.key) for outer in spans)):
                if above is not None:
                    above.ended = span.ended
            self.exporter.finish(span)

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Take note of what the supervisor makes public: a statement, or a vote."""
        if event["event"] == "statement":
            self._take_statement(event)
        elif event["event"] == "vote" and self._root is not None:
            self._root.outputs["vote"] = {name: event[name] for name in ("counts", "position") if name in event}

    def close(self, error: BaseException | None = None, *, paused: bool = False) -> None:
        """End whatever is open.

        Args:
            error: Why the run stops here; None at its end.
            paused: Whether it can be gone on with.
        """
        for key in list(self._open):
            self._end(key, error)
        if self._root is not None:
            self._root.error = None if error is None else self._error_in_words(error)
            if paused:
                self._root.tags.append("paused")
            self._root.ended = self._root.ended or self.now()
            self.exporter.finish(self._root)
            self._root = None

    def _take_reply(self, span: Span, reply: Response, problem: InvalidReply | None) -> None:
        span.usage = Usage(
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            cached_tokens=reply.cached_tokens,
            usd=reply.usd,
        )
        span.metadata["answered_by"] = reply.model
        if self.private:
            span.outputs = {"messages": [{"role": "assistant", "content": reply.text}]}
        if problem is not None:
            span.tags.append("sent back")
            span.error = str(problem) if self.private else problem.for_record

    def _inside(self, path: CallPath, spans: Sequence[EnclosingSpan]) -> Span:
        """The innermost span of a call; opens what is not open yet, closes what the run has left."""
        self._enter(path.round)
        within = {outer.key for outer in spans}
        for key in [key for key in self._open if key not in within and self._is_left(key, spans[0].key)]:
            self._end(key)
        parent = self._root
        for outer in spans:
            if outer.key not in self._open:
                self._open[outer.key] = self._span(outer.kind, outer.names, path, outer, parent)
                self.exporter.begin(self._open[outer.key])
            parent = self._open[outer.key]
        if parent is None:
            raise TypeError("a call lies in a turn")
        return parent

    def _is_left(self, key: Key, turn: Key) -> bool:
        """Whether an open span is over as a call elsewhere begins: a turn is, once its statement is public."""
        if any(lies_in(busy, key) for busy in self._busy):
            return False
        return lies_in(key, turn) or self._open[key].metadata["party"] == SUPERVISOR

    def _enter(self, round: int) -> None:
        if round <= self._round and self._root is not None:
            return
        self.close()
        self._round = round
        label = self.period(round)
        self._root = Span(
            name=f"{label} · {self.title}",
            kind="round",
            parent=None,
            began=self.now(),
            metadata={**self.run, **self.scenario, "round": round, "period": label},
            tags=[*self.tags, "round"],
            inputs={"period": label, "round": round},
        )
        self.exporter.begin(self._root)

    def _span(
        self, kind: Kind, names: tuple[str, ...], path: CallPath, outer: EnclosingSpan, parent: Span | None
    ) -> Span:
        label = self.period(path.round)
        metadata = {"round": path.round, "period": label, "party": path.party, "speaker": outer.path}
        return Span(
            name=" · ".join((label, *names)),
            kind=kind,
            parent=parent,
            began=self.now(),
            metadata={**self.run, **metadata, "depth": outer.depth},
            tags=[kind],
        )

    def _take_statement(self, statement: Mapping[str, Any]) -> None:
        """The turn is over: what was said in it is public now."""
        self._enter(statement["round"])
        speaker = statement["speaker"]
        path = CallPath.of_turn(statement["round"], statement["turn"], speaker)
        spans = enclosing_spans(path)
        key = spans[0].key
        if key not in self._open:  # every call of the turn was made before the run was paused
            self._inside(path, spans)
        turn = self._open[key]
        turn.outputs = {name: statement[name] for name in ("text", "fields", "problem") if statement.get(name)}
        if self._root is not None:
            messages = self._root.outputs.setdefault("messages", [])
            messages.append({"role": "assistant", "name": speaker, "content": statement["text"]})
        for inner in [inner for inner in self._open if lies_in(inner, key)]:
            self._end(inner)

    def _end(self, key: Key, error: BaseException | None = None) -> None:
        span = self._open.pop(key)
        span.error = None if error is None else self._error_in_words(error)
        span.ended = span.ended or self.now()
        self.exporter.finish(span)

    def _error_in_words(self, error: BaseException) -> str:
        """What may be said of an error: its words may quote what somebody wrote in private."""
        kind = type(error).__name__
        return f"{kind}: {error}" if self.private and str(error) else kind


def _call_inputs(chat: Model, request: Request) -> dict[str, Any]:
    provider, colon, name = chat.model.partition(":")
    settings = getattr(chat, "defaults", UNSET).merged(request.settings)
    inputs = {
        "ls_temperature": settings.temperature,
        "ls_top_p": settings.top_p,
        "thinking": settings.thinking,
    }
    return {
        "place": request.place,
        "attempt": request.attempt,
        "ls_model_type": "chat",
        "ls_provider": provider,
        "ls_model_name": name if colon else provider,
        "ls_max_tokens": request.max_tokens,
        **{name: value for name, value in inputs.items() if value is not None},
    }
