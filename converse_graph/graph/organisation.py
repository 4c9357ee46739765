"""A turn of an organisation: hear, deliberate, speak, remember."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from langgraph.runtime import Runtime

from converse_graph.calls.model_call import Answer
from converse_graph.calls.run_context import Inside, RunContext, context_of
from converse_graph.graph.write_access import only, party_writes
from converse_graph.models.base import Part, Profile
from converse_graph.models.registry import Chats
from converse_graph.models.settings import REPLY_TOKENS
from converse_graph.prompting.decisions import told_decision
from converse_graph.prompting.descriptions import brief_values, filled_form, topic_of
from converse_graph.prompting.templates import Prompts
from converse_graph.prompting.truncation import fitted
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
from converse_graph.record.state import mind_of, outbox_of
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.fields import Field
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_settings import SpeakerSettings, speaker_settings
from converse_graph.turn.deliberation import Debating, Deliberations, deliberate
from converse_graph.turn.drift_check import drift_of_statements
from converse_graph.turn.motions import motion_fields, motion_for, motion_reminders, write_stance
from converse_graph.turn.statement import Speech, by_graph, by_model, statement_fields
from converse_graph.turn.turn_context import Heard, hear


def organisation_node(
    scenario: Scenario, party: Organisation, debate: Debating | None
) -> Callable[[Mapping[str, Any], Runtime[RunContext]], Awaitable[dict[str, Any]]]:
    """The node of one party.

    Args:
        scenario: What is played.
        party: Who speaks.
        debate: Its debate, compiled, where its deliberation is one.
    """
    speak = by_model(scenario, party) if party.graph is None else by_graph(scenario, party)
    brief, writes, settings = _brief(scenario, party), party_writes(party.name), speaker_settings(scenario)

    async def take_turn(state: Mapping[str, Any], runtime: Runtime[RunContext]) -> dict[str, Any]:
        context, emit = await context_of(runtime, settings), runtime.stream_writer
        seen = view(scenario, state, party.name)
        if context.spending:
            context.spending.check() if seen.voting else context.spending.take_turn()
        period = scenario.clock.period(seen.round)
        if not seen.voting:
            emit({"event": "turn", "speaker": party.name, "period": period.label, "round": seen.round})
        place = CallPath.of_turn(seen.round, seen.turn, party.name)
        profile = context.chats.get(party.model).profile if party.graph is None else "large"
        itself = brief(context, profile)
        past = seen.past
        heard = await hear(scenario, context, party, seen, place, itself, profile, emit)
        seen, parts = heard.seen, heard.parts
        if seen.voting:
            cast = await write_stance(context, scenario, party, seen, place, parts, emit)
            return only(writes, _vote(party, heard, place, cast))
        motion = motion_for(scenario, party)
        written = seen.written
        if motion and motion.private_positions and seen.is_first:
            written = await write_stance(context, scenario, party, seen, place, itself, emit)
        deliberations: Deliberations | None = None
        if party.deliberation is not None:
            inside = Inside(
                place=place,
                period=period,
                topic=topic_of(party, round=seen.round, seed=context.seed),
                parts=parts,
                mind=seen.mind,
                summaries=seen.own_summaries,
                past=past,
                freezes=bool(heard.summed_up),
                model=party.model,
            )
            deliberations = await deliberate(party.deliberation, debate, scenario.clock, context, inside, emit)
        decision = told_decision(deliberations.debate) if deliberations else None
        reminded = motion_reminders(context, scenario, party, seen, written, profile)
        drift = drift_of_statements(scenario, party, period, state.get("transcript", ()))
        speech = Speech(
            view=seen, place=place, parts=parts, decision=decision, written=written, reminded=reminded, drift=drift
        )
        answer = await speak(context, speech, emit)
        new = written if seen.is_first else None
        proposal, note = _proposal(scenario, party, seen, answer), _note(heard, place, deliberations, answer, new)
        within = deliberations.within if deliberations else ()
        mind: list[MindRecord] = [*heard.summed_up, *heard.concluded, note, *within]
        return only(writes, {outbox_of(party.name): proposal, mind_of(party.name): mind})

    return take_turn


def check_windows(scenario: Scenario, chats: Chats, prompts: Prompts, settings: SpeakerSettings) -> None:
    """Refuse to begin where a party's brief alone leaves its model no room to hear and to answer.

    Args:
        scenario: What is played.
        chats: The models.
        prompts: The templates.
        settings: Of each party's model.

    Raises:
        WindowTooSmall: It does; with the numbers.
    """
    for party in scenario.organisations:
        if party.graph is not None:
            continue
        chat = chats.get(party.model)
        fields = statement_fields(scenario, party, profile=chat.profile)
        values = brief_values(scenario, party, fields)
        rules = prompts.part("organisation/brief", chat.profile, values, owner=party.name, role="system")
        own = settings.of(party.name)
        window, reply = own.context_window or chat.window, own.max_tokens or REPLY_TOKENS
        fitted((rules,), window=window, reply=reply, model=f"{chat.model}, for {party.name},")


def _brief(scenario: Scenario, party: Organisation) -> Callable[[RunContext, Profile], tuple[Part, ...]]:
    """Render a party's brief once for each set of prompts, so that every prompt of its begins the same."""
    kept: dict[tuple[str, Profile], tuple[Part, ...]] = {}

    def brief(context: RunContext, profile: Profile) -> tuple[Part, ...]:
        key = (context.prompts.digest, profile)
        if key not in kept:
            fields = statement_fields(scenario, party, profile=profile)
            values = brief_values(scenario, party, fields)
            rules = context.prompts.part("organisation/brief", profile, values, owner=party.name, role="system")
            shown = _examples(context.prompts, party, fields) if profile == "small" else ()
            kept[key] = (rules, *shown)
        return kept[key]

    return brief


def _examples(prompts: Prompts, party: Organisation, fields: Sequence[Field]) -> Iterator[Part]:
    """Reports as if asked and given before: what a small model takes the shape of its own from."""
    for example in party.examples:
        values = {"name": party.name, "topic": example.topic}
        question = prompts.part("organisation/example", "small", values, owner=party.name)
        yield question
        yield replace(question, role="assistant", text=filled_form(fields, example))


def _vote(party: Organisation, heard: Heard, place: CallPath, cast: StanceRecord) -> dict[str, Any]:
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
    return {outbox_of(party.name): proposal, mind_of(party.name): [vote]}


def _proposal(scenario: Scenario, party: Organisation, seen: View, answer: Answer) -> StatementProposal:
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
    heard: Heard, place: CallPath, deliberations: Deliberations | None, answer: Answer, written: StanceRecord | None
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
