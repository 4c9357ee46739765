"""Makes a run of a conversation that was had elsewhere: read, measured and judged like any other, never played."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from converse_graph.errors import InvalidValue
from converse_graph.imports.parsed_transcript import ParsedTranscript
from converse_graph.imports.readers import ImportForm, parse_source
from converse_graph.imports.source_text import SourceText, read_source
from converse_graph.imports.turn_assignment import PlacedStatement, place_statements
from converse_graph.models.base import PUBLIC, Message, Response
from converse_graph.record.call_paths import CallPath, Provenance
from converse_graph.record.records import SourceRecord, StatementRecord
from converse_graph.record.transcript import Header, ImportSource, Party
from converse_graph.scenarios.rules import Event
from converse_graph.store import Store, check_run_name
from converse_graph.store.journal import Call, call_digest
from converse_graph.store.run_transfer import StoredRun, record_only

IMPORTED = "imported"
"""The model of a run whose writer nobody names, why such a run is over, and the order in which its parties spoke."""
MAX_PARTIES = 200
"""Speakers of one file: with more, words before colons were most likely taken for speakers."""
_MOST_STRETCHES = 1000
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PARTY_KIND = "speaker"


async def import_file(
    store: Store,
    path: Path | str,
    *,
    name: str | None = None,
    start: int | None = None,
    form: ImportForm | None = None,
    speakers: Collection[str] = (),
    events: Mapping[str, str] | None = None,
    written_by: str = IMPORTED,
    created: datetime | None = None,
) -> Header:
    """Import a conversation as a run that is over.

    Args:
        store: Where the run is kept.
        path: A file with labelled text, Markdown with a heading a speaker, JSON lines, or a JSON list of messages.
        name: How the run is called; None for the file's name.
        start: The first year of its clock; None for the first that is labelled, and plain rounds where none is.
        form: How the file is read; None for what it looks like.
        speakers: Who speaks in it, where other words stand before colons too; none for whoever looks like a speaker.
        events: Events by name, each with the words that report it: a statement that has them reports the event.
        written_by: The model or the person that wrote it, for the record.
        created: The date for the record, with a time zone; None for now.

    Returns:
        The header of the run; its `imported` says which lines could not be read.

    Raises:
        InvalidValue: The file cannot be read or has no statement, the name is taken, or an event is none.
    """
    source = read_source(Path(path))
    transcript = parse_source(source, form=form, speakers=speakers)
    run = build_run(
        source,
        transcript,
        name=_run_name(name, source),
        start=start,
        events=events or {},
        written_by=written_by,
        created=created or datetime.now(UTC),
    )
    await store.stored.add(run)
    return store.register.run(run.name).header


def build_run(
    source: SourceText,
    transcript: ParsedTranscript,
    *,
    name: str,
    start: int | None,
    events: Mapping[str, str],
    written_by: str,
    created: datetime,
) -> StoredRun:
    """Make the run of a file that was read.

    Args:
        source: The file.
        transcript: What was read of it.
        name: Of the run.
        start: The first year; None for what the labels say.
        events: The words that report each event.
        written_by: Who wrote it.
        created: The date for the record.

    Raises:
        InvalidValue: There are too many speakers, an event is none, or labels are years as well as rounds.
    """
    _check_events(events)
    clock, placed = place_statements(transcript.statements, start=start)
    cast = tuple(dict.fromkeys(entry.statement.speaker for entry in placed))
    if len(cast) > MAX_PARTIES:
        raise InvalidValue(
            f"{source.name} has {len(cast)} speakers, {MAX_PARTIES} at most can be; name those who speak by --speaker."
        )
    rounds = max(clock.rounds, placed[-1].round + 1)
    header = Header(
        run=name,
        scenario=IMPORTED,
        title=transcript.title,
        status="finished",
        ended=IMPORTED,
        created=created,
        model=written_by,
        source=source.name,
        digest=source.digest,
        seed=0,
        clock={**clock.model_dump(), "rounds": rounds},
        order=IMPORTED,
        cast=tuple(Party(name=party, kind=_PARTY_KIND) for party in cast),
        awaited=tuple(Event(name=event, field=event) for event in events),
        imported=_import_source(source, transcript),
        versions={"converse-graph": version("converse-graph")},
    )
    records = [_record(entry, events) for entry in placed]
    return record_only(
        header,
        {"floor": None, "horizon": rounds, "ended": IMPORTED},
        {"transcript": records, "events": [], "summaries": [], "votes": []},
        columns={"statements": len(records), "rounds": placed[-1].round + 1},
        calls=tuple(_calls(source, placed, records, written_by)),
    )


def _run_name(name: str | None, source: SourceText) -> str:
    if name is not None:
        check_run_name(name)
        return name
    stem = source.name.rpartition(".")[0] or source.name
    return re.sub(r"[^a-z0-9_-]+", "-", stem.lower()).strip("-_")[:64] or IMPORTED


def _check_events(events: Mapping[str, str]) -> None:
    for name, words in events.items():
        if not _EVENT.fullmatch(name) or not words.strip():
            raise InvalidValue(
                f"--event {name}={words} names no event; write NAME=WORDS, such as 'treaty=we sign the treaty', the "
                "name of a-z, 0-9 and _."
            )


def _import_source(source: SourceText, transcript: ParsedTranscript) -> ImportSource:
    return ImportSource(
        file=source.name,
        form=transcript.form,
        encoding=source.encoding,
        digest=source.digest,
        lines=len(source.lines),
        unparsed=transcript.unparsed[:_MOST_STRETCHES],
        unparsed_lines=sum(stretch.last - stretch.first + 1 for stretch in transcript.unparsed),
    )


def _record(entry: PlacedStatement, events: Mapping[str, str]) -> StatementRecord:
    statement = entry.statement
    place = SourceRecord(line=statement.line)
    if statement.label:
        place["label"] = statement.label
    if entry.is_out_of_turn:
        place["out_of_turn"] = True
    if entry.is_out_of_year:
        place["out_of_year"] = True
    words = " ".join(statement.text.casefold().split())
    reports = {name: True for name, phrase in events.items() if " ".join(phrase.casefold().split()) in words}
    return StatementRecord(
        kind="statement",
        round=entry.round,
        turn=entry.turn,
        speaker=statement.speaker,
        text=statement.text,
        fields={**statement.fields, **reports},
        source=place,
    )


def _calls(
    source: SourceText, placed: Sequence[PlacedStatement], records: Sequence[StatementRecord], written_by: str
) -> Iterator[Call]:
    """What the journal has of an imported statement: the lines that it was read from in the place of a prompt."""
    for entry, record in zip(placed, records, strict=True):
        path = CallPath.of_turn(entry.round, entry.turn, entry.statement.speaker)
        first, last = entry.statement.line, entry.statement.last_line
        lines = f"line {first}" if first == last else f"lines {first} to {last}"
        message = Message(
            role="user",
            text=f"Imported from {source.name}, {lines}.",
            source=str(Provenance(record="statement", of=path)),
            owner=PUBLIC,
        )
        reply: dict[str, Any] = {"statement": record["text"], **record["fields"]}
        schema = {"title": IMPORTED, "type": "object", "properties": {key: {} for key in reply}}
        yield Call(
            place=str(path.call("statement")),
            attempt=0,
            messages=(message,),
            schema=schema,
            reply=Response(text=json.dumps(reply, ensure_ascii=False), model=written_by, usd=0.0),
            accepted=True,
            digest=call_digest((message,), schema),
        )
