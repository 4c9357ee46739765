"""An installed wheel, in an empty environment outside the project, runs the same scenarios."""

import ast
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import converse_graph

PROJECT = Path(__file__).resolve().parents[1]
USERS = PROJECT / "tests" / "support" / "users_project.py"
UV = shutil.which("uv")


def _run(*command: str | Path, cwd: Path) -> str:
    environ = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert UV, "the project is run with uv; install it with: pip install uv"
    out = tmp_path_factory.mktemp("dist")
    _run(UV, "build", "--wheel", "--quiet", "--out-dir", out, PROJECT, cwd=out)
    return next(out.glob("*.whl"))


def test_the_wheel_has_one_top_level_package_and_carries_scenarios_and_prompts(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"converse_graph"}
    assert {"converse_graph/py.typed", "converse_graph/cli/demo.json"} <= {*names}
    for kind, ending in (("graphs", "*.py"), ("prompts", "**/*.md"), ("prompts", "**/*.yaml")):
        for path in (PROJECT / kind).glob(ending):
            assert f"converse_graph/bundled/{path.relative_to(PROJECT).as_posix()}" in names


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the executables of an environment lie that has the wheel and what it needs, and nothing else."""
    assert UV
    folder = tmp_path_factory.mktemp("installed")
    _run(UV, "venv", "--quiet", "--python", sys.executable, "env", cwd=folder)
    _run(UV, "pip", "install", "--quiet", "--python", folder / "env" / "bin" / "python", wheel, cwd=folder)
    return folder / "env" / "bin"


@pytest.mark.slow
def test_what_runs_here_and_what_asks_postgres_installs_from_wheels_alone(wheel: Path, environment: Path) -> None:
    assert UV
    target = f"{wheel}[embedded,postgres]"
    python = environment / "python"
    _run(UV, "pip", "install", "--dry-run", "--only-binary", ":all:", "--python", python, target, cwd=wheel.parent)


@pytest.mark.slow
def test_an_installed_wheel_runs_the_scenarios_outside_the_project(environment: Path, tmp_path: Path) -> None:
    converse = environment / "converse"

    listed = json.loads(_run(converse, "list", "--json", cwd=tmp_path))
    here = json.loads(_run(sys.executable, "-m", "converse_graph.cli", "list", "--json", cwd=PROJECT))
    path = _run(converse, "run", "agi-race", "--rounds", "1", "--model", "null", "--quiet", cwd=tmp_path).strip()

    assert listed == here
    assert "OpenAI" in (tmp_path / path).read_text()


@pytest.mark.slow
def test_a_project_of_a_users_own_that_uses_every_public_name_plays_on_the_installed_wheel(
    environment: Path, tmp_path: Path
) -> None:
    [imported] = [
        node for node in ast.walk(ast.parse(USERS.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "converse_graph"
    ]  # fmt: skip
    assert sorted(alias.name for alias in imported.names) == converse_graph.__all__

    assert "# Run f in figures" in _run(environment / "python", USERS, cwd=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "basedpyright"])
def test_a_users_project_is_clean_for_type_checkers_which_do_see_a_slip(
    checker: str, environment: Path, tmp_path: Path
) -> None:
    python = str(environment / "python")
    command = {
        "mypy": ["mypy", "--strict", "--config-file=", f"--python-executable={python}"],
        "basedpyright": ["basedpyright", "--level=error", f"--pythonpath={python}"],
    }[checker]
    source = USERS.read_text()
    (tmp_path / "good.py").write_text(source)
    (tmp_path / "slip.py").write_text(f"{source}\nwrong: int = harbour(dues=0.2)\n")
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')

    good, slip = (
        subprocess.run([sys.executable, "-m", *command, file], cwd=tmp_path, capture_output=True, text=True)
        for file in ("good.py", "slip.py")
    )
    assert good.returncode == 0, good.stdout + good.stderr
    assert slip.returncode == 1
    assert "Scenario" in slip.stdout
