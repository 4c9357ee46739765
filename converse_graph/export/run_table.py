"""Runs as rows: how each was set up, where it stands, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from converse_graph.export.markdown_escaping import inline
from converse_graph.measures.outcomes import Outcome
from converse_graph.store import RunSummary


def run_row(run: RunSummary, result: Outcome | None, *, is_held: bool, chain_head: str = "") -> dict[str, Any]:
    """Put what is known of a run in a row, as `runs --json` has it.

    Args:
        run: As the register has it.
        result: What came of it; None where nothing has been said yet.
        is_held: Whether somebody is playing it now; a run that is "running" and not held was left off.
        chain_head: Digest of all that it has on record, for whoever keeps it elsewhere.
    """
    periods = {date.name: date.period for date in result.dates} if result else {}
    return {
        "run": run.name,
        "scenario": run.scenario_name,
        "status": "paused" if run.status == "running" and not is_held else run.status,
        "parent": run.parent,
        "replays": run.replays,
        "rounds": run.rounds,
        "statements": run.statements,
        "tokens": run.tokens,
        "usd": run.usd,
        "created": run.created,
        "chain_head": chain_head,
        "model": result.model if result else None,
        "humans": list(result.humans) if result else [],
        "seed": result.seed if result else None,
        "dials": result.dials if result else {},
        "ended": run.ended,
        "watched": result.watched if result else None,
        "events": {name: periods.get(name) for name in result.awaited} if result else {},
        "reported_by": {date.name: list(date.parties) for date in result.dates} if result else {},
        "years": result.events if result else {},
        "last_values": result.last_values if result else {},
        "drift_rate": result.drift_rate if result else None,
        "agreement": result.agreement if result else None,
        "scores": result.scores if result else {},
    }


def flat_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give each entry of what is nested in a row a column of its own, such as `event.treaty` or `last.Norland.pledge`.

    Args:
        row: As `run_row` gives it.
    """
    heads = {"dials": "", "events": "event.", "reported_by": "reported_by.", "years": "years.", "scores": "score.",
             "last_values": "last."}  # fmt: skip
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name in heads:
            flat |= {f"{heads[name]}{key}": inner for key, inner in _leaves(value)}
        elif name == "humans":
            flat[name] = "; ".join(value)
        else:
            flat[name] = value
    return flat


def _leaves(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    leaves: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            leaves += [(f"{name}.{inner}", leaf) for inner, leaf in _leaves(value)]
        else:
            leaves.append((name, value))
    return leaves


def several_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Tell several runs in a table: how each ended, when which event happened, and its rates.

    Args:
        rows: As `run_row` gives them.
    """
    events = list(dict.fromkeys(name for row in rows for name in row["events"]))
    scores = list(dict.fromkeys(name for row in rows for name in row["scores"]))
    dials = [name for name in dict.fromkeys(dial for row in rows for dial in row["dials"]) if _differs(rows, name)]
    with_humans = ["humans"] if any(row["humans"] for row in rows) else []
    heads = [
        "run",
        "seed",
        *with_humans,
        *dials,
        "status",
        "ended",
        *events,
        "drift a statement",
        "only agrees",
        *scores,
    ]
    lines = [f"# {len(rows)} runs in figures", "", _line(heads), _line(["---"] * len(heads))]
    for row in rows:
        cells = [row["run"], row["seed"], *("; ".join(row[name]) or None for name in with_humans)]
        cells += [*(row["dials"].get(dial) for dial in dials), row["status"], row["ended"]]
        cells += [*(row["events"].get(event) for event in events), _share(row["drift_rate"]), _share(row["agreement"])]
        lines.append(_line([*cells, *(_share(row["scores"].get(name)) for name in scores)]))
    return "\n".join([*lines, ""])


def run_differences(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """List the columns in which several runs differ, with the value of each run.

    Args:
        rows: As `run_row` gives them.
    """
    flat = {row["run"]: {name: value for name, value in flat_row(row).items() if name not in _OWN} for row in rows}
    columns = dict.fromkeys(name for values in flat.values() for name in values)
    differing = [name for name in columns if len({str(values.get(name)) for values in flat.values()}) > 1]
    return {
        "runs": list(flat),
        "differences": {name: [values.get(name) for values in flat.values()] for name in differing},
    }


_OWN = ("run", "created", "tokens", "usd")
"""What differs from run to run and says nothing."""


def differences_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Tell where several runs differ, a row for each column and a column for each run; last values are left to JSON.

    Args:
        rows: As `run_row` gives them.
    """
    values = run_differences(rows)
    lines = [f"# {len(rows)} runs compared", "", _line(["", *values["runs"]]), _line(["---"] * (1 + len(rows)))]
    lines += [_line([name, *cells]) for name, cells in values["differences"].items() if not name.startswith("last.")]
    return "\n".join([*lines, ""])


def _differs(rows: Sequence[Mapping[str, Any]], dial: str) -> bool:
    return len({str(row["dials"].get(dial)) for row in rows}) > 1


def _line(cells: Sequence[Any]) -> str:
    words = ("-" if cell is None else str(cell) for cell in cells)
    return "| " + " | ".join(word if set(word) == {"-"} else inline(word).replace("\\.", ".") for word in words) + " |"


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"
