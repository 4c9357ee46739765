"""Kills a nested run with SIGKILL at every model call and at every commit, resumes it, and tells how it ended.

Run as `python kill_sweep.py ORDER FOLDER [EVERY SERVER]`; prints one JSON object. Each life of a run is a process of
its own, forked before anything is opened. With a server's address each run has a database of its own there, and only
every so many points are tried.
"""

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from converse_graph import Clock, Debate, NullModel, Organisation, Persona, Scenario, Simulation, Store
from converse_graph.models.base import Request, Response
from converse_graph.store.chain_check import chain_breaks
from converse_graph.store.writer import Writer

conscience = Debate(motion="Is it right?", turns=2, members=[Persona(name="Angel"), Persona(name="Devil")])
board = Debate(
    motion="What do we do?",
    turns=2,
    options=("go", "stay"),
    members=[Persona(name="CEO", deliberation=conscience), Persona(name="Safety")],
)


def scenario(order: Any) -> Scenario:
    parties = [Organisation(name="A", deliberation=board), Organisation(name="B", deliberation=board)]
    return Scenario(premise="Two.", clock=Clock(end=2, step="round"), order=order, organisations=[*parties])


class Mortal(NullModel):
    """Writes down each call as it begins, and dies in the one that it is told to die in."""

    def __init__(self, log: Path, dies_in: int | None) -> None:
        super().__init__()
        self.log, self.dies_in, self.begun = log, dies_in, 0

    async def complete(self, request: Request) -> Response:
        with self.log.open("a") as file:
            file.write(f"{request.place}#{request.attempt}\n")
        self.begun += 1
        if self.begun == self.dies_in:
            die()
        return await super().complete(request)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def store_of(folder: Path) -> str:
    """Where the run of a folder is kept: in a file there, or in a database of its own."""
    named = folder / "store"
    return named.read_text() if named.exists() else str(folder / "runs.sqlite")


async def play(order: str, folder: Path, *, dies_in: int | None, dies_before_commit: int | None) -> None:
    model = Mortal(folder / "calls.log", dies_in)
    async with Store.open(store_of(folder), make=True) as store:
        if dies_before_commit is not None:
            _count_commits(store._writer, dies_before_commit)
        if any(run.name == "run" for run in store.register.runs()):
            made = await Simulation.reopen(store, "run", scenario=scenario(order), model=model)
        else:
            made = await Simulation.begin(
                store, scenario(order), seed=7, created=datetime(2026, 1, 1, tzinfo=UTC), model=model, name="run"
            )
        run = await made.play()
        kept = store.channels(run.name)
        journal = sorted([call.place, call.attempt, call.reply.text] for call in store.journal(run.id).calls())
        changes = [found.why for found in chain_breaks(store, run)]
        told = {"status": run.status, "channels": kept, "journal": journal, "changes": changes}
        told["chain_head"] = store.chain(run.id).head()
        (folder / "end.json").write_text(json.dumps(told, sort_keys=True))


def _count_commits(writer: Writer, last: int) -> None:
    """Die as that transaction is about to begin."""
    transact, made = writer._transact, [0]

    def counted(jobs: list[Callable[..., Any]]) -> list[Any]:
        made[0] += 1
        if made[0] == last:
            die()
        return transact(jobs)

    writer._transact = counted  # type: ignore[method-assign]


def live(order: str, folder: Path, **death: int | None) -> int:
    """One life of the run, in a process of its own; how it ended."""
    child = os.fork()
    if child == 0:
        asyncio.run(play(order, folder, **{"dies_in": None, "dies_before_commit": None, **death}))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def new_folder(folder: Path, server: str | None) -> Path:
    """A folder for a run, with the address of its database where there is a server."""
    folder.mkdir()
    if server is not None:
        named = f"sweep_{secrets.token_hex(6)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{named}"')
        (folder / "store").write_text(server.rpartition("/")[0] + f"/{named}")
    return folder


def sweep(order: str, folder: Path, how: str, whole: str, *, every: int, server: str | None) -> list[dict[str, Any]]:
    """Kill the run at the first point, the next, and so on until there is none left."""
    told = []
    for point in range(1, 1000, every):
        here = new_folder(folder / f"{how}-{point}", server)
        if live(order, here, **{how: point}) != -signal.SIGKILL:
            break
        code = live(order, here)
        calls = (here / "calls.log").read_text().split("\n")[:-1]
        again = len(calls) - len(set(calls))
        end = here / "end.json"
        told.append({"at": point, "code": code, "again": again, "same": end.exists() and end.read_text() == whole})
    return told


if __name__ == "__main__":
    order, folder = sys.argv[1:3]
    every, server = (int(sys.argv[3]), sys.argv[4]) if len(sys.argv) > 3 else (1, None)
    here = new_folder(Path(folder) / "whole", server)
    assert live(order, here) == 0
    whole = (here / "end.json").read_text()
    assert json.loads(whole)["changes"] == []
    points = {
        how: sweep(order, Path(folder), how, whole, every=every, server=server)
        for how in ("dies_in", "dies_before_commit")
    }
    calls = len((here / "calls.log").read_text().split())
    sys.stdout.write(json.dumps({"calls": calls, **points}))
