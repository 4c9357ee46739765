"""The notebook runs from top to bottom in a kernel of its own, and is kept without what it printed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.child_process import run_python

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "tour.ipynb"
EXECUTE = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3").execute(cwd=".")
nbformat.write(notebook, sys.argv[2])
"""


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def shown(cell: dict[str, Any], kind: str) -> str:
    return "".join("".join(output.get("data", {}).get(kind, "")) for output in cell["outputs"])


def test_it_is_kept_without_outputs() -> None:
    assert [cell["id"] for cell in cells(NOTEBOOK) if cell["outputs"] or cell["execution_count"]] == []


@pytest.mark.slow
def test_it_runs_and_shows_a_scenario_a_run_a_transcript_a_difference_and_figures(tmp_path: Path) -> None:
    done = run_python("-c", EXECUTE, NOTEBOOK, "executed.ipynb", folder=tmp_path)
    assert done.code == 0, done.err
    ran = {cell["id"]: cell for cell in cells(tmp_path / "executed.ipynb")}
    assert "Scenario wage-talks" in shown(ran["scenario"], "text/html")
    assert "finished" in shown(ran["run"], "text/html")
    assert shown(ran["record"], "text/html").count("<tr>") == 5
    printed = "".join("".join(output.get("text", "")) for output in ran["forked"]["outputs"])
    assert "as before" in printed
    assert "now says: We walk out." in printed
    assert "# Run walkout in figures" in shown(ran["stats"], "text/markdown")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["executed.ipynb"]
