"""Asks a party of a run, as it was at the end of a period, without leaving a trace in the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.calls.run_context import RunContext
from converse_graph.errors import ConverseError, InvalidValue
from converse_graph.models.base import Message, PromptProfile
from converse_graph.models.registry import ModelRegistry
from converse_graph.prompting.descriptions import brief_messages, format_period
from converse_graph.prompting.history import build_history
from converse_graph.prompting.personas import with_article
from converse_graph.prompting.templates import TASKS, Prompts, load_prompts
from converse_graph.prompting.visibility import View, view
from converse_graph.record.call_paths import CallPath
from converse_graph.record.state import TurnState
from converse_graph.runs.fork_state import Turn, truncate
from converse_graph.runs.graph_input import recall_index
from converse_graph.runs.simulation import Simulation
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.fields import Text, words_for
from converse_graph.scenarios.model_settings import (
    EVERYBODY,
    UNSET,
    ModelSettings,
    Options,
    merged_options,
    read_options,
)
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_settings import SpeakerSettings, speaker_settings
from converse_graph.store import Store
from converse_graph.turn.recall import recall_for
from converse_graph.turn.speaker_turn import PartyTurn
from converse_graph.turn.statement import describe_events

_TASKS: Mapping[str, frozenset[str]] = {
    "organisation/interview": frozenset({"name", "period", "events", "question", "length"}),
    **{task: TASKS[task] for task in ("organisation/brief", "organisation/example", "any/repair", "any/repair-fields")},
}
SMALL_LENGTH = 240
"""Characters of a small model's answer at most: beyond, it says the same again."""


INTERVIEW_VERSION = 1
"""Of the shape of `interview --json`."""


@dataclass(frozen=True, kw_only=True)
class Interview:
    """A question and what was answered; nothing of it is in the run."""

    run: str
    party: str
    period: str
    """At the end of which the party was asked."""
    model: str
    """Who answered for it."""
    question: str
    answer: str
    warnings: tuple[str, ...] = ()
    """What failed and was done without, a sentence each."""


def interview_prompts() -> Prompts:
    """The templates of interviews; they are no part of how a run plays, so that a change of one does not touch runs."""
    return load_prompts(tasks=_TASKS)


async def interview(
    store: Store,
    name: str,
    *,
    party: str,
    at: str,
    question: str,
    model: Any = None,
    base_url: str | None = None,
    scenario: Scenario | None = None,
    options: ModelSettings | Options | None = None,
) -> Interview:
    """Ask a party what it thinks, with what it had heard and noted by the end of a period.

    Nothing is written: not to the run, its minds or its journal. Of the period that a run is in, the party knows what
    has been said so far.

    Args:
        store: Where the run is kept.
        name: The run.
        party: Who is asked.
        at: A period's name, or a year for its first period.
        question: What it is asked.
        model: Who answers for it; None for the party's own model, and where it has none the run's.
        base_url: Of an OpenAI-compatible server; None for the run's.
        scenario: What the run plays, for one that was made in Python.
        options: Settings of the model that answers, over those of the run.

    Raises:
        NotFound: There is no such run, party or model, or an option is for somebody who does not speak.
        InvalidValue: The run has not come to that period, there is no question, or the party is a graph of its own.
        RunPaused: The model's server cannot be reached or refuses.
        ConverseError: No reply of the model was usable.
    """
    if not question.strip():
        raise InvalidValue("There is no question; give one, between quotation marks.")
    simulation = await Simulation.reopen(store, name, scenario=scenario)
    interviewee = _who(simulation.scenario, party)
    view_then = await _as_it_was(store, simulation, interviewee, at)
    chats, prompts = (
        ModelRegistry(model or simulation.run.header.model, base_url or simulation.run.header.base_url),
        interview_prompts(),
    )
    try:
        own = None if model is not None else interviewee.model
        profile = chats.get(own).profile
        field = _field(simulation.scenario, profile)
        turn = PartyTurn(
            context=RunContext(
                models=chats,
                prompts=prompts,
                seed=simulation.run.header.seed,
                recall=recall_index(store, simulation.run, simulation.scenario),
                settings=_settings(simulation, interviewee, read_options(options), is_own_model=model is None),
            ),
            emit=lambda event: None,
            place=CallPath.of_turn(view_then.round, view_then.turn, interviewee.name),
            model=own,
            guest=None,
            scenario=simulation.scenario,
            party=interviewee,
            view=view_then,
            brief=brief_messages(prompts, profile, simulation.scenario, interviewee, (field,)),
        )
        history = build_history(turn.brief, view_then, simulation.scenario.clock, profile)
        if profile == "large":
            history += (await recall_for(turn, history, run=name, question=question)).messages
        messages = (*history, _task(turn, field, question))
        answer = await turn.ask("interview", messages, build_reply_schema("interview", (field,)), prose="answer")
    finally:
        await chats.close()
    if answer.values is None:
        raise ConverseError(
            f"{interviewee.name} gave no usable answer: {answer.problem}; ask again, or another --model."
        )
    return Interview(
        run=name,
        party=interviewee.name,
        period=turn.period.label,
        model=answer.model,
        question=question,
        answer=answer.values["answer"].strip(),
        warnings=tuple(sorted(turn.context.warnings)),
    )


def _settings(simulation: Simulation, party: Organisation, options: Options, *, is_own_model: bool) -> SpeakerSettings:
    """How the one who answers is asked: as the party was in the run; the window is that of its own model."""
    settings = speaker_settings(simulation.scenario, merged_options(simulation.run.header.options, options)).of(
        party.name
    )
    if not is_own_model:
        own_settings = options.get(EVERYBODY, UNSET).merged(options.get(party.name, UNSET))
        settings = settings.model_copy(update={"context_window": own_settings.context_window})
    return SpeakerSettings(everybody=settings)


def _who(scenario: Scenario, name: str) -> Organisation:
    party = scenario.party(name)
    if party.graph is not None:
        able = ", ".join(other.name for other in scenario.organisations if other.graph is None) or "nobody here"
        raise InvalidValue(f"{name} is a graph of its own and cannot be interviewed; those who can: {able}.")
    return party


async def _as_it_was(store: Store, simulation: Simulation, party: Organisation, at: str) -> View:
    """What the party knew at the end of a period."""
    scenario, values = simulation.scenario, store.channels(simulation.run.name)
    round, statements = scenario.clock.round_of(at), values.get("transcript", ())
    last = statements[-1]["round"] if statements else -1
    if round > last:
        way_out = f"name {scenario.clock.period(last).label} or before" if statements else "nobody has spoken yet"
        raise InvalidValue(f"The run has not come to {scenario.clock.period(round).label}: {way_out}.")
    state = truncate(scenario, values, Turn(round=round + 1, turn=0, party=None), seed=simulation.run.header.seed)
    after = sum(entry["round"] == round for entry in state["transcript"])
    floor = TurnState(round=round, turn=after, speakers=[party.name], queue=[], turns_taken={})
    return view(scenario, {**state, "floor": floor}, party.name)


def _task(turn: PartyTurn, field: Text, question: str) -> Message:
    """The question, as the party is asked it."""
    period = turn.period.label
    values = {
        "name": with_article(turn.party.name),
        "period": format_period(period) if turn.profile == "small" else period,
        "events": describe_events(turn.view),
        "question": question.strip(),
        "length": words_for(field.max_length),
    }
    return turn.message("interview", values)


def _field(scenario: Scenario, profile: PromptProfile) -> Text:
    length = min(scenario.max_statement_chars, SMALL_LENGTH) if profile == "small" else scenario.max_statement_chars
    return Text(name="answer", ask="your answer to the question", max_length=length)
