"""From a scenario to a LangGraph graph; debates become compiled subgraphs by one recursion."""

from converse_graph.graph.build import build_graph, compile_graph

__all__ = ["build_graph", "compile_graph"]
