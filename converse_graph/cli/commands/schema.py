"""`converse schema`: what scripts and editors may lean on, as JSON Schema."""

import typer

from converse_graph.cli.options import SchemaOf


def schema(of: SchemaOf = "scenario") -> None:
    """Print the JSON Schema of a file, or of what is printed as JSON.

    Examples:
        converse schema
        converse schema --of show
    """
    import json

    from converse_graph.audit.findings import audit_schema
    from converse_graph.cli.doctor.report import examination_schema
    from converse_graph.evaluation.jsonl import dataset_schema
    from converse_graph.export.schemas import (
        diff_schema,
        explain_schema,
        graph_schema,
        interview_schema,
        runs_schema,
        show_schema,
        stats_schema,
    )
    from converse_graph.scenarios.json_schema import scenario_schema

    schemas = {
        "scenario": scenario_schema,
        "show": show_schema,
        "runs": runs_schema,
        "stats": stats_schema,
        "diff": diff_schema,
        "explain": explain_schema,
        "interview": interview_schema,
        "audit": audit_schema,
        "dataset": dataset_schema,
        "graph": graph_schema,
        "doctor": examination_schema,
    }
    typer.echo(json.dumps(schemas[of](), indent=2, ensure_ascii=False))
