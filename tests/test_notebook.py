"""The notebook goes from a scenario to the report in a kernel of its own, and is kept with what it then shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.child_process import run_python

DOCS = Path(__file__).resolve().parents[1] / "docs"
DRAWN = "image/svg+xml"
"""What depends on the fonts of a machine."""


def cells(path: Path) -> dict[str, dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: cell for cell in read if cell["cell_type"] == "code"}


def words(cell: dict[str, Any]) -> str:
    """All that a cell shows but for its figures."""
    shown = [{"text": output.get("text", ""), **output.get("data", {})} for output in cell["outputs"]]
    return "\n".join("".join(text) for output in shown for kind, text in output.items() if kind != DRAWN)


def test_it_is_kept_with_outputs_that_name_no_machine() -> None:
    kept = (DOCS / "tour.ipynb").read_text(encoding="utf-8")

    silent = [name for name, cell in cells(DOCS / "tour.ipynb").items() if not cell["outputs"]]
    assert silent == ["folder", "file", "close"]
    assert not any(part in kept for part in ("/tmp", "/home", "/root", "/Users"))  # noqa: S108 - looked for


@pytest.mark.slow
def test_it_goes_from_a_scenario_to_the_report_and_shows_what_it_is_kept_with(tmp_path: Path) -> None:
    done = run_python(DOCS / "make_tour.py", tmp_path / "executed.ipynb", folder=tmp_path)
    assert done.code == 0, done.err
    ran, kept = cells(tmp_path / "executed.ipynb"), cells(DOCS / "tour.ipynb")

    assert {name: words(cell) for name, cell in ran.items()} == {name: words(cell) for name, cell in kept.items()}
    assert "Scenario labs" in words(ran["scenario"])
    assert "finished" in words(ran["run"])
    assert "Pacific now says: We walk out." in words(ran["forked"])
    assert "event.treaty" in words(ran["sweep"])
    assert "labs=5, openness=0.03" in words(ran["told"])
    assert "</svg>" in "".join(ran["figure"]["outputs"][0]["data"][DRAWN])
    assert "## In short" in words(ran["page"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["executed.ipynb"]
