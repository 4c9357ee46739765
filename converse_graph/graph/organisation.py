"""A turn of an organisation: hear, deliberate, speak, remember."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from langgraph.runtime import Runtime

from converse_graph.calls.model_call import StructuredReply
from converse_graph.calls.run_context import DebateFrame, RunContext, current_context
from converse_graph.graph.write_access import party_writes, restrict_writes
from converse_graph.models.base import Message, PromptProfile
from converse_graph.models.registry import ModelRegistry
from converse_graph.models.settings import REPLY_TOKENS
from converse_graph.prompting.decisions import redacted_decision
from converse_graph.prompting.descriptions import brief_messages, topic_for_round
from converse_graph.prompting.templates import Prompts
from converse_graph.prompting.truncation import fit_to_window
from converse_graph.prompting.visibility import view
from converse_graph.record.call_paths import CallPath
from converse_graph.record.records import (
    BallotProposal,
    BallotRecord,
    MindRecord,
    MoveRecord,
    NoteRecord,
    StanceRecord,
    StatementProposal,
)
from converse_graph.record.state import moves_channel, outbox_channel, private_channel
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_settings import SpeakerSettings, speaker_settings
from converse_graph.scenarios.world_tables import MOVE, WAIT
from converse_graph.turn.deliberation import DebateGraph, Deliberations, deliberate
from converse_graph.turn.drift_check import drift_of_statements
from converse_graph.turn.guest import Guest
from converse_graph.turn.motions import motion_fields, motion_for, write_stance
from converse_graph.turn.speaker_turn import PartyTurn
from converse_graph.turn.statement import (
    StatementContext,
    describe_situation,
    graph_speaker,
    speech_by_model,
    statement_fields,
)
from converse_graph.turn.turn_opening import TurnOpening, open_turn


def organisation_node(
    scenario: Scenario, party: Organisation, debate: DebateGraph | None
) -> Callable[[Mapping[str, Any], Runtime[RunContext]], Awaitable[dict[str, Any]]]:
    """The node of one party.

    Args:
        scenario: What is played.
        party: Who speaks.
        debate: Its debate, compiled, where its deliberation is one.
    """
    guest = Guest(party.graph, prose="statement") if party.graph is not None else None
    speak = speech_by_model(scenario, party) if guest is None else graph_speaker(scenario, party)
    brief, settings = _brief(scenario, party), speaker_settings(scenario)
    writes = party_writes(party.name, has_world=scenario.world is not None)

    async def take_turn(state: Mapping[str, Any], runtime: Runtime[RunContext]) -> dict[str, Any]:
        turn = brief(await _begin(scenario, party, guest, state, runtime, settings))
        start = await open_turn(turn)
        past, turn, messages = turn.view.past, start.turn, start.messages
        view_now = turn.view
        if view_now.voting:
            ballot = await write_stance(turn, messages)
            return restrict_writes(writes, _vote(start, ballot))
        motion = motion_for(scenario, party)
        stance_now = view_now.initial_stance
        if motion and motion.private_positions and view_now.is_first:
            stance_now = await write_stance(turn, turn.brief)
        deliberations: Deliberations | None = None
        if party.deliberation is not None:
            inside = DebateFrame(
                place=turn.place,
                period=turn.period,
                topic=topic_for_round(party, round=view_now.round, seed=turn.context.seed),
                situation=describe_situation(party, view_now, turn.period.label),
                messages=messages,
                mind=view_now.mind,
                summaries=view_now.own_summaries,
                past=past,
                freezes=bool(start.new_summaries),
                model=party.model,
            )
            deliberations = await deliberate(
                party.deliberation, debate, scenario.clock, turn.context, inside, turn.emit
            )
        speech = StatementContext(
            messages=messages,
            decision=redacted_decision(deliberations.debate) if deliberations else None,
            initial_stance=stance_now,
            drift=drift_of_statements(turn, state.get("transcript", ())),
        )
        answer = await speak(turn, speech)
        note = _note(start, deliberations, answer, stance_now if view_now.is_first else None)
        within = deliberations.within if deliberations else ()
        mind: list[MindRecord] = [*start.new_summaries, *start.new_conclusions, note, *within]
        proposal = _proposal(turn, answer)
        update: dict[str, Any] = {outbox_channel(party.name): proposal, private_channel(party.name): mind}
        if scenario.world is not None:
            update[moves_channel(party.name)] = [_move(turn, answer)]
        return restrict_writes(writes, update)

    return take_turn


async def _begin(
    scenario: Scenario,
    party: Organisation,
    guest: Guest | None,
    state: Mapping[str, Any],
    runtime: Runtime[RunContext],
    settings: SpeakerSettings,
) -> PartyTurn:
    """Take the turn, where there is anything left to spend; of the party's brief it knows nothing yet."""
    context, emit = await current_context(runtime, settings), runtime.stream_writer
    party_view = view(scenario, state, party.name, folds=context.folds)
    place = CallPath.of_turn(party_view.round, party_view.turn, party.name)
    if context.spending:
        context.spending.check() if party_view.voting else context.spending.take_turn(str(place))
    if not party_view.voting:
        period = scenario.clock.period(party_view.round).label
        emit({"event": "turn", "speaker": party.name, "period": period, "round": party_view.round})
    return PartyTurn(
        context=context,
        emit=emit,
        place=place,
        model=party.model,
        guest=guest,
        scenario=scenario,
        party=party,
        view=party_view,
        brief=(),
    )


def check_windows(scenario: Scenario, chats: ModelRegistry, prompts: Prompts, settings: SpeakerSettings) -> None:
    """Refuse to begin where a party's brief alone leaves its model no room to hear and to answer.

    Args:
        scenario: What is played.
        chats: The models.
        prompts: The templates.
        settings: Of each party's model.

    Raises:
        ContextWindowTooSmall: It does; with the numbers.
    """
    for party in scenario.organisations:
        if party.graph is not None:
            continue
        chat = chats.get(party.model)
        fields = statement_fields(scenario, party, profile=chat.profile)
        rules = brief_messages(prompts, chat.profile, scenario, party, fields)[:1]
        own = settings.of(party.name)
        window, reply = own.context_window or chat.window, own.max_tokens or REPLY_TOKENS
        fit_to_window(rules, window=window, reply=reply, model=f"{chat.model}, for {party.name},")


def _brief(scenario: Scenario, party: Organisation) -> Callable[[PartyTurn], PartyTurn]:
    """Render a party's brief once for each set of prompts, so that every prompt of its begins the same."""
    briefs: dict[tuple[str, PromptProfile], tuple[Message, ...]] = {}

    def with_brief(turn: PartyTurn) -> PartyTurn:
        prompts, profile = turn.context.prompts, turn.profile
        key = (prompts.digest, profile)
        if key not in briefs:
            fields = statement_fields(scenario, party, profile=profile)
            briefs[key] = brief_messages(prompts, profile, scenario, party, fields)
        return replace(turn, brief=briefs[key])

    return with_brief


def _vote(start: TurnOpening, ballot: StanceRecord) -> dict[str, Any]:
    """A secret ballot: what is counted goes to the supervisor for one step, the rest stays in the party's mind."""
    place, party = start.turn.place, start.turn.party
    vote: BallotRecord = {
        "kind": "ballot",
        "round": place.round,
        "turn": place.turn,
        "place": str(place),
        "path": party.name,
        "ballot": ballot,
    }
    if start.problem:
        vote["recall_problem"] = start.problem
    proposal: BallotProposal = {
        "kind": "ballot_proposal",
        "speaker": party.name,
        "round": place.round,
        "position": ballot.get("position"),
    }
    return {outbox_channel(party.name): proposal, private_channel(party.name): [vote]}


def _proposal(turn: PartyTurn, answer: StructuredReply) -> StatementProposal:
    """What the party lays before the supervisor: what is public of its answer."""
    party = turn.party
    proposal: StatementProposal = {"kind": "statement_proposal", "speaker": party.name, "round": turn.view.round}
    if answer.values is None:
        proposal["problem"] = answer.problem
    else:
        for claim in ("speaker", "round"):
            if answer.values.get(claim) is not None:
                proposal[claim] = answer.values[claim]
        fields = {
            field.name: answer.values[field.name] for field in (*party.fields, *motion_fields(turn.scenario, party))
        }
        proposal |= {"text": answer.values["statement"], "fields": fields}
    if answer.repairs:
        proposal["repairs"] = answer.repairs
    if answer.sorted_fields:
        proposal["sorted_fields"] = list(answer.sorted_fields)
    if answer.mended:
        proposal["mended"] = list(answer.mended)
    return proposal


def _move(turn: PartyTurn, answer: StructuredReply) -> MoveRecord:
    """What the party does, sealed until the round is over; where it was asked nothing or gave no reply, it waits."""
    place = turn.place
    move = (answer.values or {}).get(MOVE) or WAIT
    return {
        "kind": "move",
        "round": place.round,
        "turn": place.turn,
        "place": str(place),
        "party": place.party,
        "move": move,
    }


def _note(
    start: TurnOpening, deliberations: Deliberations | None, answer: StructuredReply, stance_now: StanceRecord | None
) -> NoteRecord:
    """What the party keeps to itself of the turn: its memo and its debate, in one record."""
    place = start.turn.place
    note: NoteRecord = {
        "kind": "note",
        "round": place.round,
        "turn": place.turn,
        "place": str(place),
        "path": place.party,
    }
    values = answer.values or {}
    if deliberations is not None:
        note["debate"] = deliberations.debate
    if stance_now is not None:
        note["initial_stance"] = stance_now
    if start.problem:
        note["recall_problem"] = start.problem
    if values.get("memo"):
        note["memo"] = values["memo"]
    if values.get("position"):
        note["position"] = values["position"]
        decision = deliberations.debate["decision"] if deliberations else None
        note["follows_decision"] = decision is not None and values["position"] == decision["position"]
    return note
