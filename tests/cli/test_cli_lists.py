import json
import re
from pathlib import Path

import pytest

from tests.support.command_line import BOARDS, Converse
from tests.support.markdown_reader import read_markdown

GROUPS = {
    "Run": ("run", "estimate", "resume", "extend", "fork", "replay", "inject"),
    "Many runs": ("sweep", "forecast", "world", "worker", "workers"),
    "Read": ("demo", "runs", "show", "explain", "view", "import", "pack", "interview", "dataset"),
    "Compare and judge": ("diff", "judge", "audit"),
    "Set up": ("list", "new", "graph", "schema", "models", "doctor"),
}


def test_help_names_every_command_in_its_group_and_says_what_it_does_on_one_line(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = converse("--help")
    assert ended.code == 0
    assert "--install-completion" in ended.out
    sections = dict(section.split(":\n", 1) for section in ended.out.split("\n\n")[3:])
    assert {name: tuple(line.split()[0] for line in rows.splitlines()) for name, rows in sections.items()} == GROUPS
    lines = [line for rows in sections.values() for line in rows.splitlines()]
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []
    assert len({len(re.match(r"  \S+ +", line)[0]) for line in lines}) == 1, "all descriptions begin in one column"  # type: ignore[index]


def test_no_command_at_all_gets_the_help(converse: Converse) -> None:
    assert converse() == converse("--help")


def test_the_version_is_the_packages(converse: Converse) -> None:
    assert converse("--version").out.startswith("converse 0.")


def test_scenarios_are_listed_with_their_dials(converse: Converse) -> None:
    ended = converse("list")
    assert ended.code == 0
    assert "\n    inflation=0.04 (number -0.1 to 1): Of consumer prices" in ended.out
    rows = {row["name"]: row for row in json.loads(converse("list", "--json").out)}
    assert set(rows["wage-talks"]) == {"name", "doc", "preset_of", "dials"}
    assert {"name", "type", "default", "doc"} == set(rows["wage-talks"]["dials"][0])
    assert rows["boardrooms"]["preset_of"] == "ai-futures"


def test_a_preset_is_listed_with_what_it_sets(converse: Converse) -> None:
    [heading] = [line for line in converse("list").out.splitlines() if line.startswith("boardrooms ")]
    assert "a preset of ai-futures" in heading
    assert "deliberation=debate" in heading


def test_a_scenario_is_shown_with_its_fields_and_its_world(converse: Converse) -> None:
    shown = converse("list", "fishery").out
    rows = {" ".join(line.split()) for line in shown.splitlines()}

    assert "ask everybody what you ask of the others at most about 20 words" in rows
    assert "landed each state kt 0 to 10000 nobody" in rows
    assert "fish_little each state 2 million of money land a twentieth of the stock" in rows
    assert "collapse once the world's stock is at most 50 kt" in rows
    assert "goodwill each pair of state and state index 0 to 1 everybody between two states, from 0 to 1" in rows
    assert "what it is" not in converse("list", "wage-talks").out, "it has no world"
    told = json.loads(converse("list", "fishery", "--json").out)
    assert [row["move"] for row in told["moves"]] == ["fish_little", "fish_much", "inspect", "trade"]
    assert [row["variable"] for row in told["variables"]] == [
        "stock",
        "trust",
        "goodwill",
        "standing",
        "money",
        "landed",
    ]


def test_models_are_listed_with_whether_they_can_be_asked(converse: Converse) -> None:
    rows = {row["name"]: row for row in json.loads(converse("models", "--json").out)}
    assert rows["null"]["available"] is True
    assert rows["openai:NAME"]["available"] is False
    assert all(set(row) == {"name", "available", "note"} for row in rows.values())
    assert "\nnull " in converse("models").out


@pytest.mark.parametrize("name", ["fish-quota", "fish_quota", "fish-quota.py", "fish-quota.yaml", "fish-quota.yml"])
def test_a_new_scenario_runs_at_once(name: str, converse: Converse, tmp_path: Path) -> None:
    written = converse("new", name)
    assert written.code == 0, written.err
    [path] = tmp_path.iterdir()
    assert written.out == f"Wrote {path.name}. Run it with: converse run {path.name}\n"
    ended = converse("run", path.name, "--model", "null", "--quiet", "--set", "inflation=0.08")
    assert ended.code == 0, ended.err
    transcript = read_markdown((tmp_path / ended.out.strip()).read_text(encoding="utf-8"))
    assert transcript.header.scenario == "fish-quota"
    assert transcript.header.dials["inflation"] == 0.08
    assert transcript.statements[0].private is not None
    assert transcript.statements[0].private.deliberation is not None


def test_new_leaves_a_file_that_is_there_alone(converse: Converse, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("# mine\n", encoding="utf-8")
    ended = converse("new", "mine")
    assert (ended.code, ended.err) == (2, "converse: There is a file mine.py already; name another.\n")
    assert (tmp_path / "mine.py").read_text(encoding="utf-8") == "# mine\n"


def test_show_is_public_unless_raw_and_writes_a_file_when_asked(converse: Converse, tmp_path: Path) -> None:
    assert converse("run", str(BOARDS), "--model", "null", "--rounds", "1", "--name", "r").code == 0
    public, raw = converse("show", "r"), converse("show", "r", "--raw")
    assert all(statement.private is None for statement in read_markdown(public.out).statements)
    assert "Who works late?" in raw.out
    assert "Who works late?" not in public.out
    assert raw.out == (tmp_path / ".converse/transcripts/r.md").read_text(encoding="utf-8")
    for form in ("markdown", "json", "jsonl", "csv"):
        ended = converse("show", "r", "--as", form, "--out", f"r.{form}")
        assert (ended.code, ended.out) == (0, "")
        assert (tmp_path / f"r.{form}").read_bytes() == converse("show", "r", "--as", form).out.encode()
    nowhere = converse("show", "r", "--out", "nowhere/r.md")
    assert nowhere.code == 2
    assert not (tmp_path / "nowhere").exists()


def test_a_file_scenario_is_found_again_from_another_folder(
    converse: Converse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert converse("new", "mine").code == 0
    assert converse("run", "mine.py:mine", "--model", "null", "--name", "r", "--quiet").code == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    ended = converse("resume", "r", "--store", "../.converse/runs.sqlite")
    assert ended.code == 0, ended.err
    assert "finished already" in ended.out


def test_a_seed_that_is_not_given_is_drawn_and_said(converse: Converse) -> None:
    first = converse("run", str(BOARDS), "--model", "null", "--rounds", "1", "--set", "deep=false")
    header = json.loads(converse("show", "boards-1", "--json").out)["header"]
    assert f"seed {header['seed']} " in first.out
    assert 0 <= header["seed"] < 10**6


def test_rounds_goes_before_until(converse: Converse) -> None:
    options = ("--model", "null", "--set", "deep=false", "--quiet")
    assert converse("run", str(BOARDS), *options, "--until", "5", "--rounds", "1").code == 0
    assert converse("run", str(BOARDS), *options, "--until", "3").code == 0
    rows = json.loads(converse("runs", "--json").out)
    assert [row["statements"] for row in rows] == [6, 2]
