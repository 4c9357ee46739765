"""An audit as JSON values, and the schema of these."""

from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from converse_graph.audit.findings import Audit

AUDIT_VERSION = 1
"""Of the shape; a change that breaks its readers counts it up."""


def as_json(found: Audit) -> dict[str, Any]:
    """An audit as JSON values, in the shape of `audit_schema`."""
    return {"version": AUDIT_VERSION, "private": found.is_private, **asdict(found)}


def audit_schema() -> dict[str, Any]:
    """The schema of `audit --json`."""
    made = TypeAdapter(Audit).json_schema(mode="serialization")
    own = {
        "version": {"const": AUDIT_VERSION},
        "private": {"type": "boolean", "description": "Whether nothing leaked."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:converse-graph:audit:{AUDIT_VERSION}",
        **made,
        "properties": {**own, **made["properties"]},
        "required": [*own, *made["required"]],
        "additionalProperties": False,
    }
