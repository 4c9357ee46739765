"""Checkpoints of LangGraph's graphs in a store."""

from converse_graph.checkpoints.saver import SaverOfTurns, StoreSaver
from converse_graph.checkpoints.turn_saver import TurnSaver

__all__ = ["SaverOfTurns", "StoreSaver", "TurnSaver"]
