"""The one way in which a node asks a model: journalled, checked, repaired at most twice, drift included."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

from langgraph.errors import GraphBubbleUp

from converse_graph.calls.answers import OpenQuestion
from converse_graph.calls.callbacks import callbacks_of_call
from converse_graph.calls.person import ask_person
from converse_graph.calls.reply_schema import ReplySchema
from converse_graph.calls.run_context import Emit, Journal, RunContext
from converse_graph.calls.server_truncation import describe_truncation, was_truncated
from converse_graph.calls.trace_privacy import untraced
from converse_graph.errors import (
    CallFailed,
    ContextLengthExceeded,
    ContextWindowTooSmall,
    ConverseError,
    InvalidReply,
    PromptCut,
    ProviderRefused,
    ProviderUnreachable,
    RunPaused,
)
from converse_graph.measures.drift_patterns import LABELS, DriftFinding
from converse_graph.models.base import Message, Model, Request, Response
from converse_graph.models.human import HUMAN, PASS_TO_MODEL, HumanModel, question_for_person, reply_of_person
from converse_graph.models.reply_reader import strip_thoughts
from converse_graph.models.retries import Endpoint
from converse_graph.models.settings import REPLY_TOKENS, LearntWindow
from converse_graph.models.tokens import estimate_tokens
from converse_graph.prompting.descriptions import describe_fields
from converse_graph.prompting.truncation import drop_oldest_half, fit_to_window, shorten_to, shorter_prompts
from converse_graph.record.call_paths import CallPath, JudgePath, Provenance
from converse_graph.sanitize import whole_characters

MAX_REPAIRS = 2
"""How many times a reply that does not fit, or drifts, is sent back."""

MAX_ECHO = 4000
"""Characters of a reply that does not fit, as it is shown again to who wrote it."""

Drift = Callable[[Mapping[str, Any]], Sequence[DriftFinding]]
"""Finds signs of drift in the values of a reply."""


@dataclass(frozen=True, kw_only=True)
class StructuredRequest:
    """What a node asks."""

    place: CallPath | JudgePath
    """Where in the run the call is made."""
    messages: tuple[Message, ...]
    form: ReplySchema
    model: Any = None
    """A model reference; None for the run's."""
    repairs: int = MAX_REPAIRS
    """How many times a reply that does not fit, or drifts, may be sent back."""
    drift: Drift | None = None
    """Finds signs of drift in what fits; None where nobody looks. A reply with signs is sent back, and kept when none
    without comes."""
    max_tokens: int = REPLY_TOKENS
    """Of the reply at most."""
    on_delta: Callable[[str], None] | None = None
    on_restart: Callable[[str], None] | None = None
    """Called when what `on_delta` was given is void: with why the reply was sent back, which quotes nothing of it, or
    with nothing where it broke off."""


@dataclass(frozen=True, kw_only=True)
class StructuredReply:
    """What came of a question."""

    values: dict[str, Any] | None
    """None when no reply was usable."""
    model: str = ""
    """Who answered last, as a user names it."""
    problem: str | None = None
    """Why there are no values, in words that quote nothing of the reply."""
    repairs: int = 0
    sorted_fields: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    """What code mended in the reply before it could be read."""


async def ask(context: RunContext, question: StructuredRequest, emit: Emit) -> StructuredReply:
    """Ask a model and check what it says.

    Returns:
        An answer; without values if every attempt was broken, which the caller puts on record.

    Raises:
        RunPaused: The model's server cannot be reached or refuses, or its model's window is too small; the run can
            be resumed.
    """
    if is_for_person(context, question):
        try:
            to_person = replace(question, model=HUMAN, repairs=MOST_TRIES, drift=None)
            return await _ask(context, to_person, emit, passed_to=question.model)
        except TurnPassed as passed:
            return await _ask(context, question, emit, first=passed.attempt)
    return await _ask(context, question, emit)


class TurnPassed(Exception):
    """A person leaves the turn to the model."""

    def __init__(self, attempt: int) -> None:
        """Say at which attempt, for the model's are counted from there: none of the person's is taken for its own."""
        super().__init__(attempt)
        self.attempt = attempt


MOST_TRIES = 20
"""How many times an answer of a person that does not fit is sent back."""

_OF_PERSONS = ("statement", "line", "position", "ballot")
"""What a person is asked for; what is summed up, embedded and imagined is the model's work."""


def is_for_person(context: RunContext, question: StructuredRequest) -> bool:
    """Whether a person fills this form."""
    place = question.place
    if not isinstance(place, CallPath) or place.reader not in context.humans:
        return False
    return place.task in _OF_PERSONS


async def _ask(
    context: RunContext, question: StructuredRequest, emit: Emit, *, first: int = 0, passed_to: Any = None
) -> StructuredReply:
    messages, broken, drifting = question.messages, None, None
    chat, current, marks = context.models.get(question.model), question, tuple[str, ...]()
    for attempt in range(first, first + question.repairs + 1):
        _check_passed(context, question, passed_to, attempt, emit)
        if broken is not None and current.on_restart:
            current.on_restart(broken.for_record)
        request = _request(context, current, messages, attempt, emit)
        chat, (reply, values, sorted_fields, broken) = await _complete_by_any(context, current, request)
        if current.model == HUMAN and reply.model != HUMAN:
            raise TurnPassed(attempt)  # before a pause, and a model has answered since
        _tell_of(emit, current, reply)
        if values is not None:
            answer = StructuredReply(
                values=values,
                model=chat.model,
                repairs=attempt,
                sorted_fields=sorted_fields,
                mended=tuple(dict.fromkeys([*marks, *current.form.mended(reply.text)])),
            )
            if broken is None:
                return answer
            drifting = replace(answer, repairs=question.repairs)
            current, marks = question, ()
        elif broken is not None and broken.fitting and current.model != HUMAN:  # a person answers the whole form again
            marks = (*marks, *current.form.mended(reply.text, broken.fitting))
            current = _question_of_rest(current, broken.fitting)
        before = messages if current.form.earlier else question.messages
        messages = (*before, *_repair(context, chat, current, reply, str(broken)))
    if drifting is not None:
        return _accept_despite_drift(question, drifting)
    problem = broken.for_record if broken else None
    return StructuredReply(values=None, model=chat.model, problem=problem, repairs=question.repairs)


def _check_passed(context: RunContext, question: StructuredRequest, model: Any, attempt: int, emit: Emit) -> None:
    """Look whether a person's turn was passed here before a pause: a model has then answered what was asked at first.

    Raises:
        TurnPassed: It was.
    """
    if question.model != HUMAN or not attempt:  # at the first attempt both are asked the same
        return
    question = replace(question, model=model)
    for chat in context.models.all_of(model):
        has_answered = getattr(chat, "has_answered", context.journal.has_answered if context.journal else None)
        with suppress(ContextWindowTooSmall):
            request = _fit(context, question, _request(context, question, question.messages, attempt, emit), chat)
            if has_answered is not None and has_answered(request):
                raise TurnPassed(attempt)


def _question_of_rest(question: StructuredRequest, fitting: Mapping[str, Any]) -> StructuredRequest:
    """The same question for the fields at fault alone; prose that fits stays on the screen as it was written."""
    form = question.form.remaining(fitting)
    if form.whole[0].name in form.earlier:
        return replace(question, form=form, on_delta=None, on_restart=None)
    return replace(question, form=form)


def _tell_of(emit: Emit, question: StructuredRequest, reply: Response) -> None:
    tokens = reply.input_tokens + reply.output_tokens
    emit({"event": "call", "place": str(question.place), "tokens": tokens, "usd": reply.usd})


def _accept_despite_drift(question: StructuredRequest, answer: StructuredReply) -> StructuredReply:
    """What drifted is worth more than nothing: it is taken where all that came after it did not fit."""
    if question.on_restart and question.on_delta:
        question.on_restart("what came after an earlier reply does not fit, so that one is taken")
        question.on_delta(json.dumps(answer.values, ensure_ascii=False))
    return answer


Completed = tuple[Response, dict[str, Any] | None, tuple[str, ...], InvalidReply | None]
"""A reply, what it says where it fits, which of its percentiles had to be sorted, and why it is sent back."""


def _request(
    context: RunContext, question: StructuredRequest, messages: Sequence[Message], attempt: int, emit: Emit
) -> Request:
    """What is asked of whichever model, by its speaker's settings, before its window is looked at."""
    settings = context.settings_of(question.place.reader)
    return Request(
        messages=tuple(messages),
        schema=question.form.schema,
        schema_text=question.form.schema_text,
        place=str(question.place),
        attempt=attempt,
        seed=context.seed,
        max_tokens=settings.max_tokens or question.max_tokens,
        settings=settings,
        on_delta=question.on_delta,
        on_restart=partial(question.on_restart, "") if question.on_restart else None,
        on_unusable=partial(_tell_of, emit, question),
        on_warning=lambda text: emit({"event": "warning", "text": text}),
    )


async def _complete_by_any(
    context: RunContext, question: StructuredRequest, request: Request
) -> tuple[Model, Completed]:
    """Ask the model, or where it refuses or stays away those that stand in for it; who answered comes with the reply.

    Raises:
        RunPaused: None of them answers.
    """
    chats = context.models.all_of(question.model)
    if len(chats) == 1:
        return chats[0], await _complete_fitting(
            context, chats[0], question, _fit(context, question, request, chats[0])
        )
    for chat in chats:  # what was answered before a pause is not asked for again, whoever answered
        with suppress(ContextWindowTooSmall):
            if (known_reply := _recall(context, question, _fit(context, question, request, chat))) is not None:
                return chat, known_reply
    return await _complete_in_turn(context, question, request)


async def _complete_in_turn(
    context: RunContext, question: StructuredRequest, request: Request
) -> tuple[Model, Completed]:
    failures: list[RunPaused] = []
    own = context.models.get(question.model)
    for chat in context.models.in_turn(question.model):
        if failures and question.on_restart:
            question.on_restart("")
        try:
            fitting = _fit(context, question, request, chat)
            reply = await _complete_fitting(context, chat, question, fitting)
        except (ProviderRefused, ProviderUnreachable, ContextWindowTooSmall) as error:
            failures.append(error)
            if isinstance(error, ProviderUnreachable):
                context.models.stays_away(chat)
            continue
        if chat is not own:
            context.warn(f"{chat.model} answered in the place of {own.model}; the journal has which calls.")
        return chat, reply
    unreachable = (failure for failure in failures if isinstance(failure, ProviderUnreachable))
    raise type(next(unreachable, failures[-1]))(" ".join(map(str, failures)))


def _fit(context: RunContext, question: StructuredRequest, request: Request, chat: Model) -> Request:
    """The same request with as much of the past as the window of one model takes.

    Raises:
        ContextWindowTooSmall: Not even the brief and the task fit.
    """
    is_own = chat is context.models.get(question.model)
    window = _least(context.window_of(question.place.reader, question.model) if is_own else chat.window, chat)
    messages = fit_to_window(request.messages, window=window, reply=request.max_tokens, model=chat.model)
    if (safe := context.models.learnt.get(chat.model, LearntWindow()).safe) is not None:
        messages = shorten_to(messages, window=safe, reply=request.max_tokens)
    fitting = replace(request, messages=messages)
    has_answered: Callable[[Request], bool] | None = getattr(chat, "has_answered", None)
    if has_answered is None and context.journal is not None and chat.model in context.models.learnt:
        has_answered = context.journal.has_answered
    return _as_answered(request, fitting, has_answered) if has_answered else fitting


def _least(window: int | None, chat: Model) -> int | None:
    """A window, or what its server has shown that it takes, where that is less; None where both are unknown."""
    shown_window: int | None = getattr(chat, "shown_window", None)
    return window if shown_window is None or (window is not None and window < shown_window) else shown_window


def _as_answered(request: Request, fitting: Request, has_answered: Callable[[Request], bool]) -> Request:
    """The form of a prompt that was answered, where its model's window was learnt or lost since; else as it fits."""
    shorter_forms = (replace(request, messages=shorter) for shorter in shorter_prompts(request.messages))
    return next((form for form in chain((fitting, request), shorter_forms) if has_answered(form)), fitting)


async def _complete_fitting(
    context: RunContext, chat: Model, question: StructuredRequest, request: Request
) -> Completed:
    """Ask with less of the past where the server says that a prompt is too long: our count was a guess."""
    is_shorter = False
    while True:
        try:
            reply = await _complete(context, chat, question, request)
            if is_shorter:
                _learn_window(context, chat, request)
            return reply
        except ContextLengthExceeded as refused:
            is_shorter = True
            if getattr(chat, "shown_window", None) is not None:
                _learn_window(context, chat, request)
            window = _least(chat.window, chat)
            messages = fit_to_window(request.messages, window=window, reply=request.max_tokens, model=chat.model)
            if messages == request.messages:
                messages = drop_oldest_half(messages)
            if messages == request.messages:
                raise
            if isinstance(refused, PromptCut) and request.on_restart:
                request.on_restart()
            request = replace(request, messages=messages)


def _learn_window(context: RunContext, chat: Model, request: Request) -> None:
    """Keep what a server takes, after it has refused more: what it named, or else what it has taken now."""
    window = getattr(chat, "shown_window", None)
    tokens = sum(estimate_tokens(message.text) for message in request.messages) + request.max_tokens
    learnt = LearntWindow(reported=window, safe=None if window is not None else tokens)
    if context.models.learnt.get(chat.model) != learnt:
        context.models.learnt[chat.model] = learnt
        if context.journal is not None:
            context.journal.learn_window(chat.model, reported=learnt.reported, safe=learnt.safe)


async def _complete(context: RunContext, chat: Model, question: StructuredRequest, request: Request) -> Completed:
    if (known_reply := _recall(context, question, request)) is not None:
        return known_reply
    if context.journal is None:
        return await _call(context, None, chat, question, request)
    if context.spending:
        context.spending.check()
    if context.by_rounds:
        await asyncio.sleep(0)  # nothing else in such a turn waits: signals, other runs and checkpoints have their go
        return await _call(context, context.journal, chat, question, request)
    return await context.in_flight.shield(_call(context, context.journal, chat, question, request))


def _recall(context: RunContext, question: StructuredRequest, request: Request) -> Completed | None:
    """The reply that this very request had, read again; None where it has none."""
    reply = context.journal.recall(request) if context.journal else None
    return None if reply is None else (reply, *_read(question, request, reply))


async def _call(
    context: RunContext, journal: Journal | None, chat: Model, question: StructuredRequest, request: Request
) -> Completed:
    """Ask, read and keep, in one piece that is not broken off."""
    with context.trace.call(chat, request) if context.trace else nullcontext(_ignore) as on_answer:
        as_paid = partial(_as_paid, context, chat, question)
        pay = partial(_pay, context, journal, request, as_paid)
        pausing = _pausing(chat, request) if journal else nullcontext()
        with callbacks_of_call(chat, request) as handlers, untraced(always=True), pausing:
            reply = await _reply(context, chat, question, handlers.streaming(replace(request, on_unusable=pay)))
            handlers.end(reply)
        _warn_of_settings(context, chat, request)
        if was_truncated(request.messages, reply):
            reply = replace(reply, finish="cut")
            _refuse_cut(context, chat, request, reply, pay)
        reply = as_paid(reply)
        if context.spending:
            context.spending.charge(reply)
        values, sorted_fields, problem = _read(question, request, reply)
        on_answer(reply, problem)
        if journal is not None and context.by_rounds:
            journal.note(request, reply, accepted=problem is None)
        elif journal is not None:
            await journal.record(request, reply, accepted=problem is None)
    return reply, values, sorted_fields, problem


async def _reply(context: RunContext, chat: Model, structured: StructuredRequest, request: Request) -> Response:
    """Ask the model; where a person is one, pause the graph until there is an answer.

    Raises:
        TurnPassed: The person leaves the turn to the model.
    """
    if not isinstance(chat, HumanModel):
        return await chat.complete(request)
    speaker = CallPath.parse(request.place).reader
    asks = {field.name: f"{field.ask} ({field.bounds_text()})" for field in structured.form.fields}
    question = OpenQuestion(speaker=speaker, place=request.place, question=question_for_person(request, asks))
    answer = ask_person(context.answers, question)
    if answer == PASS_TO_MODEL:
        raise TurnPassed(request.attempt)
    return reply_of_person(request, answer)


def _warn_of_settings(context: RunContext, chat: Model, request: Request) -> None:
    """Put on record which of the settings that somebody chose a model turned out not to take."""
    not_taken: frozenset[str] = getattr(chat, "not_taken", frozenset())
    if not not_taken or not request.settings:
        return
    for name in not_taken & {*request.settings.set_values(), *request.settings.extra_body}:
        context.warn(f"{chat.model} does not take {name}, and was asked without it.")


def _pay(
    context: RunContext,
    journal: Journal | None,
    request: Request,
    as_paid: Callable[[Response], Response],
    reply: Response,
) -> None:
    """Charge and keep a reply that was no use, and go on only where the budget allows another.

    Raises:
        BudgetExceeded: It does not.
    """
    reply = as_paid(reply)
    if journal is not None:
        journal.note_unusable(request, reply)
    if request.on_unusable:
        request.on_unusable(reply)
    if context.spending:
        context.spending.charge(reply)
        context.spending.check()


def _refuse_cut(
    context: RunContext, chat: Model, request: Request, reply: Response, pay: Callable[[Response], None]
) -> None:
    """Have a prompt made shorter that its server has cut.

    Where nothing can be left out and somebody has said how much the model takes, its count is wrong rather than the
    prompt cut, and the reply is taken.

    Raises:
        PromptCut: It is to be made shorter, or cannot be.
    """
    sentence = describe_truncation(chat.model, request.messages, reply)
    if request.on_warning and chat.model not in context.warned:
        context.warned.add(chat.model)
        request.on_warning(sentence)
    is_known = (request.settings.context_window or chat.window) is not None
    if is_known and drop_oldest_half(request.messages) == request.messages:
        return
    pay(reply)
    learn = getattr(chat, "learn_window", None)
    if learn is not None:
        learn(reply.input_tokens + request.max_tokens)
    raise PromptCut(sentence)


@contextmanager
def _pausing(chat: Model, request: Request) -> Iterator[None]:
    """Pause the run over whatever nobody expected of a call, in one line.

    Raises:
        CallFailed: The call raised something else than errors of ours; what a test or LangGraph raises goes on.
    """
    try:
        yield
    except (ConverseError, GraphBubbleUp, AssertionError, TurnPassed):
        raise
    except Exception as error:
        line = Endpoint(model=chat.model).redact(whole_characters(f"{type(error).__name__}: {error}"))
        raise CallFailed(
            f"The call of {chat.model} at {request.place} failed: {line.rstrip('.')}; --debug shows the traceback."
        ) from error


def _as_paid(context: RunContext, chat: Model, question: StructuredRequest, reply: Response) -> Response:
    """A reply with its price and who made it, and without halves of characters: what comes in goes to the store."""
    usd, model = context.models.prices.charged(chat, reply), whole_characters(reply.model)
    if len(context.models.all_of(question.model)) > 1 and model != chat.model:
        model = f"{chat.model} ({model})"  # two servers may call theirs the same
    return replace(reply, usd=usd, text=whole_characters(reply.text), model=model)


def _ignore(reply: Response, problem: InvalidReply | None) -> None:
    """Of a run that is not traced."""


def _read(
    question: StructuredRequest, request: Request, reply: Response
) -> tuple[dict[str, Any] | None, tuple[str, ...], InvalidReply | None]:
    try:
        values, sorted_fields = question.form.read(reply.text)
    except InvalidReply as broken:
        return None, (), broken
    # The last reply is not looked at: it is kept, drift or no drift, and the measures count what it shows.
    signs = question.drift(values) if question.drift and request.attempt < question.repairs else ()
    if not signs:
        return values, sorted_fields, None
    for_record = f"drift: {', '.join(LABELS[finding.sign] for finding in signs)}"
    return values, sorted_fields, InvalidReply(" ".join(finding.feedback for finding in signs), for_record=for_record)


def repeated(reply: str) -> str:
    """Return as much of a reply as is shown again to who wrote it: what it says, without what was thought."""
    return strip_thoughts(reply)[:MAX_ECHO] or "…"


def _repair(
    context: RunContext, chat: Model, question: StructuredRequest, reply: Response, problem: str
) -> tuple[Message, Message]:
    """Show the model what it wrote, what is wrong with it, and which fields it is asked for again."""
    owner, source = question.place.reader, str(Provenance.of_reply(question.place))
    task = "any/repair-fields" if question.form.earlier else "any/repair"
    values = {"error": problem, "report": describe_fields(question.form.fields)}
    return (
        Message(role="assistant", text=repeated(reply.text), source=source, owner=owner),
        context.prompts.message(task, chat.profile, values, owner=owner),
    )
