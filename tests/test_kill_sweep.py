"""A run that is killed, at any model call or commit and at any depth, ends as one that never stopped."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SWEEP = Path(__file__).with_name("kill_sweep.py")


@pytest.fixture(scope="module", params=["listed", "simultaneous"])
def swept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp(request.param)
    done = subprocess.run([sys.executable, SWEEP, request.param, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_killed_at_any_model_call_it_ends_as_if_it_had_never_stopped(swept: dict[str, Any]) -> None:
    points = swept["dies_in"]

    assert len(points) == swept["calls"] == 20
    assert [point for point in points if point["code"] != 0 or not point["same"]] == []


def test_killed_at_any_commit_it_ends_as_if_it_had_never_stopped(swept: dict[str, Any]) -> None:
    points = swept["dies_before_commit"]

    assert len(points) > swept["calls"]
    assert [point for point in points if point["code"] != 0 or not point["same"]] == []


def test_only_calls_in_flight_are_made_again(swept: dict[str, Any]) -> None:
    at_once = 2  # parties of the simultaneous table

    assert [point for point in (*swept["dies_in"], *swept["dies_before_commit"]) if point["again"] > at_once] == []
