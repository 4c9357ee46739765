"""`converse forecast`: what the runs of an ensemble say about when something happens."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from converse_graph.cli.options import Json, Out, StorePath

if TYPE_CHECKING:
    from converse_graph.ensembles.design import Design
    from converse_graph.ensembles.forecast_values import Forecast
    from converse_graph.measures.outcomes import Outcome
    from converse_graph.store import Store

EnsembleArgument = Annotated[str, typer.Argument(metavar="NAME", help="An ensemble that `converse sweep` made.")]
EventOption = Annotated[
    str | None,
    typer.Option(
        "--event",
        metavar="EVENT",
        help="One of the events, or an expression such as 'agi_estimate.p50 <= 2030' or 'stock < 100'.",
    ),
]
By = Annotated[
    list[int] | None, typer.Option("--by", metavar="YEAR", help="Tell the probability by then; may be given again.")
]
Figures = Annotated[
    Path | None, typer.Option("--figures", metavar="DIR", help="Write each figure there, as SVG and as PNG.")
]

Against = Annotated[
    str | None,
    typer.Option("--against", metavar="FACTS", help="Score forecasts of the past by a file of facts, or its name."),
]
Cutoff = Annotated[
    str | None, typer.Option("--cutoff", metavar="YYYY-MM", help="Until when the model has read; with --against.")
]


async def forecast(
    name: EnsembleArgument,
    *,
    event: EventOption = None,
    by: By = None,
    against: Against = None,
    cutoff: Cutoff = None,
    as_json: Json = False,
    out: Out = None,
    figures: Figures = None,
    store: StorePath = None,
) -> None:
    """Forecast when something happens, from an ensemble.

    It says how sure that is, too. It is a page of Markdown; --out FILE.html writes one
    that can be sent, with its figures inside.

    Examples:
        converse forecast raises --event settled
        converse forecast raises --event settled --by 3 --out raises.html
        converse forecast race-forks --event 'mean(agi_estimate.p50) < 2030'
        converse forecast past --against training_compute --cutoff 2019-06
    """
    import json

    from converse_graph.cli.printing import print_page, print_text, write_or_print
    from converse_graph.ensembles.design import Design
    from converse_graph.errors import InvalidValue, UsageError
    from converse_graph.measures.expressions import is_expression
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    try:
        from converse_graph.ensembles.forecast import forecast as make_forecast
        from converse_graph.ensembles.report import forecast_html, forecast_markdown, short_answer
        from converse_graph.ensembles.sweep import read_direct_answers, read_outcomes
    except ImportError as error:
        raise UsageError(
            f"Statistics and figures take an extra ({error.name} is missing): pip install 'converse-graph[forecast]'."
        ) from None
    if against is not None:
        _check_options(event, by)
        page_text, plain_json = await _backtest(name, against, cutoff, store)
        write_or_print(plain_json if as_json or str(out).endswith(".json") else page_text, out)
        return
    conditions = [event] if event and is_expression(event) else []
    async with Store.open(store or DEFAULT_PATH) as open_store:
        design = Design.model_validate_json(open_store.ensembles.design(name))
        rows = await read_outcomes(open_store, name, conditions=conditions)
        answers = await read_direct_answers(open_store, name)
        _check_names(open_store, rows, conditions)
        manifest = _manifest(open_store, design, rows)
    events = list(dict.fromkeys(one for row in rows for one in row.awaited))
    if event is None and len(events) != 1:
        raise InvalidValue(f"Name the event with --event; there is: {', '.join(events) or 'none'}.")
    result = make_forecast(rows, event or events[0], name=name, years=by or (), design=design, answers=answers)
    commands = [*([sweep_command(design, name)] if design.seeds else []), forecast_command(name, event, by)]
    figure_files = _write_figures(result, figures) if figures is not None else {}
    if as_json or (out is not None and out.suffix == ".json"):
        write_or_print(json.dumps(result.model_dump(mode="json"), indent=2) + "\n", out)
    elif out is not None and out.suffix in {".html", ".htm"}:
        write_or_print(forecast_html(result, commands=commands, manifest=manifest), out)
    else:
        page = forecast_markdown(result, commands=commands, manifest=manifest, figures=figure_files)
        if out is not None:
            write_or_print(page, out)
        else:
            print_page(page, plain_text=page)
    if out is not None:
        print_text(f"{short_answer(result)}{Path(out)}\n")


def _check_options(event: str | None, by: list[int] | None) -> None:
    from converse_graph.errors import InvalidValue

    if event is not None or by:
        raise InvalidValue("--against scores what was forecast, and goes with no --event and no --by.")


async def _backtest(name: str, against: str, cutoff: str | None, store: "str | Path | None") -> tuple[str, str]:
    """The scores of an ensemble against facts, as Markdown and as JSON."""
    import json
    import shlex

    from converse_graph.ensembles.backtest import backtest_markdown, score_backtest
    from converse_graph.ensembles.design import Design
    from converse_graph.scenarios.facts import load_facts
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    facts = load_facts(against)
    async with Store.open(store or DEFAULT_PATH) as open_store:
        design = Design.model_validate_json(open_store.ensembles.design(name))
        run_names = {run.name for run in open_store.register.runs()}
        transcripts = [open_store.transcript(run).public() for run in design.replicates(name) if run in run_names]
    result = score_backtest(transcripts, facts, name=name, cutoff=cutoff)
    command = ["converse", "forecast", name, "--against", against, *(["--cutoff", cutoff] if cutoff else [])]
    commands = [*([sweep_command(design, name)] if design.seeds else []), shlex.join(command)]
    return backtest_markdown(result, commands=commands), json.dumps(result.model_dump(mode="json"), indent=2) + "\n"


def _check_names(store: "Store", rows: "list[Outcome]", conditions: list[str]) -> None:
    """Refuse an expression over something that no run knows."""
    from converse_graph.errors import NotFound
    from converse_graph.measures.expressions import Expression, known_names

    for text in conditions:
        fields_there = {name for row in rows[:3] for name in known_names(store.transcript(row.run))}
        for missing in sorted(Expression(text).names() - fields_there):
            raise NotFound.among("field or variable", missing, sorted(fields_there))


def _manifest(store: "Store", design: "Design", rows: "list[Outcome]") -> dict[str, str]:
    """What the runs were made with, as the header of the first has it."""
    if not rows:
        return {}
    header = store.register.run(rows[0].run).header
    settings = {"models": ", ".join(sorted({row.model for row in rows})), "seeds": f"{design.first_seed} to "
                f"{design.first_seed + design.seeds - 1}"}  # fmt: skip
    settings |= {"design": design.kind, "scenario": header.source or header.scenario}
    settings |= {"digest of scenario and prompts": header.digest, "digest of prompts": header.prompts}
    settings |= {"forked from": f"{design.parent} at {design.at}"} if design.parent else {}
    settings |= {"first run begun": header.created.isoformat(timespec="minutes")}
    return settings | dict(header.versions)


def _write_figures(result: "Forecast", folder: Path) -> dict[str, str]:
    """Write each figure as SVG and PNG; returns where the SVG of each lies, by name."""
    from converse_graph.ensembles.figures import as_png, as_svg, forecast_figures
    from converse_graph.export.atomic_files import write_atomically

    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for figure, chart in forecast_figures(result).items():
        path = folder / f"{result.name}-{figure}.svg"
        write_atomically(path, as_svg(chart))
        path.with_suffix(".png").write_bytes(as_png(chart))
        paths[figure] = str(path)
    return paths


def sweep_command(design: "Design", name: str) -> str:
    """Write the command that plays a design.

    Args:
        design: Of an ensemble.
        name: Of the ensemble.
    """
    import shlex

    parts = ["converse", "sweep"]
    parts += ["--from", design.parent, "--at", design.at or ""] if design.parent else [design.scenario]
    for dial, values in design.vary.items():
        parts += ["--vary", f"{dial}={','.join(map(_word, values))}"]
    for dial, value in design.dials.items():
        parts += ["--set", f"{dial}={_word(value)}"]
    parts += ["--design", design.kind] if design.kind != "factorial" else []
    parts += ["--samples", str(design.samples)] if design.samples else []
    parts += ["--paraphrase"] if design.paraphrase else []
    parts += ["--seeds", str(design.seeds), "--name", name]
    parts += ["--rounds", str(design.rounds)] if design.rounds else []
    parts += [] if design.baseline else ["--no-baseline"]
    parts += ["--model", design.model] if design.model else []
    parts += ["--base-url", design.base_url] if design.base_url else []
    return shlex.join(parts)


def _word(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)


def forecast_command(name: str, event: str | None, by: list[int] | None) -> str:
    """Write the command that made a forecast.

    Args:
        name: Of the ensemble.
        event: As it was given.
        by: The years that were asked for.
    """
    import shlex

    parts = ["converse", "forecast", name, *(["--event", event] if event else [])]
    for year in by or ():
        parts += ["--by", str(year)]
    return shlex.join(parts)
