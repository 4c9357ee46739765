"""Everything that is looked at, in one list that holds no secret."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from converse_graph.cli.doctor.environment import Terminal, look_at_terminal, look_at_tracing
from converse_graph.cli.doctor.finding import Finding, Outcome, masked, secrets_of
from converse_graph.cli.doctor.libraries import look_at_versions
from converse_graph.cli.doctor.models import look_at_models
from converse_graph.cli.doctor.store_and_files import look_at_prompts, look_at_scenarios, look_at_store

VERSION = 1
"""Of the shape of `doctor --json`."""


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What was found."""

    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Whether nothing stands in the way of a run."""
        return not self.count("fail")

    def count(self, outcome: Outcome) -> int:
        """How many findings came out like that."""
        return sum(finding.outcome == outcome for finding in self.findings)


async def examine(store: str, environ: Mapping[str, str], terminal: Terminal) -> Examination:
    """Look at versions, store, scenarios, prompts, models, tracing and terminal; nothing is written or spent.

    Args:
        store: A file, or the address of a database.
        environ: Where keys and settings are looked up.
        terminal: What is written to.
    """
    secrets = secrets_of(environ)
    found = [*await asyncio.to_thread(lambda: list(look_at_versions())), *await look_at_store(store)]
    found += await asyncio.to_thread(lambda: list(_rest(environ, terminal)))
    return Examination(findings=tuple(masked(finding, secrets) for finding in found))


def _rest(environ: Mapping[str, str], terminal: Terminal) -> Iterator[Finding]:
    yield from look_at_scenarios()
    yield from look_at_prompts()
    yield from look_at_models(environ)
    yield from look_at_tracing(environ)
    yield from look_at_terminal(terminal)


def examination_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `doctor --json`."""
    text = {"type": "string"}
    finding = {
        "area": text,
        "name": text,
        "outcome": {"enum": list(get_args(Outcome))},
        "found": {**text, "description": "What there is, in words; never a secret."},
        "way_out": {**text, "description": "What to do about it; empty where nothing needs doing."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:converse-graph:doctor:{VERSION}",
        "title": "What is in order here and what is not",
        **_object({"well": {"type": "boolean"}, "findings": {"type": "array", "items": _object(finding)}}),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
