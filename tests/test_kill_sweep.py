"""A run that is killed, at any model call or commit and at any depth, ends as one that never stopped, to its chains."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.child_process import end, start_python
from tests.support.postgres_cluster import Cluster

pytestmark = pytest.mark.slow

SWEEP = Path(__file__).parent / "support" / "kill_sweep.py"
SWEEP_PATIENCE = 1800.0
"""Seconds that a whole sweep may take on a busy machine."""
EVERY = 5
"""On a server a sample is swept: one point in so many."""


@pytest.fixture(scope="module", params=["sqlite-listed", "sqlite-simultaneous", "postgres-simultaneous"])
def swept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    kept_in, order = request.param.split("-")
    folder = tmp_path_factory.mktemp(request.param)
    arguments = [order, str(folder)]
    if kept_in == "postgres":
        cluster: Cluster = request.getfixturevalue("postgres")
        arguments += [str(EVERY), cluster.address("postgres")]
    done = end(start_python(SWEEP, *arguments), patience=SWEEP_PATIENCE)
    assert done.code == 0, done.err
    told: dict[str, Any] = {"every": EVERY if kept_in == "postgres" else 1, **json.loads(done.out)}
    return told


def test_killed_at_any_model_call_it_ends_as_if_it_had_never_stopped(swept: dict[str, Any]) -> None:
    points = swept["dies_in"]

    assert swept["calls"] == 20
    assert len(points) == 20 // swept["every"]
    assert [point for point in points if point["code"] != 0 or not point["same"]] == []


def test_killed_at_any_commit_it_ends_as_if_it_had_never_stopped(swept: dict[str, Any]) -> None:
    points = swept["dies_before_commit"]

    assert len(points) * swept["every"] > swept["calls"] / 2  # calls that end together share a commit
    assert [point for point in points if point["code"] != 0 or not point["same"]] == []


def test_only_calls_in_flight_are_made_again(swept: dict[str, Any]) -> None:
    at_once = 2  # parties of the simultaneous table

    assert [point for point in (*swept["dies_in"], *swept["dies_before_commit"]) if point["again"] > at_once] == []
