"""What scripts lean on: what is printed as JSON fits the schema that `converse schema` publishes."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.command_line import BOARDS, Converse


def published(converse: Converse, of: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(converse("schema", "--of", of).out)
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def fits(converse: Converse, of: str, shown: Any) -> None:
    schema = published(converse, of)
    jsonschema.validate(shown, schema)
    broken = {**shown, "surprise": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_the_measures_of_a_run_with_debates_fit_their_schema_and_are_told_in_text(converse: Converse) -> None:
    assert converse("run", str(BOARDS), "--model", "null", "--rounds", "3", "--name", "r").code == 0
    shown = json.loads(converse("show", "r", "--stats", "--as", "json").out)
    fits(converse, "stats", shown)
    assert shown["disagreement"]["debates"] > 0
    assert {row["party"] for row in shown["drift"]} == {"Maker", "Buyer"}
    text = converse("show", "r", "--stats").out
    assert "| changes of position" in text
    assert "## Drift and repairs" in text
    assert "repairs" in text


def test_the_measures_of_a_motion_before_the_table_fit_their_schema(converse: Converse) -> None:
    options = ("--model", "null", "--rounds", "2", "--name", "d", "--no-judge", "--quiet")
    rules = ("--set", "secret_ballot=true", "--set", "private_positions=true")
    assert converse("run", "alignment-debate", *options, *rules).code == 0
    shown = json.loads(converse("show", "d", "--stats", "--as", "json").out)
    fits(converse, "stats", shown)
    assert shown["table"]["ballots"] == 2
    assert "## Disagreement at the table" in converse("show", "d", "--stats").out
    jsonschema.validate(json.loads(converse("show", "d", "--json").out), published(converse, "show"))


def test_two_runs_side_by_side_fit_their_schema(converse: Converse) -> None:
    for name, seed in (("a", "1"), ("b", "2")):
        options = ("--model", "null", "--rounds", "1", "--name", name, "--seed", seed, "--set", "deep=false")
        assert converse("run", str(BOARDS), *options).code == 0
    fits(converse, "diff", json.loads(converse("diff", "a", "b", "--as", "json").out))


def test_an_interview_fits_its_schema(converse: Converse) -> None:
    assert converse("run", str(BOARDS), "--model", "null", "--rounds", "1", "--name", "r").code == 0
    asked = ("interview", "r", "--party", "Maker", "--at", "round 1", "--json", "What now?")
    fits(converse, "interview", json.loads(converse(*asked).out))


def test_a_replay_is_marked_in_the_list_of_runs_and_keeps_the_verdict(converse: Converse) -> None:
    options = ("--model", "null", "--rounds", "1", "--set", "deep=false")
    assert converse("run", str(BOARDS), *options, "--name", "r").code == 0
    assert converse("replay", "r", "--name", "again").code == 0
    rows = json.loads(converse("runs", "--json").out)
    jsonschema.validate(rows, published(converse, "runs"))
    assert {row["run"]: row["replays"] for row in rows} == {"again": "r", "r": None}
    first, second = (json.loads(converse("show", name, "--json").out) for name in ("r", "again"))
    assert first["verdicts"] == second["verdicts"] != []


def test_the_header_says_how_every_model_was_prompted_and_which_file_was_played(converse: Converse) -> None:
    assert converse("run", str(BOARDS), "--model", "null", "--rounds", "1", "--name", "r").code == 0
    header = json.loads(converse("show", "r", "--json").out)["header"]
    assert header["models"] == {"null": {"profile": "small", "window": None, "shown_window": None, "safe_window": None}}
    assert header["source"].startswith(BOARDS.name)
    assert len(header["digest"]) == 12


def test_an_audit_fits_its_schema_and_ends_with_1_where_something_leaked(converse: Converse, tmp_path: Path) -> None:
    assert converse("run", str(BOARDS), "--model", "null", "--rounds", "1", "--name", "r").code == 0
    sound = converse("audit", "r", "--json")
    assert sound.code == 0
    fits(converse, "audit", json.loads(sound.out))
    told = converse("audit", "r").out
    assert "Run r: nothing private went astray." in told
    assert "Not checked: Traces" in told

    database = sqlite3.connect(tmp_path / ".converse" / "runs.sqlite")
    with database:
        database.execute("UPDATE messages SET owner = 'public' WHERE source LIKE 'line/%'")
    database.close()
    broken = converse("audit", "r")
    assert broken.code == 1
    assert "chain · 0.0/Maker/" in broken.out
    told_as_json = json.loads(converse("audit", "r", "--json").out)
    assert not told_as_json["private"]
    assert {leak["kind"] for leak in told_as_json["leaks"]} >= {"chain", "provenance"}
    refused = converse("extend", "r", "--rounds", "2")
    assert refused.code == 2
    assert "Run r was changed" in refused.err.replace("'", "")


def test_a_head_that_was_kept_is_compared_with_the_store(converse: Converse) -> None:
    assert converse("run", str(BOARDS), "--model", "null", "--rounds", "1", "--name", "r").code == 0
    (row,) = json.loads(converse("runs", "--json").out)
    assert json.loads(converse("show", "r", "--json").out)["header"]["chain_head"] == row["chain_head"]
    same = converse("audit", "r", "--against", row["chain_head"])
    assert same.code == 0
    assert f"Head of its chains: {row['chain_head']}, the one that was kept." in same.out.replace("\n", " ")
    assert converse("audit", "r", "--against", "transcripts/r.md").code in (0, 2)
    assert converse("audit", "r", "--against", "0" * 64).code == 1
    assert converse("audit", "r", "--against", "elsewhere.md").code == 2


def test_a_graph_fits_its_schema_and_is_drawn_whole_in_a_file(converse: Converse, tmp_path: Path) -> None:
    fits(converse, "graph", json.loads(converse("graph", str(BOARDS), "--as", "json").out))
    whole, table = (converse("graph", str(BOARDS), *more).out for more in ((), ("--depth", "1")))
    assert whole.startswith("flowchart TD\n")
    assert whole.count("subgraph ") > table.count("subgraph ") == 1
    assert converse("graph", str(BOARDS), "--as", "svg", "--out", "g.svg", "--set", "deep=false").code == 0
    assert (tmp_path / "g.svg").read_text(encoding="utf-8").endswith("</svg>\n")
    assert converse("graph", str(BOARDS), "--depth", "0").code == 2
