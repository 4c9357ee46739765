"""A run as one page that holds all it needs: no server, no script, no request."""

from __future__ import annotations

from converse_graph.record.transcript import Transcript
from converse_graph.view.charts import chart_specs, charts_of, draw, still_values
from converse_graph.view.records import WrittenRun
from converse_graph.view.run_page import period_span, told_verdicts
from converse_graph.view.series import happenings, public_series
from converse_graph.view.templating import STATIC, render
from converse_graph.view.timeline import marks, party_colours, sections

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""What the page may load: nothing."""


def page_to_send(transcript: Transcript) -> str:
    """Write a run as one page of HTML.

    Args:
        transcript: The public record, or the reader's edition, whose private parts are then folded into the page.
    """
    view = WrittenRun(transcript=transcript)
    colours = party_colours(view)
    happened = happenings(transcript, view.clock)
    visible_series = [one for one in public_series(transcript, view.clock) if not one.is_private or _is_raw(transcript)]
    series = [one for one in visible_series if not one.is_still]
    return render(
        "send.html",
        header=transcript.header,
        sections=sections(view, 0, len(transcript.statements)),
        marks=marks(view),
        total=len(transcript.statements),
        period_span=period_span(view),
        colours=colours,
        charts=charts_of(series, draw(chart_specs(series, happened, colours, link="#turn-{turn}"))),
        still=still_values(visible_series),
        happened=happened,
        run="",
        verdicts=told_verdicts(transcript.verdicts),
        is_raw=_is_raw(transcript),
        policy=POLICY,
        style=(STATIC / "view.css").read_text(encoding="utf-8"),
    )


def _is_raw(transcript: Transcript) -> bool:
    return any(statement.private for statement in transcript.statements)
