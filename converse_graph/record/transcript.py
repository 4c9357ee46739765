"""The record of a run as values: its header, its statements, and the private conversations behind them."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic import Field as Bound

from converse_graph.record.verdict import Verdict
from converse_graph.scenarios.deliberation_rules import Motion
from converse_graph.scenarios.model_settings import ModelSettings, options_in_words
from converse_graph.scenarios.rules import Event, RunningList, ScheduledEvent
from converse_graph.scenarios.value import FrozenModel
from converse_graph.scenarios.world import World
from converse_graph.summary_repr import Summary


class Decision(FrozenModel):
    """How a deliberation ended, counted by code from what its members said."""

    position: str
    """The position with the most votes; in a tie, the chair's."""
    reasons: tuple[str, ...] = ()
    """The last words of those who voted for it."""
    votes: dict[str, str] = Bound(default_factory=dict)
    """Each member's last position."""
    dissent: tuple[str, ...] = ()
    """Members who voted otherwise."""


Rule = Literal["private_positions", "secret_ballot", "justify_changes", "dissenter"]
"""A rule against easy agreement that a debate may be held by."""


class Stance(FrozenModel):
    """Where a member stands, as it wrote down for itself: before it heard the others, or on its ballot."""

    speaker: str
    """Whose position it is."""
    position: str | None = None
    """None when it made no usable reply; `problem` then says why."""
    reason: str = ""
    problem: str | None = None
    """Why there is no reply; None where there is one."""
    repairs: int = 0
    """How many times the reply was sent back because it did not fit its schema."""
    mended: tuple[str, ...] = ()
    """What code mended in the reply before it could be read."""


class Line(FrozenModel):
    """What one member said in a deliberation."""

    speaker: str
    """The member whose line it is."""
    text: str
    """Empty when the member made no usable reply; `problem` then says why."""
    position: str | None = None
    """Where it stood as it said this."""
    new_fact: str | None = None
    """The fact that it gave for a change of position, where the debate asks for one."""
    dissents: bool = False
    """Whether it was called on to argue against what all had agreed on."""
    problem: str | None = None
    """Why there is no reply; None where there is one."""
    repairs: int = 0
    """How many times the reply was sent back because it did not fit its schema."""
    mended: tuple[str, ...] = ()
    """What code mended in the reply before it could be read."""
    follows_decision: bool | None = None
    """Whether the position is the one its own inner deliberation decided for; None where it held none."""
    deliberation: Deliberation | None = None
    """The conversation that the member held inside itself first."""


class Minutes(FrozenModel):
    """What the chair of a debate wrote down at its end."""

    speaker: str
    """The chair."""
    decided: str = ""
    """What was decided, in its words; empty where it made no usable reply, and `problem` then says why."""
    actions: tuple[str, ...] = ()
    """Who is to do what by when."""
    open_questions: tuple[str, ...] = ()
    """What was left open."""
    problem: str | None = None
    """Why there is no reply; None where there is one."""
    repairs: int = 0
    """How many times the reply was sent back because it did not fit its schema."""
    mended: tuple[str, ...] = ()
    """What code mended in the reply before it could be read."""


class Deliberation(FrozenModel):
    """A private conversation inside a speaker."""

    mode: Literal["debate", "imagined"] = "debate"
    motion: str
    options: tuple[str, ...] = ()
    """The positions to choose from, as listed; none where each member worded its own."""
    rules: tuple[Rule, ...] = ()
    """The rules against easy agreement that it was held by."""
    private_positions: tuple[Stance, ...] = ()
    """Where members stood before they heard the others; in a debate held by that rule."""
    lines: tuple[Line, ...]
    ballots: tuple[Stance, ...] = ()
    """The secret ballots, which the decision counts; in a debate held by that rule."""
    decision: Decision | None = None
    """None when nobody took a position."""
    minutes: Minutes | None = None
    """What the chair wrote down of it; None where it was not asked to."""


class Vote(FrozenModel):
    """A secret ballot on the scenario's motion, counted by code."""

    round: int
    """After which round it was held, from 0."""
    position: str | None = None
    """The position with the most ballots; None in a tie."""
    counts: dict[str, int] = Bound(default_factory=dict)
    """Ballots by position; those with none are left out."""
    ballots: tuple[Stance, ...] = ()
    """Who voted how; in the reader's edition alone."""


class PrivateNotes(FrozenModel):
    """What a party kept to itself in a turn."""

    memo: str = ""
    """Its note to itself."""
    conclusions: tuple[str, ...] = ()
    """What it concluded before it spoke, where it recalls and enough had happened."""
    initial_stance: Stance | None = None
    """Where it stood on the scenario's motion before it heard anybody; in its first turn, where that is asked."""
    position: str | None = None
    """The position it took in its statement; asked only of those who deliberate."""
    follows_decision: bool | None = None
    """Whether that is the position its deliberation decided for."""
    deliberation: Deliberation | None = None


class StatementSource(FrozenModel):
    """Where a statement stands in the file that it was imported from."""

    line: int
    """Where it begins, from 1."""
    label: str = ""
    """When it was made, as the file says; empty where it does not."""
    out_of_turn: bool = False
    """Whether its speaker had spoken in the round already, or spoke against an order that the others keep."""
    out_of_year: bool = False
    """Whether the label names another period than the statements around it have."""


class Statement(FrozenModel):
    """What a turn made public."""

    round: int
    """From 0."""
    turn: int
    """Position in the round, from 0."""
    period: str
    """The round as people call it, such as "2026 H2"."""
    speaker: str
    """The party whose turn it was."""
    text: str
    """Empty when the party made no statement; `problem` then says why."""
    fields: dict[str, Any] = Bound(default_factory=dict)
    """The scenario's fields, by name; empty when there is no statement."""
    problem: str | None = None
    """Why there is no reply; None where there is one."""
    repairs: int = 0
    """How many times the reply was sent back because it did not fit its schema."""
    sorted_fields: tuple[str, ...] = ()
    """Fields whose percentiles came out of order and were sorted by code."""
    mended: tuple[str, ...] = ()
    """What code mended in the reply before it could be read, such as "trailing comma"; "key cut out" where a key of
    ours stood in it."""
    dissents: bool = False
    """Whether the party was called on to argue against what all had agreed on."""
    source: StatementSource | None = None
    """Of an imported run; None for a statement that was played."""
    private: PrivateNotes | None = None
    """In the reader's edition alone."""

    def public(self) -> Statement:
        """This statement without what its speaker kept to itself."""
        return self.model_copy(update={"private": None})


class WorldMove(FrozenModel):
    """What became of a party's move."""

    party: str
    move: str
    """The name of an action, or "wait"."""
    is_legal: bool
    """Whether it was one that the party could take; an illegal move has no effect."""
    is_seen: bool
    """Whether everybody learned of it."""
    reason: str = ""
    """Why it was illegal."""


class Change(FrozenModel):
    """What one effect did to one variable in a round."""

    owner: str
    """"world", a party or a pair."""
    variable: str
    cause: str
    """Such as "drift 1" or "Norland: fish_hard"."""
    operation: Literal["add", "multiply", "set"]
    amount: float
    """As the effect has it, factors included."""
    by: float
    """How far it moved the variable, in its unit, before the range was applied."""


class HiddenWorld(FrozenModel):
    """What nobody, or one party alone, was told of the world after a round."""

    state: dict[str, dict[str, float]]
    """All variables, by owner."""
    moves: tuple[WorldMove, ...] = ()
    """All moves."""
    changes: tuple[Change, ...] = ()
    """What each effect did."""


class WorldRound(FrozenModel):
    """The world after a round."""

    round: int
    """From 0; -1 as the run began."""
    period: str
    """The round as people call it; "start" as the run began."""
    state: dict[str, dict[str, float]]
    """Public variables by owner: "world", a party or a pair."""
    moves: tuple[WorldMove, ...] = ()
    """Those that everybody learned of."""
    happened: tuple[str, ...] = ()
    """Names of events of the world, so far."""
    hidden: HiddenWorld | None = None
    """In the reader's edition alone."""

    def public(self) -> WorldRound:
        """This round without what stayed hidden."""
        return self.model_copy(update={"hidden": None})


class Party(FrozenModel):
    """A member of the cast, as the header names it."""

    name: str
    kind: str
    deliberation: str = "none"
    """"none", "imagined" or "debate"."""
    model: str | None = None
    """Its own model, where it differs from the run's."""
    persona_models: dict[str, str] = Bound(default_factory=dict)
    """Models of its personas, by their path, such as "OpenAI/CEO", where they have one of their own."""


class PromptedModel(FrozenModel):
    """How a model was prompted: what a replay must know to ask the same."""

    profile: Literal["small", "large"]
    """Which set of prompts it had."""
    window: int | None = None
    """How many tokens prompt and reply might be together; None where unknown."""
    shown_window: int | None = None
    """How many its server has named as the most, when it refused more; None where it has not."""
    safe_window: int | None = None
    """How many its server took after it had refused more without naming a number; None where it has not."""


class Fork(FrozenModel):
    """Where a run leaves its parent, and what was put into a mouth there."""

    at: str
    """The first turn that is its own: a period, or a period, a colon and a party."""
    say: str | None = None
    """What that party says instead."""
    fields: dict[str, Any] = Bound(default_factory=dict)
    """What it reports otherwise, by field."""


class Override(FrozenModel):
    """A resume that went on though scenario or prompts had changed, as it was told to."""

    statements: int
    """How many there were then."""
    parts: tuple[str, ...]
    """What had changed, such as "prompt: organisation/brief (large)"."""


SourceForm = Literal["labelled text", "markdown", "json lines", "chat messages"]
"""How a file that was imported is written."""


class UnparsedLines(FrozenModel):
    """Lines of a file that could not be read as a part of the conversation."""

    first: int
    """From 1."""
    last: int
    """Counted in."""
    why: str


class ImportSource(FrozenModel):
    """The file that a run was imported from: nobody played it here."""

    file: str
    """Its name, without its folder."""
    form: SourceForm
    encoding: str
    digest: str
    """Of its bytes."""
    lines: int
    """How many it has."""
    unparsed: tuple[UnparsedLines, ...] = ()
    """Lines that could not be read, the first thousand stretches of them."""
    unparsed_lines: int = 0
    """How many lines that were in all."""


def _parse_world_once(value: Any) -> Any:
    """Read the rules of a world once: the runs of an ensemble share them, and to check them takes a while."""
    return _read_world(json.dumps(value)) if isinstance(value, dict) else value


@lru_cache(maxsize=16)
def _read_world(text: str) -> World:
    return World.model_validate(json.loads(text))


class Header(FrozenModel):
    """What a run was, at the top of its transcript."""

    run: str
    """How the run is called in its store."""
    scenario: str
    """The scenario's name."""
    title: str = ""
    """The scenario's line for readers."""
    status: Literal["running", "paused", "finished", "failed"]
    """How it stood when this was written."""
    ended: str | None = None
    """Why it finished, such as "horizon" or "event agi_reached"."""
    created: datetime
    """When the run was registered, in UTC."""
    model: str
    """The run's own model; of several, all names with commas between them."""
    base_url: str | None = None
    """The server that it was given for its models; None for the environment's."""
    models: dict[str, PromptedModel] = Bound(default_factory=dict)
    """Every model that may be asked, by its name, with how it is prompted."""
    settings: dict[str, ModelSettings] = Bound(default_factory=dict)
    """How models are asked, where something was chosen: by the path of a speaker, such as "OpenAI/CEO"; of everybody
    else under ""."""
    options: dict[str, ModelSettings] = Bound(default_factory=dict)
    """Of these settings, those that the run was given over its scenario's."""
    source: str = ""
    """Where the scenario comes from: its name in the catalogue, or its file's; empty for one made in Python."""
    digest: str = ""
    """Of the scenario and its prompts, as the run began with them."""
    seed: int
    """Of all that was left to chance."""
    clock: dict[str, Any]
    """`start`, `end` and `step` of the scenario's clock, and `rounds`, the horizon of this run."""
    order: str
    """Who speaks when, as the scenario says."""
    cast: tuple[Party, ...]
    """Who sat at the table."""
    dials: dict[str, Any] = Bound(default_factory=dict)
    """Settings of the scenario function's dials, by name."""
    standing: tuple[RunningList, ...] = ()
    """Lists that code folds from the statements, such as laws in force."""
    motion: Motion | None = None
    """The question before the table, and the rules against easy agreement that it was settled by."""
    votes: tuple[Vote, ...] = ()
    """Secret ballots on it: one at the end, and one at each end that the run had before it was extended."""
    events: tuple[ScheduledEvent, ...] = ()
    """What happened at a date, whatever the parties did."""
    awaited: tuple[Event, ...] = ()
    """What may happen, once enough parties report it; when it did is folded from the statements."""
    world: Annotated[World | None, BeforeValidator(_parse_world_once)] = None
    """The rules of its world; None for a run of words alone."""
    overrides: tuple[Override, ...] = ()
    """Where it went on with something else than it began with."""
    humans: tuple[str, ...] = ()
    """The paths of speakers that persons play."""
    judges: tuple[str, ...] | None = ()
    """Models that judge it at its end, on the command line: none for its own, None for nobody."""
    warnings: tuple[str, ...] = ()
    """What failed and was done without, a sentence each: settings that a model does not take, a model that another
    stood in for."""
    parent: str | None = None
    """The run that this was forked from."""
    fork: Fork | None = None
    """How it was forked."""
    versions: dict[str, str] = Bound(default_factory=dict)
    """Of converse-graph and the libraries that a run depends on."""
    prompts: str = ""
    """Digest of the prompt templates."""
    rubric: str = "general"
    """What it is judged by, unless the judge is told otherwise."""
    imported: ImportSource | None = None
    """What it was imported from; None for a run that was played."""
    public_only: bool = False
    """Whether it was packed without its private parts: it can be read and judged, not gone on with."""
    chain_head: str = ""
    """Digest of all that the run had on record when this was written, its private part and its calls among it, for
    `converse audit --against`; empty where no store was behind it."""

    @property
    def model_in_words(self) -> str:
        """The run's own model with the settings that were chosen, such as "mini:7b (temperature 0.7)"."""
        words = options_in_words(self.settings)
        return f"{self.model} ({words})" if words else self.model


class Transcript(FrozenModel):
    """A run's record: the public one, or, where statements have a private part, the reader's edition."""

    header: Header
    """What the run is: its parties, its settings, how far it came."""
    statements: tuple[Statement, ...]
    """In the order in which they were made."""
    verdicts: tuple[Verdict, ...] = ()
    """What judges made of the public record."""
    world: tuple[WorldRound, ...] = ()
    """The world as the run began and after each round; none in a run of words alone."""

    def public(self) -> Transcript:
        """This record without anything private."""
        bare = tuple(statement.public() for statement in self.statements)
        events = tuple(event for event in self.header.events if event.party is None)
        votes = tuple(vote.model_copy(update={"ballots": ()}) for vote in self.header.votes)
        header = self.header.model_copy(update={"events": events, "votes": votes})
        world = tuple(after.public() for after in self.world)
        return self.model_copy(update={"header": header, "statements": bare, "world": world})

    def __repr__(self) -> str:
        return self._card().line()

    def __str__(self) -> str:
        return self._card().text()

    def _repr_html_(self) -> str:
        return self._card().html()

    def _card(self) -> Summary:
        """The public record alone, also of a reader's edition."""
        header, total = self.header, str(len(self.statements))
        facts = (
            ("title", header.title),
            ("status", header.status),
            ("statements", total),
            ("model", header.model_in_words),
        )
        rows = [
            (statement.period, statement.speaker, statement.text or f"({statement.problem})")
            for statement in self.statements
        ]
        columns = ("period", "speaker", "statement")
        return Summary(kind="Transcript", name=header.run, facts=facts, columns=columns, rows=rows)


Line.model_rebuild()
