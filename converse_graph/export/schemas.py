"""What scripts may lean on: JSON Schemas (draft 2020-12) of what is printed, made from the values that are printed.

A schema changes only with its version, which is in its `$id`, and mostly in the value too.
"""

from copy import deepcopy
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field as Bound
from typing_extensions import TypedDict  # before Python 3.12 pydantic makes a JSON Schema of no other

from converse_graph.export.comparison import DIFF_VERSION, Change, DifferenceRow
from converse_graph.export.formats import SHOW_VERSION
from converse_graph.export.stats import STATS_VERSION
from converse_graph.export.world_comparison import WorldRow
from converse_graph.export.world_explanation import EXPLAIN_VERSION, Explanation
from converse_graph.graph.wiring import WIRING_VERSION, Conversation
from converse_graph.measures.consistency import Contradiction
from converse_graph.measures.disagreement import Disagreement
from converse_graph.measures.drift import Drift
from converse_graph.measures.event_dates import EventDate
from converse_graph.measures.events import ReportedEvent
from converse_graph.measures.pledges import PledgeOutcome
from converse_graph.record.transcript import Header, ImportSource, Statement, WorldRound
from converse_graph.record.verdict import Verdict
from converse_graph.runs.interview import INTERVIEW_VERSION, Interview
from converse_graph.scenarios.field_docs import add_property, printed_schema

RUNS_VERSION = 1
"""Of the shape of `runs --json`."""

_Count = Annotated[int, Bound(ge=0)]


class TranscriptJson(TypedDict):
    """The transcript of a run."""

    version: int
    header: Header
    standing: dict[str, list[str]]
    """What stands at the end, such as laws in force, by the title of its list."""
    happened: list[EventDate]
    """The events that have happened, with who reported them."""
    verdicts: list[Verdict]
    statements: list[Statement]
    world: list[WorldRound]
    """The world as the run began and after each round; empty in a run of words alone."""


class RunRow(TypedDict):
    """A run of a store."""

    run: str
    scenario: str
    status: Literal["running", "paused", "finished", "failed"]
    parent: str | None
    """The run that this was forked from."""
    replays: str | None
    """The run whose journal answered for the models."""
    rounds: _Count
    """How many rounds are done."""
    statements: _Count
    """Turns on the record so far, those without a statement included."""
    tokens: _Count
    """Of all model calls, prompts and replies."""
    usd: Annotated[float, Bound(ge=0)] | None
    """Cost; null where no price is known."""
    created: datetime
    chain_head: Annotated[str, Bound(pattern="^[0-9a-f]{64}$")]
    """Digest of all that the run has on record, for `converse audit --against`."""
    model: str | None
    """Null, like all below, where nothing has been said yet."""
    humans: list[str]
    """The paths of speakers that persons played: such a run is no replicate of one by models alone."""
    seed: int | None
    dials: dict[str, Any]
    ended: str | None
    """Why it finished, such as "horizon" or "event treaty"."""
    watched: float | None
    """Years that it played (rounds, on a clock of plain rounds)."""
    events: dict[str, str | None]
    """The period in which each event happened; null for one that has not."""
    reported_by: dict[str, list[str]]
    """Who reported each event that happened; "world" for one of the world's."""
    years: dict[str, float]
    """Years from the start of the clock to the end of the round in which it happened, of each event that did."""
    last_values: dict[str, dict[str, Any]]
    """What each party reported last, by field, and where the world stands."""
    drift_rate: float | None
    """Signs of drift a statement."""
    agreement: float | None
    """Share of its debates in which nobody ever took a second position."""
    scores: dict[str, float]
    """What judges gave it, 1 to 10, by question."""


class StatsJson(TypedDict):
    """The measures of a run."""

    version: int
    run: str
    model: str
    imported: ImportSource | None
    """The file that the run was imported from; null for a run that was played."""
    humans: list[str]
    """The paths of speakers that persons played."""
    public_only: bool
    """Whether it was packed without its private parts, so that debates cannot be measured."""
    disagreement: Disagreement | None
    table: Disagreement | None
    drift: list[Drift]
    happened: list[EventDate]
    """The events that have happened, with who reported them."""
    events: list[ReportedEvent]
    warnings: list[str]
    pledges: list[PledgeOutcome]
    """What parties announced to do, and what became of it; empty where the scenario names no field of pledges."""
    consistency: list[Contradiction]


class DiffJson(TypedDict):
    """Two runs side by side."""

    version: int
    runs: Annotated[list[str], Bound(min_length=2, max_length=2)]
    settings: list[Change]
    outcome: list[Change]
    """Where what came of them differs: how they ended, and when which event happened."""
    rows: list[DifferenceRow]
    world: list[WorldRow]
    """Where the worlds of the runs differ; empty for runs of words alone."""


class GraphJson(TypedDict):
    """The graph of a scenario."""

    version: int
    graph: Conversation


def show_schema() -> dict[str, Any]:
    """The schema of `show --as json`, with and without `--raw`, which adds what each speaker kept to itself.

    The header may gain names without a new version; scripts pass over those that they do not know.
    """
    document = printed_schema("show", SHOW_VERSION, TranscriptJson, title="The transcript of a run")
    definitions = document["$defs"]
    definitions["Header"]["additionalProperties"] = True
    is_verified = {"type": "boolean", "description": "Whether the quotation is in the transcript."}
    add_property(definitions["Score"], "verified", is_verified)
    statement, private = definitions["Statement"], definitions.pop("PrivateNotes")["properties"]
    del statement["properties"]["private"]
    statement["required"] = [name for name in statement["required"] if name not in ("private", "source")]
    for name, schema in private.items():  # all null where the record is without the private part
        statement["properties"][name] = {"anyOf": [schema, {"type": "null"}]}
    statement["dependentRequired"] = {name: list(private) for name in private}
    return document


def runs_schema() -> dict[str, Any]:
    """The schema of `runs --json`: a list with a row for each run."""
    return printed_schema("runs", RUNS_VERSION, list[RunRow], title="The runs of a store")


def stats_schema() -> dict[str, Any]:
    """The schema of `show --stats --as json`."""
    document = printed_schema("stats", STATS_VERSION, StatsJson, title="The measures of a run")
    definitions = document["$defs"]
    definitions["InDebates"] = deepcopy(definitions["Disagreement"])
    add_property(definitions["InDebates"], "only_agrees", {"type": "boolean"})
    document["properties"]["disagreement"]["anyOf"][0] = {"$ref": "#/$defs/InDebates"}
    return document


def diff_schema() -> dict[str, Any]:
    """The schema of `diff --as json`."""
    document = printed_schema("diff", DIFF_VERSION, DiffJson, title="Two runs side by side")
    add_property(document["$defs"]["DifferenceRow"], "same", {"type": "boolean"})
    return document


def explain_schema() -> dict[str, Any]:
    """The schema of `explain --json`."""
    return printed_schema("explain", EXPLAIN_VERSION, Explanation)


def interview_schema() -> dict[str, Any]:
    """The schema of `interview --json`."""
    return printed_schema("interview", INTERVIEW_VERSION, Interview)


def graph_schema() -> dict[str, Any]:
    """The schema of `graph --as json`."""
    return printed_schema("graph", WIRING_VERSION, GraphJson, title="The graph of a scenario")
