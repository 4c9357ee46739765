"""A turn of an organisation: hear, deliberate, speak, remember."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from langgraph.runtime import Runtime

from converse_graph.calls.model_call import StructuredReply
from converse_graph.calls.run_context import DebateFrame, RunContext, context_from_config
from converse_graph.graph.write_access import party_writes, restrict_writes
from converse_graph.models.base import Message, PromptProfile
from converse_graph.models.registry import ModelRegistry
from converse_graph.models.settings import REPLY_TOKENS
from converse_graph.prompting.decisions import redacted_decision
from converse_graph.prompting.descriptions import brief_values, example_reply, topic_for_round
from converse_graph.prompting.templates import Prompts
from converse_graph.prompting.truncation import fit_to_window
from converse_graph.prompting.visibility import View, view
from converse_graph.record.paths import CallPath
from converse_graph.record.records import (
    BallotProposal,
    BallotRecord,
    MindRecord,
    NoteRecord,
    StanceRecord,
    StatementProposal,
)
from converse_graph.record.state import outbox_channel, private_channel
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.fields import Field
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_settings import SpeakerSettings, speaker_settings
from converse_graph.turn.deliberation import DebateGraph, Deliberations, deliberate
from converse_graph.turn.drift_check import drift_of_statements
from converse_graph.turn.motions import motion_fields, motion_for, motion_reminders, write_stance
from converse_graph.turn.statement import StatementContext, graph_speaker, model_speaker, statement_fields
from converse_graph.turn.turn_context import TurnContext, build_turn_context


def organisation_node(
    scenario: Scenario, party: Organisation, debate: DebateGraph | None
) -> Callable[[Mapping[str, Any], Runtime[RunContext]], Awaitable[dict[str, Any]]]:
    """The node of one party.

    Args:
        scenario: What is played.
        party: Who speaks.
        debate: Its debate, compiled, where its deliberation is one.
    """
    speak = model_speaker(scenario, party) if party.graph is None else graph_speaker(scenario, party)
    brief, writes, settings = _brief(scenario, party), party_writes(party.name), speaker_settings(scenario)

    async def take_turn(state: Mapping[str, Any], runtime: Runtime[RunContext]) -> dict[str, Any]:
        context, emit = await context_from_config(runtime, settings), runtime.stream_writer
        seen = view(scenario, state, party.name)
        if context.spending:
            context.spending.check() if seen.voting else context.spending.take_turn()
        period = scenario.clock.period(seen.round)
        if not seen.voting:
            emit({"event": "turn", "speaker": party.name, "period": period.label, "round": seen.round})
        place = CallPath.of_turn(seen.round, seen.turn, party.name)
        profile = context.models.get(party.model).profile if party.graph is None else "large"
        itself = brief(context, profile)
        past = seen.past
        heard = await build_turn_context(scenario, context, party, seen, place, itself, profile, emit)
        seen, messages = heard.seen, heard.messages
        if seen.voting:
            cast = await write_stance(context, scenario, party, seen, place, messages, emit)
            return restrict_writes(writes, _vote(party, heard, place, cast))
        motion = motion_for(scenario, party)
        written = seen.written
        if motion and motion.private_positions and seen.is_first:
            written = await write_stance(context, scenario, party, seen, place, itself, emit)
        deliberations: Deliberations | None = None
        if party.deliberation is not None:
            inside = DebateFrame(
                place=place,
                period=period,
                topic=topic_for_round(party, round=seen.round, seed=context.seed),
                messages=messages,
                mind=seen.mind,
                summaries=seen.own_summaries,
                past=past,
                freezes=bool(heard.new_summaries),
                model=party.model,
            )
            deliberations = await deliberate(party.deliberation, debate, scenario.clock, context, inside, emit)
        decision = redacted_decision(deliberations.debate) if deliberations else None
        reminded = motion_reminders(context, scenario, party, seen, written, profile)
        drift = drift_of_statements(scenario, party, period, state.get("transcript", ()))
        speech = StatementContext(
            view=seen,
            place=place,
            messages=messages,
            decision=decision,
            written=written,
            reminded=reminded,
            drift=drift,
        )
        answer = await speak(context, speech, emit)
        new = written if seen.is_first else None
        proposal, note = _proposal(scenario, party, seen, answer), _note(heard, place, deliberations, answer, new)
        within = deliberations.within if deliberations else ()
        mind: list[MindRecord] = [*heard.new_summaries, *heard.concluded, note, *within]
        return restrict_writes(writes, {outbox_channel(party.name): proposal, private_channel(party.name): mind})

    return take_turn


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
        values = brief_values(scenario, party, fields)
        rules = prompts.message("organisation/brief", chat.profile, values, owner=party.name, role="system")
        own = settings.of(party.name)
        window, reply = own.context_window or chat.window, own.max_tokens or REPLY_TOKENS
        fit_to_window((rules,), window=window, reply=reply, model=f"{chat.model}, for {party.name},")


def _brief(scenario: Scenario, party: Organisation) -> Callable[[RunContext, PromptProfile], tuple[Message, ...]]:
    """Render a party's brief once for each set of prompts, so that every prompt of its begins the same."""
    kept: dict[tuple[str, PromptProfile], tuple[Message, ...]] = {}

    def brief(context: RunContext, profile: PromptProfile) -> tuple[Message, ...]:
        key = (context.prompts.digest, profile)
        if key not in kept:
            fields = statement_fields(scenario, party, profile=profile)
            values = brief_values(scenario, party, fields)
            rules = context.prompts.message("organisation/brief", profile, values, owner=party.name, role="system")
            shown = _examples(context.prompts, party, fields) if profile == "small" else ()
            kept[key] = (rules, *shown)
        return kept[key]

    return brief


def _examples(prompts: Prompts, party: Organisation, fields: Sequence[Field]) -> Iterator[Message]:
    """Reports as if asked and given before: what a small model takes the shape of its own from."""
    for example in party.examples:
        values = {"name": party.name, "topic": example.topic}
        question = prompts.message("organisation/example", "small", values, owner=party.name)
        yield question
        yield replace(question, role="assistant", text=example_reply(fields, example))


def _vote(party: Organisation, heard: TurnContext, place: CallPath, cast: StanceRecord) -> dict[str, Any]:
    """A secret ballot: what is counted goes to the supervisor for one step, the rest stays in the party's mind."""
    vote: BallotRecord = {
        "kind": "ballot",
        "round": place.round,
        "turn": place.turn,
        "place": str(place),
        "path": party.name,
        "ballot": cast,
    }
    if heard.problem:
        vote["recall_problem"] = heard.problem
    proposal: BallotProposal = {
        "kind": "ballot_proposal",
        "speaker": party.name,
        "round": place.round,
        "position": cast.get("position"),
    }
    return {outbox_channel(party.name): proposal, private_channel(party.name): [vote]}


def _proposal(scenario: Scenario, party: Organisation, seen: View, answer: StructuredReply) -> StatementProposal:
    """What the party lays before the supervisor: what is public of its answer."""
    proposed: StatementProposal = {"kind": "statement_proposal", "speaker": party.name, "round": seen.round}
    if answer.values is None:
        proposed["problem"] = answer.problem
    else:
        for claim in ("speaker", "round"):
            if answer.values.get(claim) is not None:
                proposed[claim] = answer.values[claim]
        fields = {field.name: answer.values[field.name] for field in (*party.fields, *motion_fields(scenario, party))}
        proposed |= {"text": answer.values["statement"], "fields": fields}
    if answer.repairs:
        proposed["repairs"] = answer.repairs
    if answer.sorted_fields:
        proposed["sorted_fields"] = list(answer.sorted_fields)
    if answer.mended:
        proposed["mended"] = list(answer.mended)
    return proposed


def _note(
    heard: TurnContext,
    place: CallPath,
    deliberations: Deliberations | None,
    answer: StructuredReply,
    written: StanceRecord | None,
) -> NoteRecord:
    """What the party keeps to itself of the turn: its memo and its debate, in one record."""
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
    if written is not None:
        note["written"] = written
    if heard.problem:
        note["recall_problem"] = heard.problem
    if values.get("memo"):
        note["memo"] = values["memo"]
    if values.get("position"):
        note["position"] = values["position"]
        decision = deliberations.debate["decision"] if deliberations else None
        note["follows_decision"] = decision is not None and values["position"] == decision["position"]
    return note
