"""Which model answers when none is named."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from converse_graph.errors import InvalidValue, UsageError
from converse_graph.models.addresses import validate_base_url
from converse_graph.models.local import EMBEDDED
from converse_graph.models.openai_compatible import is_loopback
from converse_graph.models.retries import without_password

OPENAI_DEFAULT = "openai:gpt-4.1"
"""The model when a key for OpenAI is set and no other is named."""

_TIMEOUT = 5.0


def base_url_of(environ: Mapping[str, str], base_url: str | None) -> str | None:
    """The server to ask: the one named, or the environment's; None for OpenAI itself.

    Raises:
        InvalidValue: It is no http or https address, or holds a password, which would be put on record with it.
    """
    address = base_url or environ.get("OPENAI_BASE_URL") or environ.get("OPENAI_API_BASE") or ""
    url = validate_base_url(address) if address.strip() else None
    if url and urlsplit(url).password is not None:
        raise InvalidValue(
            f"{without_password(url)!r} was given with a password, which would be put on record; give it as "
            "OPENAI_API_KEY instead."
        )
    return url


def default_model(environ: Mapping[str, str] = os.environ, base_url: str | None = None) -> str:
    """The reference of the model to use when none is named.

    The first of these that there is: CONVERSE_MODEL; with a base URL, the first model that its server lists; with
    OPENAI_API_KEY, `OPENAI_DEFAULT`; the embedded model.

    Raises:
        UsageError: The server at the base URL lists no models, or cannot be asked within 5 seconds.
    """
    if name := environ.get("CONVERSE_MODEL"):
        return name
    key, server = environ.get("OPENAI_API_KEY"), base_url_of(environ, base_url)
    if server and not (urlsplit(server).hostname or "").endswith("openai.com"):
        return fetch_first_model(server, key)
    return OPENAI_DEFAULT if key else EMBEDDED


def fetch_first_model(base_url: str, key: str | None) -> str:
    """The first model that a server lists.

    Raises:
        UsageError: It lists none, or cannot be asked within 5 seconds.
    """
    address = f"{base_url.rstrip('/')}/models"
    try:
        name = list_models(base_url, key, _TIMEOUT)[0]["id"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}" if isinstance(error, OSError) else "its answer lists none"
        raise UsageError(
            f"No model is named, and {without_password(address)} does not say which there are ({reason}); "
            "check the base URL (most end in /v1), or name a model with --model."
        ) from None
    return str(name)


_WINDOWS = ("max_model_len", "loaded_context_length", "max_context_length", "context_length", "context_window")
"""What servers call the tokens that a model takes in their list: vLLM, LM Studio (two), OpenRouter, others."""


def fetch_context_window(base_url: str, key: str | None, model: str) -> int | None:
    """How many tokens a model takes, by its own server's list; None where that does not say.

    Args:
        base_url: Where the server's API begins.
        key: For it, where it wants one.
        model: As the server calls it.
    """
    try:
        [description] = [entry for entry in list_models(base_url, key, _WINDOW_TIMEOUT) if entry.get("id") == model]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    window = next((description[name] for name in _WINDOWS if isinstance(description.get(name), int)), None)
    return window if window is not None and window > 0 else None


_WINDOW_TIMEOUT = 2.0


def list_models(base_url: str, key: str | None, timeout: float) -> Any:
    """The models that a server lists, as it describes them.

    Args:
        base_url: Where the server's API begins.
        key: For it, where it wants one.
        timeout: Seconds.

    Raises:
        OSError: It cannot be asked, or refuses; of a refusal an `HTTPError` with its code.
        ValueError: Its answer is no JSON.
        LookupError: Its answer holds no list.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    address = f"{base_url.rstrip('/')}/models"
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - `base_url_of` lets http and https through
    proxies = urllib.request.ProxyHandler({} if is_loopback(base_url) else None)
    with urllib.request.build_opener(proxies).open(request, timeout=timeout) as answer:
        return json.load(answer)["data"]
