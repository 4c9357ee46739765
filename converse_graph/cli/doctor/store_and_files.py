"""The store, and where scenarios and prompts are found."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from converse_graph.cli.doctor.finding import Finding
from converse_graph.errors import ConverseError
from converse_graph.prompting.templates import TASKS, load_prompts
from converse_graph.resources import search_path
from converse_graph.scenarios.catalogue import catalogue
from converse_graph.store import Store

LITTLE_ROOM = 200 * 2**20
"""Bytes: a turn takes about 6 kB without debates, so that this is some thousands of them with."""


async def look_at_store(address: str) -> list[Finding]:
    """Whether runs can be kept there.

    Args:
        address: A file, or the address of a database.
    """
    if "://" in address:
        return [await _opened(address, address)]
    path = Path(address)
    around = await asyncio.to_thread(_around, path)
    version = await asyncio.to_thread(_version, path)
    if version is None:
        state = f"none yet at {path}; the first `converse run` makes it"
        return [Finding(area="store", name="runs", outcome="ok", state=state), *around]
    return [await _opened(address, f"{path}{version}"), *around]


def _around(path: Path) -> list[Finding]:
    parent = path.absolute().parent
    folder = next(place for place in (parent, *parent.parents) if place.is_dir())
    return [_writable(path, folder), _room(folder)]


async def _opened(address: str, place: str) -> Finding:
    try:
        async with Store.open(address) as store:
            runs = len(store.register.runs())
    except (ConverseError, sqlite3.Error, OSError) as error:
        way_out = "Use --store FILE, or move away what is there."
        return Finding(area="store", name="runs", outcome="fail", state=str(error), way_out=way_out)
    return Finding(area="store", name="runs", outcome="ok", state=f"{place}: {runs} in all")


def _version(path: Path) -> str | None:
    """Its version as words, empty where it has none; None where there is no such file."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            return f" (version {database.execute('PRAGMA user_version').fetchone()[0]})"
    except sqlite3.Error:
        return ""


def _writable(path: Path, folder: Path) -> Finding:
    unwritable = [str(place) for place in (folder, path) if place.exists() and not os.access(place, os.W_OK)]
    if unwritable:
        fault, way_out = f"{' and '.join(unwritable)} cannot be written", "Give yourself leave, or use --store FILE."
        return Finding(area="store", name="leave to write", outcome="fail", state=fault, way_out=way_out)
    return Finding(area="store", name="leave to write", outcome="ok", state=f"yes, in {folder}")


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    free_space = f"{free / 2**30:,.1f} GiB free"
    if free < LITTLE_ROOM:
        way_out = "Make room, or use --store FILE on another disk; a run without room pauses and can be resumed."
        return Finding(area="store", name="disk space", outcome="warn", state=free_space, way_out=way_out)
    return Finding(area="store", name="disk space", outcome="ok", state=free_space)


def look_at_scenarios() -> Iterator[Finding]:
    """Whether all scenarios load, and how many there are from where."""
    try:
        scenarios = catalogue()
    except ConverseError as error:
        way_out = "Mend the file, or take it out of graphs/; until then no scenario is found by name."
        yield Finding(area="scenarios", name="graphs", outcome="fail", state=str(error), way_out=way_out)
        return
    where = ", then ".join(f"{folder} ({len(list(folder.glob('*.py')))} files)" for folder in search_path("graphs"))
    yield Finding(area="scenarios", name="graphs", outcome="ok", state=f"{len(scenarios)} by name, from {where}")


def look_at_prompts() -> Iterator[Finding]:
    """Whether all prompts load, and which of the working directory's are used."""
    *own, ours = search_path("prompts")
    try:
        prompts = load_prompts()
    except ConverseError as error:
        way_out = "Mend the file; no run can begin until then."
        yield Finding(area="prompts", name="templates", outcome="fail", state=str(error), way_out=way_out)
        return
    text = f"{len({task for task, _ in prompts.templates})} tasks, digest {prompts.digest}, from {ours}"
    for folder in own:
        text += f"; {len(_files(folder) & (_files(ours) | _expected()))} of them from {folder}"
    yield Finding(area="prompts", name="templates", outcome="ok", state=text)
    for folder in own:
        if extra := sorted(_files(folder) - _files(ours) - _expected()):
            fault, way_out = f"{folder} holds what no task asks for: {', '.join(extra)}", "Check the names for slips."
            yield Finding(area="prompts", name="unused", outcome="warn", state=fault, way_out=way_out)


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")}


def _expected() -> set[str]:
    return {f"{task}{ending}" for task in TASKS for ending in (".md", ".small.md")}
