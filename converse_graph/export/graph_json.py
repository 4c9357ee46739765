"""A scenario's graph as JSON values, and the schema of these."""

from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from converse_graph.graph.wiring import Conversation

GRAPH_VERSION = 1
"""Of the shape; a change that breaks its readers counts it up."""


def graph_json(table: Conversation) -> dict[str, Any]:
    """A graph as JSON values, in the shape of `graph_schema`."""
    return {"version": GRAPH_VERSION, "graph": asdict(table)}


def graph_schema() -> dict[str, Any]:
    """The schema of `graph --as json`."""
    made = TypeAdapter(Conversation).json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:converse-graph:graph:{GRAPH_VERSION}",
        "title": "The graph of a scenario",
        "type": "object",
        "properties": {"version": {"const": GRAPH_VERSION}, "graph": {"$ref": "#/$defs/Conversation"}},
        "required": ["version", "graph"],
        "additionalProperties": False,
        "$defs": made["$defs"],
    }
