"""The measures of a run as tables, for the terminal and for pages, and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from converse_graph.export.markdown_escaping import inline
from converse_graph.export.markdown_tables import aligned_table
from converse_graph.export.overview import count_in_words, only_agrees, origin_notes
from converse_graph.measures.consistency import Contradiction, contradictions
from converse_graph.measures.disagreement import Disagreement, disagreement, table_disagreement
from converse_graph.measures.drift import Drift, drift
from converse_graph.measures.event_dates import awaited_events, event_dates
from converse_graph.measures.events import ReportedEvent, events
from converse_graph.measures.pledges import PledgeOutcome, pledges
from converse_graph.record.transcript import Transcript

STATS_VERSION = 1
"""Of the shape of `stats_json`."""

_DRIFT = (
    "turns", "no_statement", "repairs", "repairs_in_private", "sorted_percentiles", "mended", "mended_in_private",
    "other_year", "other_label", "other_person", "past_estimate", "repeated", "refusals",
)  # fmt: skip
_IMPORTED = ("out_of_turn", "out_of_year")
"""Counted in imported runs alone: where code gives the floor, nobody can speak out of turn."""
_UNKNOWN = "–"  # noqa: RUF001 - the sign for no figure
MOST_EVENTS = 60
"""How many events a table lists; JSON has them all."""


def stats_json(transcript: Transcript) -> dict[str, Any]:
    """All measures as JSON values.

    Args:
        transcript: The reader's edition; `disagreement` is null where it has no debates.
    """
    measure = disagreement(transcript)
    table = table_disagreement(transcript)
    return {
        "version": STATS_VERSION,
        "run": transcript.header.run,
        "model": transcript.header.model,
        "imported": source.model_dump(mode="json") if (source := transcript.header.imported) else None,
        "humans": list(transcript.header.humans),
        "public_only": transcript.header.public_only,
        "disagreement": {**measure.model_dump(mode="json"), "only_agrees": measure.only_agrees} if measure else None,
        "table": table.model_dump(mode="json") if table else None,
        "drift": [row.model_dump(mode="json") for row in drift(transcript)],
        "happened": [date.model_dump(mode="json") for date in event_dates(transcript)],
        "events": [event.model_dump(mode="json") for event in events(transcript)],
        "warnings": list(transcript.header.warnings),
        "pledges": [row.model_dump(mode="json") for row in pledges(transcript)],
        "consistency": [row.model_dump(mode="json") for row in contradictions(transcript)],
    }


def stats_markdown(transcript: Transcript) -> str:
    """All measures as tables in Markdown, which read in a terminal too.

    Args:
        transcript: The reader's edition, for what lies in debates; of a public record less can be measured.
    """
    lines = [f"# Run {inline(transcript.header.run)} in figures", ""]
    lines += [f"{note}\n" for note in origin_notes(transcript.header)]
    if warnings := transcript.header.warnings:
        lines += ["## Done without", "", *(f"- {inline(warning)}" for warning in warnings), ""]
    if table := table_disagreement(transcript):
        lines += ["## Disagreement at the table", "", *_tables(table, of="motion"), ""]
    lines += [*_disagreement(transcript, disagreement(transcript)), ""]
    lines += [
        "## Drift and repairs",
        "",
        *_drift(drift(transcript), is_imported=transcript.header.imported is not None),
        "",
    ]
    lines += ["## Consistency", "", *_consistency(contradictions(transcript)), ""]
    lines += ["## What happened", "", *_happened(transcript), ""]
    if rows := pledges(transcript):
        lines += ["## Pledges", "", *_pledges(rows)]
    lines += ["## What parties reported", "", *_events(events(transcript)), ""]
    return "\n".join(lines)


def _disagreement(transcript: Transcript, measure: Disagreement | None) -> Iterator[str]:
    yield from ("## Disagreement", "")
    if measure is None:
        yield "No debate in this record took a position."
        return
    if warning := only_agrees(transcript):
        yield from (warning, "")
    yield from _tables(measure, of="debate")


def _tables(measure: Disagreement, *, of: str) -> Iterator[str]:
    """The measures of conversations, and where they stood as these went on.

    Args:
        measure: The measures.
        of: What one conversation is called.
    """
    yield from aligned_table(("measure", "value", "of"), _measures(measure, of=of))
    yield ""
    rows = [
        (f"after line {row.number}", str(row.debates), f"{row.entropy:.2f}", _figure(row.spread))
        for row in measure.passes
    ]
    yield from aligned_table(("each speaker", f"{of}s", "entropy, bits", "spread, 0 to 2"), rows)


def _measures(measure: Disagreement, *, of: str) -> Iterator[tuple[str, str, str]]:
    debates = count_in_words(measure.debates, of)
    yield "began with two positions or more", str(measure.began_divided), debates
    yield "of those, collapsed into one", _share(measure.collapse_rate), count_in_words(measure.began_divided, of)
    yield "never had a second position", str(measure.unanimous), debates
    yield "changes of position", str(measure.changes), debates
    if measure.unjustified is not None:
        yield "without a new fact", str(measure.unjustified), count_in_words(measure.justifiable, "change")
    if measure.converged is not None:
        yield "divided in private, one in speech", str(measure.converged), debates
    if measure.ballots:
        yield (
            "ballots against their caster's last words",
            _share(measure.ballot_gap),
            count_in_words(measure.ballots, "ballot"),
        )
    if measure.dissenters:
        yield "lines called in as dissent", str(measure.dissenters), debates
    if measure.decisions_followed is not None:
        yield "decisions followed", _share(measure.decisions_followed), "those spoken on"


def _drift(rows: Sequence[Drift], *, is_imported: bool) -> Iterator[str]:
    names = (*_DRIFT, *(name for name in _IMPORTED if is_imported))
    heads = ("party", *(name.replace("_", " ") for name in names))
    yield from aligned_table(heads, [(row.party, *(str(getattr(row, name)) for name in names)) for row in rows])


def _consistency(rows: Sequence[Contradiction]) -> Iterator[str]:
    if not rows:
        yield "No contradiction that the rules know."
        return
    yield from aligned_table(
        ("period", "party", "rule", "found"), [(row.period, row.party, row.rule, row.sentence) for row in rows]
    )


def _pledges(rows: Sequence[PledgeOutcome]) -> Iterator[str]:
    """Pledges by party, then by round: what the others could make of them, and how many were broken in truth."""
    for head in ("party", "period"):
        groups: dict[str, list[PledgeOutcome]] = {}
        for row in rows:
            groups.setdefault(getattr(row, head), []).append(row)
        yield from aligned_table(
            (head, "pledges", "kept", "broken", "unobservable", "open", "broken in truth"),
            [(name, str(len(group)), *_pledge_counts(group)) for name, group in groups.items()],
        )
        yield ""


def _pledge_counts(rows: Sequence[PledgeOutcome]) -> Iterator[str]:
    for observation in ("kept", "broken", "unobservable", "open"):
        yield str(sum(row.observation == observation for row in rows))
    is_known = all(row.is_kept is not None or row.observation == "open" for row in rows)
    yield str(sum(row.is_kept is False for row in rows)) if is_known else _UNKNOWN


def _happened(transcript: Transcript) -> Iterator[str]:
    dates = event_dates(transcript)
    ending = transcript.header.ended or transcript.header.status
    if not dates:
        yield (
            f"None of its events; the run is at: {inline(ending)}."
            if awaited_events(transcript)
            else (f"It awaits no event; the run is at: {inline(ending)}.")
        )
        return
    rows = [(date.period, date.name.replace("_", " "), ", ".join(date.parties)) for date in dates]
    yield from aligned_table(("period", "event", "reported by"), rows)
    yield from ("", f"The run is at: {inline(ending)}.")


def _events(rows: Sequence[ReportedEvent]) -> Iterator[str]:
    new = [row for row in rows if row.first]
    if not new:
        yield "Nothing was reported in fields."
        return
    yield from aligned_table(
        ("period", "party", "field", "reported"),
        [(row.period, row.party, row.field.replace("_", " "), row.value) for row in new[:MOST_EVENTS]],
    )
    if len(new) > MOST_EVENTS:
        yield from ("", f"{len(new) - MOST_EVENTS} more are in the JSON.")


def _share(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.0%}"


def _figure(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.2f}"
