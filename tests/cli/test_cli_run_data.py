"""Runs as data: what happened in each, as rows for programs, and in SQL."""

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest

from converse_graph import load_run
from converse_graph.measures.rows import rows
from tests.support.command_line import Converse

_SEA = """\
version: 1
name: sea
title: Two states and a treaty
premise: Two states share a sea.
clock: {start: 2026, end: 2028}
organisations:
  - name: Norland
    kind: state
    fields: [{kind: boolean, name: signed, ask: whether you sign the treaty}]
  - name: Sudmark
    kind: state
    fields: [{kind: boolean, name: signed, ask: whether you sign the treaty}]
world:
  variables:
    - {name: stock, unit: kt, start: 100, maximum: 200}
    - {name: secret, unit: kt, start: 5, maximum: 200, visibility: hidden}
  drift:
    - {variable: stock, amount: -30}
  events:
    - {name: collapse, variable: stock, at_most: 50}
events:
  - {name: treaty, field: signed, equals: true, parties: 2}
stop:
  - {kind: event, event: treaty}
"""


@pytest.fixture
def sea(converse: Converse, tmp_path: Path) -> Converse:
    """A store with two runs of one scenario: chance has one end in a treaty, the other at its horizon."""
    (tmp_path / "sea.yaml").write_text(_SEA, encoding="utf-8")
    endings: dict[str, str] = {}
    for seed in range(20):
        name = f"s{seed}"
        done = converse("run", "sea.yaml", "--model", "null", "--seed", str(seed), "--name", name, "--no-judge")
        assert done.code == 0, done.err
        ending = json.loads(converse("runs", name, "--json").out)[0]["ended"]
        endings.setdefault(ending, name)
        if len(endings) == 2:
            break
    assert set(endings) == {"event treaty", "horizon"}
    converse.endings = endings  # type: ignore[attr-defined]
    return converse


def test_a_run_that_ended_in_a_treaty_and_one_that_did_not_are_told_apart_everywhere(sea: Converse) -> None:
    treaty, none = sea.endings["event treaty"], sea.endings["horizon"]  # type: ignore[attr-defined]

    difference = json.loads(sea("diff", none, treaty, "--json").out)
    shown = json.loads(sea("show", treaty, "--json").out)
    figures = sea("show", treaty, "--stats").out
    listed = {row["run"]: row for row in json.loads(sea("runs", "--json", "--where", f"seed={treaty[1:]}").out)}

    assert {"name": "ended", "first": "horizon", "second": "event treaty"} in difference["outcome"]
    assert "event treaty: " in sea("diff", none, treaty).out
    (date,) = [one for one in shown["happened"] if one["name"] == "treaty"]
    assert set(date["parties"]) == {"Norland", "Sudmark"}
    assert "| treaty |" in figures.replace("  ", "")
    assert listed.keys() == {treaty}
    assert listed[treaty]["events"]["treaty"] == date["period"]
    assert set(listed[treaty]["reported_by"]["treaty"]) == {"Norland", "Sudmark"}


def test_an_event_of_the_world_is_dated_and_reported_by_the_world(sea: Converse) -> None:
    none = sea.endings["horizon"]  # type: ignore[attr-defined]

    (row,) = json.loads(sea("runs", none, "--json").out)

    assert row["events"] == {"treaty": None, "collapse": "2027"}  # 100 - 30 - 30
    assert row["reported_by"] == {"collapse": ["world"]}
    assert row["years"] == {"collapse": 2}
    assert row["last_values"]["world"] == {"stock": 10}  # nothing hidden


def test_runs_and_statements_are_tables_with_a_column_for_the_run(sea: Converse) -> None:
    treaty, none = sea.endings["event treaty"], sea.endings["horizon"]  # type: ignore[attr-defined]

    listed = list(csv.DictReader(io.StringIO(sea("runs", "--as", "csv", "--where", "status=finished").out)))
    shown = list(csv.DictReader(io.StringIO(sea("show", treaty, none, "--as", "csv").out)))
    summary = sea("show", treaty, none, "--stats").out

    assert {"seed", "model", "ended", "event.treaty", "years.collapse", "last.world.stock"} <= listed[0].keys()
    assert {row["run"] for row in shown} == {treaty, none}
    assert f"| {treaty} |" in summary
    assert f"| {none} |" in summary


def test_sql_reads_what_is_public_apart_from_what_is_private(sea: Converse, tmp_path: Path) -> None:
    treaty = sea.endings["event treaty"]  # type: ignore[attr-defined]
    with sqlite3.connect(tmp_path / ".converse" / "runs.sqlite") as database:
        dates = database.execute("SELECT name, reported_by FROM public_events WHERE run = ?", [treaty]).fetchall()
        signed = database.execute("SELECT COUNT(*) FROM public_fields WHERE name = 'signed' AND run = ?", [treaty])
        variables = database.execute("SELECT DISTINCT variable FROM public_world").fetchall()
        hidden = database.execute("SELECT DISTINCT variable FROM private_world").fetchall()
        memos = database.execute("SELECT COUNT(*) FROM private_memos").fetchone()
        columns = {row[1] for row in database.execute("PRAGMA table_info(public_statements)")}
    record = load_run(treaty, store=tmp_path / ".converse" / "runs.sqlite")

    assert any(name == "treaty" and by.startswith(("Norland", "Sudmark")) for name, by in dates)
    assert signed.fetchone()[0] == len([row for row in rows(record, "fields") if row["name"] == "signed"])
    assert (variables, hidden) == ([("stock",)], [("secret",)])
    assert memos[0] > 0
    assert not {"memo", "position"} & columns


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("runs", "--where", "colour=red"), "No column 'colour'"),
        (("runs", "--where", "finished"), "--where takes COLUMN=VALUE"),
        (("show", "nobody"), "No run 'nobody'"),
        (("audit", "s0", "nobody"), "No run 'nobody'"),
        (("diff", "s0"), "takes two runs or more"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(sea: Converse, arguments: tuple[str, ...], message: str) -> None:
    done = sea(*arguments)

    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err
