"""`converse schema`: what scripts and editors may lean on, as JSON Schema."""

import json
from collections.abc import Callable
from typing import Any

import typer

from converse_graph.audit.findings import audit_schema
from converse_graph.cli.doctor.report import examination_schema
from converse_graph.cli.options import SchemaName
from converse_graph.evaluation.jsonl import dataset_schema
from converse_graph.export.schemas import (
    diff_schema,
    graph_schema,
    interview_schema,
    runs_schema,
    show_schema,
    stats_schema,
)
from converse_graph.scenarios.json_schema import scenario_schema

_SCHEMAS: dict[SchemaName, Callable[[], dict[str, Any]]] = {
    "scenario": scenario_schema,
    "show": show_schema,
    "runs": runs_schema,
    "stats": stats_schema,
    "diff": diff_schema,
    "interview": interview_schema,
    "audit": audit_schema,
    "dataset": dataset_schema,
    "graph": graph_schema,
    "doctor": examination_schema,
}


def command(*, of: SchemaName) -> None:
    """Print one of the published schemas."""
    typer.echo(json.dumps(_SCHEMAS[of](), indent=2, ensure_ascii=False))
