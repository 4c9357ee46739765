"""`converse dataset`: files, and a server on loopback that stands for LangSmith's datasets."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.support.child_process import Ended
from tests.support.command_line import BOARDS, Converse
from tests.support.langsmith_server import ingesting

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def played(converse: Converse) -> Converse:
    options = ("--model", "null", "--rounds", "2", "--no-judge", "--quiet", "--set", "deep=false")
    for name in ("one", "two"):
        assert converse("run", str(BOARDS), "--name", name, *options).code == 0
    return converse


def at(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("LANGSMITH_API_KEY", "secret-key")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", url)


def told(ended: Ended) -> str:
    assert (ended.code, ended.err) == (0, "")
    return ended.out.strip()


def test_runs_become_lines_of_json_that_fit_their_schema(played: Converse, tmp_path: Path) -> None:
    lines = told(played("dataset", "one", "two", "one")).splitlines()
    schema = json.loads(played("schema", "--of", "dataset").out)
    for line in lines:
        jsonschema.validate(json.loads(line), schema)
    assert [json.loads(line)["metadata"]["run"] for line in lines] == ["one", "two"]

    assert told(played("dataset", "one", "--by", "statement", "--out", "said.jsonl")) == (
        "said.jsonl: 4 examples, without what is private (--private puts it in)"
    )
    assert "memo" not in (tmp_path / "said.jsonl").read_text()
    assert told(played("dataset", "one", "--private", "--out", "all.jsonl")).endswith("with what is private")
    assert "memo" in (tmp_path / "all.jsonl").read_text()


def test_a_dataset_is_made_and_a_run_that_is_sent_again_brings_it_up_to_date(
    played: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ingesting() as (url, kept):
        at(monkeypatch, url)
        first = told(played("dataset", "one", "two", "--name", "talks"))
        ids = set(kept.examples)
        played("extend", "one", "--rounds", "3", "--no-judge", "--quiet")
        again = told(played("dataset", "one", "two", "--name", "talks"))
        other = told(played("dataset", "one", "--name", "others"))

    assert (
        first == f"Dataset talks at {url}: 2 new, 0 brought up to date, without what is private (--private puts it in)"
    )
    assert " 0 new, 2 brought up to date" in again
    assert " 1 new, 0 brought up to date" in other
    assert len(kept.examples) == 3
    assert sorted(kept.datasets) == ["others", "talks"]
    assert kept.keys == {"secret-key"}
    extended = next(kept.examples[id] for id in ids if kept.examples[id]["metadata"]["run"] == "one")
    assert len(extended["outputs"]["statements"]) == 6
    assert b'"memo"' not in b"".join(kept.bodies)


def test_a_dataset_of_more_than_a_page_has_no_doubles(played: Converse, monkeypatch: pytest.MonkeyPatch) -> None:
    told(played("extend", "one", "--rounds", "60", "--no-judge", "--quiet"))
    with ingesting() as (url, kept):
        at(monkeypatch, url)
        assert " 120 new, 0 " in told(played("dataset", "one", "--by", "statement", "--name", "talks"))
        assert " 0 new, 120 " in told(played("dataset", "one", "--by", "statement", "--name", "talks"))
        assert len(kept.examples) == 120


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (401, "LangSmith at {url} refuses the key in LANGSMITH_API_KEY."),
        (403, "LangSmith at {url} refuses the key in LANGSMITH_API_KEY."),
        (422, "LangSmith at {url} did not take a dataset (LangSmithError)."),
    ],
)
def test_where_langsmith_refuses_one_line_says_so_and_no_word_is_shown(
    played: Converse, monkeypatch: pytest.MonkeyPatch, status: int, line: str
) -> None:
    with ingesting(status) as (url, _):
        at(monkeypatch, url)
        ended = played("dataset", "one", "--private", "--name", "talks")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"converse: {line.format(url=url)} The runs are in their store as before; send them again " \
                        "later, or write a file with --out.\n"  # fmt: skip


def test_where_langsmith_is_not_there_or_no_key_is_set_one_line_says_so(
    played: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = played("dataset", "one", "--name", "talks")
    assert ended.code == 2
    assert ended.err == "converse: LANGSMITH_API_KEY is not set; set it, or write a file with --out instead.\n"
    at(monkeypatch, NOBODY)
    ended = played("dataset", "one", "--name", "talks")
    assert ended.code == 1
    assert ended.err.startswith(f"converse: LangSmith at {NOBODY} cannot be reached. The runs are in their store")


def test_both_a_file_and_a_dataset_or_a_run_that_is_none_are_refused(played: Converse) -> None:
    both = played("dataset", "one", "--name", "talks", "--out", "talks.jsonl")
    assert (both.code, "cannot both be had" in both.err) == (2, True)
    none = played("dataset", "one", "three", "--out", "talks.jsonl")
    assert (none.code, none.err) == (2, "converse: No run 'three'; there is: two, one.\n")
    assert not Path("talks.jsonl").exists()
