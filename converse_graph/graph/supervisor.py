"""The supervisor: commits statements, keeps the turn order, advances the clock. It never speaks."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from langgraph.graph import END
from langgraph.runtime import Runtime
from langgraph.types import Command

from converse_graph.calls.model_call import StructuredRequest, ask
from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.calls.run_context import Emit, RunContext, current_context, tee
from converse_graph.errors import InvalidValue
from converse_graph.graph.write_access import TABLE_SUPERVISOR, restrict_writes
from converse_graph.models.base import PUBLIC
from converse_graph.prompting.history import public_record
from converse_graph.record.call_paths import CallPath
from converse_graph.record.records import EventRecord, StatementRecord, VoteRecord, without_kind
from converse_graph.record.state import WORLD_STATE, TurnState, append, outbox_channel
from converse_graph.scenarios.cast import SUPERVISOR
from converse_graph.scenarios.fields import Choice
from converse_graph.scenarios.rules import events_so_far
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_settings import speaker_settings
from converse_graph.scenarios.world_tables import WORLD
from converse_graph.turn.compaction import summarise_rounds
from converse_graph.turn.motions import count_ballots, dissent_is_due
from converse_graph.turn.turn_order import (
    ballot_floor,
    eligible_speakers,
    end_of_run,
    first_reports,
    new_world_events,
    next_in_round,
    start_round,
    statements_in_round,
    stop_reason,
    vote_is_due,
    world_is_due,
)

State = Mapping[str, Any]


def supervisor_node(scenario: Scenario) -> Callable[..., Awaitable[Command[Any]]]:
    """The node that every turn comes back to."""
    settings = speaker_settings(scenario)

    async def supervise(state: State, runtime: Runtime[RunContext]) -> Command[Any]:
        context = await current_context(runtime, settings)
        emit = tee(runtime.stream_writer, context.trace.on_event if context.trace else None)
        floor: TurnState | None = state.get("floor")
        _check_horizon(state.get("horizon"))
        if floor and floor["speakers"] and not any(state.get(outbox_channel(name)) for name in floor["speakers"]):
            # Somebody gave the graph new input in the middle of a turn, and what was in hand is lost: ask again.
            return Command(goto=floor["speakers"])
        voting = bool(floor and floor.get("stage") == "ballot")
        new_statements = [] if voting else _commit(state, floor, emit)
        transcript: Sequence[StatementRecord] = append(state.get("transcript"), [new_statements])
        update: dict[str, Any] = {"transcript": new_statements} if new_statements else {}
        following = next_in_round(scenario, floor) if floor and not voting else None
        if world_is_due(scenario, floor, state.get(WORLD_STATE, ())):
            return _resolve_world(context, floor, following, transcript, update)
        if following is None:
            round_update, goto = _between_rounds(scenario, state, transcript, context, emit)
            update |= round_update
            if goto:
                return Command(goto=goto, update=restrict_writes(TABLE_SUPERVISOR, update))
            following = start_round(scenario, floor, seed=context.seed)
            summaries = state.get("summaries", ())
            new_summaries = await summarise_rounds(scenario, context, summaries, transcript, following["round"], emit)
            update |= {"summaries": new_summaries} if new_summaries else {}
        if new_statements:
            _note_progress(context, following["round"], transcript)
        following = await _choose_speakers(scenario, context, following, transcript, emit)
        return Command(
            goto=following["speakers"], update=restrict_writes(TABLE_SUPERVISOR, {**update, "floor": following})
        )

    return supervise


def _resolve_world(
    context: RunContext,
    floor: TurnState | None,
    following: TurnState | None,
    transcript: Sequence[StatementRecord],
    update: dict[str, Any],
) -> Command[Any]:
    """Have the world resolve the round that is over, before anything else is made of it; its node comes back here."""
    if floor and following is None:
        _note_progress(context, floor["round"] + 1, transcript)
        update["floor"] = end_of_run(floor)
    return Command(goto=WORLD, update=restrict_writes(TABLE_SUPERVISOR, update))


def _check_horizon(horizon: Any) -> None:
    """Refuse an input that says no horizon.

    Raises:
        InvalidValue: It is no number of rounds.
    """
    if horizon is not None and (not isinstance(horizon, int) or isinstance(horizon, bool) or horizon < 0):
        raise InvalidValue(f"horizon is {horizon!r}: a number of rounds, 1 and up, or None for the clock's own.")


def _between_rounds(
    scenario: Scenario, state: State, transcript: Sequence[StatementRecord], context: RunContext, emit: Emit
) -> tuple[dict[str, Any], list[str]]:
    """Close a round: what changes by it, and who is next: those who vote, nobody more, or none where it goes on."""
    floor: TurnState | None = state.get("floor")
    if floor and floor.get("stage") == "ballot":
        update: dict[str, Any] = {"votes": [_count(scenario, state, floor, emit)]}
        ending = floor.get("ending")
    else:
        update, ending = _close_round(scenario, state, transcript, context.horizon)
        if floor and vote_is_due(scenario, state.get("votes", ()), floor, ending, context.votes_after):
            vote = ballot_floor(scenario, floor, ending)
            return {**update, "floor": vote}, vote["speakers"]
    if ending != state.get("ended"):
        update["ended"] = ending
    if not ending:
        return update, []
    _note_progress(context, floor["round"] + 1 if floor else 0, transcript)
    return update | ({"floor": end_of_run(floor)} if floor else {}), [END]


def _close_round(
    scenario: Scenario, state: State, transcript: Sequence[StatementRecord], horizon: int | None
) -> tuple[dict[str, Any], str | None]:
    """Fold what happened in the round that is over, and say why the run ends, if it does."""
    floor: TurnState | None = state.get("floor")
    rounds = floor["round"] + 1 if floor else 0
    reports: list[EventRecord] = list(state.get("events", ()))
    new, ending = list[EventRecord](), None
    if floor and not state.get("ended"):  # a run that is extended has closed its last round already
        new = list(first_reports(scenario, reports, statements_in_round(transcript, rounds - 1)))
        before, now = (events_so_far(scenario.events, report_list) for report_list in (reports, [*reports, *new]))
        fresh = [name for name in now if name not in before]
        ending = stop_reason(scenario, transcript, [*fresh, *new_world_events(state.get(WORLD_STATE, ()))])
    if rounds >= (horizon or state.get("horizon") or scenario.clock.rounds):
        ending = ending or "horizon"
    return {"events": new} if new else {}, ending


def _count(scenario: Scenario, state: State, floor: TurnState, emit: Emit) -> VoteRecord:
    if scenario.motion is None:
        raise TypeError("a vote is held on a motion")
    cast = [state.get(outbox_channel(name)) or {} for name in floor["speakers"]]
    vote = count_ballots(scenario.motion, floor["round"], [ballot.get("position") for ballot in cast])
    emit({"event": "vote", **without_kind(vote)})
    return vote


def _commit(state: State, floor: TurnState | None, emit: Emit) -> list[StatementRecord]:
    """Take what those with the floor propose, in their order; refuse another's name and another round."""
    if floor is None:
        return []
    statements: list[StatementRecord] = []
    for position, name in enumerate(floor["speakers"]):
        proposal = state.get(outbox_channel(name)) or {}
        statement: StatementRecord = {
            "kind": "statement",
            "round": floor["round"],
            "turn": floor["turn"] + position,
            "speaker": name,
            "text": "",
            "fields": {},
        }
        if proposal.get("speaker") == name and proposal.get("round") == floor["round"]:
            for part in _PROPOSED:
                if part in proposal:
                    statement[part] = proposal[part]
        else:
            claim = f"{proposal.get('speaker', 'nobody')!r} in round {proposal.get('round')}"
            statement["problem"] = f"refused: the floor was {name!r}'s in round {floor['round']}, this spoke as {claim}"
        emit({"event": "statement", **without_kind(statement)})
        statements.append(statement)
    if statements and floor.get("dissent"):
        statements[0]["dissents"] = True
    return statements


def _note_progress(context: RunContext, rounds: int, transcript: Sequence[StatementRecord]) -> None:
    if context.journal:
        context.journal.progress(rounds=rounds, statements=len(transcript))


_PROPOSED: tuple[Literal["text", "fields", "problem", "repairs", "sorted_fields", "mended"], ...] = (
    "text",
    "fields",
    "problem",
    "repairs",
    "sorted_fields",
    "mended",
)


async def _choose_speakers(
    scenario: Scenario, context: RunContext, floor: TurnState, transcript: Sequence[StatementRecord], emit: Emit
) -> TurnState:
    """Have somebody picked where nobody has the floor, and call on them to dissent where that is due."""
    if not floor["speakers"]:
        floor = await _moderate(scenario, context, floor, transcript, emit)
    if dissent_is_due(scenario, transcript, floor["speakers"][0], folds=context.folds):
        floor["dissent"] = True
    return floor


async def _moderate(
    scenario: Scenario, context: RunContext, floor: TurnState, transcript: Sequence[StatementRecord], emit: Emit
) -> TurnState:
    """Let a model give somebody the floor, within the bounds of fairness."""
    candidates = eligible_speakers(scenario, floor["turns_taken"])
    speaker = candidates[0]
    if len(candidates) > 1:
        form = build_reply_schema(
            "pick", [Choice(name="next_speaker", ask="who speaks next", options=tuple(candidates))]
        )
        place = CallPath.of_turn(floor["round"], floor["turn"], SUPERVISOR).call("pick")
        values = {
            "premise": scenario.premise,
            "period": scenario.clock.period(floor["round"]).label,
            "candidates": ", ".join(candidates),
        }
        profile = context.models.get(scenario.moderator_model).profile
        task = context.prompts.message("moderator/pick", profile, values, owner=PUBLIC)
        recent = public_record(transcript[-2 * len(scenario.organisations) :], scenario.clock)
        question = StructuredRequest(place=place, messages=(*recent, task), form=form, model=scenario.moderator_model)
        answer = await ask(context, question, emit)
        speaker = answer.values["next_speaker"] if answer.values else speaker
    turns_taken = {**floor["turns_taken"], speaker: floor["turns_taken"].get(speaker, 0) + 1}
    return TurnState(**{**floor, "speakers": [speaker], "turns_taken": turns_taken})
