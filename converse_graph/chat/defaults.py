"""Which model answers when none is named."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlsplit

from converse_graph.chat.embedded import EMBEDDED
from converse_graph.chat.openai_compatible import is_loopback
from converse_graph.chat.retries import without_password
from converse_graph.errors import InvalidValue, UsageError

OPENAI_DEFAULT = "openai:gpt-4.1"
"""The model when a key for OpenAI is set and no other is named."""

_TIMEOUT = 5.0


def base_url_of(environ: Mapping[str, str], base_url: str | None) -> str | None:
    """The server to ask: the one named, or the environment's; None for OpenAI itself.

    Raises:
        InvalidValue: It is no http or https address.
    """
    found = base_url or environ.get("OPENAI_BASE_URL") or environ.get("OPENAI_API_BASE") or None
    if found and (urlsplit(found).scheme not in ("http", "https") or not urlsplit(found).hostname):
        raise InvalidValue(f"{found!r} is no base URL; it looks like http://127.0.0.1:11434/v1.")
    return found


def default_model(environ: Mapping[str, str] = os.environ, base_url: str | None = None) -> str:
    """The reference of the model to use when none is named.

    The first of these that there is: CONVERSE_MODEL; with a base URL, the first model that its server lists; with
    OPENAI_API_KEY, `OPENAI_DEFAULT`; the embedded model.

    Raises:
        UsageError: The server at the base URL lists no models, or cannot be asked within 5 seconds.
    """
    if named := environ.get("CONVERSE_MODEL"):
        return named
    key, server = environ.get("OPENAI_API_KEY"), base_url_of(environ, base_url)
    if server and not (urlsplit(server).hostname or "").endswith("openai.com"):
        return first_model(server, key)
    return OPENAI_DEFAULT if key else EMBEDDED


def first_model(base_url: str, key: str | None) -> str:
    """The first model that a server lists.

    Raises:
        UsageError: It lists none, or cannot be asked within 5 seconds.
    """
    address = f"{base_url.rstrip('/')}/models"
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    asked = urllib.request.Request(address, headers=headers)  # noqa: S310 - `base_url_of` lets http and https through
    proxies = urllib.request.ProxyHandler({} if is_loopback(base_url) else None)
    try:
        with urllib.request.build_opener(proxies).open(asked, timeout=_TIMEOUT) as answer:
            listed = json.load(answer)
        name = listed["data"][0]["id"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}" if isinstance(error, OSError) else "its answer lists none"
        raise UsageError(
            f"No model is named, and {without_password(address)} does not say which there are ({reason}); "
            "check the base URL (most end in /v1), or name a model with --model."
        ) from None
    return str(name)
