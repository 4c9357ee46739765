"""How an organisation comes to its words: a model fills its form, or its own graph speaks for it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from converse_graph.calls.model_call import Drift, StructuredReply, StructuredRequest, ask
from converse_graph.calls.reply_schema import ReplySchema, build_reply_schema
from converse_graph.calls.streamed_prose import ProseReader
from converse_graph.models.base import Message, PromptProfile
from converse_graph.models.tokens import estimate_tokens
from converse_graph.prompting.decisions import describe_decision
from converse_graph.prompting.descriptions import describe_fields, format_period, topic_for_round
from converse_graph.prompting.personas import with_article
from converse_graph.prompting.summaries import current_summaries, describe_summary
from converse_graph.prompting.visibility import View
from converse_graph.record.records import DecisionRecord, StanceRecord, memo_of, without_kind
from converse_graph.sanitize import quote
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.fields import Choice, Field, Integer, Text, words_for
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.world_tables import MOVE, WAIT
from converse_graph.turn.decision import statement_position
from converse_graph.turn.guest import view_part
from converse_graph.turn.motions import motion_fields, motion_for, motion_reminders
from converse_graph.turn.speaker_turn import PartyTurn

MEMO_LENGTH = 160
"""Characters of a party's note to itself, at most."""

SMALL_LENGTH = 300
"""Characters of a statement's prose that a small model is given at most: beyond, it says the same again."""

SMALL_MEMO_LENGTH = 100
"""Characters of a small model's note to itself."""


@dataclass(frozen=True, kw_only=True)
class StatementContext:
    """What a party has as it is about to speak."""

    messages: tuple[Message, ...]
    """Its brief, what it heard, and what it remembers."""
    decision: DecisionRecord | None
    """How its deliberation ended; None where it held none or came to nothing."""
    initial_stance: StanceRecord | None = None
    """Where it stood on the motion before it heard anybody."""
    drift: Drift | None = None
    """Finds signs of drift in its statement; None where these are counted alone."""


Speak = Callable[[PartyTurn, StatementContext], Awaitable[StructuredReply]]


def statement_fields(
    scenario: Scenario,
    party: Organisation,
    position: Choice | None = None,
    profile: PromptProfile = "large",
    moves: Sequence[str] | None = None,
) -> tuple[Field, ...]:
    """The form of a statement: prose, the party's own fields, then what stays private; shorter for a small model.

    Args:
        scenario: What is played.
        party: Whose statement.
        position: The position that it takes after a debate, where it is asked for one.
        profile: Which set of prompts suits the model.
        moves: In a world: the actions that are open to it now; None for all that it may ever take.
    """
    small = profile == "small"
    length = min(scenario.max_statement_chars, SMALL_LENGTH) if small else scenario.max_statement_chars
    prose = Text(name="statement", ask="your public statement", max_length=length)
    memo = Text(
        name="memo",
        ask="a private note to yourself: what to remember or to do next, which nobody else reads",
        max_length=SMALL_MEMO_LENGTH if small else MEMO_LENGTH,
    )
    private = (*([position] if position else ()), *move_field(scenario, party, moves), memo)
    return (prose, *party.fields, *motion_fields(scenario, party), *private)


def move_field(scenario: Scenario, party: Organisation, moves: Sequence[str] | None = None) -> tuple[Choice, ...]:
    """The field for a party's sealed move; none where there is nothing to choose."""
    if scenario.world is None:
        return ()
    actions = [action.name for action in scenario.world.actions_of(party.kind)] if moves is None else moves
    if not actions:
        return ()
    ask = "what you do now, which may differ from what you say; nobody is told before the round is over"
    return (Choice(name=MOVE, ask=ask, options=(*actions, WAIT), example=actions[0]),)


def speech_by_model(scenario: Scenario, party: Organisation) -> Speak:
    """Speech by a structured call of the party's model."""
    plain: dict[tuple[PromptProfile, tuple[str, ...]], ReplySchema] = {}

    def form_for(decision: DecisionRecord | None, profile: PromptProfile, moves: tuple[str, ...]) -> ReplySchema:
        position = statement_position(party.deliberation, decision) if party.deliberation else None
        if position is not None:
            return build_reply_schema("statement", statement_fields(scenario, party, position, profile, moves))
        if (profile, moves) not in plain:
            fields = statement_fields(scenario, party, profile=profile, moves=moves)
            plain[profile, moves] = build_reply_schema("statement", fields)
        return plain[profile, moves]

    async def speak(turn: PartyTurn, speech: StatementContext) -> StructuredReply:
        context, emit, view_now, period = turn.context, turn.emit, turn.view, turn.period.label
        debated = party.deliberation.motion if party.deliberation else ""
        values = {
            "name": with_article(party.name),
            "period": period,
            "questions": questions(party, view_now, period),
            "decision": describe_decision(speech.decision, turn.profile, motion=debated),
            "events": describe_events(view_now),
            "length": words_for(scenario.max_statement_chars),
            "standing": describe_standing(view_now, turn.profile),
            "kept": describe_kept(view_now),
            "changed": override_questions(party, view_now, period),
            "when": format_period(period),
            "topic": topic_for_round(party, round=view_now.round, seed=context.seed),
        }
        form = form_for(speech.decision, turn.profile, view_now.moves)
        task = turn.message("statement", {**values, "report": describe_fields(form.fields)})
        reader = ProseReader(
            lambda text: emit({"event": "text", "speaker": party.name, "text": text}), name="statement"
        )

        def restart(reason: str) -> None:
            reader.restart()
            emit({"event": "restart", "speaker": party.name, "reason": reason})

        question = StructuredRequest(
            place=turn.place.call("statement"),
            messages=(*speech.messages, *motion_reminders(turn, speech.initial_stance), task),
            form=form,
            model=party.model,
            drift=speech.drift,
            on_delta=reader if context.live else None,
            on_restart=restart if context.live else None,
        )
        return await ask(context, question, emit)

    return speak


def graph_speaker(scenario: Scenario, party: Organisation) -> Speak:
    """Speech by the party's own graph; what it claims of speaker and round is left for the supervisor to judge."""
    *fields, memo = statement_fields(scenario, party)
    claims = (
        Text(name="speaker", ask="who speaks", optional=True),
        Integer(name="round", ask="in which round", optional=True, minimum=0, maximum=10**6),
    )
    form = build_reply_schema("statement", (*fields, *claims, memo.model_copy(update={"optional": True})))

    async def speak(turn: PartyTurn, speech: StatementContext) -> StructuredReply:
        view_now, period = turn.view, turn.period.label
        form_shown = {
            "party": party.name,
            "premise": scenario.premise,
            "brief": party.brief,
            "round": view_now.round,
            "period": period,
            "questions": questions(party, view_now, period),
            "statements": [
                {"period": scenario.clock.period(statement["round"]).label, **without_kind(statement)}
                for statement in view_now.statements
            ],
            "memos": [memo for record in view_now.mind if (memo := memo_of(record))],
            "decision": speech.decision,
            "events": list(view_now.events),
            **_motion_shown(turn, speech.initial_stance),
            "standing": {title: list(entries) for title, entries in view_now.standing},
            "pinned": {title: list(entries) for title, entries in view_now.pinned},
            "summaries": [describe_summary(summary) for summary in current_summaries(view_now.summaries)],
        }
        return await turn.ask("graph", (view_part(form_shown, owner=party.name),), form, prose="statement")

    return speak


def _motion_shown(turn: PartyTurn, stance: StanceRecord | None) -> dict[str, Any]:
    """What a guest is told of the motion; nothing where there is none for it."""
    motion = motion_for(turn.scenario, turn.party)
    if motion is None:
        return {}
    values = {"motion": motion.question, "options": list(motion.options), "asked": "statement"}
    return {**values, "initial_stance": stance, "dissents": turn.view.dissents, "rules": list(motion.rules)}


def questions(party: Organisation, view: View, period: str) -> str:
    """What a party is asked, which changes with the period and with what has happened."""
    return override_questions(party, view, period) or party.questions


def override_questions(party: Organisation, view: View, period: str) -> str:
    """What it is asked in place of its usual questions: what an event brought, else what the period brings."""
    texts = [text for event, text in party.questions_after.items() if event in view.events]
    return texts[-1] if texts else party.questions_at.get(period, "")


def describe_events(view: View) -> str:
    """What has happened so far, in words."""
    names = ", ".join(event.replace("_", " ") for event in view.events)
    return f"This has happened: {names}." if names else ""


def describe_situation(party: Organisation, view: View, period: str) -> str:
    """What a party's people have before them as they decide: what has happened, what is in force, what it is asked."""
    own_questions = questions(party, view, period)
    name = with_article(party.name)
    sentences = [
        describe_events(view),
        describe_standing(view, "large"),
        describe_kept(view),
        f"Afterwards {name} makes its public statement, in which it is asked: {own_questions}" if own_questions else "",
    ]
    return "\n\n".join(filter(None, sentences))


SMALL_STANDING = 3
"""How many entries of a list a small model is told, the latest: it copies a long list into its report."""


FOLD_TOKENS = 800
"""Tokens of a list that is folded from the whole run, such as laws in force, as far as a prompt goes: the latest that
fit are told, and how many there are. On record all of it stays."""


def describe_kept(view: View) -> str:
    """What a party must never lose, in words: a title, and each entry on a line."""
    return "\n".join(_format_list(title, entries, is_long=True) for title, entries in view.pinned if entries)


def describe_standing(view: View, profile: PromptProfile) -> str:
    """What stands now and concerns a party, in words."""
    if profile == "small":
        return " ".join(_format_list(title, entries[-SMALL_STANDING:]) for title, entries in view.standing if entries)
    return "\n".join(_format_list(title, entries, is_long=True) for title, entries in view.standing if entries)


def _format_list(title: str, entries: Sequence[str], *, is_long: bool = False) -> str:
    """A list of what parties have reported: each entry between quotation marks, for it stands in a task.

    Args:
        title: Of what.
        entries: From the earliest on.
        is_long: Whether each entry has a line of its own.
    """
    lines, room = list[str](), FOLD_TOKENS
    for entry in reversed(entries):
        room -= estimate_tokens(entry)
        if room < 0 and lines:
            title = f"{title} (the latest {len(lines)} of {len(entries)})"
            break
        lines.append(quote(entry))
    lines.reverse()
    return "\n- ".join([f"{title}:", *lines]) if is_long else f"{title}: {'; '.join(lines)}."
