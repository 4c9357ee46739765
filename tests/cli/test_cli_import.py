"""A conversation from elsewhere, from its file to a forecast, and what nobody can do with it."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import BOARDS, Converse

TALK = """\
Minutes

OPENAI 2026: We train a larger model this year, and we say so in public.
UK Government 2026: We set up an institute for the safety of such models.

OPENAI 2027: The model is done, and it passes every test that we know.
OPENAI 2027: We add that it is safe.
UK Government 2031: We sign the treaty.
OPENAI 2028: We sign it too, and we open the model to inspectors.
"""


@pytest.fixture
def talk(converse: Converse, tmp_path: Path) -> Path:
    path = tmp_path / "talk.txt"
    path.write_text(TALK, encoding="utf-8")
    return path


def test_an_imported_talk_is_listed_shown_measured_judged_compared_and_forecast_from(
    converse: Converse, talk: Path
) -> None:
    done = converse("import", str(talk), "--event", "treaty=sign the treaty", "--ensemble", "talks")
    assert done.code == 0, done.err
    assert done.out.splitlines()[2:] == [
        "Out of turn: 1; out of their year: 1. They are kept, marked and counted.",
        "Not read: 1 line of 10",
        "  line 1: before the first speaker",
        "talk",
    ]
    assert converse("import", str(talk), "--name", "other", "--ensemble", "talks").code == 0

    shown = json.loads(converse("show", "talk", "--json").out)
    stats = json.loads(converse("show", "talk", "--stats", "--json").out)
    (listed,) = [row for row in json.loads(converse("runs", "--json").out) if row["run"] == "talk"]
    assert [one["period"] for one in shown["statements"]] == ["2026", "2026", "2027", "2027", "2027", "2028"]
    assert shown["statements"][4]["source"] == {"line": 8, "label": "2031", "out_of_turn": False, "out_of_year": True}
    assert {row["party"]: (row["out_of_turn"], row["out_of_year"]) for row in stats["drift"]} == {
        "OPENAI": (1, 0),
        "UK Government": (0, 1),
    }
    assert stats["imported"]["unparsed"] == [{"first": 1, "last": 1, "why": "before the first speaker"}]
    assert (listed["scenario"], listed["status"], listed["statements"]) == ("imported", "finished", 6)
    assert "**Imported, not played.**" in converse("show", "talk").out
    assert converse("judge", "talk", "--model", "null").code == 0
    assert converse("diff", "talk", "other").code == 0
    audit = json.loads(converse("audit", "talk", "--json").out)
    assert (audit["private"], audit["records"]) == (True, 6)
    forecast = converse("forecast", "talks", "--event", "treaty = yes", "--json")
    assert forecast.code == 0, forecast.err
    (arm,) = json.loads(forecast.out)["arms"]
    assert (arm["survival"]["runs"], arm["survival"]["happened"]) == (2, 1)


@pytest.mark.parametrize(
    "command",
    [
        ("resume", "talk"),
        ("extend", "talk", "--until", "2030"),
        ("fork", "talk", "--at", "2027"),
        ("replay", "talk"),
        ("interview", "talk", "why?", "--party", "OPENAI", "--at", "2026"),
    ],
)
def test_an_imported_run_is_never_gone_on_with(command: tuple[str, ...], converse: Converse, talk: Path) -> None:
    converse("import", str(talk))
    ended = converse(*command)

    assert ended.code == 2
    assert ended.err == (
        "converse: Run 'talk' was imported from talk.txt: nobody plays it on; show, judge, measure or compare it.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.txt",), "cannot be read"),
        (("talk.txt", "--name", "Not A Name"), "A run cannot be called"),
        (("talk.txt", "--name", "talk"), "There is a run 'talk' already"),
        (("talk.txt", "--name", "new", "--event", "treaty"), "names no event"),
        (("talk.txt", "--name", "new", "--ensemble", "Not One"), "An ensemble is called by"),
        (("talk.txt", "--name", "new", "--as", "json"), "No statement was found"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_one_line_and_nothing_is_written(
    arguments: tuple[str, ...], message: str, converse: Converse, talk: Path
) -> None:
    converse("import", str(talk))
    before = converse("runs").out
    ended = converse("import", *arguments)

    assert ended.code == 2
    assert message in ended.err
    assert ended.err.count("\n") == 1
    assert converse("runs").out == before


def test_every_command_that_reads_reads_a_pack(converse: Converse) -> None:
    converse("run", str(BOARDS), "--model", "null", "--seed", "1", "--name", "whole", "--rounds", "1", "--quiet")
    done = converse("pack", "whole", "--out", "whole.sqlite")
    at = ("--store", "whole.sqlite")

    assert done.out.splitlines()[-1] == "whole.sqlite"
    assert converse("show", "whole", "--as", "csv", *at).out == converse("show", "whole", "--as", "csv").out
    for command in (
        ("runs",),
        ("show", "whole", "--stats"),
        ("judge", "whole"),
        ("audit", "whole"),
        ("dataset", "whole"),
    ):
        ended = converse(*command, *at)
        assert ended.code == 0, (command, ended.err)
    assert "packed without its private parts" in converse("resume", "whole", *at).err
