"""A turn of an organisation: hear, deliberate, speak, remember."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from langgraph.runtime import Runtime

from converse_graph.calls.model_call import REPLY_TOKENS, Answer
from converse_graph.calls.run_context import Inside, RunContext, context_of
from converse_graph.graph.write_access import only, party_writes
from converse_graph.models.base import Part, Profile
from converse_graph.models.registry import Chats
from converse_graph.prompting.decisions import told_decision
from converse_graph.prompting.descriptions import brief_values, filled_form, topic_of
from converse_graph.prompting.templates import Prompts
from converse_graph.prompting.truncation import fitted
from converse_graph.prompting.visibility import View, view
from converse_graph.record.state import Entry, mind_of, outbox_of
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.fields import Field
from converse_graph.scenarios.scenario import Scenario
from converse_graph.turn.deliberation import Debating, deliberate
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
    brief, writes = _brief(scenario, party), party_writes(party.name)

    async def take_turn(state: Mapping[str, Any], runtime: Runtime[RunContext]) -> dict[str, Any]:
        context, emit = await context_of(runtime), runtime.stream_writer
        seen = view(scenario, state, party.name)
        if context.spending:
            context.spending.check() if seen.voting else context.spending.take_turn()
        period = scenario.clock.period(seen.round)
        if not seen.voting:
            emit({"event": "turn", "speaker": party.name, "period": period.label, "round": seen.round})
        place = f"{seen.round}.{seen.turn}/{party.name}"
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
        records: list[Entry] = []
        if party.deliberation is not None:
            inside = Inside(
                place=place,
                path=party.name,
                period=period,
                turn=seen.turn,
                topic=topic_of(party, round=seen.round, seed=context.seed),
                parts=parts,
                mind=seen.mind,
                summaries=seen.own_summaries,
                past=past,
                freezes=bool(heard.summed_up),
                model=party.model,
            )
            records = await deliberate(party.deliberation, debate, scenario.clock, context, inside, emit)
        decision = told_decision(records[0]) if records else None
        reminded = motion_reminders(context, scenario, party, seen, written, profile)
        drift = drift_of_statements(scenario, party, period, state.get("transcript", ()))
        speech = Speech(
            view=seen, place=place, parts=parts, decision=decision, written=written, reminded=reminded, drift=drift
        )
        answer = await speak(context, speech, emit)
        new = written if seen.is_first else None
        proposal, kept = _proposal(scenario, party, seen, answer), _remember(party, heard, place, records, answer, new)
        mind = [*heard.summed_up, *heard.concluded, *kept]
        return only(writes, {outbox_of(party.name): proposal, mind_of(party.name): mind})

    return take_turn


def check_windows(scenario: Scenario, chats: Chats, prompts: Prompts) -> None:
    """Refuse to begin where a party's brief alone leaves its model no room to hear and to answer.

    Raises:
        WindowTooSmall: It does; with the numbers.
    """
    for party in scenario.organisations:
        if party.graph is not None:
            continue
        chat = chats.get(party.model)
        fields = statement_fields(scenario, party, profile=chat.profile)
        text = prompts.render("organisation/brief", chat.profile, brief_values(scenario, party, fields))
        rules = Part(role="system", text=text, source="prompt/organisation/brief", owner=party.name)
        fitted((rules,), window=chat.window, reply=REPLY_TOKENS, model=f"{chat.model}, for {party.name},")


def _brief(scenario: Scenario, party: Organisation) -> Callable[[RunContext, Profile], tuple[Part, ...]]:
    """Render a party's brief once for each set of prompts, so that every prompt of its begins the same."""
    kept: dict[tuple[int, Profile], tuple[Prompts, tuple[Part, ...]]] = {}

    def brief(context: RunContext, profile: Profile) -> tuple[Part, ...]:
        key = (id(context.prompts), profile)
        if key not in kept:
            fields = statement_fields(scenario, party, profile=profile)
            text = context.prompts.render("organisation/brief", profile, brief_values(scenario, party, fields))
            rules = Part(role="system", text=text, source="prompt/organisation/brief", owner=party.name)
            shown = _examples(context.prompts, party, fields) if profile == "small" else ()
            kept[key] = (context.prompts, (rules, *shown))
        return kept[key][1]

    return brief


def _examples(prompts: Prompts, party: Organisation, fields: Sequence[Field]) -> Iterator[Part]:
    """Reports as if asked and given before: what a small model takes the shape of its own from."""
    for example in party.examples:
        asked = prompts.render("organisation/example", "small", {"name": party.name, "topic": example.topic})
        source = "prompt/organisation/example"
        yield Part(role="user", text=asked, source=source, owner=party.name)
        yield Part(role="assistant", text=filled_form(fields, example), source=source, owner=party.name)


def _vote(party: Organisation, heard: Heard, place: str, cast: Entry) -> dict[str, Any]:
    """A secret ballot: what is counted goes to the supervisor for one step, the rest stays in the party's mind."""
    seen = heard.seen
    kept: Entry = {"round": seen.round, "turn": seen.turn, "place": place, "path": party.name, "ballot": cast}
    cast_in: Entry = {"speaker": party.name, "round": seen.round, "ballot": cast.get("position")}
    if heard.problem:
        kept["recall_problem"] = heard.problem
    return {outbox_of(party.name): cast_in, mind_of(party.name): [kept]}


def _proposal(scenario: Scenario, party: Organisation, seen: View, answer: Answer) -> Entry:
    """What the party lays before the supervisor: what is public of its answer."""
    proposed: Entry = {"speaker": party.name, "round": seen.round}
    if answer.values is None:
        proposed["problem"] = answer.problem
    else:
        claimed = {key: answer.values[key] for key in ("speaker", "round") if answer.values.get(key) is not None}
        fields = {field.name: answer.values[field.name] for field in (*party.fields, *motion_fields(scenario, party))}
        proposed |= {"text": answer.values["statement"], "fields": fields, **claimed}
    if answer.repairs:
        proposed["repairs"] = answer.repairs
    if answer.sorted_fields:
        proposed["sorted_fields"] = list(answer.sorted_fields)
    if answer.mended:
        proposed["mended"] = list(answer.mended)
    return proposed


def _remember(
    party: Organisation, heard: Heard, place: str, records: Sequence[Entry], answer: Answer, written: Entry | None
) -> list[Entry]:
    """What the party keeps to itself of the turn: its memo and its deliberation, in one record."""
    kept: Entry = {"round": heard.seen.round, "turn": heard.seen.turn, "place": place, "path": party.name}
    first, *inner = records or [{}]
    kept |= first
    values = answer.values or {}
    if written is not None:
        kept["written"] = written
    if heard.problem:
        kept["recall_problem"] = heard.problem
    if values.get("memo"):
        kept["memo"] = values["memo"]
    if values.get("position"):
        kept["position"] = values["position"]
        kept["follows_decision"] = values["position"] == kept["decision"]["position"]
    return [kept, *inner]
