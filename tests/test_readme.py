"""What the README shows runs."""

import re
from pathlib import Path

import pytest

from tests.support.child_process import run_python
from tests.support.command_line import process

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_its_python_plays_a_run_to_its_end(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("\n".join(BLOCKS))
    done = run_python(program, folder=tmp_path)

    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].startswith("finished [")


def test_its_scenario_runs_from_the_command_line(tmp_path: Path) -> None:
    [talks] = [block for block in BLOCKS if "@scenario" in block]
    (tmp_path / "talks.py").write_text(talks)
    done = process(tmp_path, "run", "talks.py", "--set", "inflation=0.08", "--quiet", "--model", "null")

    assert done.code == 0, done.err
    assert "Employer" in (tmp_path / done.out.strip()).read_text()


def test_its_first_code_has_ten_lines_and_stands_after_a_picture_and_two_commands() -> None:
    beginning = README.read_text(encoding="utf-8").partition("```python")[0]

    assert BLOCKS[0].count("\n") == 10
    assert "](docs/pictures/turns.svg)" in beginning
    assert beginning.count("\n$ ") == 2


def test_every_file_that_is_named_as_proof_of_a_promise_is_there() -> None:
    page = README.parent / "docs" / "explanation" / "promises.md"
    named = re.findall(r"`((?:tests|benchmarks)/[\w./]+)`", page.read_text(encoding="utf-8"))

    assert named
    assert [path for path in named if not (README.parent / path).exists()] == []


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_path_that_the_pages_for_contributors_name_is_there(page: str) -> None:
    named = re.findall(r"`([\w./]+\.(?:py|md|yaml|toml|sql))`", (README.parent / page).read_text(encoding="utf-8"))
    homes = (README.parent, README.parent / "converse_graph")

    assert named
    assert [path for path in named if not any((home / path).exists() for home in homes)] == []
