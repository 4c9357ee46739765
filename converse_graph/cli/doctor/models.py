"""Which models are configured, and whether their servers answer."""

import urllib.error
from collections.abc import Iterator, Mapping

from converse_graph.cli.doctor.finding import Finding, plain_address
from converse_graph.errors import ConverseError
from converse_graph.models import local, providers
from converse_graph.models.defaults import base_url_of, list_models
from converse_graph.models.registry import ModelRegistry
from converse_graph.scenarios.model_settings import UNSET

OPENAI = "https://api.openai.com/v1"
"""Where a key is tried when no other server is named."""

_AREA = "models"
_PATIENCE = 5.0
"""Seconds for a server to say which models it has."""


def look_at_models(environ: Mapping[str, str]) -> Iterator[Finding]:
    """The embedded model, OpenAI's key, a server of one's own, other providers, and what a run would ask.

    Args:
        environ: Where keys and settings are looked up.
    """
    yield _embedded()
    yield from _server(environ)
    here = [name for name in providers.PROVIDERS if providers.is_installed(name)]
    summary = f"packages installed for {', '.join(here)}" if here else "none installed; they are optional"
    yield Finding(area=_AREA, name="other providers", outcome="ok", state=summary)
    yield _default(environ)


def _embedded() -> Finding:
    try:
        size = local.weights_path().stat().st_size
    except ConverseError:
        way_out = f"{local.INSTALL}, unless another model is used."
        return Finding(area=_AREA, name="embedded", outcome="warn", state="not installed", way_out=way_out)
    return Finding(
        area=_AREA, name="embedded", outcome="ok", state=f"{local.SERVED_AS}, weights of {size / 2**20:,.0f} MiB"
    )


def _server(environ: Mapping[str, str]) -> Iterator[Finding]:
    key = environ.get("OPENAI_API_KEY")
    yield Finding(
        area=_AREA,
        name="OPENAI_API_KEY",
        outcome="ok",
        state="set" if key else "not set; only models of OpenAI, and servers that want a key, need it",
    )
    try:
        address = base_url_of(environ, None)
    except ConverseError as error:
        way_out = "Mend OPENAI_BASE_URL, or unset it."
        yield Finding(area=_AREA, name="base URL", outcome="fail", state=str(error), way_out=way_out)
        return
    if address or key:
        yield _ask_server(address or OPENAI, key)


def _ask_server(address: str, key: str | None) -> Finding:
    place = plain_address(address)
    try:
        names = [entry["id"] for entry in list_models(address, key, _PATIENCE)]
    except urllib.error.HTTPError as error:
        way_out = {
            401: "It refuses the key: check OPENAI_API_KEY.",
            403: "It refuses the key: check OPENAI_API_KEY.",
            404: "Most base URLs end in /v1: check OPENAI_BASE_URL.",
        }.get(error.code, "Try again later, or see that server's log.")
        answer = f"{place} answers {error.code}"
        return Finding(area=_AREA, name="server", outcome="fail", state=answer, way_out=way_out)
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = "is not reached" if isinstance(error, OSError) else "answers with no list of models"
        way_out = "Start that server, or check OPENAI_BASE_URL and the network."
        answer = f"{place} {reason} ({type(error).__name__})"
        return Finding(area=_AREA, name="server", outcome="fail", state=answer, way_out=way_out)
    first = f", the first {names[0]}" if names else ""
    return Finding(area=_AREA, name="server", outcome="ok", state=f"{place} answers: {len(names)} models{first}")


def _default(environ: Mapping[str, str]) -> Finding:
    try:
        chats = ModelRegistry(None, None, environ)
        name, chat = chats.default_name, chats.get()
    except ConverseError as error:
        way_out = "Name one with --model, or mend CONVERSE_MODEL and OPENAI_BASE_URL."
        return Finding(area=_AREA, name="a run's model", outcome="fail", state=str(error), way_out=way_out)
    source = "from CONVERSE_MODEL" if environ.get("CONVERSE_MODEL") else "unless --model says otherwise"
    temperature = getattr(chat, "defaults", UNSET).temperature
    settings = [f"temperature {temperature}"] if temperature is not None else []
    settings += [f"context_window {chat.window:,}"] if chat.window is not None else []
    by_settings = f"; {', '.join(settings)}, unless --option says otherwise" if settings else ""
    return Finding(area=_AREA, name="a run's model", outcome="ok", state=f"{name}, {source}{by_settings}")
