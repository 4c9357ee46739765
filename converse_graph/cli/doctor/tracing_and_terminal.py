"""Tracing, and the terminal that runs are shown on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from converse_graph.cli.doctor.finding import Finding, plain_address
from converse_graph.tracing.otlp import telemetry_endpoint, telemetry_is_on, telemetry_problem, without_secrets

NARROW = 60
"""Columns below which lists no longer fit their line."""

_SAMPLE = "└─ … é ≥"
"""Signs that lists and transcripts are shown with."""
_SWITCHES = ("LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING")
_KEYS = ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY")


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """What is written to."""

    columns: int
    encoding: str
    live: bool
    """Whether a person is looking, rather than a file or a pipe."""


def look_at_tracing(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether runs are traced, and where to: to LangSmith, by OpenTelemetry.

    Args:
        environ: Where keys and settings are looked up.
    """
    yield from _langsmith(environ)
    if not telemetry_is_on(environ):
        yield Finding(area="tracing", name="OpenTelemetry", outcome="ok", state="off")
        return
    place = f"on, to {without_secrets(telemetry_endpoint(environ))}"
    if hindrance := telemetry_problem(environ):
        reason, _, way_out = hindrance.partition(". ")
        yield Finding(area="tracing", name="OpenTelemetry", outcome="warn", state=f"{place}; {reason}", way_out=way_out)
    else:
        yield Finding(area="tracing", name="OpenTelemetry", outcome="ok", state=place)


def look_at_terminal(terminal: Terminal) -> Iterator[Finding]:
    """Whether what is shown can be read.

    Args:
        terminal: What is written to.
    """
    width = f"{terminal.columns} columns" if terminal.live else "no terminal; a run is told line by line"
    if terminal.live and terminal.columns < NARROW:
        way_out = f"Widen it to {NARROW} columns or more."
        yield Finding(area="terminal", name="width", outcome="warn", state=width, way_out=way_out)
    else:
        yield Finding(area="terminal", name="width", outcome="ok", state=width)
    try:
        _SAMPLE.encode(terminal.encoding)
    except (UnicodeEncodeError, LookupError):
        fault, way_out = f"{terminal.encoding} lacks some signs, shown as ?", "Set PYTHONUTF8=1."
        yield Finding(area="terminal", name="characters", outcome="warn", state=fault, way_out=way_out)
    else:
        yield Finding(area="terminal", name="characters", outcome="ok", state=terminal.encoding)


def _langsmith(environ: Mapping[str, str]) -> Iterator[Finding]:
    switch = next((environ[name] for name in _SWITCHES if name in environ), "")
    if switch.lower() not in ("true", "1", "local"):
        yield Finding(area="tracing", name="LangSmith", outcome="ok", state="off")
        return
    project = _first(environ, "LANGSMITH_PROJECT", "LANGCHAIN_PROJECT") or "default"
    endpoint = _first(environ, "LANGSMITH_ENDPOINT", "LANGCHAIN_ENDPOINT")
    place = f"on, to project {project!r}{f' at {plain_address(endpoint)}' if endpoint else ''}"
    if _first(environ, *_KEYS):
        yield Finding(area="tracing", name="LangSmith", outcome="ok", state=f"{place}; a key is set")
    else:
        way_out = "Set LANGSMITH_API_KEY, or unset LANGSMITH_TRACING."
        yield Finding(area="tracing", name="LangSmith", outcome="warn", state=f"{place}; no key", way_out=way_out)


def _first(environ: Mapping[str, str], *names: str) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")
