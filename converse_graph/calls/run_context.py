"""What a node needs that is no state: models, prompts, journal, seed. Never checkpointed; a resume makes it anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.config import get_config
from langgraph.runtime import Runtime

from converse_graph.calls.budget import BudgetTracker
from converse_graph.calls.calls_in_flight import CallsInFlight
from converse_graph.errors import InvalidReply
from converse_graph.models.base import Message, Model, Request, Response
from converse_graph.models.references import reference_key
from converse_graph.models.registry import ModelRegistry
from converse_graph.prompting.recall_index import RecallIndex
from converse_graph.prompting.templates import Prompts, load_prompts
from converse_graph.record.call_paths import CallPath
from converse_graph.record.records import MindRecord, OwnRecord, PrivateSummaryRecord
from converse_graph.scenarios.clock import Period
from converse_graph.scenarios.ledger_folds import Folds
from converse_graph.scenarios.model_settings import UNSET, ModelSettings
from converse_graph.scenarios.runtime_config import model_settings_in
from converse_graph.scenarios.speaker_settings import SpeakerSettings

Emit = Callable[[dict[str, Any]], None]
"""Passes an event to whoever watches the run: a plain dict whose `event` says which it is."""


def tee(emit: Emit, trace: Emit | None) -> Emit:
    """Pass events on to a trace too, where there is one."""
    if trace is None:
        return emit

    def both(event: dict[str, Any]) -> None:
        trace(event)
        emit(event)

    return both


class Journal(Protocol):
    """Keeps every call of a run, so that none is made twice."""

    def recall(self, request: Request) -> Response | None:
        """The reply that this very request had, if it was ever completed."""

    def has_answered(self, request: Request) -> bool:
        """Whether this very request was ever completed."""

    async def record(self, request: Request, reply: Response, *, accepted: bool) -> None:
        """Keep a reply; returns when it is durable."""

    def note(self, request: Request, reply: Response, *, accepted: bool) -> None:
        """Keep a reply with the round that it is made in, both or neither."""

    def note_unusable(self, request: Request, reply: Response) -> None:
        """Keep a reply that is paid and no use; durable with the next thing that is."""

    def progress(self, *, rounds: int, statements: int) -> None:
        """Note how far the run has come; durable with the next thing that is."""

    def learn_window(self, model: str, *, reported: int | None, safe: int | None) -> None:
        """Note in the run's header how many tokens a model turned out to take; durable with the next thing that is."""

    def warn(self, sentence: str) -> None:
        """Put a sentence among the warnings of the run's header, once; durable with the next thing that is."""


class Trace(Protocol):
    """Is told of calls and of what becomes public, for whoever looks at a run from elsewhere."""

    def call(
        self, chat: Model, request: Request
    ) -> AbstractContextManager[Callable[[Response, InvalidReply | None], None]]:
        """Trace a call; what it gives is told of the reply, and of what is wrong with it."""

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Take note of an event of the supervisor."""


@dataclass(frozen=True, kw_only=True)
class DebateFrame:
    """Where a debate is held: inside whom, in which turn, and what its owner hears."""

    place: CallPath
    """The owner's turn, such as "12.0/OpenAI" or "12.0/OpenAI/3.CEO"."""
    period: Period
    topic: str
    """What the organisation is about to report on, for the prompts of small models."""
    situation: str
    """What the organisation decides upon, in words: what has happened, what is in force, what it is asked."""
    messages: tuple[Message, ...]
    """What the owner heard and remembers."""
    mind: tuple[MindRecord, ...]
    """The recent records of the organisation's private channel."""
    summaries: tuple[PrivateSummaryRecord, ...]
    """The summaries in that channel, those of its personas too."""
    past: tuple[OwnRecord, ...]
    """Earlier records of that channel that its owner had not summed up as its turn began."""
    freezes: bool
    """Whether its owner has summed them up in this turn, and the members of its debates are to do so too."""
    model: Any
    """The owner's model, unless a persona has its own; None for the run's."""

    @property
    def path(self) -> str:
        """The owner, such as "OpenAI" or "OpenAI/CEO"."""
        return self.place.reader


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """The context of a graph in motion."""

    models: ModelRegistry
    prompts: Prompts = field(default_factory=load_prompts)
    seed: int = 0
    run: str | None = None
    """The run's name and when it was begun, for names repeat from store to store; None where it has no journal."""
    journal: Journal | None = None
    """None when the graph runs under somebody else's checkpointer, or under none."""
    spending: BudgetTracker | None = None
    """What is left to spend; None for no bound."""
    horizon: int | None = None
    """How many rounds to play; None for what the graph was started with."""
    votes_after: frozenset[int] | None = None
    """Of a replay: the rounds after which the run that it replays held a vote; None for as the run ends."""
    trace: Trace | None = None
    """None where the run is not traced."""
    in_flight: CallsInFlight = field(default_factory=CallsInFlight)
    recall: RecallIndex = field(default_factory=RecallIndex)
    """What parties recall, by meaning."""
    live: bool = False
    """Whether somebody watches the statements being written."""
    private_watch: Callable[[dict[str, Any]], None] | None = None
    """Told of private words as they are written; None where nobody is."""
    warned: set[str] = field(default_factory=set)
    """What has been said once and need not be said again, such as which model's server cuts prompts."""
    guest_saver: BaseCheckpointSaver[Any] | None = None
    """Where a guest's graph that waits for an answer is put; None for nowhere."""
    answers: dict[str, Any] = field(default_factory=dict)
    """What persons have answered, by the path of who asked; each is taken out as it is given."""
    humans: frozenset[str] = frozenset()
    """The paths of speakers that persons play."""
    inside: DebateFrame | None = None
    """Set within a debate."""
    settings: SpeakerSettings | None = None
    """Of each speaker's model; None in a bare graph, whose nodes know their scenario's."""
    warnings: set[str] = field(default_factory=set)
    """What was warned of so far, a sentence each."""
    by_rounds: bool = False
    """Whether a round is saved whole, its calls with it, since nothing is lost by playing it again."""
    folds: Folds = field(default_factory=Folds)
    """What was folded from the ledgers so far."""

    def settings_of(self, speaker: str) -> ModelSettings:
        """The settings of the model of a speaker.

        Args:
            speaker: Its path, such as "OpenAI/CEO", or "supervisor" or "judge".
        """
        return self.settings.of(speaker) if self.settings else UNSET

    def window_of(self, speaker: str, model: Any) -> int | None:
        """How many tokens prompt and reply of a speaker may be together, as far as that was known when the run began.

        What is summed up, and when, goes by this, so that a resume and a replay sum up the same; what a server has
        shown since shortens prompts alone. None where it is unknown.

        Args:
            speaker: Its path.
            model: A reference to its model, of which the first counts where there are several.
        """
        return self.settings_of(speaker).context_window or self.models.get(model).window

    def warn(self, sentence: str) -> None:
        """Put a sentence on record that readers of the run are to know of, once.

        Args:
            sentence: What failed, and what was done without it; nothing private.
        """
        if sentence not in self.warnings:
            self.warnings.add(sentence)
            if self.journal is not None:
                self.journal.warn(sentence)


_bare: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[Any, ...], RunContext]] = WeakKeyDictionary()
"""Contexts of bare graphs, by their configuration, so that a model's connections are opened once an event loop."""


_recalled: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, RecallIndex]] = WeakKeyDictionary()
MAX_THREADS = 100
"""Of bare graphs, whose vectors are kept from turn to turn; those of another are made anew when it goes on."""


async def current_context(runtime: Runtime[RunContext], settings: SpeakerSettings | None = None) -> RunContext:
    """The context of a graph in motion; of a bare graph one made from its configuration or the environment.

    Args:
        runtime: As LangGraph gives it to a node.
        settings: Of the speakers of the scenario that is played, for a context that says nothing of them.
    """
    # As a node of somebody else's graph ours is given that graph's context, which is none of its own.
    context = runtime.context if isinstance(runtime.context, RunContext) else await _of_bare_graph()
    if context.settings is not None:
        return context
    settings_given = (
        model_settings_in(get_config().get("configurable", {})) if context is not runtime.context else UNSET
    )
    return replace(
        context, settings=(settings or SpeakerSettings()).merged(settings_given) if settings_given else settings
    )


async def _of_bare_graph() -> RunContext:
    configurable: Mapping[str, Any] = get_config().get("configurable", {})
    model, base_url, seed = (configurable.get(name) for name in ("model", "base_url", "seed"))
    loop = asyncio.get_running_loop()
    contexts = _bare.setdefault(loop, {})
    humans = _humans(configurable.get("human"))
    key = (reference_key(model), base_url, seed)
    if key not in contexts:
        context = await asyncio.to_thread(_bare_context, model, base_url, int(seed or 0))
        contexts.setdefault(key, context)  # parties that speak at once share the first
    return replace(contexts[key], humans=humans, recall=_index_of(loop, str(configurable.get("thread_id", ""))))


def _humans(setting: Any) -> frozenset[str]:
    """The speakers that persons play, by a configuration: a path, several with semicolons between them, or a list."""
    names = setting.split(";") if isinstance(setting, str) else setting or ()
    return frozenset(str(name).strip() for name in names if str(name).strip())


def _index_of(loop: asyncio.AbstractEventLoop, thread: str) -> RecallIndex:
    """What is recalled in a thread of a bare graph, which has no journal to read vectors from."""
    indexes = _recalled.setdefault(loop, {})
    indexes[thread] = indexes.pop(thread) if thread in indexes else RecallIndex()
    if len(indexes) > MAX_THREADS:
        del indexes[next(iter(indexes))]
    return indexes[thread]


def _bare_context(model: Any, base_url: str | None, seed: int) -> RunContext:
    """Make one, in a thread: it reads prompts and may ask a server for its models, which may hold up no event loop."""
    chats = ModelRegistry(model, base_url)
    chats.get()
    return RunContext(models=chats, seed=seed)
