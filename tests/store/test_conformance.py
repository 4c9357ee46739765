"""Our savers are savers: LangGraph's own table of what one must do."""

from collections.abc import AsyncGenerator
from itertools import count
from pathlib import Path

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance import checkpointer_test, validate

from converse_graph import Store
from converse_graph.checkpoints import StoreSaver
from tests.support.postgres_cluster import Cluster


@pytest.mark.every_store
async def test_a_saver_does_all_that_langgraph_asks_of_one(
    kind_of_store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    numbers = count()

    async def saver() -> AsyncGenerator[BaseCheckpointSaver]:
        """Each table of checks begins with nothing stored."""
        address = str(tmp_path / f"{next(numbers)}.sqlite")
        if kind_of_store == "postgres":
            cluster: Cluster = request.getfixturevalue("postgres")
            address = cluster.database()
        async with Store.open(address, make=True) as store:
            yield StoreSaver(store)

    report = await validate(checkpointer_test(name=kind_of_store)(saver))

    failures = [failure for result in report.results.values() for failure in result.failures]
    assert failures == []
    assert report.passed_all_base()
