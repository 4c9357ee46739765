"""The port to models: what is asked of one, what comes back, and the one method an adapter has."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol, get_args

from converse_graph.sanitize import whole_characters
from converse_graph.scenarios.model_settings import UNSET, ModelSettings
from converse_graph.scenarios.speaker_paths import PUBLIC as PUBLIC
from converse_graph.scenarios.speaker_paths import owner_on_record

Role = Literal["system", "user", "assistant"]
PromptProfile = Literal["small", "large"]
"""Which set of prompts suits a model."""

PROFILES: tuple[PromptProfile, ...] = get_args(PromptProfile)


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message of a prompt, with the record it was made from and whose that record is."""

    role: Role
    text: str
    source: str
    """The record it comes from, such as "statement/3.0/OpenAI" or "prompt/organisation/statement"; see
    `record.call_paths.Provenance`."""
    owner: str = PUBLIC
    """Who may read that record: `PUBLIC` for everybody, a party, or the path of a persona such as "OpenAI/CEO"."""

    def __post_init__(self) -> None:
        """Make characters whole: no server and no store takes halves."""
        object.__setattr__(self, "text", whole_characters(self.text))

    @cached_property
    def digest(self) -> bytes:
        """16 bytes that stand for this part and no other."""
        text = "\0".join((self.role, self.source, owner_on_record(self.owner), self.text))
        return hashlib.blake2b(text.encode(), digest_size=16).digest()


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of a model."""

    messages: tuple[Message, ...]
    schema: dict[str, Any]
    """JSON Schema, strict form, of the object that the reply must be; its `title` names it."""
    schema_text: str | None = field(default=None, compare=False)
    """The schema as JSON, where whoever asks has it at hand."""
    place: str
    """Where in the run the call is made: a structural path that is the same in every process, such as
    "12.0/OpenAI/3.CEO/line"; see `record.call_paths.CallPath`."""
    attempt: int = 0
    """0 for the first time of asking; each repair adds one."""
    seed: int = 0
    """The run's seed."""
    max_tokens: int = 1024
    """Of the reply at most, as this kind of call needs; what `settings` say of it goes before."""
    settings: ModelSettings = UNSET
    """Of the model, as they were set for who is asked; what is not set is as the adapter has it by default."""
    on_delta: Callable[[str], None] | None = field(default=None, compare=False)
    """Called with each piece of the reply as it arrives; None where nobody is watching."""
    on_restart: Callable[[], None] | None = field(default=None, compare=False)
    """Called when the reply broke off and begins again: what `on_delta` was given so far is void."""
    on_unusable: "Callable[[Response], None] | None" = field(default=None, compare=False)
    """Called with each reply that is paid and no use, such as an empty one, before another is asked for. It may raise
    `RunPaused`, and then no other is."""
    on_warning: Callable[[str], None] | None = field(default=None, compare=False)
    """Called with what whoever plays the run should know of its models, a sentence or two."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """A whole reply: received to its end, with its finish reason."""

    text: str
    model: str
    """The model that answered, as its server calls it."""
    finish: Literal["stop", "length", "filtered", "cut"] = "stop"
    """Why it ended; "cut" where its server had cut the prompt that it replies to."""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Of `estimate_tokens`, those that the server had in its prefix cache."""
    usd: float | None = None
    """Cost where it is known; 0 for a model that runs here."""
    seconds: float = 0.0
    """From sending the request to the end of the reply."""


def is_repeatable(chat: Any) -> bool:
    """Whether nothing is lost with a reply of a model that is lost: the same is had again, at once and for nothing."""
    repeatable: bool = getattr(chat, "repeatable", False)
    return repeatable


class Model(Protocol):
    """A model to be asked.

    One that costs nothing may say so by an attribute `free`; one that answers the same to the same, at once and for
    nothing, by `repeatable`: with a reply that is lost nothing is lost, so nobody waits until it is kept. One
    that is asked by other settings than its provider's, unless a request says otherwise, may say so by `defaults`; one
    that turns out not to take some, by `not_taken`, their names.
    """

    @property
    def model(self) -> str:
        """How a user names it, such as "openai:gpt-4.1", "embedded" or "null"."""

    @property
    def profile(self) -> PromptProfile:
        """Which set of prompts suits it."""

    @property
    def window(self) -> int | None:
        """How many tokens prompt and reply may be together; None where unknown."""

    async def complete(self, request: Request) -> Response:
        """Ask once, retrying what may pass by itself.

        Args:
            request: The prompt, the form of the reply, and who is told while it comes in.

        Raises:
            ProviderUnreachable: No whole reply came, however often it was tried.
            ProviderRefused: The server answered that it will not serve the request.
        """

    async def close(self) -> None:
        """Let go of connections and servers that this adapter started."""
