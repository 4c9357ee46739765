"""What a server takes of what we would send: learnt from its refusals, so that one adapter fits all of them."""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from converse_graph.models.base import Request
from converse_graph.models.failures import Failure
from converse_graph.models.schema_in_words import bounds_to_descriptions, schema_instructions
from converse_graph.models.settings import refusable, thinking_fields
from converse_graph.models.tokens import estimate_tokens
from converse_graph.scenarios.model_settings import UNSET, ModelSettings

ReplyFormat = Literal["schema", "schema without bounds", "any object", "words"]
"""How a reply is held to its schema, from strictest to not at all."""

_LADDER: tuple[ReplyFormat, ...] = ("schema", "schema without bounds", "any object", "words")
_ABOUT_FORM = re.compile(
    r"response[_ ]?format|json[_ -]?(?:schema|object|mode|output)|structured[_ -]?(?:outputs?|generation|decoding)|"
    r"grammar|guided|\bschema\b|constrained|format[^.]{0,20}json|tool_?choice|tool use|function[_ ]call|\btools?\b",
    re.IGNORECASE,
)
_ABOUT_BOUNDS = re.compile(r"invalid schema|is not permitted|unsupported (?:schema )?keyword", re.IGNORECASE)
_ABOUT_SYSTEM = re.compile(
    r"(?:system|developer)\W{0,3} (?:role|message|prompt|instruction)s?|role\W{1,6}(?:system|developer)|"
    r"(?:unexpected|unsupported|invalid|unknown) role|developer instruction",
    re.IGNORECASE,
)
_OBJECTING = (400, 404, 415, 422, 500, 501)
"""Statuses with which servers say that they do not take a part of a request."""
_LEAST_REPLY = 128
_ROOM = 4
_MOST_ROOM = 16


@dataclass(frozen=True, kw_only=True)
class ServerCapabilities:
    """What is sent to one server. A value: calls in flight keep the one they began with."""

    form: ReplyFormat = "schema"
    left_out: frozenset[str] = frozenset()
    """Parameters that the server refused."""
    merged: bool = False
    """Whether neighbouring messages of one role are sent as one: some templates insist that roles alternate."""
    without_system: bool = False
    """Whether what a speaker is told first is sent as the user's: some templates know no other role."""
    most: int | None = None
    """Tokens of a reply that the server takes at most, where it has named a number."""
    room: int = 1
    """Factor on the longest reply: models that think before they write spend it on thoughts."""

    def conceding(self, failure: Failure, settings: ModelSettings = UNSET) -> "ServerCapabilities | None":
        """The dialect to try next after a refusal; None when the refusal is about something else.

        Args:
            failure: What the server said.
            settings: By which it was asked.
        """
        if (failure.about_reply_room or failure.overflow) and (shorter := self._with_shorter_replies(failure)):
            return shorter
        if failure.status not in _OBJECTING or failure.overflow:
            return None
        for name in refusable(settings):
            if name not in self.left_out and (
                failure.param == name or re.search(rf"\b{re.escape(name)}\b", failure.message)
            ):
                return replace(self, left_out=self.left_out | {name})
        if roles := self._with_other_roles(failure):
            return roles
        about = f"{failure.param} {failure.code} {failure.message}"
        rung = _LADDER.index(self.form)
        if rung == 0 and _ABOUT_BOUNDS.search(about):
            return replace(self, form=_LADDER[1])
        return self.looser() if _ABOUT_FORM.search(about) or failure.is_unfit else None

    def looser(self) -> "ServerCapabilities | None":
        """The dialect with the next looser form; None at words, which are the last."""
        rung = _LADDER.index(self.form)
        return replace(self, form=_LADDER[max(2, rung + 1)]) if rung < len(_LADDER) - 1 else None

    def _with_other_roles(self, failure: Failure) -> "ServerCapabilities | None":
        alternating = "alternat" in failure.message.lower()
        if alternating and not self.merged:
            return replace(self, merged=True)
        if (alternating or _ABOUT_SYSTEM.search(failure.message)) and not self.without_system:
            return replace(self, merged=True, without_system=True)
        return None

    def _with_shorter_replies(self, failure: Failure) -> "ServerCapabilities | None":
        """Replies no longer than the server says it takes, or with less room for thoughts; None where neither helps."""
        limit = failure.limit
        if not failure.overflow and limit is not None and _LEAST_REPLY <= limit < (self.most or limit + 1):
            return replace(self, most=limit)
        return replace(self, room=self.room // _ROOM) if self.room > 1 else None

    def roomier(self) -> "ServerCapabilities | None":
        """The dialect after a reply whose room was used up before it began; None at the limit."""
        return replace(self, room=self.room * _ROOM) if self.room < _MOST_ROOM else None

    def messages(self, request: Request) -> list[dict[str, str]]:
        """The prompt, with the schema in words at the end of its beginning where the server does not enforce it."""
        parts = [{"role": part.role, "content": part.text} for part in request.messages]
        if self.form in ("any object", "words"):
            rule = schema_instructions(request.schema)
            if parts and parts[0]["role"] == "system":
                parts[0]["content"] = f"{parts[0]['content']}\n\n{rule}"
            else:
                parts.insert(0, {"role": "system", "content": rule})
        if self.without_system:
            parts = [
                {**message, "role": "user" if message["role"] == "system" else message["role"]} for message in parts
            ]
        return _merge(parts) if self.merged else parts

    def longest_reply(self, request: Request, settings: ModelSettings, window: int | None) -> int:
        """Tokens that a reply is given: more where the model thinks first, and no more than the window has left.

        Who says how long a reply may be does not mean sixteen times that.
        """
        most = settings.max_tokens or request.max_tokens * self.room
        if window is not None and settings.max_tokens is None:
            left = window - sum(estimate_tokens(part.text) for part in request.messages)
            most = max(request.max_tokens, min(most, left))
        return min(most, self.most) if self.most else most

    def body(
        self, request: Request, settings: ModelSettings, *, hosted: bool, window: int | None = None
    ) -> dict[str, Any]:
        """The fields of the request's JSON body beside model and messages.

        Args:
            request: What is asked.
            settings: By which, our defaults included.
            hosted: Whether it goes to OpenAI itself, which refuses the older name of the limit that other servers
                may know alone.
            window: Tokens of prompt and reply together; None where unknown.
        """
        most = self.longest_reply(request, settings, window)
        fields: dict[str, Any] = {"max_completion_tokens": most}
        if not hosted:
            fields["max_tokens"] = most
        sampling = {"temperature": settings.temperature, "top_p": settings.top_p}
        fields |= {name: value for name, value in sampling.items() if value is not None}
        if settings.seed is not False:
            fields["seed"] = call_seed(request)
        fields |= thinking_fields(settings, hosted=hosted)
        if self.form == "any object":
            fields["response_format"] = {"type": "json_object"}
        elif self.form != "words":
            schema = request.schema if self.form == "schema" else bounds_to_descriptions(request.schema)
            form = {"name": _schema_name(request.schema), "strict": True, "schema": schema}
            fields["response_format"] = {"type": "json_schema", "json_schema": form}
        fields |= settings.extra_body
        return {name: value for name, value in fields.items() if name not in self.left_out}


def call_seed(request: Request) -> int:
    """A number of 31 bits that is the same for this call of a run in every process."""
    spelt = f"{request.seed}\0{request.place}\0{request.attempt}"
    return int.from_bytes(hashlib.blake2b(spelt.encode(), digest_size=4).digest(), "big") >> 1


def _schema_name(schema: dict[str, Any]) -> str:
    return re.sub(r"[^\w-]", "_", str(schema.get("title") or "reply"), flags=re.ASCII)[:64]


def _merge(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    joined_messages: list[dict[str, str]] = []
    for message in messages:
        if joined_messages and joined_messages[-1]["role"] == message["role"]:
            joined_messages[-1] = {**message, "content": f"{joined_messages[-1]['content']}\n\n{message['content']}"}
        else:
            joined_messages.append(message)
    return joined_messages
