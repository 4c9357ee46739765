"""Any one value that is changed in any table of a store is found, or is known to mean nothing, with the reason."""

import asyncio
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from converse_graph import Event, Integer, Motion, Organisation, Scenario, Store, find_scenario
from converse_graph.audit.audit import audit_run
from converse_graph.errors import ConverseError
from converse_graph.judge.runs import judge_run
from converse_graph.runs.derived import fork
from converse_graph.runs.simulation import Simulation
from converse_graph.store.chain_check import chain_breaks
from tests.support.planted_secrets import Marking, mark
from tests.support.property_search import example_count
from tests.support.small_scenarios import CREATED, debate, played, table

WHOLE_SEARCH = (Phase.explicit, Phase.reuse, Phase.generate)

MEANS_NOTHING = {
    "versions.version": "the head of a SQLite file says which version counts",
    "versions.made_by": "tells people which release made the tables; nothing goes by it",
    "calls.seconds": "how long a call took differs whenever a run is played, and nothing goes by it",
    "calls.id": "orders the calls of a speaker; where their order is another, their chain is broken",
    "verdicts.id": "orders verdicts; where their order is another, their digest is",
    "outcomes.run": "a run without a row is given one anew, and a row without a run is read by nothing",
    "outcomes.stamp": "rows with another stamp are made anew before anything goes by them",
    "ensembles.name": "a design is no part of a run, whose header has the dials that it was played with",
    "ensembles.design": "the same",
    "ensembles.created": "the same",
}


def scenario() -> Scenario:
    board = debate("Chair", "Critic", private_positions=True, ballot="secret")
    week = Integer(name="week", ask="the week", minimum=1, maximum=2)
    return table(
        Organisation(name="Alpha", brief=mark("Alpha"), deliberation=board),
        Organisation(name="Beta", brief=mark("Beta"), fields=(week,)),
        rounds=2,
        events=(Event(name="year", field="week", equals=2),),
        motion=Motion(question="Shall we stop?", options=("yes", "no")),
    )


@pytest.fixture(scope="module")
def whole_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flipped") / "runs.sqlite"
    with asyncio.Runner() as runner:
        runner.run(fill(path))
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = DELETE")  # so that the file is whole without those beside it
    database.close()
    return path


async def fill(path: Path) -> None:
    """Make a store with a row in every table: a judged run, its fork, one with a world, and an ensemble."""
    async with Store.open(path, make=True) as store:
        run = await played(store, scenario(), model=Marking("large"))
        branch = await fork(store, run.run.name, at="round 2:Beta", say="We strike at noon.", created=CREATED,
                            scenario=scenario(), model=Marking("large"))  # fmt: skip
        await branch.play()
        await judge_run(store, run.run.name, models=["null"])
        sea = await Simulation.begin(store, find_scenario("fishery")(), model="null", name="sea", rounds=1)
        await sea.play()
        await sea.close()
        await store.outcomes()
        await store.ensembles.save("sweep", "{}", created=CREATED)


async def is_found(path: Path, names: list[str]) -> bool:
    """Whether the chains or the audit of some run find something, or a run cannot be read any more, which is said."""
    try:
        async with Store.open(path) as store:
            runs = [store.register.run(name) for name in names]
            if any(True for run in runs for _ in chain_breaks(store, run)):
                return True
            return any(
                [(await audit_run(store, name, scenario=None if name == "sea" else scenario())).leaks for name in names]
            )
    except ConverseError:
        return True


def changed(value: Any, data: st.DataObject) -> Any:
    """Another value of the same kind; of JSON, with one value in it changed at any depth."""
    if isinstance(value, str) and value.startswith(("[", "{")) and data.draw(st.booleans()):
        return json.dumps(changed_inside(json.loads(value), data), ensure_ascii=False)
    if isinstance(value, str | bytes):
        if not value:
            return "x" if isinstance(value, str) else b"x"
        at = data.draw(st.integers(0, len(value) - 1))
        other: Any = "x" if isinstance(value, str) else bytes([value[at] ^ data.draw(st.integers(1, 255))])
        return value[:at] + other + value[at + 1 :]
    return 1 if value is None else value + data.draw(st.sampled_from([1, -1, 7]))


def changed_inside(value: Any, data: st.DataObject) -> Any:
    """The same value with one at some depth changed."""
    if isinstance(value, dict) and value:
        name = data.draw(st.sampled_from(sorted(value)))
        return {**value, name: changed_inside(value[name], data)}
    if isinstance(value, list) and value:
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], changed_inside(value[at], data), *value[at + 1 :]]
    if isinstance(value, bool) or value is None:
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}x" if isinstance(value, str) else [0]


def columns_of(database: sqlite3.Connection) -> list[tuple[str, str]]:
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [
        (name, str(column[1]))
        for name in sorted(tables)
        if not name.startswith("sqlite_")
        for column in database.execute(f"SELECT * FROM pragma_table_info('{name}')")  # noqa: S608 - tables of ours
    ]


@settings(
    max_examples=example_count(200),
    deadline=None,
    phases=WHOLE_SEARCH,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_one_changed_value_is_found_or_means_nothing(
    whole_store: Path, tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / "flipped.sqlite"
    shutil.copy(whole_store, path)
    database = sqlite3.connect(path)
    names = [name for (name,) in database.execute("SELECT name FROM runs")]
    table_name, column = data.draw(st.sampled_from(columns_of(database)))
    rows = database.execute(f"SELECT * FROM {table_name}").fetchall()  # noqa: S608 - a table of ours
    assert rows, f"{table_name} is empty: the store is to have a row in every table"
    heads = [str(head[1]) for head in database.execute(f"SELECT * FROM pragma_table_info('{table_name}')")]  # noqa: S608
    row = dict(zip(heads, data.draw(st.sampled_from(rows)), strict=True))
    new_value = changed(row[column], data)
    assume(new_value != row[column])
    where = " AND ".join(f"{head} IS ?" for head in heads)
    try:
        with database:
            done = database.execute(f"UPDATE {table_name} SET {column} = ? WHERE {where}", (new_value, *row.values()))  # noqa: S608
    except sqlite3.IntegrityError:
        assume(False)
    assert done.rowcount == 1
    database.close()
    event(f"{table_name}.{column}")

    if f"{table_name}.{column}" not in MEANS_NOTHING:
        assert await is_found(path, names), f"{table_name}.{column}: {row[column]!r} → {new_value!r}"


def test_every_value_that_means_nothing_is_one_that_there_is(whole_store: Path) -> None:
    database = sqlite3.connect(whole_store)
    assert {*MEANS_NOTHING} <= {f"{name}.{column}" for name, column in columns_of(database)}
    database.close()
