"""`converse show`: the transcript of a run, as it stands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, assert_never

import typer

from converse_graph.cli.options import As, Format, Json, Out, Raw, RunArguments, Stats, StorePath

if TYPE_CHECKING:
    from converse_graph.record.transcript import Transcript
    from converse_graph.store import Store


async def show(
    runs: RunArguments,
    raw: Raw = False,
    form: As = None,
    as_json: Json = False,
    stats: Stats = False,
    out: Out = None,
    store: StorePath = None,
) -> None:
    """Show a run's transcript, or its figures.

    The transcript is the public record; with --raw it has the private conversations too. Of several runs, or an
    ensemble, one is shown after the other, or all in one table.

    Examples:
        converse show race
        converse show race --raw --out race.md
        converse show race --stats
        converse show race --as csv --out race.csv
    """
    from converse_graph.cli.run_sets import expand_names
    from converse_graph.cli.tables import print_page, write_or_print
    from converse_graph.export.formats import json_text
    from converse_graph.export.stats import stats_json
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    if as_json and form not in (None, "json"):
        raise typer.BadParameter(f"--json and --as {form} cannot both be had")
    if stats and form in ("jsonl", "csv"):
        raise typer.BadParameter(f"--stats is had as markdown or json, not as {form}")
    async with Store.open(store or DEFAULT_PATH) as open_store:
        names = expand_names(open_store, runs)
        transcripts = [open_store.transcript(name) for name in names]
        page = await _stats_page(open_store, transcripts) if stats else ""
    as_form: Format = "json" if as_json else form or "markdown"
    if not stats:
        write_or_print(_render([one if raw else one.public() for one in transcripts], raw, as_form), out)
    elif as_form == "json":
        values = [stats_json(transcript) for transcript in transcripts]
        write_or_print(json_text(values[0] if len(values) == 1 else values, indent=2) + "\n", out)
    elif out is not None or form == "markdown":
        write_or_print(page, out)
    else:
        print_page(page)


async def _stats_page(store: "Store", transcripts: "Sequence[Transcript]") -> str:
    """The measures of one run, or a table of several."""
    from converse_graph.export.run_table import run_row, several_markdown
    from converse_graph.export.stats import stats_markdown

    if len(transcripts) == 1:
        return stats_markdown(transcripts[0])
    names = [transcript.header.run for transcript in transcripts]
    outcomes = await store.outcomes(names)
    return several_markdown(
        [run_row(store.register.run(name), outcomes.get(name), is_held=store.is_held(name)) for name in names]
    )


def _render(transcripts: "Sequence[Transcript]", raw: bool, form: Format) -> str:
    from converse_graph.export.formats import as_csv, as_json, as_jsonl, json_text
    from converse_graph.export.markdown import render_markdown

    match form:
        case "markdown":
            return "\n".join(map(render_markdown, transcripts))
        case "json":
            values = [as_json(transcript, raw=raw) for transcript in transcripts]
            return json_text(values[0] if len(values) == 1 else values, indent=2) + "\n"
        case "jsonl":
            return "".join(as_jsonl(transcript, raw=raw) for transcript in transcripts)
        case "csv":
            return as_csv(*transcripts, raw=raw)
        case _:
            assert_never(form)
