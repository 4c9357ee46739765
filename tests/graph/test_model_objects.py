"""A bare graph takes a model object from its configuration, hashable or not."""

from typing import Any

from converse_graph import NullModel
from tests.support.small_scenarios import table


class Unhashable(NullModel):
    """An adapter that is compared by value, as a pydantic model is."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unhashable)


async def test_a_model_object_without_a_hash_speaks_in_a_bare_graph() -> None:
    graph: Any = table("A", "B", rounds=1).graph(compiled=True)

    result = await graph.ainvoke({"horizon": 1}, {"configurable": {"model": Unhashable()}})

    assert [said["speaker"] for said in result["transcript"]] == ["A", "B"]
