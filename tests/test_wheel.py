"""An installed wheel, in an empty environment outside the project, runs the same scenarios."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
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
    for kind, ending in (("graphs", "*.py"), ("prompts", "**/*.md"), ("prompts", "**/*.yaml")):
        for path in (PROJECT / kind).glob(ending):
            assert f"converse_graph/bundled/{path.relative_to(PROJECT).as_posix()}" in names


def test_an_installed_wheel_runs_the_scenarios_outside_the_project(wheel: Path, tmp_path: Path) -> None:
    assert UV
    _run(UV, "venv", "--quiet", "--python", sys.executable, "env", cwd=tmp_path)
    python = tmp_path / "env" / "bin" / "python"
    _run(UV, "pip", "install", "--quiet", "--python", python, wheel, cwd=tmp_path)
    converse = tmp_path / "env" / "bin" / "converse"

    listed = json.loads(_run(converse, "list", "--json", cwd=tmp_path))
    here = json.loads(_run(sys.executable, "-m", "converse_graph.cli", "list", "--json", cwd=PROJECT))
    path = _run(converse, "run", "agi-race", "--rounds", "1", "--model", "null", "--quiet", cwd=tmp_path).strip()

    assert listed == here
    assert "OpenAI" in (tmp_path / path).read_text()
