"""What the page of one run says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from markupsafe import Markup, escape

from converse_graph.errors import InvalidValue
from converse_graph.record.call_paths import CallPath, Provenance, parse_call_path
from converse_graph.record.records import SummaryText
from converse_graph.record.verdict import Verdict
from converse_graph.view.formatting import first_sentence, plain
from converse_graph.view.records import Reader, RecordView, StoredRun
from converse_graph.view.templating import render
from converse_graph.view.timeline import marks, party_colours, sections, stretch

MOST_HITS = 40
"""Of a search, that are shown."""
_AROUND = 60
"""Letters that are shown before and after what was searched for."""


class Steering(Protocol):
    """What the page of a run asks of what steers runs; the forms are sent to it."""

    def new_form(self) -> str:
        """A word that a form is known by."""

    def is_playing(self, name: str) -> bool:
        """Whether a run is played from here."""

    def is_judging(self, name: str) -> bool:
        """Whether a run is judged from here."""

    def problem(self, name: str) -> str:
        """Why a run that was played or judged from here stopped; empty where it did not."""


def run_page(view: StoredRun, *, at: int, control: Steering | None = None, note: str = "") -> str:
    """The page of a run, at one of its turns.

    Args:
        view: The run.
        at: The number of the turn, from 0.
        control: What steers it; None where it is only read.
        note: What is to be said on top.
    """
    first, last = stretch(view, at)
    return render(
        "run.html",
        page="runs",
        header=view.header,
        sections=sections(view, first, last),
        marks=marks(view),
        first=first,
        last=last,
        total=len(view.statements),
        tokens=view.run.tokens,
        usd=view.run.usd,
        period_span=period_span(view),
        colours=party_colours(view),
        place=place_of(view),
        verdicts=told_verdicts(view.verdicts),
        control=control,
        note=note,
    )


def place_of(view: StoredRun) -> str:
    """How much of a run its page knows of, as those who listen to it say it."""
    return f"{len(view.statements)}.{len(view.world)}.{len(view.votes)}"


def told_verdicts(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Verdicts as a page tells them: not those of the null model, which are chance."""
    rows = []
    for one in verdicts:
        if one.model.partition(":")[0] == "null":
            continue
        scores = [score.score for score in one.scores if score.score is not None]
        mean = sum(scores) / len(scores) if scores else None
        rows.append({**dict(one), "mean": mean})
    return rows


def period_span(view: RecordView) -> str:
    """The years or rounds that were played, such as "2024 to 2027"."""
    if not view.statements:
        return f"from {view.clock.period(0).label}"
    first, last = (view.clock.period(view.round_at(number)).label for number in (0, len(view.statements) - 1))
    return first if first == last else f"{first} to {last}"


def fragment(view: StoredRun, first: int, last: int) -> str:
    """The sections of a stretch of a run, to be put into its page."""
    return render("sections.html", sections=sections(view, first, last), run=view.run.name, motion=view.header.motion)


async def private_part(reader: Reader, name: str, number: int) -> str:
    """What a speaker kept to itself in a turn, and which calls it took, to be put into the page.

    Raises:
        NotFound: There is no such run, or no such turn.
    """

    def read() -> str:
        statement = reader.read_statement(name, number)
        run = reader.store.register.run(name)
        turn = CallPath.of_turn(statement.round, statement.turn, statement.speaker)
        journal = reader.store.journal(run.id)
        calls = [
            {"place": call.place, "attempt": call.attempt, "accepted": call.accepted, "label": call_label(call.place)}
            for call in journal.summaries(f"{turn}/")
        ]
        mind = reader.mind(run, statement.speaker)
        summaries: list[SummaryText] = [
            record
            for record in mind.values()
            if record["kind"] == "private_summary"
            and (record["round"], record["turn"]) == (statement.round, statement.turn)
        ]
        recalled = list(dict.fromkeys(_recalled(journal.prompt(str(turn.call("statement"))))))
        return render(
            "private.html", statement=statement, run=name, calls=calls, summaries=summaries, recalled=recalled
        )

    return await reader.call(read)


def _recalled(messages: Any) -> list[str]:
    """What of a prompt its reader was reminded of."""
    return [plain(message.text) for message in messages if message.source.startswith("recalled/")]


def call_label(place: str) -> str:
    """What a call was made for, in a few words, such as "line of CEO"."""
    try:
        path = parse_call_path(place)
    except InvalidValue:
        return plain(place)
    if not isinstance(path, CallPath):
        return "judge"
    task = path.task or "statement"
    if not path.steps:
        return task
    step = path.steps[-1]
    where = f"{task} {step.at + 1}" if isinstance(step.at, int) and task == "line" else task
    return f"{where} of {path.reader.partition('/')[2]}"


def source_words(source: str) -> str:
    """What a part of a prompt was made from, in words."""
    try:
        provenance = Provenance.parse(source)
    except InvalidValue:
        return plain(source)
    what = {"prompt": "template", "mind": "own records", "cue": "question"}.get(provenance.record, provenance.record)
    of = "" if provenance.of is None else f" {provenance.of}"
    return f"{'recalled ' if provenance.is_recalled else ''}{what}{of}"


def search_hits(view: RecordView, query: str) -> str:
    """The turns in which something was said, as links."""
    folded = query.casefold()
    hits: list[dict[str, Any]] = []
    total = 0
    for number, statement in enumerate(view.statements):
        text = (
            f"{statement['speaker']}: {statement['text']}"
            if isinstance(statement, dict)
            else f"{statement.speaker}: {statement.text}"
        )
        if folded in text.casefold():
            total += 1
            if len(hits) < MOST_HITS:
                period = view.clock.period(view.round_at(number)).label
                hits.append({"number": number, "period": period, "text": _marked(text, query)})
    return render("hits.html", hits=hits, total=total, run=view.header.run)


def _marked(text: str, query: str) -> Markup:
    """The place in a text where a query was found, marked."""
    line = plain(text)
    at = line.casefold().find(query.casefold())
    if at < 0 or len(line.casefold()) != len(line):
        return escape(first_sentence(line))
    before, after = max(0, at - _AROUND), at + len(query)
    return Markup("{}{}<mark>{}</mark>{}").format(
        "… " if before else "", line[before:at], line[at:after], line[after : after + _AROUND]
    )
