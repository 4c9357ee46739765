"""Traces sent by OpenTelemetry, in the background, by its own SDK.

The provider is one of our own, never the global one: what else a program traces is not ours, and ours is not its.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span as Recorded
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from converse_graph.tracing.conventions import (
    attributes_at_end,
    attributes_at_start,
    attributes_of_result,
    is_remote,
    name_of,
)
from converse_graph.tracing.spans import Feedback, Span

_SERVICE = "converse-graph"
_UNNAMED = "unknown_service"
"""How the SDK begins the name of a service that nobody has named."""

_log = logging.getLogger("opentelemetry")
_log.addHandler(logging.NullHandler())  # what its SDK says of failures is said by us, once


class OpenTelemetryExporter:
    """An exporter of spans by OpenTelemetry.

    Where they cannot be sent the run goes on without, after one warning; each round is tried anew.
    """

    def __init__(self, exporter: SpanExporter, *, where: str, warn: Callable[[str], None]) -> None:
        """Send by an exporter of the SDK.

        Args:
            exporter: Where to; `over_http` makes one.
            where: In words, for the warning.
            warn: Told once of what goes wrong.
        """
        self._where, self._warn = where, warn
        self._watched = _ReportingExporter(exporter)
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._watched))
        self._tracer = self._provider.get_tracer("converse_graph", version("converse-graph"))
        self._open: dict[Span, Recorded] = {}
        self._has_warned = False

    def begin(self, span: Span) -> None:
        """Begin to record a span."""
        if span.kind == "round":
            self._watched.is_lost = False
        if self._goes_on():
            self._record(span)

    def finish(self, span: Span) -> None:
        """End a span with what it came to; an outcome is ended once its figures are there."""
        if span.kind == "call" and self._goes_on():
            self._record(span)
        if span.kind != "outcome":
            self._end(span)

    async def send_feedback(self, span: Span, figures: list[Feedback]) -> None:
        """Put the figures of a whole run on its outcome, as events, and end it."""
        if (otel_span := self._open.get(span)) is not None:
            for feedback in figures:
                otel_span.add_event(
                    "gen_ai.evaluation.result", attributes_of_result(feedback), _nanoseconds(span.began)
                )
        self._end(span)
        await self.flush()

    async def flush(self) -> None:
        """Wait until all is sent, or is not to be sent."""
        if self._goes_on():
            await asyncio.to_thread(self._provider.force_flush)
            self._goes_on()

    async def close(self) -> None:
        """Send what is left, and let go of the connection."""
        for span in list(self._open):
            self._end(span)
        await self.flush()
        await asyncio.to_thread(self._provider.shutdown)

    def _record(self, span: Span) -> None:
        above = self._open.get(span.parent) if span.parent is not None else None
        if span.parent is not None and above is None:  # what it lies in was lost
            return
        self._open[span] = self._tracer.start_span(
            name_of(span),
            context=set_span_in_context(above, Context()) if above is not None else Context(),
            kind=SpanKind.CLIENT if is_remote(span) else SpanKind.INTERNAL,
            attributes=attributes_at_start(span),
            start_time=_nanoseconds(span.began),
        )

    def _end(self, span: Span) -> None:
        otel_span = self._open.pop(span, None)
        if otel_span is None:
            return
        otel_span.set_attributes(attributes_at_end(span))
        if span.error is not None:
            otel_span.set_status(Status(StatusCode.ERROR, span.error))
        otel_span.end(_nanoseconds(span.ended or span.began))

    def _goes_on(self) -> bool:
        if self._watched.is_lost and not self._has_warned:
            self._has_warned = True
            self._warn(
                f"OpenTelemetry at {self._where} cannot be reached or takes no traces; the run goes on, and tracing is "
                "tried again with each round."
            )
        return not self._watched.is_lost


class _ReportingExporter(SpanExporter):
    """An exporter that notes a failure, on the SDK's own thread, and is left alone after it until the next round."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.is_lost = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self.is_lost:
            return SpanExportResult.FAILURE
        result = self._exporter.export(spans)
        self.is_lost = result is not SpanExportResult.SUCCESS
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def over_http(endpoint: str) -> SpanExporter:
    """An exporter of OTLP over HTTP, with headers, certificates and patience as OTEL_EXPORTER_OTLP_* have them.

    Args:
        endpoint: The whole address, such as http://localhost:4318/v1/traces.

    Raises:
        ValueError: A variable has a setting that is none.
    """
    return OTLPSpanExporter(endpoint=endpoint)


def _resource() -> Resource:
    """As OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have it; the service is ours where they do not name one."""
    resource = Resource.create()
    service = str(resource.attributes.get(SERVICE_NAME, _UNNAMED))
    return resource.merge(Resource({SERVICE_NAME: _SERVICE})) if service.startswith(_UNNAMED) else resource


def _nanoseconds(moment: datetime) -> int:
    """Since 1970, to the microsecond: a float would be off by hundreds of nanoseconds."""
    elapsed = moment - datetime.fromtimestamp(0, UTC)
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000_000 + elapsed.microseconds * 1_000
