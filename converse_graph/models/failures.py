"""What a failed call says: of any client library's exceptions, whether it may pass, and what the server objects to."""

import email.utils
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from converse_graph.models.base import Response

_PASSING = frozenset({408, 409, 425, 429})
_SPENT = ("insufficient_quota", "billing_hard_limit_reached")
_UNREACHED = frozenset({"APIConnectionError", "APIError", "ClientConnectionError", "ConnectionError", "TransportError"})
"""Names, since httpx, httpx2 and each provider's client have classes of their own for the same failures."""

MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What client libraries raise over an answer of 200 that is no chat completion."""

_MUCH = (
    r"too (?:long|large|big|many)|exceed\w*|longer than|greater than|larger than|more than|at most|must be <=?|"
    r"must have less than|less than|over the limit|max(?:imum)?\b|limit\w*|reduce the length|should be \[|overflow\w*"
)
_WHAT = (
    r"context|prompts?\b|inputs?\b|input_ids|tokens?\b|messages\b|sequence|window|n_ctx|"
    r"max_model_len|kv (?:size|cache)"
)
_OVERFLOW = re.compile(
    rf"context[ _-]?(?:length|window|size|limit)|n_ctx|cannot truncate to|(?:{_MUCH})[^.;]{{0,60}}?\b(?:{_WHAT})|"
    rf"\b(?:{_WHAT})[^.;]{{0,60}}?(?:{_MUCH})",
    re.IGNORECASE,
)
"""What all say in their own words: that something of the prompt is more than something."""
_NO_OVERFLOW = re.compile(
    r"rate.?limit|per (?:minute|day|hour)|quota|credits|not supported|unsupported|unrecognized|unknown|"
    r"not permitted|invalid schema|temperature|top_p|too many (?:requests|messages)",
    re.IGNORECASE,
)
_REQUEST_TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)
_REPLY_ROOM = re.compile(
    r"max(?:_completion|_new|_output)?_tokens\W[^.;]{0,80}?(?:too large|at most|<=|less than|exceed|maximum|range)|"
    r"(?:completion|output|new) tokens[^.;]{0,40}?(?:at most|exceed|maximum|limit)|"
    r"at most \d[\d,]* (?:completion|output)",
    re.IGNORECASE,
)
_LIMITS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"truncate to (\d[\d,]{2,})",
        r">\s*(\d[\d,]{2,})",
        r"<=?\s*(\d[\d,]{2,})",
        r"\[\s*\d+\s*,\s*(\d[\d,]{2,})\s*\]",
        r"less than (\d[\d,]{2,})",
        r"(?:maximum|max|limit|window|context|allowed|supports?|at most|up to|cannot exceed|n_ctx)"
        r"\D{0,40}?(\d[\d,]{2,})",
        r"(\d[\d,]{2,})\D{0,20}?(?:maximum|limit|max)",
    )
)
"""Where a server names the most that it takes, the surest way of saying so first."""
_ERROR_NUMBER = "(2013)"
"""MiniMax ends its words with this, its number for a request that it does not take."""

_FILTERED = re.compile(
    r"content[ _]?(?:filter|policy|management|moderation)|responsible ?ai|data_?inspection|inappropriate content|"
    r"\bflagged\b|\bmoderation\b|violat\w+ (?:our|the|their)? ?(?:usage|content|safety)|safety (?:filter|system)|"
    r"prompt_blocked",
    re.IGNORECASE,
)
_INCOMPLETE = "incomplete"
"""Our own code of a reply that is none, whose description is no server's."""
_UNFIT = re.compile(
    r"json_validate_failed|failed_generation|failed to (?:generate|validate) (?:valid )?json|"
    r"(?:generated|output|response|model)[^.;]{0,40} (?:not valid json|does not match|did not match|invalid json)|"
    r"could not (?:parse|validate) the (?:generated|model)",
    re.IGNORECASE,
)


class IncompleteResponse(Exception):
    """An answer came that is no whole reply: cut off, empty, or no chat completion at all."""

    def __init__(self, why: str, reply: Response | None = None) -> None:
        """Say why it is none, and what came of it, which is paid."""
        super().__init__(why)
        self.reply = reply


class ReplyRoomExhausted(IncompleteResponse):
    """A reply used up all the room that its model can be given before it said anything: another would as well."""


class ErrorInResponse(Exception):
    """An answer of 200 that holds an error instead of a reply."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        """Take the error, which names a status where it can."""
        super().__init__(str(body.get("message") or body.get("code") or "an error without a word"))
        self.body = dict(body)
        code = body.get("code")
        self.status_code = int(code) if str(code).isdigit() and 400 <= int(code) < 600 else 500  # type: ignore[arg-type]


def missing_completion_error(error: Exception) -> Exception:
    """Say what a client library choked on: an error that came as an answer, or an answer that is no reply."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, Mapping) and ("message" in cause or "code" in cause):
        return ErrorInResponse(cause)
    return IncompleteResponse(f"the answer is no chat completion ({str(error)[:200]})")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What went wrong with one try, whichever client library reported it."""

    message: str
    """The server's own words, or the client's when there was no answer; not yet redacted."""
    passing: bool
    """Whether the same request may succeed later."""
    status: int | None = None
    """The HTTP status; None when there was no answer."""
    code: str = ""
    """The server's own name for the failure, such as "insufficient_quota"."""
    param: str = ""
    """The part of the request that the server objects to, where it says so."""
    wait: float | None = None
    """How many seconds the server asks to wait."""

    @property
    def overflow(self) -> bool:
        """Whether prompt and reply were more than the model's window.

        Servers say it with any status but that of a rate limit, and in any words; what these have in common is that
        something of the prompt is too much.
        """
        if self.code == _INCOMPLETE:
            return False
        if "context_length" in self.code or "context_size" in self.code:
            return True
        if self.status == 413 or _REQUEST_TOO_LARGE.search(self.message):
            return True
        if self.status in (401, 402, 403, 404, 408, 429) or self.is_filtered or self.spent:
            return False
        return bool(_OVERFLOW.search(self.message)) and not _NO_OVERFLOW.search(self.message)

    @property
    def spent(self) -> bool:
        """Whether the account has nothing left."""
        return self.status == 402 or self.code in _SPENT

    @property
    def is_filtered(self) -> bool:
        """Whether the server would not have such a prompt: it is recorded like a reply that was filtered."""
        return self.status in (None, 400, 403, 422, 451) and bool(_FILTERED.search(f"{self.code} {self.message}"))

    @property
    def is_unfit(self) -> bool:
        """Whether what the model wrote did not fit its schema, by the server's own check: another try may."""
        return self.status in (400, 422, 500) and bool(_UNFIT.search(f"{self.code} {self.message}"))

    @property
    def limit(self) -> int | None:
        """The most tokens that the server says it takes; None where it names no number."""
        text = self.message.replace(_ERROR_NUMBER, "")
        for pattern in _LIMITS:
            if match := pattern.search(text):
                return int(match[1].replace(",", ""))
        return None

    @property
    def about_reply_room(self) -> bool:
        """Whether it is the longest reply that the server finds too long."""
        if self.code == _INCOMPLETE:
            return False
        return bool(_REPLY_ROOM.search(self.message)) or self.param in ("max_tokens", "max_completion_tokens")


def classify_failure(error: BaseException) -> Failure | None:
    """What an exception says of a try; None when it is no failure of a model's server."""
    if isinstance(error, IncompleteResponse):
        return Failure(message=str(error), passing=True, code=_INCOMPLETE)
    body = _body(error)
    code, param = str(body.get("code") or body.get("type") or ""), str(body.get("param") or "")
    inner = body.get("innererror")
    if isinstance(inner, Mapping) and inner.get("code"):
        code = f"{code} {inner['code']}".strip()
    is_out_of_credit = any(word in (code, str(body.get("type"))) for word in _SPENT)
    message = str(body.get("message") or body.get("detail") or _described(error))
    status = _status_of(error)
    if status is not None:
        passing = (status in _PASSING or (status >= 500 and status != 501)) and not is_out_of_credit
        failure = Failure(
            message=message, passing=passing, status=status, code=code, param=param, wait=requested_wait(error)
        )
    elif _unreached(error):
        failure = Failure(message=message, passing=not is_out_of_credit, code=code, param=param)
    else:
        return None
    return replace(failure, passing=False) if failure.passing and failure.overflow else failure


def requested_wait(error: BaseException) -> float | None:
    """How many seconds a server asks to wait; None where it does not, or says it in no way that can be read."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    millis = _number(headers.get("retry-after-ms"))
    if millis is not None:
        return millis / 1000
    header = str(headers.get("retry-after") or "").strip()
    if not header:
        return None
    seconds = _number(header)
    if seconds is not None:
        return seconds
    if (span := _SPAN.fullmatch(header)) and any(span.groups()):
        hours, minutes, whole, parts = (float(part or 0) for part in span.groups())
        return hours * 3600 + minutes * 60 + whole + parts / 1000
    return _until(header)


_SPAN = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,8}(?:\.\d{1,9})?)s)?(?:(\d{1,12}(?:\.\d{1,9})?)ms)?")
_LONGEST_WAIT = 366 * 86_400.0
"""Seconds; whoever asks for more, or for ever, is taken to have asked for a year."""


def _number(header: Any) -> float | None:
    try:
        seconds = float(header)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(seconds) else min(_LONGEST_WAIT, max(0.0, seconds))


def _until(date: str) -> float | None:
    """Seconds until a date; one without a zone is meant as the rest of the header is: in UTC."""
    try:
        until = email.utils.parsedate_to_datetime(date)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return min(_LONGEST_WAIT, max(0.0, (until - datetime.now(UTC)).total_seconds()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _described(error: BaseException) -> str:
    """The error in words, with its cause: a client's own line is often no more than "Connection error."."""
    own = str(error) or type(error).__name__
    cause = error.__cause__
    return f"{own.rstrip('.')} ({cause})" if cause is not None and str(cause) not in ("", own) else own.rstrip(".")


def _body(error: BaseException) -> Mapping[str, Any]:
    body = getattr(error, "body", None)
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, Mapping):
        inner = body.get("error")
        if isinstance(inner, Mapping):
            return inner
        return {**body, "message": body.get("message") or inner}
    return {"message": body} if isinstance(body, str) else {}


def _status_of(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    candidates = [
        getattr(error, "status_code", None),
        getattr(response, "status_code", None),
        getattr(error, "code", None),
    ]
    if isinstance(response, Mapping):
        candidates.append(response.get("ResponseMetadata", {}).get("HTTPStatusCode"))
    codes = (int(code) if isinstance(code, str) and re.fullmatch(r"[45]\d\d", code) else code for code in candidates)
    return next((status for status in codes if isinstance(status, int) and 400 <= status < 600), None)


def _unreached(error: BaseException) -> bool:
    """Whether no answer came; Python's own connection errors are not meant, as a watcher's closed pipe is one."""
    foreign = (kind.__name__ for kind in type(error).__mro__ if kind.__module__ != "builtins")
    return isinstance(error, TimeoutError) or any(name in _UNREACHED for name in foreign)
