"""What a run would cost, before anything is spent: it is played by chance, with the prompts that its models would get.

The null model fills every form, so that calls, their order and their prompts are those of a real run, as far as chance
takes the same turns. Prompts are counted by their length; replies are guessed between a third of their form and all of
it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from converse_graph.judge.runs import judge_run
from converse_graph.models.base import Message, Model, PromptProfile, Request, Response
from converse_graph.models.defaults import default_model
from converse_graph.models.embedders import HashingEmbedder
from converse_graph.models.embeddings import Embedder
from converse_graph.models.local import EMBEDDED, LocalModel
from converse_graph.models.null import NullModel
from converse_graph.models.openai_compatible import is_loopback
from converse_graph.models.prices import Prices, context_window_of
from converse_graph.models.prompt_profiles import profile_of
from converse_graph.models.references import one_by_one, reference_key
from converse_graph.models.registry import ModelRegistry
from converse_graph.record.call_paths import JudgePath, parse_call_path
from converse_graph.runs.simulation import Simulation
from converse_graph.scenarios.model_settings import ModelSettings, Options, read_options
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_settings import speaker_settings
from converse_graph.store import Store

USUAL_BYTES = 4.0
"""Of a token in English prose."""
MAX_REPLY_SHARE = 1.0
MIN_REPLY_SHARE = 1 / 3
"""Shares of its form that a reply fills, at the most and at the least."""
RETRY_SHARE = 0.1
"""Share of calls that are made again, at the most: the reply did not fit."""

_KINDS: Mapping[str | None, str] = {
    "statement": "statements", "graph": "statements", "line": "debate lines", "imagine": "imagined debates",
    "position": "positions and ballots", "ballot": "positions and ballots", "minutes": "minutes of debates",
    "pick": "moderation", "reflection": "reflections", "summary": "summaries", "judge": "the judge",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EstimateRow:
    """Calls of one kind on one model."""

    kind: str
    model: str
    calls: int
    input_tokens: int
    """Of prompts."""
    cached_tokens: int
    """Of these, what a prefix cache could serve: what the same speaker's last prompt began with."""
    output_tokens: int
    """Of replies, half way between the least and the most."""
    usd_low: float | None
    """With every prefix served from a cache, brief replies, none made again; None where no price is known."""
    usd_high: float | None
    """With no cache, replies that fill their forms, and one call in ten made again."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a run would take."""

    scenario: str
    rounds: int
    rows: tuple[EstimateRow, ...]
    settings: Options = dataclasses.field(default_factory=dict)
    """How models would be asked, by the path of a speaker, everybody else under ""."""

    @property
    def calls(self) -> int:
        """In all."""
        return sum(row.calls for row in self.rows)

    @property
    def input_tokens(self) -> int:
        """Of prompts, in all."""
        return sum(row.input_tokens for row in self.rows)

    @property
    def output_tokens(self) -> int:
        """Of replies, in all."""
        return sum(row.output_tokens for row in self.rows)

    def usd(self) -> tuple[float, float] | None:
        """The least and the most, in all; None where some price is not known."""
        low, high = ([getattr(row, name) for row in self.rows] for name in ("usd_low", "usd_high"))
        return None if None in low else (sum(low), sum(high))


async def estimate(
    scenario: Scenario,
    *,
    seed: int = 0,
    model: str | None = None,
    base_url: str | None = None,
    until: int | None = None,
    rounds: int | None = None,
    judge: bool = True,
    prices: Prices | None = None,
    window: int | None = None,
    options: ModelSettings | Options | None = None,
) -> Estimate:
    """Play a scenario by chance and count.

    Args:
        scenario: What would be played.
        seed: Of the order, and of chance.
        model: Which model it would be; None for the environment's.
        base_url: Of its server.
        until: The last year.
        rounds: How many rounds.
        judge: Whether a judge would read it.
        prices: By which to charge; None for the public list.
        window: Tokens that the model takes, where that is not known.
        options: Settings of models, over those of the scenario; how long replies and windows are counts here.

    Raises:
        InvalidValue: The horizon lies before the start, or the scenario is none.
        ContextWindowTooSmall: A party's brief alone fills its model's window.
    """
    chats = _CountingRegistry(model, base_url, prices=prices, window=window)
    with TemporaryDirectory() as folder:
        async with Store.open(Path(folder) / "runs.sqlite", make=True) as store:
            simulation = await Simulation.begin(
                store, scenario, model=chats, options=options, seed=seed, until=until, rounds=rounds
            )
            run = await simulation.play()
            if judge:
                await judge_run(store, run.name, chats=chats)
    settings = speaker_settings(scenario, read_options(options)).different()
    return Estimate(scenario=scenario.name, rounds=run.horizon, rows=tuple(_rows(chats)), settings=settings)


class _CountingModel(NullModel):
    """The null model in the place of another: prompted as that one is, and keeping what it was asked."""

    def __init__(self, model: str, profile: PromptProfile, window: int | None) -> None:
        super().__init__()
        self.model, self.profile, self.window = model, profile, window
        self.requests: list[Request] = []

    async def complete(self, request: Request) -> Response:
        self.requests.append(dataclasses.replace(request, on_delta=None, on_restart=None))
        return await super().complete(request)


class _CountingRegistry(ModelRegistry):
    """The models of a run that is only counted: no key is needed, no server asked."""

    def __init__(self, model: str | None, base_url: str | None, *, prices: Prices | None, window: int | None) -> None:
        super().__init__(model, base_url, prices=prices)
        self._window = window
        self._models: dict[Hashable, _CountingModel] = {}
        self.is_free = is_loopback(self._base_url)

    def all_of(self, reference: Any = None) -> tuple[Model, ...]:
        """The null model in the place of the one that a reference names, of several the first."""
        if reference is None and self._default is None:
            self._default = default_model(self._environ, self._base_url)
        name = one_by_one(self._default if reference is None else reference)[0]
        key = reference_key(name)
        if key not in self._models:
            self._models[key] = self._stand_in(name, is_default=reference is None)
        return (self._models[key],)

    def embedder(self, reference: Any) -> Embedder:
        """One that costs nothing: what embeddings cost is far below what their run's prompts do, and is left out."""
        return HashingEmbedder()

    def sized(self) -> list[_CountingModel]:
        """All that were asked for."""
        return list(self._models.values())

    def charge(self, chat: _CountingModel, reply: Response) -> float | None:
        """What a call would cost."""
        free = self.is_free or chat.model == EMBEDDED or chat.model.partition(":")[0] == "null"
        return self.prices.charged(chat, dataclasses.replace(reply, usd=0.0 if free else None))

    def _stand_in(self, name: Any, *, is_default: bool) -> _CountingModel:
        if not isinstance(name, str):
            real: Model = self._resolve(name)
            return _CountingModel(real.model, real.profile, real.window or context_window_of(real.model))
        window = self._window if is_default else None
        if name == EMBEDDED:
            return _CountingModel(name, LocalModel.profile, LocalModel.window)
        if name.partition(":")[0] == "null":
            return _CountingModel(name, NullModel.profile, None)
        return _CountingModel(name, profile_of(name), window or context_window_of(name))


def _rows(chats: _CountingRegistry) -> Iterator[EstimateRow]:
    for chat in chats.sized():
        kinds: dict[str, list[_Call]] = {}
        for call in _calls(chat.requests):
            kinds.setdefault(call.kind, []).append(call)
        for kind, calls in kinds.items():
            prompt, cached, full = (sum(getattr(call, name) for call in calls) for name in ("prompt", "cached", "full"))
            brief = round(full * MIN_REPLY_SHARE)
            low = Response(text="", model=chat.model, input_tokens=prompt, cached_tokens=cached, output_tokens=brief)
            high = Response(text="", model=chat.model, input_tokens=prompt, output_tokens=full)
            least, most = chats.charge(chat, low), chats.charge(chat, high)
            yield EstimateRow(
                kind=kind,
                model=chat.model,
                calls=len(calls),
                input_tokens=prompt,
                cached_tokens=cached,
                output_tokens=(full + brief) // 2,
                usd_low=least,
                usd_high=None if most is None else most * (1 + RETRY_SHARE),
            )


@dataclass(frozen=True, kw_only=True)
class _Call:
    kind: str
    prompt: int
    cached: int
    full: int
    """Tokens of a reply that fills its form."""


def _calls(requests: Sequence[Request]) -> Iterator[_Call]:
    last: dict[tuple[str, str | None], tuple[Message, ...]] = {}
    for request in requests:
        path = parse_call_path(request.place)
        speaker = (request.messages[-1].owner, path.question if isinstance(path, JudgePath) else path.task)
        before = last.get(speaker, ())
        alike = 0
        for one, other in zip(before, request.messages, strict=False):
            if one != other:
                break
            alike += _tokens(one.text)
        last[speaker] = request.messages
        yield _Call(
            kind=_KINDS[path.task],
            prompt=sum(_tokens(part.text) for part in request.messages),
            cached=alike,
            full=min(request.max_tokens, round(_longest(request.schema) / USUAL_BYTES)),
        )


def _tokens(text: str) -> int:
    """With what surrounds a message."""
    return round(len(text.encode()) / USUAL_BYTES) + 4


def _longest(schema: dict[str, Any]) -> int:
    """Characters of the longest reply that a schema allows, as JSON."""
    if "anyOf" in schema:
        return max(_longest(inner) for inner in schema["anyOf"])
    if "enum" in schema:
        return max(len(str(value)) + 2 for value in schema["enum"])
    match schema.get("type"):
        case "object":
            return sum(len(name) + 5 + _longest(inner) for name, inner in schema["properties"].items())
        case "array":
            return int(schema.get("maxItems", 3)) * (_longest(schema["items"]) + 2)
        case "string":
            return int(schema.get("maxLength", 400)) + 2
        case _:
            return 8
