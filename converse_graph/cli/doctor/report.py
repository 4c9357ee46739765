"""Everything that is looked at, in one list that holds no secret."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from converse_graph.cli.doctor.finding import Finding, Outcome, hide_secrets, secrets_of
from converse_graph.cli.doctor.libraries import look_at_versions
from converse_graph.cli.doctor.models import look_at_models
from converse_graph.cli.doctor.store_and_files import look_at_prompts, look_at_scenarios, look_at_store
from converse_graph.cli.doctor.tracing_and_terminal import Terminal, look_at_terminal, look_at_tracing
from converse_graph.scenarios.field_docs import add_property, printed_schema

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
    findings = [*await asyncio.to_thread(lambda: list(look_at_versions())), *await look_at_store(store)]
    findings += await asyncio.to_thread(lambda: list(_rest(environ, terminal)))
    return Examination(findings=tuple(hide_secrets(finding, secrets) for finding in findings))


def _rest(environ: Mapping[str, str], terminal: Terminal) -> Iterator[Finding]:
    yield from look_at_scenarios()
    yield from look_at_prompts()
    yield from look_at_models(environ)
    yield from look_at_tracing(environ)
    yield from look_at_terminal(terminal)


def examination_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `doctor --json`."""
    document = printed_schema("doctor", VERSION, Examination, title="What is in order here and what is not")
    add_property(document, "well", {"type": "boolean"})
    return document
