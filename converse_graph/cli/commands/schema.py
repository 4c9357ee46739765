"""`converse schema`: what scripts and editors may lean on, as JSON Schema."""

import json
from typing import Literal, assert_never

import typer

from converse_graph.audit.shape import audit_schema
from converse_graph.report.measure_schemas import diff_schema, interview_schema, stats_schema
from converse_graph.report.schemas import runs_schema, show_schema
from converse_graph.report.wiring_shape import graph_schema
from converse_graph.scenarios.schema import scenario_schema


def command(*, of: Literal["scenario", "show", "runs", "stats", "diff", "interview", "audit", "graph"]) -> None:
    """Print one of the published schemas."""
    match of:
        case "scenario":
            schema = scenario_schema()
        case "show":
            schema = show_schema()
        case "runs":
            schema = runs_schema()
        case "stats":
            schema = stats_schema()
        case "diff":
            schema = diff_schema()
        case "interview":
            schema = interview_schema()
        case "audit":
            schema = audit_schema()
        case "graph":
            schema = graph_schema()
        case _:
            assert_never(of)
    typer.echo(json.dumps(schema, indent=2, ensure_ascii=False))
