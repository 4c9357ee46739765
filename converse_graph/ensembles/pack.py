"""Puts runs and ensembles into a store of their own, to be sent: without what is private, unless that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from converse_graph.ensembles.design import Design
from converse_graph.errors import InvalidValue, NotFound, StoreFailure
from converse_graph.record.call_paths import JudgePath, parse_call_path
from converse_graph.record.state import PUBLIC_LEDGERS, PUBLIC_VALUES, WORLD_STATE
from converse_graph.scenarios.references import without_folder
from converse_graph.store import Store
from converse_graph.store.permissions import make_folder
from converse_graph.store.run_transfer import StoredRun, record_only


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What was packed."""

    path: Path
    runs: tuple[str, ...]
    ensembles: tuple[str, ...]


async def pack_runs(store: Store, names: Sequence[str], path: Path, *, private: bool = False) -> Packed:
    """Write a new store with these runs alone; any command reads it by `--store`.

    Args:
        store: Where they are.
        names: Of runs, and of ensembles for all of their runs.
        path: The file to write; whole, or not at all.
        private: Whether minds, debates, prompts and replies go with them, and the runs that they were forked from or
            replay. Without, a run can be read, measured, judged and forecast from, not gone on with.

    Raises:
        NotFound: There is no run and no ensemble of that name.
        InvalidValue: There is such a file already.
        RunLocked: Somebody is writing to one of the runs.
        StoreFailure: The file cannot be written.
    """
    _check_free(path)
    ensembles = tuple(name for name in dict.fromkeys(names) if store.ensembles.find(name) is not None)
    runs = tuple(dict.fromkeys(run for name in names for run in _runs_of(store, name, with_origins=private)))
    try:
        make_folder(path.parent, shared=True)
        with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            new_file = Path(folder) / path.name
            async with Store.open(new_file, make=True) as target:
                await _fill(store, target, runs, ensembles, private=private)
            _put(new_file, path)
    except OSError as error:
        raise StoreFailure(f"{path} cannot be written: {error.strerror}; name another with --out.") from None
    return Packed(path=path, runs=runs, ensembles=ensembles)


def public_run(store: Store, name: str) -> StoredRun:
    """Read a run without what is private: what its parties said, what judges made of it, what it took.

    Args:
        store: Where it is.
        name: The run.

    Raises:
        NotFound: There is none of that name.
    """
    run = store.stored.read(name)
    public = store.transcript(name).public()
    if public.header.imported:
        return run
    channels = store.channels(name)
    ledgers = (*PUBLIC_LEDGERS, *([WORLD_STATE] if public.header.world else []))
    return record_only(
        public.header.model_copy(update={"votes": (), "public_only": True}),
        {channel: channels[channel] for channel in PUBLIC_VALUES if channel in channels},
        {ledger: channels.get(ledger, ()) for ledger in ledgers},
        columns={**run.columns, "scenario": ""},
        calls=[call for call in run.calls if isinstance(parse_call_path(call.place), JudgePath)],
        verdicts=run.verdicts,
    )


async def _fill(store: Store, target: Store, runs: Sequence[str], ensembles: Sequence[str], *, private: bool) -> None:
    for name in runs:
        with store.hold(name):
            run = store.stored.read(name) if private else public_run(store, name)
        await target.stored.add(run)
    for name in ensembles:
        design = Design.model_validate_json(store.ensembles.design(name))
        if not private:
            design = design.model_copy(update={"scenario": without_folder(design.scenario)})
        await target.ensembles.save(name, design.model_dump_json(), created=datetime.now(UTC))


def _runs_of(store: Store, name: str, *, with_origins: bool) -> Iterator[str]:
    """The runs that a name stands for, each after those that it comes from."""
    design = store.ensembles.find(name)
    names_there = {run.name for run in store.register.runs()}
    members = [name] if name in names_there else []
    if design is not None:
        members += [run for run in Design.model_validate_json(design).members(name) if run in names_there]
    elif not members:
        names = [*store.ensembles.names(), *sorted(names_there)]
        raise NotFound.among("run or ensemble", name, names, hint="`converse runs` lists the runs.")
    for member in members:
        yield from reversed(list(_lineage(store, member)) if with_origins else [member])


def _lineage(store: Store, name: str) -> Iterator[str]:
    """A run, the one that it was forked from or replays, and so on."""
    origin: str | None = name
    while origin is not None:
        yield origin
        run = store.register.run(origin)
        origin = run.replays or run.parent


def _check_free(path: Path) -> None:
    if path.exists():
        raise InvalidValue(f"There is a file {path} already; name another with --out.")


def _put(new_file: Path, path: Path) -> None:
    """Give a file its name, unless there is one of that name by now."""
    try:
        path.hardlink_to(new_file)
    except FileExistsError:
        _check_free(path)
    except OSError:  # a file system without hard links
        new_file.rename(path)
