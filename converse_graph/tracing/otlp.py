"""Whether and where OpenTelemetry's own variables have traces sent; loads nothing of its SDK."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

_DEFAULT = "http://localhost:4318"
"""Where a collector listens, by OpenTelemetry's specification of OTLP."""

_ON = ("true", "1")
_PACKAGES = ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http")
_PROTOCOL = "http/protobuf"


def telemetry_is_on(environment: Mapping[str, str]) -> bool:
    """Whether runs are to be traced by OpenTelemetry: CONVERSE_OTEL alone says so."""
    return environment.get("CONVERSE_OTEL", "").lower() in _ON


def telemetry_endpoint(environment: Mapping[str, str]) -> str:
    """The address that traces are sent to: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT as it is, or else the general one."""
    if own := environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return own
    general = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT") or _DEFAULT
    return f"{general.rstrip('/')}/v1/traces"


def telemetry_problem(environment: Mapping[str, str]) -> str:
    """Why nothing can be sent, with the way out; empty where something can."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return "OTEL_SDK_DISABLED is true. Unset it."
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if protocol := environment.get(name):
            if protocol == _PROTOCOL:
                break
            return f"{name} is {protocol!r}. Set it to {_PROTOCOL}, and the endpoint to the port that takes it."
    try:
        for package in _PACKAGES:
            version(package)
    except PackageNotFoundError as missing:
        return f"{missing.name} is missing. Get it with: pip install 'converse-graph[otel]'"
    return ""


def without_secrets(address: str) -> str:
    """An address without user, password and query."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "(no address)"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
