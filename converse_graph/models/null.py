"""The null model: fills any schema by seeded chance. The baseline beside every result."""

import asyncio
import json
import random
from typing import Any

from converse_graph.models.base import PromptProfile, Request, Response

TRUE_RATE = 0.1
"""How often a yes-or-no field is yes: what a field of that sort claims is the exception, not the rule."""

_WORDS = (  # noqa: SIM905 - as a list it is six times as long
    "across among build change claim clear close common could decide deliver early every evidence expect figure "
    "final first follow further general given group growth high hold impact important keep large lead level limit "
    "local matter measure method model moderate month narrow near open order other partner period phase plan point "
    "policy possible present progress project public question rate reach reason record remain report result review "
    "risk safety scale season second share should show simple since small standard state steady step strong study "
    "support system target team test toward under value whole within without work year"
).split()

_AS_JSON = json.JSONEncoder(ensure_ascii=False).encode


class NullModel:
    """Uniform chance within each bound: a function of run seed, place and attempt alone. No language model."""

    profile: PromptProfile = "small"
    window: int | None = None
    free = True
    not_taken = frozenset({"temperature", "top_p", "max_tokens", "thinking", "seed", "extra_body"})

    def __init__(self, *, latency: float = 0.0) -> None:
        """Make one that answers at once, or after a while.

        Args:
            latency: Seconds that each reply takes, 0 or more.

        Raises:
            ValueError: The latency is below 0.
        """
        if latency < 0:
            raise ValueError(f"latency is {latency}; it is in seconds, 0 or more")
        self._latency = latency
        self.model = f"null:{latency:g}" if latency else "null"
        self.repeatable = not latency and type(self) is NullModel  # what another makes of it may cost

    async def complete(self, request: Request) -> Response:
        """Fill the request's schema.

        Args:
            request: Whose form is filled; its seed decides with what.
        """
        if self._latency:
            await asyncio.sleep(self._latency)
        chance = random.Random(f"{request.seed}|{request.place}|{request.attempt}")
        text = _AS_JSON(_fill(request.schema, chance))
        if request.on_delta:
            request.on_delta(text)
        letters = sum(len(message.text) for message in request.messages)
        return Response(
            text=text,
            model=self.model,
            input_tokens=letters // 4,
            output_tokens=len(text) // 4,
            usd=0.0,
            seconds=self._latency,
        )

    async def close(self) -> None:
        """Nothing to let go of."""


def _fill(schema: dict[str, Any], chance: random.Random) -> Any:
    if "anyOf" in schema:
        return _fill(chance.choice(schema["anyOf"]), chance)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    if "const" in schema:
        return schema["const"]
    match schema["type"]:
        case "object":
            return {name: _fill(inner, chance) for name, inner in schema["properties"].items()}
        case "array":
            count = chance.randint(schema.get("minItems", 0), schema.get("maxItems", 3))
            return [_fill(schema["items"], chance) for _ in range(count)]
        case _:
            return _fill_single(schema, chance)


def _fill_single(schema: dict[str, Any], chance: random.Random) -> Any:
    match schema["type"]:
        case "string":
            return _words(schema.get("maxLength", 400), chance)
        case "integer":
            return chance.randint(schema.get("minimum", 0), schema.get("maximum", 100))
        case "number":
            return round(chance.uniform(schema.get("minimum", 0.0), schema.get("maximum", 1.0)), 4)
        case "boolean":
            return chance.random() < TRUE_RATE
        case "null":
            return None
        case other:
            raise ValueError(f"the null model fills no {other!r}")


def _words(most: int, chance: random.Random) -> str:
    """Up to sixty words, so that prose is about as long as a model's."""
    text = " ".join(chance.choices(_WORDS, k=min(60, max(1, most // 8))))
    return text[:most].rstrip()
