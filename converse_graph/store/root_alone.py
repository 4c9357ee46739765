"""What savers of ours have in common: nothing is kept of what runs below the root graph."""

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple


class RootAlone(BaseCheckpointSaver[Any]):
    """Finds no checkpoint of a nested graph.

    A debate that is interrupted begins again on resume, and the journal answers every call that was completed: so
    its own checkpoints would cost four times what a turn costs, and answer nothing.
    """

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest checkpoint of a thread, or the one that is named."""
        return None if is_nested(config) else await super().aget_tuple(config)


def is_nested(config: RunnableConfig) -> bool:
    """Whether a configuration is that of a graph below the root."""
    return bool(config["configurable"].get("checkpoint_ns"))
