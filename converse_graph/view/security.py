"""Who may ask for a page: this machine alone, or whoever has the token; and what a page may do in a browser."""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names of this machine, by which a page is asked for unless `--host` says otherwise."""
COOKIE = "converse_token"

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with "no-referrer" a browser sends forms of our own without their origin
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""What every answer says: a page loads what this server has and nothing else, and runs no script of its own text."""
_SAFE = frozenset({"GET", "HEAD"})
_SEAT = re.compile(r"/runs/[a-z0-9_-]+/seat/[A-Za-z0-9_-]+(/live)?")


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may ask."""

    hosts: frozenset[str] = LOOPBACK
    """Names by which the server may be asked for; others are refused, so that no page elsewhere can point its own
    name at this machine."""
    any_address: bool = False
    """Whether every plain address may stand for the server, as where it listens on all of its machine's."""
    token: str | None = field(default=None, repr=False)
    """What has to be shown once; None where nobody but this machine can ask."""
    with_seats: bool = False
    """Whether pages of seats are served, each of which has its own key in its address instead of the token."""

    @classmethod
    def for_host(cls, host: str | None, *, with_token: bool = False, with_seats: bool = False) -> Access:
        """Who may ask a server that listens there.

        Args:
            host: An address or a name of this machine; None for loopback.
            with_token: Whether a token is asked for on loopback too, as on a machine that others use.
            with_seats: Whether pages of seats are served.
        """
        if host is None or host in LOOPBACK:
            return cls(token=secrets.token_urlsafe(24) if with_token else None, with_seats=with_seats)
        return cls(
            hosts=LOOPBACK | {host.casefold(), socket.gethostname().casefold()},
            any_address=host in {"0.0.0.0", "::"},  # noqa: S104 - what is listened on was the user's choice
            token=secrets.token_urlsafe(24),
            with_seats=with_seats,
        )

    def knows(self, host: str) -> bool:
        """Whether a request for this host, as its header has it, is one for this server."""
        name = _name_of(host)
        return name in self.hosts or (self.any_address and _is_address(name))

    def is_seat(self, path: str) -> bool:
        """Whether an address is that of a seat, or of what its page loads, which is the same for everybody."""
        return self.with_seats and (path.startswith("/static/") or _SEAT.fullmatch(path) is not None)

    def lets_in(self, token: str | None) -> bool:
        """Whether what was shown as a token is it."""
        return self.token is None or (token is not None and secrets.compare_digest(token.encode(), self.token.encode()))


class Guard:
    """Refuses whoever may not ask, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        """Stand before an application."""
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application do so."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await (refusal or self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """What is answered to who may not ask; None where the application answers."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._access.knows(host):
            return PlainTextResponse(
                "This server is not asked for by that name; open the address that `converse view` printed.\n", 421
            )
        if scope["method"] not in _SAFE and not _is_same_origin(headers, scope["scheme"], host):
            return PlainTextResponse("A form is taken from this server's own pages alone.\n", 403)
        if headers.get("sec-fetch-site", "none") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return PlainTextResponse("Nothing is given to a page from elsewhere.\n", 403)
        return self._ask_for_token(scope, headers)

    def _ask_for_token(self, scope: Scope, headers: Headers) -> Response | None:
        if self._access.token is None or self._access.lets_in(cookie_parser(headers.get("cookie", "")).get(COOKIE)):
            return None
        if self._access.is_seat(scope["path"]):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        token = next((value for name, value in query if name == "token"), None)
        if not self._access.lets_in(token) or scope["method"] not in _SAFE:
            return PlainTextResponse("Open the address that `converse view` printed, with its token.\n", 401)
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        answer = RedirectResponse(f"{_local_path(scope['path'])}{'?' + rest if rest else ''}", 303)
        answer.set_cookie(COOKIE, self._access.token, httponly=True, samesite="strict", path="/")
        return answer


def _local_path(path: str) -> str:
    """A path on this server: one that begins with two slashes would name another."""
    return "/" + path.lstrip("/\\")


def _is_same_origin(headers: Headers, scheme: str, host: str) -> bool:
    """Whether a form comes from a page of this server, as its browser says."""
    origin = headers.get("origin")
    return origin is not None and origin.casefold() == f"{scheme}://{host}".casefold()


def _name_of(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").casefold()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
