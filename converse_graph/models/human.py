"""A person in the place of a model: what such calls are called on record, and what an answer says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from converse_graph.errors import ProviderRefused
from converse_graph.models.base import PromptProfile, Request, Response

HUMAN = "human"
"""How the record names who answered."""

PASS_TO_MODEL = {"pass_to_model": True}
"""The answer that passes the turn to the party's model, as its deadline does."""


class HumanModel:
    """A person, who sees the prompt that a model would have had and fills the same form."""

    model = HUMAN
    profile: PromptProfile = "large"
    window: int | None = None
    free = True

    async def complete(self, request: Request) -> Response:
        """Refuse: a person is asked by the graph, which can wait.

        Raises:
            ProviderRefused: Always.
        """
        raise ProviderRefused(f"A person is asked at {request.place}, and nobody waits for the answer there.")

    async def close(self) -> None:
        """Nothing to let go of."""


def question_for_person(request: Request, asks: Mapping[str, str]) -> dict[str, Any]:
    """Write what a person is asked: the prompt part by part, and the form as JSON Schema.

    Args:
        request: The call.
        asks: What each field of the form asks for, in the words of the prompt.
    """
    parts = [{"role": message.role, "text": message.text, "source": message.source} for message in request.messages]
    return {"prompt": parts, "form": request.schema, "asks": dict(asks), "attempt": request.attempt}


def reply_of_person(request: Request, answer: Any) -> Response:
    """Make a reply of an answer: a mapping by field, the JSON text of one, or the prose alone.

    Args:
        request: The call.
        answer: What the person gave.
    """
    properties = request.schema["properties"]
    if isinstance(answer, str):
        try:
            values = json.loads(answer)
        except (ValueError, RecursionError):
            values = None
        answer = values if isinstance(values, dict) else {next(iter(properties)): answer}
    if not isinstance(answer, Mapping):
        answer = {next(iter(properties)): answer}
    values = {**{name: _nothing(form) for name, form in properties.items() if _may_lack(name, form)}, **answer}
    return Response(text=json.dumps(values, ensure_ascii=False, default=str), model=HUMAN, usd=0.0)


def _may_lack(name: str, form: Mapping[str, Any]) -> bool:
    """Whether a person may leave a field out: one that may be empty, and the note to oneself."""
    return name == "memo" or any(option.get("type") == "null" for option in form.get("anyOf", ()))


def _nothing(form: Mapping[str, Any]) -> str | None:
    return None if "anyOf" in form else ""
