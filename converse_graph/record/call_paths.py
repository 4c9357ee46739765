"""Where in a run a call was made, and which record a message comes from: two values, each with one parser.

On disk both are texts, such as "12.0/OpenAI/3.CEO/line" and "recalled/mind/11.0/OpenAI". In the grammar, `NAME` is the
name of a party or a persona, which holds no slash (`scenarios.value.Name`):

    call path   = turn ["/" task] | judge
    turn        = ROUND "." TURN "/" NAME *("/" step)
    step        = (LINE | "position" | "ballot" | "minutes" | "memory") "." NAME
    task        = "statement" | … | "summary." span                      see `Task`
    span        = LEVEL "." FIRST "-" LAST
    judge       = "judge/" RUBRIC "/" MODEL "/" REPEAT "/" (part ["/" about] | about)
    about       = "summary" | question ["/" NAME]
    part        = "part " NUMBER " of " COUNT
    question    = IDENTIFIER, which is not "summary"
    provenance  = ["sentence/"] ["recalled/"] record
    record      = ("statement" | "mind" | "line" | "reply") "/" call path | "event/" NUMBER | "summary/" span
                | "prompt/" TEMPLATE | "judge/note/" NUMBER | "view" | "cue/question"

Every text has one reading: the first name of a turn stands alone; after it each step begins with a number or one of
four words and a dot, and no task does.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NoReturn, Self, get_args

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.speaker_paths import JUDGE, SUPERVISOR, owner_of

Task = Literal[
    "statement",
    "graph",
    "position",
    "ballot",
    "minutes",
    "reflection",
    "embed",
    "imagine",
    "line",
    "interview",
    "pick",
    "summary",
]
"""What a call is made for.

| task | what is asked for |
|---|---|
| statement | what a party says and reports, of its model |
| graph | the same, of a party's own graph |
| position | where a speaker stands before it hears the others |
| ballot | its secret ballot |
| minutes | what the chair of a debate writes down at its end |
| reflection | what a party concludes from its past |
| embed | vectors, of an embedder |
| imagine | a whole debate, written by one call |
| line | what a persona says in a debate |
| interview | an answer to a question that is no part of the run |
| pick | who speaks next |
| summary | what stands for rounds, or for other summaries |
"""

PathStep = Literal["position", "ballot", "minutes", "memory"]
"""What a persona is asked for beside its lines: its position at first, its ballot, minutes, a summary of its memory."""

_TASKS: dict[str, Task] = {task: task for task in get_args(Task) if task != "summary"}
_STEPS: dict[str, PathStep] = {step: step for step in get_args(PathStep)}
_COUNT = r"(?:0|[1-9][0-9]*)"
_NUMBER = re.compile(_COUNT)
_WHEN = re.compile(rf"({_COUNT})\.({_COUNT})")
_SPAN = re.compile(rf"({_COUNT})\.({_COUNT})-({_COUNT})")
_QUESTION = re.compile(r"[a-z][a-z0-9_]*")
_PART = re.compile(rf"part ({_COUNT}) of ({_COUNT})")
_CACHED = 2048
"""Texts that are parsed once: those of a few hundred turns, which come again in every prompt."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Rounds that are summed up together."""

    level: int
    """1 for rounds, 2 for summaries of these, and so on."""
    first: int
    last: int
    """Both counted in."""

    def __str__(self) -> str:
        """Write it as `parse` reads it."""
        return f"{self.level}.{self.first}-{self.last}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a span, such as "1.0-3".

        Raises:
            InvalidValue: It is none.
        """
        match = _SPAN.fullmatch(text) or _refuse("a span", text, "LEVEL.FIRST-LAST, such as 1.0-3")
        level, first, last = map(int, match.groups())
        return cls(level=level, first=first, last=last)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A persona on the way to a call: in which line, or for what, it was asked."""

    at: int | PathStep
    """The number of its line from 0, or what it is asked for beside its lines."""
    name: str

    def __str__(self) -> str:
        """Write it as a path holds it."""
        return f"{self.at}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class CallPath:
    """Where in a run a call is made: in whose turn, inside which personas, and what for. Without a task, a turn."""

    round: int
    """From 0."""
    turn: int
    """Position in the round, from 0."""
    party: str
    """Whose turn it is; "supervisor" for what is done between turns."""
    steps: tuple[Step, ...] = ()
    """The personas inside the party, outermost first."""
    task: Task | None = None
    """None for the turn itself."""
    span: Span | None = None
    """Of a summary, what it stands for."""

    @classmethod
    def of_turn(cls, round: int, turn: int, party: str) -> Self:
        """Name the turn of a party, such as "12.0/OpenAI"."""
        return cls(round=round, turn=turn, party=party)

    @classmethod
    def parse(cls, text: str) -> CallPath:
        """Read the path of a call or a turn, such as "12.0/OpenAI/3.CEO/line".

        Raises:
            InvalidValue: It is none.
        """
        return _parse_call_path(text)

    def inside(self, at: int | PathStep, name: str) -> CallPath:
        """Name the turn of a persona inside this one: in a line of the debate, or for what it is asked beside."""
        return replace(self, steps=(*self.steps, Step(at=at, name=name)), task=None, span=None)

    def call(self, task: Task) -> CallPath:
        """Name a call that is made in this turn; of a summary, see `summary`."""
        return replace(self, task=task, span=None)

    def summary(self, span: Span) -> CallPath:
        """Name the call in this turn that sums up."""
        return replace(self, task="summary", span=span)

    @property
    def holder(self) -> CallPath:
        """The turn that a call is made in."""
        return replace(self, task=None, span=None)

    @property
    def reader(self) -> str:
        """The path of the speaker who reads the prompt: "OpenAI", "OpenAI/CEO", or "supervisor"."""
        return "/".join([self.party, *(step.name for step in self.steps)])

    @property
    def owner(self) -> str:
        """The path of whom the reader speaks inside of; empty for a party."""
        return owner_of(self.reader)

    @property
    def is_public(self) -> bool:
        """Whether the reader has nothing private."""
        return self.party == SUPERVISOR

    @property
    def time(self) -> tuple[float, float]:
        """Round and turn, to be compared with others."""
        return (self.round, self.turn)

    def __str__(self) -> str:
        """Write it as `parse` reads it."""
        task = f"summary.{self.span}" if self.span else self.task
        return "/".join([f"{self.round}.{self.turn}", self.party, *map(str, self.steps), *([task] if task else ())])


@dataclass(frozen=True, kw_only=True)
class JudgePath:
    """Where a judge is asked: about the whole record or a part of it, all questions, one, or for a summary."""

    rubric: str
    model: str
    repeat: int
    """Which judging by this model, from 1."""
    part: int | None = None
    """Which part of the record, from 1; None for the summary of the notes on all of them."""
    parts: int | None = None
    """How many parts there are."""
    question: str | None = None
    """The one question that is asked; None for all of them, or for a summary."""
    party: str | None = None
    """Whom the question is about; None for the run."""
    is_summary: bool = False
    """Whether a summary is asked for."""

    @classmethod
    def parse(cls, text: str) -> JudgePath:
        """Read the path of a judge's call, such as "judge/general/openai:gpt-4.1/1/part 1 of 1".

        Raises:
            InvalidValue: It is none.
        """
        return _parse_judge_path(text)

    task = "judge"
    reader = JUDGE
    is_public = True
    time = (math.inf, math.inf)
    """A judge reads after everything."""

    def __str__(self) -> str:
        """Write it as `parse` reads it; a slash in the names of rubric and model is written %2F."""
        whole = [JUDGE, _escape(self.rubric), _escape(self.model), str(self.repeat)]
        whole += [f"part {self.part} of {self.parts}"] if self.part is not None else []
        whole += ["summary"] if self.is_summary else []
        whole += [self.question] if self.question is not None else []
        return "/".join([*whole, *([self.party] if self.party is not None else ())])


def parse_call_path(text: str) -> CallPath | JudgePath:
    """Read the path of any call: of a speaker, or of a judge.

    Raises:
        InvalidValue: It is none.
    """
    return _parse_judge_path(text) if text.startswith(f"{JUDGE}/") else _parse_call_path(text)


def calls_for(task: Task) -> str:
    """Match the paths of all calls for a task, as LIKE does in SQL."""
    return f"%/{task}"


Record = Literal["statement", "mind", "line", "reply", "event", "summary", "prompt", "note", "view", "cue"]
"""What a message is made from.

| record | what it is | what names it |
|---|---|---|
| statement | what a party said at the table | its turn |
| mind | what a speaker kept to itself: note, debate, conclusions, summary | its turn, or its call |
| line | what a persona said in a debate | its turn |
| reply | a reply that is sent back | its call |
| event | what happened at a date | its number among the scenario's events, from 0 |
| summary | what stands for rounds in public | its span |
| prompt | a template of a prompt | the template |
| note | what a judge noted on a part of the record | the number of the part, from 1 |
| view | what somebody's own graph is given | nothing |
| cue | what is asked just this time, for an embedder | nothing |
"""

_RECORDS: dict[str, Record] = {
    "statement": "statement", "mind": "mind", "line": "line", "reply": "reply", "event": "event", "summary": "summary",
    "prompt": "prompt", "judge/note": "note", "view": "view", "cue/question": "cue",
}  # fmt: skip
_HEADS = {record: head for head, record in _RECORDS.items()}
_RECALLED, _SENTENCE = "recalled/", "sentence/"

Subject = CallPath | JudgePath | Span | int | str | None
"""What names a record; see `Record`."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Which record a message of a prompt is made from, and whether it is told again or is one sentence of it."""

    record: Record
    of: Subject = None
    is_recalled: bool = False
    """Whether its reader is reminded of it, from before the window."""
    is_sentence: bool = False
    """Whether it is one sentence, for an embedder."""

    @classmethod
    def parse(cls, text: str) -> Provenance:
        """Read where a message comes from, such as "statement/3.0/OpenAI" or "recalled/mind/2.1/OpenAI".

        Raises:
            InvalidValue: It is none.
        """
        return _parse_provenance(text)

    @classmethod
    def of_statement(cls, round: int, turn: int, speaker: str) -> Self:
        """Name a statement."""
        return cls(record="statement", of=CallPath.of_turn(round, turn, speaker))

    @classmethod
    def of_mind(cls, path: CallPath) -> Self:
        """Name a record in a mind, by the turn or the call that it was made in."""
        return cls(record="mind", of=path)

    @classmethod
    def of_line(cls, debate: CallPath, number: int, speaker: str) -> Self:
        """Name a line of a debate.

        Args:
            debate: The turn in which it is held.
            number: Of the line, from 0.
            speaker: The persona's name.
        """
        return cls(record="line", of=debate.inside(number, speaker))

    @classmethod
    def of_reply(cls, path: CallPath | JudgePath) -> Self:
        """Name a reply that is sent back."""
        return cls(record="reply", of=path)

    @classmethod
    def of_event(cls, number: int) -> Self:
        """Name an event at a date, by its number among the scenario's events."""
        return cls(record="event", of=number)

    @classmethod
    def of_summary(cls, span: Span) -> Self:
        """Name a public summary."""
        return cls(record="summary", of=span)

    @classmethod
    def of_template(cls, template: str) -> Self:
        """Name a template, such as "organisation/statement"."""
        return cls(record="prompt", of=template)

    @classmethod
    def of_note(cls, part: int) -> Self:
        """Name a judge's note on a part of the record, from 1."""
        return cls(record="note", of=part)

    @property
    def path(self) -> CallPath | None:
        """The turn or the call of a speaker that the record was made in; None where it was made in none."""
        return self.of if isinstance(self.of, CallPath) else None

    @property
    def is_summary(self) -> bool:
        """Whether it stands for the past: a public summary, or one in a mind."""
        return self.record == "summary" or (self.path is not None and self.path.span is not None)

    @property
    def plain(self) -> Provenance:
        """The record itself, told neither again nor by one sentence."""
        return replace(self, is_recalled=False, is_sentence=False)

    def recalled(self) -> Provenance:
        """Mark it as told again."""
        return replace(self, is_recalled=True)

    def sentence(self) -> Provenance:
        """Mark it as one sentence of its record."""
        return replace(self, is_sentence=True)

    def __str__(self) -> str:
        """Write it as `parse` reads it."""
        marks = f"{_SENTENCE if self.is_sentence else ''}{_RECALLED if self.is_recalled else ''}"
        return f"{marks}{_HEADS[self.record]}" + ("" if self.of is None else f"/{self.of}")


VIEW = Provenance(record="view")
"""What somebody's own graph is given."""
CUE = Provenance(record="cue")
"""What is asked just this time, for an embedder."""


@lru_cache(maxsize=_CACHED)
def _parse_call_path(text: str) -> CallPath:
    when, *names = text.split("/")
    times = _WHEN.fullmatch(when)
    if times is None or not all(names) or not names:
        _refuse("a path of a call", text, "such as 12.0/OpenAI/3.CEO/line")
    party, *rest = names
    task, span = _task_of(rest[-1]) if rest else (None, None)
    steps = tuple(_step_of(step, text) for step in (rest[:-1] if task else rest))
    return CallPath(round=int(times[1]), turn=int(times[2]), party=party, steps=steps, task=task, span=span)


def _task_of(text: str) -> tuple[Task | None, Span | None]:
    head, dot, span = text.partition(".")
    if head == "summary" and _SPAN.fullmatch(span):
        return "summary", Span.parse(span)
    return (None, None) if dot else (_TASKS.get(text), None)


def _step_of(text: str, whole: str) -> Step:
    head, _, name = text.partition(".")
    at: int | PathStep | None = int(head) if _NUMBER.fullmatch(head) else _STEPS.get(head)
    if at is None or not name:
        _refuse("a path of a call", whole, f"in which {text!r} is neither a step, such as 3.CEO, nor a task")
    return Step(at=at, name=name)


def _parse_judge_path(text: str) -> JudgePath:
    head, *rest = text.split("/")
    if head != JUDGE or len(rest) < 4 or not _NUMBER.fullmatch(rest[2]):
        _refuse("a path of a judge's call", text, "such as judge/general/null/1/part 1 of 1")
    rubric, model, repeat, *where = rest
    part = _PART.fullmatch(where[0])
    about = where[1:] if part else where
    question = about[0] if about and about[0] != "summary" and _QUESTION.fullmatch(about[0]) else None
    path = JudgePath(
        rubric=_unescape(rubric),
        model=_unescape(model),
        repeat=int(repeat),
        part=int(part[1]) if part else None,
        parts=int(part[2]) if part else None,
        question=question,
        party=about[1] if question is not None and len(about) == 2 else None,
        is_summary=about == ["summary"],
    )
    return path if str(path) == text else _refuse("a path of a judge's call", text, "of a judge of this version")


@lru_cache(maxsize=_CACHED)
def _parse_provenance(text: str) -> Provenance:
    sentence = text.removeprefix(_SENTENCE)
    plain = sentence.removeprefix(_RECALLED)
    head = next((head for head in _RECORDS if plain == head or plain.startswith(f"{head}/")), None)
    if head is None:
        _refuse("a record", text, f"that begins with one of {', '.join(_RECORDS)}")
    record = _RECORDS[head]
    return Provenance(
        record=record,
        of=_subject_of(record, plain.removeprefix(head).removeprefix("/"), text),
        is_recalled=plain != sentence,
        is_sentence=sentence != text,
    )


def _subject_of(record: Record, name: str, whole: str) -> Subject:
    match record:
        case "statement" | "mind" | "line":
            return _parse_call_path(name)
        case "reply":
            return parse_call_path(name)
        case "summary":
            return Span.parse(name)
        case "event" | "note":
            number = _NUMBER.fullmatch(name) or _refuse("a record", whole, "with a number")
            return int(number[0])
        case "prompt":
            return name or _refuse("a record", whole, "with the name of a template")
        case "view" | "cue":
            return None if not name else _refuse("a record", whole, "with nothing after it")


def _escape(name: str) -> str:
    return name.replace("%", "%25").replace("/", "%2F")


def _unescape(name: str) -> str:
    return name.replace("%2F", "/").replace("%25", "%")


def _refuse(what: str, text: str, choices: str) -> NoReturn:
    raise InvalidValue(f"{text!r} is not {what} {choices}.")
