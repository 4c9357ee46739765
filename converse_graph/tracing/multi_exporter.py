"""Traces that go to more than one place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from converse_graph.tracing.spans import Exporter, Feedback, Span


class MultiExporter:
    """Exporters that are told the same."""

    def __init__(self, exporters: Sequence[Exporter]) -> None:
        """Tell these."""
        self._exporters = tuple(exporters)

    def begin(self, span: Span) -> None:
        """Tell each that a span has begun."""
        for exporter in self._exporters:
            exporter.begin(span)

    def finish(self, span: Span) -> None:
        """Tell each that a span has ended."""
        for exporter in self._exporters:
            exporter.finish(span)

    async def send_feedback(self, span: Span, feedback: list[Feedback]) -> None:
        """Give each the figures of a whole run."""
        await asyncio.gather(*(exporter.send_feedback(span, feedback) for exporter in self._exporters))

    async def flush(self) -> None:
        """Wait for all of them at once."""
        await asyncio.gather(*(exporter.flush() for exporter in self._exporters))

    async def close(self) -> None:
        """Close each."""
        await asyncio.gather(*(exporter.close() for exporter in self._exporters))
