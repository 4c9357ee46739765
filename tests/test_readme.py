"""What the README shows runs."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_its_python_plays_a_run_to_its_end(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("\n".join(BLOCKS))
    done = subprocess.run([sys.executable, program], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("finished [")


def test_its_scenario_runs_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "talks.py").write_text(BLOCKS[0])
    command = [sys.executable, "-m", "converse_graph.cli", "run", "talks.py", "--set", "inflation=0.08", "--quiet"]
    done = subprocess.run([*command, "--model", "null"], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "Employer" in (tmp_path / done.stdout.strip()).read_text()


def test_every_file_that_it_names_as_proof_is_there() -> None:
    named = re.findall(r"`((?:tests|benchmarks)/[\w./]+)`", README.read_text(encoding="utf-8"))

    assert named
    assert [path for path in named if not (README.parent / path).exists()] == []
