"""`converse show`: the transcript of a run, as it stands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, assert_never

import typer

from converse_graph.cli.options import As, Format, Json, Out, Plot, Raw, RunArguments, Stats, StorePath

if TYPE_CHECKING:
    from pathlib import Path

    from converse_graph.record.transcript import Transcript
    from converse_graph.store import Store


async def show(
    runs: RunArguments,
    raw: Raw = False,
    form: As = None,
    as_json: Json = False,
    stats: Stats = False,
    plot: Plot = None,
    out: Out = None,
    store: StorePath = None,
) -> None:
    """Show a run's transcript, its figures, or its world as a drawing.

    The transcript is the public record; with --raw it has the private conversations too. Of several runs, or an
    ensemble, one is shown after the other, or all in one table. As html it is one page that can be sent to somebody who
    has nothing installed.

    Examples:
        converse show race
        converse show race --raw --out race.md
        converse show race --stats
        converse show race --as html --out race.html
        converse show race --as csv --out race.csv
        converse show race --plot race.svg
    """
    from converse_graph.cli.printing import print_page, write_or_print
    from converse_graph.cli.run_selection import expand_names
    from converse_graph.export.formats import json_text
    from converse_graph.export.stats import stats_json
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    _check_options(form, as_json, stats, plot, out)
    async with Store.open(store or DEFAULT_PATH) as open_store:
        names = expand_names(open_store, runs)
        if (plot is not None or form == "html") and len(names) > 1:
            raise typer.BadParameter(f"a drawing or a page is of one run, not of {len(names)}")
        transcripts = [open_store.transcript(name) for name in names]
        page = await _stats_page(open_store, transcripts) if stats else ""
    if plot is not None:
        _plot(transcripts[0] if raw else transcripts[0].public(), plot)
        return
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


def _check_options(form: As, as_json: bool, stats: bool, plot: "Path | None", out: "Path | None") -> None:
    if as_json and form not in (None, "json"):
        raise typer.BadParameter(f"--json and --as {form} cannot both be had")
    if stats and form in ("html", "jsonl", "csv"):
        raise typer.BadParameter(f"--stats is had as markdown or json, not as {form}")
    if plot is not None and (stats or form or as_json or out):
        raise typer.BadParameter("--plot goes with --raw alone")


def _plot(transcript: "Transcript", path: "Path") -> None:
    """Draw a world into a file, in the format that its name ends with."""
    from converse_graph.cli.printing import print_text
    from converse_graph.errors import InvalidValue, UsageError
    from converse_graph.export.atomic_files import write_atomically

    try:
        from converse_graph.export.world_figure import FORMATS, world_figure
    except ImportError as error:
        raise UsageError(
            f"Figures take an extra ({error.name} is missing): pip install 'converse-graph[forecast]'."
        ) from None
    form = next((form for form in FORMATS if path.suffix.lower() == f".{form}"), None)
    if form is None:
        raise InvalidValue(f"--plot takes a file that ends in .svg, .png or .html, not {str(path)!r}.")
    write_atomically(path, world_figure(transcript, form))
    print_text(f"{path}\n")


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
        case "html":
            return _page(transcripts[0])
        case "json":
            values = [as_json(transcript, raw=raw) for transcript in transcripts]
            return json_text(values[0] if len(values) == 1 else values, indent=2) + "\n"
        case "jsonl":
            return "".join(as_jsonl(transcript, raw=raw) for transcript in transcripts)
        case "csv":
            return as_csv(*transcripts, raw=raw)
        case _:
            assert_never(form)


def _page(transcript: "Transcript") -> str:
    from converse_graph.cli.viewing import require_view

    require_view()
    from converse_graph.view.page_to_send import page_to_send

    return page_to_send(transcript)
