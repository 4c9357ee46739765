"""A run as examples to measure others by: what was set up and public before, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, assert_never
from uuid import UUID, uuid5

from converse_graph.errors import InvalidValue
from converse_graph.export.formats import as_json
from converse_graph.prompting.summaries import window_start
from converse_graph.record.transcript import Header, Transcript
from converse_graph.scenarios.scenario import Scenario
from converse_graph.tracing.settings import thread_of

By = Literal["run", "round", "statement"]
"""What one example stands for."""

EXAMPLE_VERSION = 1
"""Of the shape of an example; a change that breaks its readers counts it up."""

SETUP = ("scenario", "title", "source", "dials", "seed", "clock", "order", "cast", "motion", "standing", "events",
         "rubric")  # fmt: skip
"""What of a run's header is known before its first round: the inputs of an example."""

HEARD_ROUNDS: int = Scenario.model_fields["verbatim_rounds"].default
"""How many rounds back `before` goes at most: what a party hears word for word by default. All of them would make a
dataset grow with the square of a run."""

_OURS = UUID("70c42aca-a230-435f-9e61-c93126e858dc")
"""The namespace of ids of examples, drawn once by chance."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """An example as LangSmith has them; all its parts are JSON values."""

    id: UUID
    """Made from the run, the turn and the dataset, so that a run which is sent twice makes no doubles."""
    inputs: dict[str, Any]
    """What is set up; of a round or a statement also when it is, and what was public `before`."""
    outputs: dict[str, Any]
    """What came of it: statements, and of a whole run also how it ended."""
    metadata: dict[str, Any]
    """Where it comes from: run, thread, model, digests, versions."""


def examples(
    transcript: Transcript, *, by: By = "run", private: bool = False, dataset: str = ""
) -> tuple[Example, ...]:
    """Turn a run into examples.

    Args:
        transcript: The reader's edition, or the public record.
        by: What one example stands for.
        private: Whether what parties kept to themselves is in the outputs too.
        dataset: What the ids are for, as an id is in one dataset alone; empty for a file.

    Raises:
        InvalidValue: The run has no statement yet.
    """
    header = transcript.header
    if not transcript.statements:
        raise InvalidValue(f"Run {header.run!r} has no statement yet, so there is no example in it; play it first.")
    record = as_json(transcript if private else transcript.public(), raw=private)
    setup = {name: record["header"][name] for name in SETUP}
    builder = _ExampleBuilder(header=header, public=record, setup=setup, by=by, private=private, dataset=dataset)
    match by:
        case "run":
            return (builder.whole(),)
        case "round":
            return tuple(builder.rounds())
        case "statement":
            return tuple(builder.statements())
        case _:
            assert_never(by)


@dataclass(frozen=True, kw_only=True)
class _ExampleBuilder:
    header: Header
    public: dict[str, Any]
    setup: dict[str, Any]
    by: By
    private: bool
    dataset: str

    def whole(self) -> Example:
        outputs = {
            "status": self.header.status,
            "ended": self.header.ended,
            "statements": self.public["statements"],
            "votes": self.public["header"]["votes"],
            "stands": self.public["standing"],
        }
        return self._example("", self.setup, outputs, {})

    def rounds(self) -> Iterator[Example]:
        all_statements = self.public["statements"]
        for number, of_round in groupby(all_statements, key=lambda statement: statement["round"]):
            statements = list(of_round)
            when = {"round": number, "period": statements[0]["period"]}
            inputs = {**self.setup, **when, "before": _before(all_statements, number, number)}
            yield self._example(str(number), inputs, {"statements": statements}, when)

    def statements(self) -> Iterator[Example]:
        statements = self.public["statements"]
        for place, statement in enumerate(statements):
            when = {name: statement[name] for name in ("round", "turn", "period", "speaker")}
            # Those who speak at the same time do not hear one another.
            public = statements if self.header.order == "simultaneous" else statements[:place]
            last = statement["round"] + (self.header.order != "simultaneous")
            inputs = {**self.setup, **when, "before": _before(public, statement["round"], last)}
            yield self._example(f"{when['round']}.{when['turn']}", inputs, statement, when)

    def _example(self, turn: str, inputs: dict[str, Any], outputs: dict[str, Any], when: dict[str, Any]) -> Example:
        date = self.header.created.isoformat()
        name = "\n".join((self.dataset, self.header.run, date, self.by, turn))
        return Example(id=uuid5(_OURS, name), inputs=inputs, outputs=outputs, metadata={**self._origin(), **when})

    def _origin(self) -> dict[str, Any]:
        header = self.header
        metadata = {
            "run": header.run,
            "thread_id": thread_of(header),
            "by": self.by,
            "private": self.private,
            "scenario": header.scenario,
            "model": header.model,
            "seed": header.seed,
            "status": header.status,
            "created": header.created.isoformat(),
            "graph_digest": header.digest,
            "prompts": header.prompts,
            **{f"dial:{name}": value for name, value in self.setup["dials"].items()},
            **{f"version:{name}": number for name, number in header.versions.items()},
        }
        if header.parent is not None:
            metadata["parent"] = header.parent
        return {**metadata, "forked_at": header.fork.at} if header.fork is not None else metadata


def _before(statements: Sequence[dict[str, Any]], round: int, until: int) -> list[dict[str, Any]]:
    """What was public of the rounds before `until`, as far back as a party hears it word for word."""
    first = window_start(round, HEARD_ROUNDS)
    names = ("round", "turn", "period", "speaker", "text", "fields")
    return [{name: one[name] for name in names} for one in statements if first <= one["round"] < until]
