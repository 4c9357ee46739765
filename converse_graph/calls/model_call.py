"""The one way in which a node asks a model: journalled, checked, repaired at most twice, drift included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from langgraph.errors import GraphBubbleUp

from converse_graph.calls.prompt_cuts import describe_cut, is_prompt_cut
from converse_graph.calls.reply_schema import Form
from converse_graph.calls.run_context import Journal, RunContext
from converse_graph.calls.streaming import Emit
from converse_graph.calls.trace_privacy import untraced
from converse_graph.errors import BrokenReply, CallFailed, ConverseError, PromptCut, PromptTooLong
from converse_graph.measures.drift_patterns import IN_WORDS, Found
from converse_graph.models.base import Chat, Part, Reply, Request
from converse_graph.models.reply_reader import said_in
from converse_graph.models.retries import Origin
from converse_graph.prompting.truncation import fitted, shortened
from converse_graph.sanitize import whole_characters

MAX_REPAIRS = 2
"""How many times a reply that does not fit, or drifts, is sent back."""

REPEATED = 4000
"""Characters of a reply that does not fit, as it is shown again to who wrote it."""

REPLY_TOKENS = 1024
"""Tokens of a reply at most, unless a question says otherwise."""


Drift = Callable[[Mapping[str, Any]], Sequence[Found]]
"""Finds signs of drift in the values of a reply."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a node asks."""

    place: str
    """Structural path of the call in its run."""
    speaker: str
    """The path of who is asked, such as "OpenAI/CEO"."""
    parts: tuple[Part, ...]
    form: Form
    model: Any = None
    """A model reference; None for the run's."""
    repairs: int = MAX_REPAIRS
    """How many times a reply that does not fit, or drifts, may be sent back."""
    drift: Drift | None = None
    """Finds signs of drift in what fits; None where nobody looks. A reply with signs is sent back, and kept when none
    without comes."""
    max_tokens: int = REPLY_TOKENS
    """Of the reply at most."""
    on_text: Callable[[str], None] | None = None
    on_restart: Callable[[], None] | None = None
    """Called when what `on_text` was given is void: the reply broke off, or was sent back."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of a question."""

    values: dict[str, Any] | None
    """None when no reply was usable."""
    problem: str | None = None
    """Why there are no values, in words that quote nothing of the reply."""
    repairs: int = 0
    sorted_fields: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    """What code mended in the reply before it could be read."""


async def ask(context: RunContext, question: Question, emit: Emit) -> Answer:
    """Ask a model and check what it says.

    Returns:
        An answer; without values if every attempt was broken, which the caller puts on record.

    Raises:
        RunPaused: The model's server cannot be reached or refuses, or its model's window is too small; the run can
            be resumed.
    """
    chat = context.chats.get(question.model)
    parts, broken, drifting = question.parts, None, None
    for attempt in range(question.repairs + 1):
        request = Request(
            parts=fitted(parts, window=chat.window, reply=question.max_tokens, model=chat.model),
            schema=question.form.schema,
            place=question.place,
            attempt=attempt,
            seed=context.seed,
            max_tokens=question.max_tokens,
            on_text=question.on_text,
            on_restart=question.on_restart,
            on_unusable=lambda reply: _tell_of(emit, question, reply),
            on_warning=lambda text: emit({"event": "warning", "text": text}),
        )
        if attempt and question.on_restart:
            question.on_restart()
        reply, values, sorted_fields, broken = await _complete_fitting(context, chat, question, request)
        _tell_of(emit, question, reply)
        if values is not None:
            answer = Answer(
                values=values, repairs=attempt, sorted_fields=sorted_fields, mended=question.form.mended(reply.text)
            )
            if broken is None:
                return answer
            drifting = reply, replace(answer, repairs=question.repairs)
        parts = (*question.parts, *_repair(context, chat, question, reply, str(broken)))
    if drifting is not None:
        return _kept_after_all(question, *drifting)
    return Answer(values=None, problem=broken.for_record if broken else None, repairs=question.repairs)


def _tell_of(emit: Emit, question: Question, reply: Reply) -> None:
    emit({"event": "call", "place": question.place, "tokens": reply.tokens_in + reply.tokens_out, "usd": reply.usd})


def _kept_after_all(question: Question, reply: Reply, answer: Answer) -> Answer:
    """What drifted is worth more than nothing: it is taken where all that came after it did not fit."""
    if question.on_restart and question.on_text:
        question.on_restart()
        question.on_text(reply.text)
    return answer


Completed = tuple[Reply, dict[str, Any] | None, tuple[str, ...], BrokenReply | None]
"""A reply, what it says where it fits, which of its percentiles had to be sorted, and why it is sent back."""


async def _complete_fitting(context: RunContext, chat: Chat, question: Question, request: Request) -> Completed:
    """Ask with less of the past where the server says that a prompt is too long: our count was a guess."""
    while True:
        try:
            return await _complete(context, chat, question, request)
        except PromptTooLong as refused:
            reply = question.max_tokens
            parts = fitted(request.parts, window=chat.window, reply=reply, model=chat.model)
            if parts == request.parts:
                parts = shortened(parts)
            if parts == request.parts:
                raise
            if isinstance(refused, PromptCut) and request.on_restart:
                request.on_restart()
            request = replace(request, parts=parts)


async def _complete(context: RunContext, chat: Chat, question: Question, request: Request) -> Completed:
    kept = context.journal.recall(request) if context.journal else None
    if kept is not None:
        return kept, *_read(question, request, kept)
    if context.journal is None:
        return await _call(context, None, chat, question, request)
    if context.spending:
        context.spending.check()
    return await context.in_flight.see_through(_call(context, context.journal, chat, question, request))


async def _call(
    context: RunContext, journal: Journal | None, chat: Chat, question: Question, request: Request
) -> Completed:
    """Ask, read and keep, in one piece that is not broken off."""
    with context.trace.call(chat, request) if context.trace else nullcontext(_untold) as answered:
        pay = partial(_pay, context, journal, chat, request)
        with untraced(), _pausing(chat, request) if journal else nullcontext():
            reply = await chat.complete(replace(request, on_unusable=pay))
        reply = _as_paid(context, chat, reply)
        if is_prompt_cut(request.parts, reply):
            reply = replace(reply, finish="cut")
            _refuse_cut(context, chat, request, reply, pay)
        if context.spending:
            context.spending.charge(reply)
        values, sorted_fields, problem = _read(question, request, reply)
        answered(reply, problem)
        if journal is not None:
            await journal.record(request, reply, accepted=problem is None)
    return reply, values, sorted_fields, problem


def _pay(context: RunContext, journal: Journal | None, chat: Chat, request: Request, reply: Reply) -> None:
    """Charge and keep a reply that was no use, and go on only where the budget allows another.

    Raises:
        BudgetSpent: It does not.
    """
    reply = _as_paid(context, chat, reply)
    if journal is not None:
        journal.note_unusable(request, reply)
    if request.on_unusable:
        request.on_unusable(reply)
    if context.spending:
        context.spending.charge(reply)
        context.spending.check()


def _refuse_cut(context: RunContext, chat: Chat, request: Request, reply: Reply, pay: Callable[[Reply], None]) -> None:
    """Have a prompt made shorter that its server has cut.

    Where nothing can be left out and somebody has said how much the model takes, its count is wrong rather than the
    prompt cut, and the reply is taken.

    Raises:
        PromptCut: It is to be made shorter, or cannot be.
    """
    told = describe_cut(chat.model, request.parts, reply)
    if request.on_warning and chat.model not in context.warned:
        context.warned.add(chat.model)
        request.on_warning(told)
    is_known = chat.window is not None
    if is_known and shortened(request.parts) == request.parts:
        return
    pay(reply)
    learn = getattr(chat, "learn_window", None)
    if learn is not None:
        learn(reply.tokens_in + request.max_tokens)
    raise PromptCut(told)


@contextmanager
def _pausing(chat: Chat, request: Request) -> Iterator[None]:
    """Pause the run over whatever nobody expected of a call, in one line.

    Raises:
        CallFailed: The call raised something else than errors of ours; what a test or LangGraph raises goes on.
    """
    try:
        yield
    except (ConverseError, GraphBubbleUp, AssertionError):
        raise
    except Exception as error:
        said = Origin(model=chat.model).redact(whole_characters(f"{type(error).__name__}: {error}"))
        raise CallFailed(
            f"The call of {chat.model} at {request.place} failed: {said.rstrip('.')}; --debug shows the traceback."
        ) from error


def _as_paid(context: RunContext, chat: Chat, reply: Reply) -> Reply:
    """A reply with its price, and without halves of characters: what comes in here goes to the store."""
    usd = context.chats.prices.charged(chat, reply)
    return replace(reply, usd=usd, text=whole_characters(reply.text), model=whole_characters(reply.model))


def _untold(reply: Reply, problem: BrokenReply | None) -> None:
    """Of a run that is not traced."""


def _read(
    question: Question, request: Request, reply: Reply
) -> tuple[dict[str, Any] | None, tuple[str, ...], BrokenReply | None]:
    try:
        values, sorted_fields = question.form.read(reply.text)
    except BrokenReply as broken:
        return None, (), broken
    # The last reply is not looked at: it is kept, drift or no drift, and the measures count what it shows.
    signs = question.drift(values) if question.drift and request.attempt < question.repairs else ()
    if not signs:
        return values, sorted_fields, None
    for_record = f"drift: {', '.join(IN_WORDS[found.sign] for found in signs)}"
    return values, sorted_fields, BrokenReply(" ".join(found.told for found in signs), for_record=for_record)


def repeated(reply: str) -> str:
    """Return as much of a reply as is shown again to who wrote it: what it says, without what was thought."""
    return said_in(reply)[:REPEATED] or "…"


def _repair(context: RunContext, chat: Chat, question: Question, reply: Reply, problem: str) -> tuple[Part, Part]:
    """Show the model what it wrote, and what is wrong with it."""
    told = context.prompts.render("any/repair", chat.profile, {"error": problem})
    return (
        Part(role="assistant", text=repeated(reply.text), source=f"reply/{question.place}", owner=question.speaker),
        Part(role="user", text=told, source="prompt/any/repair", owner=question.speaker),
    )
