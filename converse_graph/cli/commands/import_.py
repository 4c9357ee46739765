"""`converse import`: a conversation from elsewhere becomes a run."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from converse_graph.cli.options import Quiet, Shared, StorePath

if TYPE_CHECKING:
    from converse_graph.record.transcript import Transcript

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Labelled text, Markdown, JSON lines or JSON.")]
ImportName = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Of the run.  [default: the file's]")]
StartYear = Annotated[
    int | None, typer.Option("--start", metavar="YEAR", min=1, max=9999, help="The first year, where none is labelled.")
]
FormOption = Annotated[
    Literal["text", "markdown", "jsonl", "json"] | None,
    typer.Option("--as", metavar="FORM", help="How it is read: text, markdown, jsonl, json.  [default: by its looks]"),
]
Speakers = Annotated[
    list[str] | None, typer.Option("--speaker", metavar="NAME", help="Who speaks; may be given several times.")
]
EventWords = Annotated[
    list[str] | None,
    typer.Option("--event", metavar="NAME=WORDS", help="An event that a statement reports by these words."),
]
WrittenBy = Annotated[
    str | None, typer.Option("--written-by", metavar="MODEL", help="The model or person that wrote it, for the record.")
]
IntoEnsemble = Annotated[
    str | None, typer.Option("--ensemble", metavar="NAME", help="Put it among the runs of this ensemble.")
]
MAX_STRETCHES = 20
"""Stretches of lines that could not be read which are listed; the transcript has them all."""


async def import_transcript(
    file: FileArgument,
    *,
    name: ImportName = None,
    start: StartYear = None,
    form: FormOption = None,
    speakers: Speakers = None,
    events: EventWords = None,
    written_by: WrittenBy = None,
    ensemble: IntoEnsemble = None,
    store: StorePath = None,
    shared: Shared = False,
    quiet: Quiet = False,
) -> None:
    """Make a run of a conversation from elsewhere.

    It can be shown, measured, judged, compared and forecast from; it is never gone on with. Lines that could not be
    read are listed, and who spoke out of turn or out of its year is kept and counted.

    Examples:
        converse import talk.txt --name talk
        converse import chat.json --name chat --start 2026
    """
    from converse_graph.cli.output import Output
    from converse_graph.ensembles.collection import add_to_ensemble, check_addition
    from converse_graph.imports.imported_run import IMPORTED, import_file
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    output = Output(quiet=quiet)
    async with Store.open(store or DEFAULT_PATH, make=True, shared=shared) as open_store:
        if ensemble is not None:
            check_addition(open_store, ensemble)
        header = await import_file(
            open_store,
            file,
            name=name,
            start=start,
            form=form,
            speakers=speakers or (),
            events=_events(events or []),
            written_by=written_by or IMPORTED,
        )
        if ensemble is not None:
            await add_to_ensemble(open_store, ensemble, header.run)
        transcript = open_store.transcript(header.run)
    for line in _lines(transcript):
        output.say(line)
    output.result(header.run)


def _events(texts: list[str]) -> dict[str, str]:
    return {name.strip(): words for name, _, words in (text.partition("=") for text in texts)}


def _lines(transcript: "Transcript") -> Iterator[str]:
    from collections import Counter

    from converse_graph.cli.formatting import count
    from converse_graph.measures.drift import drift

    header, source = transcript.header, transcript.header.imported
    if source is None:
        return
    counts = Counter(statement.speaker for statement in transcript.statements)
    first, last = transcript.statements[0].period, transcript.statements[-1].period
    yield (
        f"Run {header.run}: {count(len(transcript.statements), 'statement')}, {first} to {last}, imported from "
        f"{source.file} ({source.form}, {source.encoding})"
    )
    yield f"Speakers: {', '.join(f'{name} {number}' for name, number in counts.items())}"
    measures = drift(transcript)
    out_of_turn = sum(row.out_of_turn for row in measures)
    out_of_year = sum(row.out_of_year for row in measures)
    if out_of_turn or out_of_year:
        yield f"Out of turn: {out_of_turn}; out of their year: {out_of_year}. They are kept, marked and counted."
    if source.unparsed_lines:
        yield f"Not read: {count(source.unparsed_lines, 'line')} of {source.lines}"
        for stretch in source.unparsed[:MAX_STRETCHES]:
            where = (
                f"line {stretch.first}" if stretch.first == stretch.last else f"lines {stretch.first}-{stretch.last}"
            )
            yield f"  {where}: {stretch.why}"
        if len(source.unparsed) > MAX_STRETCHES:
            yield f"  and {len(source.unparsed) - MAX_STRETCHES} stretches more; `converse show {header.run}` has all"
