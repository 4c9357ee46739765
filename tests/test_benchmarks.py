"""Each benchmark runs, prints its table and writes the same figures; what they are, no test says."""

import json
from pathlib import Path

import pytest

from tests.support.child_process import run_python

SMALL = {
    "overhead": ("--turns", "150", "--memory-turns", "30"),
    "parallel": ("--runs", "2", "--rounds", "1", "--debates", "1", "--latency", "0.01", "--repeats", "1"),
    "throughput": ("--at-once", "1", "--rounds", "1", "--repeats", "1"),
    "tokens": ("--turns", "6", "--cached", "0"),
    "audit": ("--rounds", "2"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tokens", "overhead", "parallel", "throughput", "audit"])
def test_a_benchmark_prints_one_table_and_writes_its_figures(name: str, tmp_path: Path) -> None:
    out = tmp_path / "figures.json"

    done = run_python("-W", "error", "-m", f"benchmarks.{name}", *SMALL[name], "--out", out)

    assert done.code == 0, done.err
    written = json.loads(out.read_text(encoding="utf-8"))
    table = [line for line in done.out.splitlines() if line.startswith("| ")]
    assert written["title"] in done.out
    assert [cell.strip() for cell in table[0].strip("|").split("|")] == list(written["rows"][0])
    assert len(table) == 1 + len(written["rows"])
    assert any("ratio" in column or "over" in column for column in written["rows"][0])
