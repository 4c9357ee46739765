"""One thing that was looked at, and a guard that nothing secret is told of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import unquote, urlsplit

Outcome = Literal["ok", "warn", "fail"]

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH", re.IGNORECASE)
_ADDRESS = re.compile(r"(?P<scheme>\w[\w+.-]*:/{1,2})[^/@\s]*@")
_QUERY = re.compile(r"(?P<before>\w[\w+.-]*://[^\s?#]*)[?#]\S*")
_SHORTEST = 4
"""Letters: what is shorter stands in ordinary words, and guards nothing."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    area: str
    """What it belongs to, such as "store"."""
    name: str
    """What was looked at, such as "disk space"."""
    outcome: Outcome
    state: str
    """What there is, in words; never a secret."""
    way_out: str = ""
    """What to do about it; empty where nothing needs doing."""


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """What must never be told: values of variables that are named like keys, and passwords within addresses."""
    secrets = {value for name, value in environ.items() if _SECRET_NAME.search(name)}
    for value in environ.values():
        if "://" in value and "@" in value:
            secrets |= {secret for secret in _passwords(value) if secret}
    return sorted((secret for secret in secrets if len(secret) >= _SHORTEST), key=len, reverse=True)


def hide_secrets(finding: Finding, secrets: Iterable[str]) -> Finding:
    """The same finding without any of these words, whoever wrote them into it."""

    def clean(text: str) -> str:
        text = _QUERY.sub(r"\g<before>", _ADDRESS.sub(r"\g<scheme>", text))
        for secret in secrets:
            text = text.replace(secret, "(hidden)")
        return text

    return replace(finding, state=clean(finding.state), way_out=clean(finding.way_out))


def plain_address(url: str) -> str:
    """An address without user, password, query and fragment, any of which may be secret."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    except ValueError:
        return "(no address)"


def _passwords(value: str) -> set[str]:
    try:
        password = urlsplit(value).password or ""
    except ValueError:
        return set()
    return {password, unquote(password)}
