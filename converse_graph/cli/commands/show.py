"""`converse show`: the transcript of a run, as it stands."""

from typing import TYPE_CHECKING, assert_never

import typer

from converse_graph.cli.options import As, Format, Json, Out, Plot, Raw, RunArgument, Stats, StorePath

if TYPE_CHECKING:
    from pathlib import Path

    from converse_graph.record.transcript import Transcript


async def show(
    run: RunArgument,
    raw: Raw = False,
    form: As = None,
    as_json: Json = False,
    stats: Stats = False,
    plot: Plot = None,
    out: Out = None,
    store: StorePath = None,
) -> None:
    """Show a run's transcript, its figures, or its world as a drawing.

    The transcript is the public record; with --raw it has the private conversations too. As html it is one page that
    can be sent to somebody who has nothing installed.

    Examples:
        converse show race
        converse show race --raw --out race.md
        converse show race --stats
        converse show race --as html --out race.html
        converse show race --as csv --out race.csv
        converse show fishery-1 --plot fishery.svg
    """
    from converse_graph.cli.tables import print_page, write_or_print
    from converse_graph.export.formats import json_text
    from converse_graph.export.stats import stats_json, stats_markdown
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    if as_json and form not in (None, "json"):
        raise typer.BadParameter(f"--json and --as {form} cannot both be had")
    if stats and form in ("html", "jsonl", "csv"):
        raise typer.BadParameter(f"--stats is had as markdown or json, not as {form}")
    if plot is not None and (stats or form or as_json or out):
        raise typer.BadParameter("--plot goes with --raw alone")
    async with Store.open(store or DEFAULT_PATH) as open_store:
        transcript = open_store.transcript(run)
    if plot is not None:
        _plot(transcript if raw else transcript.public(), plot)
        return
    as_form: Format = "json" if as_json else form or "markdown"
    if not stats:
        write_or_print(_render(transcript if raw else transcript.public(), raw, as_form), out)
    elif as_form == "json":
        write_or_print(json_text(stats_json(transcript), indent=2) + "\n", out)
    elif out is not None or form == "markdown":
        write_or_print(stats_markdown(transcript), out)
    else:
        print_page(stats_markdown(transcript))


def _plot(transcript: "Transcript", path: "Path") -> None:
    """Draw a world into a file, in the format that its name ends with."""
    from converse_graph.cli.tables import print_text
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


def _render(transcript: "Transcript", raw: bool, form: Format) -> str:
    from converse_graph.export.formats import as_csv, as_json, as_jsonl, json_text
    from converse_graph.export.markdown import render_markdown

    match form:
        case "markdown":
            return render_markdown(transcript)
        case "html":
            return _page(transcript)
        case "json":
            return json_text(as_json(transcript, raw=raw), indent=2) + "\n"
        case "jsonl":
            return as_jsonl(transcript, raw=raw)
        case "csv":
            return as_csv(transcript, raw=raw)
        case _:
            assert_never(form)


def _page(transcript: "Transcript") -> str:
    from converse_graph.cli.viewing import require_view

    require_view()
    from converse_graph.view.page_to_send import page_to_send

    return page_to_send(transcript)
