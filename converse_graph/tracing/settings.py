"""Whether and where runs are traced, as the environment has it; what a run tells of itself there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from converse_graph.record.transcript import Header
from converse_graph.scenarios.scenario import Scenario
from converse_graph.tracing.langsmith import HOSTED, LangSmithExporter
from converse_graph.tracing.multi_exporter import MultiExporter
from converse_graph.tracing.otlp import telemetry_endpoint, telemetry_is_on, telemetry_problem, without_secrets
from converse_graph.tracing.run_trace import RunTrace
from converse_graph.tracing.spans import Exporter, Span

Opened = tuple[Exporter, str]
"""An exporter, and where it sends to in words."""


@dataclass(frozen=True, kw_only=True)
class Tracing:
    """Where traces go, and whether private words go with them."""

    exporter: Exporter
    now: Callable[[], datetime]
    where: str
    """In words, for whoever starts a run."""
    private: bool = False

    def trace(self, header: Header, scenario: Scenario, parent: Header | None = None) -> RunTrace:
        """The trace of a run.

        Args:
            header: Of the run.
            scenario: What it plays.
            parent: Of the run that it was forked from.
        """
        return RunTrace(
            exporter=self.exporter,
            run=_run_names(header),
            scenario=_described(header, parent),
            title=header.scenario,
            tags=("converse-graph", header.scenario),
            period=lambda number: scenario.clock.period(number).label,
            now=self.now,
            private=self.private,
        )

    def outcome(self, header: Header, values: Mapping[str, Any], parent: Header | None = None) -> Span:
        """A trace that stands for a whole run, already ended: what is said of all of it has a place there.

        Args:
            header: Of the run.
            values: What is said of the run, by name.
            parent: Of the run that it was forked from.
        """
        now = self.now()
        span = Span(
            name=f"Outcome · {header.scenario}",
            kind="outcome",
            parent=None,
            began=now,
            ended=now,
            metadata={**_run_names(header), **_described(header, parent)},
            tags=["converse-graph", header.scenario, "outcome"],
            inputs={"run": header.run},
            outputs=dict(values),
        )
        self.exporter.begin(span)
        self.exporter.finish(span)
        return span


def build_tracing(
    environment: Mapping[str, str], *, warn: Callable[[str], None], now: Callable[[], datetime], private: bool = False
) -> Tracing | None:
    """Tracing as the environment has it: to LangSmith, by OpenTelemetry, or both.

    Args:
        environment: With LangSmith's own variables: LANGSMITH_TRACING, LANGSMITH_API_KEY, LANGSMITH_PROJECT,
            LANGSMITH_ENDPOINT; the older LANGCHAIN_ ones count too. OpenTelemetry's own, such as
            OTEL_EXPORTER_OTLP_ENDPOINT, say where to; they may be there for something else, so it is CONVERSE_OTEL
            that switches it on.
        warn: Told once of what goes wrong.
        now: The time, with a time zone.
        private: Whether prompts, replies and the words of errors are sent too.

    Returns:
        None where tracing is off, or cannot be for want of a key or a package, which is said.
    """
    if private and not is_on(environment) and not telemetry_is_on(environment):
        warn(
            "--trace-private shows nothing: tracing is off. Set LANGSMITH_TRACING=true and LANGSMITH_API_KEY, or "
            "CONVERSE_OTEL=true."
        )
    exporters = [one for one in (_langsmith(environment, warn), _telemetry(environment, warn)) if one is not None]
    if not exporters:
        return None
    exporter = exporters[0][0] if len(exporters) == 1 else MultiExporter([exporter for exporter, _ in exporters])
    return Tracing(exporter=exporter, now=now, where=" and ".join(where for _, where in exporters), private=private)


def is_on(environment: Mapping[str, str]) -> bool:
    """Whether LangSmith's variables switch tracing on."""
    return (setting(environment, "TRACING_V2") or setting(environment, "TRACING")).lower() == "true"


def _langsmith(environment: Mapping[str, str], warn: Callable[[str], None]) -> Opened | None:
    if not is_on(environment):
        return None
    key, endpoint = setting(environment, "API_KEY"), setting(environment, "ENDPOINT")
    if not key and not endpoint:
        warn("LANGSMITH_TRACING is on and LANGSMITH_API_KEY is not set, so nothing is traced; set it, or turn it off.")
        return None
    project = setting(environment, "PROJECT") or "default"
    uploads = LangSmithExporter(url=endpoint or HOSTED, key=key or None, project=project, warn=warn)
    return uploads, f"LangSmith, project {project}"


def _telemetry(environment: Mapping[str, str], warn: Callable[[str], None]) -> Opened | None:
    if not telemetry_is_on(environment):
        return None
    if hindrance := telemetry_problem(environment):
        warn(f"CONVERSE_OTEL is on and nothing is sent: {hindrance}")
        return None
    telemetry = import_module("converse_graph.tracing.opentelemetry")  # its SDK is an extra
    endpoint = telemetry_endpoint(environment)
    where = without_secrets(endpoint)
    try:
        sender = telemetry.over_http(endpoint)
    except (ValueError, RuntimeError) as error:
        warn(f"CONVERSE_OTEL is on and nothing is sent: a variable OTEL_... has a setting that is none. {error}")
        return None
    return telemetry.OpenTelemetryExporter(sender, where=where, warn=warn), f"OpenTelemetry, {where}"


def thread_of(header: Header) -> str:
    """The thread of a run: its name, and when it was begun, for a name is unique in its store alone."""
    return f"{header.run} {header.created:%Y-%m-%d %H:%M:%S}"


def _run_names(header: Header) -> dict[str, Any]:
    return {"thread_id": thread_of(header), "run": header.run}


def _described(header: Header, parent: Header | None) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "scenario": header.scenario,
        "seed": header.seed,
        "model": header.model,
        "order": header.order,
        "graph_digest": header.digest,
        **{f"dial:{name}": value for name, value in header.dials.items()},
    }
    if parent is not None and header.fork is not None:
        metadata |= {"parent": parent.run, "parent_thread": thread_of(parent), "forked_at": header.fork.at}
    return metadata


def setting(environment: Mapping[str, str], name: str) -> str:
    """One of LangSmith's own settings, such as "API_KEY"; empty where it is not set."""
    return environment.get(f"LANGSMITH_{name}") or environment.get(f"LANGCHAIN_{name}") or ""
