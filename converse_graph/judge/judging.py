"""A judge at work: reads the public record, in parts if it must, answers the rubric, and is journalled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from converse_graph.calls.budget import BudgetTracker
from converse_graph.calls.model_call import StructuredReply, StructuredRequest, ask
from converse_graph.calls.reply_schema import ReplySchema
from converse_graph.calls.run_context import Journal, RunContext
from converse_graph.errors import InvalidValue
from converse_graph.judge import forms as forms
from converse_graph.judge.aggregation import aggregate
from converse_graph.judge.record_parts import as_parts, record_budget, split_record
from converse_graph.judge.rubric import Rubric
from converse_graph.models.base import PUBLIC, Message, PromptProfile
from converse_graph.models.registry import ModelRegistry
from converse_graph.models.tokens import estimate_tokens
from converse_graph.record.call_paths import JudgePath, Provenance
from converse_graph.record.transcript import Party, Statement, Transcript
from converse_graph.record.verdict import Score, Verdict
from converse_graph.sanitize import quote
from converse_graph.scenarios.cast import ANY_KIND
from converse_graph.scenarios.model_settings import UNSET, ModelSettings
from converse_graph.scenarios.speaker_settings import SpeakerSettings

_TOKENS_PER_ANSWER = 350
"""Of reason, quotation and score, at most, in a reply."""

Emit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, kw_only=True)
class _Judge:
    context: RunContext
    transcript: Transcript
    rubric: Rubric
    model: Any
    repeat: int
    emit: Emit

    @property
    def profile(self) -> PromptProfile:
        return self.context.models.get(self.model).profile

    @property
    def name(self) -> str:
        return self.context.models.name_of(self.model)

    def targets(self) -> tuple[forms.Target, ...]:
        return self.rubric.questions_for(self.transcript.header.cast)

    def path(self) -> JudgePath:
        return JudgePath(rubric=self.rubric.name, model=self.name, repeat=self.repeat)

    async def ask(
        self, place: JudgePath, parts: Sequence[Message], form: ReplySchema, instruction: str, *, most: int
    ) -> StructuredReply:
        task = Message(role="user", text=instruction, source=str(Provenance.of_template("judge")))
        question = StructuredRequest(
            place=place,
            messages=(self.rules(), *parts, task),
            form=form,
            model=self.model,
            max_tokens=most,
        )
        return await ask(self.context, question, self.emit)

    def rules(self) -> Message:
        header = self.transcript.header
        events = " ".join(f"{event.at}: {event.text}" for event in header.events if event.party is None)
        values = {
            "title": header.title or header.scenario,
            "premise": f"What happened besides: {events}" if events else "",
            "cast": ", ".join(map(_with_kind, header.cast)),
        }
        return self.context.prompts.message("judge/rules", self.profile, values, owner=PUBLIC, role="system")

    def render(self, task: str, values: dict[str, str]) -> str:
        return self.context.prompts.render(f"judge/{task}", self.profile, values)


def _with_kind(party: Party) -> str:
    return party.name if party.kind == ANY_KIND else f"{party.name} ({party.kind})"


async def judge(
    transcript: Transcript,
    rubric: Rubric,
    *,
    chats: ModelRegistry,
    journal: Journal | None,
    seed: int,
    model: Any = None,
    repeat: int = 1,
    emit: Emit = lambda event: None,
    spending: BudgetTracker | None = None,
    settings: ModelSettings = UNSET,
) -> Verdict:
    """Judge the public record of a run.

    A large model answers all questions at once, a small one a question a call, about a party from what that party
    said. A record that does not fit the judge's window is read in parts of whole rounds; then each question has a
    score for each part, of which `combining.combined` takes one, and the summary is made from the parts' summaries.

    Args:
        transcript: The record; what is private in it is left out.
        rubric: What is asked.
        chats: The models.
        journal: Of the run, so that no answer is paid twice; None for none.
        seed: Of the run.
        model: A model reference; None for the run's own.
        repeat: Which judging by this model, from 1; each is asked anew.
        emit: Told of each call.
        spending: What is left to spend; None for no bound.
        settings: Of the judge's model.

    Raises:
        InvalidValue: The run has no statements, or the questions leave no room in the judge's window.
        RunPaused: The model's server cannot be reached or refuses; what was answered is journalled.
    """
    public = transcript.public()
    if not any(statement.text for statement in public.statements):
        raise InvalidValue(f"Run {public.header.run!r} has no statements to judge; play it first.")
    context = RunContext(
        models=chats,
        prompts=forms.judge_prompts(),
        seed=seed,
        journal=journal,
        spending=spending,
        settings=SpeakerSettings(everybody=settings),
    )
    judging = _Judge(context=context, transcript=public, rubric=rubric, model=model, repeat=repeat, emit=emit)
    how = _judge_small if judging.profile == "small" else _judge_large
    return await how(judging)


async def _judge_large(judging: _Judge) -> Verdict:
    targets = judging.targets()
    form = forms.form_for_all(targets)
    most = 800 + _TOKENS_PER_ANSWER * len(targets)
    questions = forms.numbered(targets)
    parts, room = _cut(judging, besides=most + estimate_tokens(questions) + 1200)
    rows: list[list[Score]] = []
    notes: list[tuple[str, str | None]] = []
    for number, read in enumerate(parts, 1):
        values = {"part": _part(number, parts), "questions": questions, "summary": judging.rubric.summary}
        instruction = judging.render("all", values)
        place = replace(judging.path(), part=number, parts=len(parts))
        answer = await judging.ask(place, as_parts(read, room, "large"), form, instruction, most=most)
        reply_values = answer.values
        notes.append((reply_values["summary"], None) if reply_values else ("", answer.problem))
        rows.append(
            [
                forms.score_of(one, reply_values, f"_{position}", read)
                if reply_values
                else forms.no_score(one, answer.problem)
                for position, one in enumerate(targets, 1)
            ]
        )
    return await _concluded(judging, notes, rows, room)


async def _judge_small(judging: _Judge) -> Verdict:
    targets = judging.targets()
    longest = max((estimate_tokens(_one_question(judging, one)) for one in targets), default=0)
    parts, room = _cut(judging, besides=longest + 1024 + 400)
    form = forms.form_for_summary("small")
    rows: list[list[Score]] = []
    notes: list[tuple[str, str | None]] = []
    for number, read in enumerate(parts, 1):
        place = replace(judging.path(), part=number, parts=len(parts))
        instruction = judging.render("summary", {"part": "", "summary": judging.rubric.summary})
        answer = await judging.ask(
            replace(place, is_summary=True), as_parts(read, room, "small"), form, instruction, most=300
        )
        notes.append((answer.values["summary"], None) if answer.values else ("", answer.problem))
        rows.append([await _ask_one(judging, one, place, read, room) for one in targets])
    return await _concluded(judging, notes, rows, room)


async def _ask_one(judging: _Judge, one: forms.Target, place: JudgePath, read: Sequence[Statement], room: int) -> Score:
    question, party = one
    about = [statement for statement in read if party in (None, statement.speaker)]
    if not any(statement.text for statement in about):
        return Score(question=question.name, party=party, reason=f"{party or 'Nobody'} made no statement here.")
    answer = await judging.ask(
        replace(place, question=question.name, party=party),
        as_parts(about, room, "small"),
        forms.form_for_one(about),
        _one_question(judging, one),
        most=300,
    )
    return forms.score_of(one, answer.values, "", about) if answer.values else forms.no_score(one, answer.problem)


def _one_question(judging: _Judge, one: forms.Target) -> str:
    return judging.render("question", {"question": one[0].worded(one[1]), "anchors": forms.anchors(one[0])})


def _cut(judging: _Judge, *, besides: int) -> tuple[tuple[tuple[Statement, ...], ...], int]:
    window = judging.context.window_of("judge", judging.model)
    rules = estimate_tokens(judging.rules().text)
    room = record_budget(window, judging.profile, besides=besides + rules)
    return split_record(judging.transcript.statements, room, judging.profile), room


def _part(number: int, parts: Sequence[Sequence[Statement]]) -> str:
    if len(parts) == 1:
        return ""
    read = parts[number - 1]
    return f"Above is part {number} of {len(parts)}, {read[0].period} to {read[-1].period}. Judge this part alone."


async def _concluded(
    judging: _Judge, notes: Sequence[tuple[str, str | None]], rows: Sequence[Sequence[Score]], room: int
) -> Verdict:
    summary, problem = notes[0] if len(notes) == 1 else await _summed_up(judging, [note for note, _ in notes], room)
    scores = [
        aggregate(question, [row[place] for row in rows]) for place, (question, _) in enumerate(judging.targets())
    ]
    return Verdict(
        rubric=judging.rubric.name,
        model=judging.name,
        repeat=judging.repeat,
        statements=len(judging.transcript.statements),
        parts=len(rows),
        summary=summary.strip(),
        problem=problem,
        scores=tuple(scores),
    )


async def _summed_up(judging: _Judge, notes: Sequence[str], room: int) -> tuple[str, str | None]:
    """One summary of the notes on the parts; each note gets its share of the room."""
    share = max(120, room * 2 // max(1, len(notes)))
    parts = [
        Message(role="user", text=f"Part {number}: {quote(note[:share])}", source=str(Provenance.of_note(number)))
        for number, note in enumerate(notes, 1)
        if note
    ]
    if not parts:
        return "", "no part got a summary"
    instruction = judging.render(
        "summary", {"part": "Above are notes on the parts of one record.", "summary": judging.rubric.summary}
    )
    answer = await judging.ask(
        replace(judging.path(), is_summary=True), parts, forms.form_for_summary(judging.profile), instruction, most=800
    )
    return (answer.values["summary"], None) if answer.values else ("", answer.problem)
