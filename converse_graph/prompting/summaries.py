"""What was said long ago, frozen: which rounds are summed up when, and which summaries stand for the past.

Rounds are summed up in blocks, and three summaries in one of a level higher, so that what stands for the past grows
with the logarithm of a run's length. A summary is a record like any other: written once, never changed. One that a
higher level covers is no longer told, and is still on record.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast

from converse_graph.models.base import PUBLIC, Message
from converse_graph.record.call_paths import CallPath, Provenance, Span
from converse_graph.record.records import AnySummaryRecord, PrivateSummaryRecord, SummaryRecord
from converse_graph.sanitize import escape_text
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.fields import Field, Text, TextList
from converse_graph.scenarios.ledger_folds import Folds, LedgerFold

MERGE_EVERY = 3
"""How many summaries of one level become one of the next."""

_LISTS = (
    ("positions", "who holds which position, one each", 3),
    ("commitments", "what who has promised, and by when", 3),
    ("incidents", "what went wrong, and with whom", 2),
    ("laws", "which rules were made or repealed, and by whom", 2),
    ("open_questions", "what was left open", 1),
)
"""Lists of a summary, what each is for, and how many entries it has at most."""

FIELDS: tuple[Field, ...] = (
    Text(name="summary", ask="what happened, in two sentences, with names and dates", max_length=240),
    *(TextList(name=name, ask=ask, max_items=most, max_length=70) for name, ask, most in _LISTS),
)
"""The form of a summary. Its bounds are the cap of the fold: 1,010 characters at most, whatever it stands for."""

_LONGEST = 160
"""Characters of a statement that stand for it where no model could sum it up."""


def spans_to_summarise(frozen: int, following: int, window: int, sizes: Sequence[int], limit: int) -> Iterator[Span]:
    """Which rounds to sum up before a round begins: those that leave the window, and more where they are too long.

    Args:
        frozen: The first round that no summary stands for.
        following: The round that begins; all before it are over.
        window: How many rounds are heard word for word at most.
        sizes: Tokens of each round from `frozen` to the last, in order.
        limit: Tokens that rounds heard word for word may have together; the last round is heard in any case.
    """
    start, left = frozen, sum(sizes)
    leaves = window_start(following, window)
    while start < following - 1 and (start < leaves or left > limit):
        last = (
            min(start + window, leaves) - 1 if start < leaves else min(start + max(1, window // 2), following - 1) - 1
        )
        left -= sum(sizes[start - frozen : last + 1 - frozen])
        yield Span(level=1, first=start, last=last)
        start = last + 1


S = TypeVar("S", SummaryRecord, PrivateSummaryRecord)


def window_start(round: int, window: int) -> int:
    """The first round that is heard in a round: at most `window` rounds back, in blocks of as many.

    A window that slides every round changes a prompt's beginning every round, and no prefix cache ever hits.
    """
    return max(0, -(-(round - window) // window) * window)


def current_summaries(summaries: Sequence[S]) -> tuple[S, ...]:
    """Those that stand for the past, oldest first: each round by the highest level there is.

    Args:
        summaries: Of everybody, or of one speaker, in the order in which they were written: a higher one comes after
            those that it stands for.
    """
    standing: list[S] = []
    for summary in summaries:
        _let_stand(standing, summary)
    return tuple(standing)


def _let_stand(standing: list[Any], summary: AnySummaryRecord) -> None:
    """Put a summary in the place of those that it stands for."""
    standing[:] = [one for one in standing if not summary["first"] <= one["first"] <= one["last"] <= summary["last"]]
    standing.append(summary)
    standing.sort(key=lambda one: one["first"])


class StandingSummaries(LedgerFold):
    """The summaries that stand for the past as more are written: of everybody, or of each speaker of a mind."""

    def __init__(self) -> None:
        """Begin before the first."""
        super().__init__()
        self._standing: dict[str | None, list[Any]] = {}

    @property
    def summaries(self) -> list[Any]:
        """Those that stand, of one speaker after the other, the oldest of each first."""
        return [summary for standing in self._standing.values() for summary in standing]

    def take(self, record: Mapping[str, Any]) -> None:
        """Let a record stand, if it is a summary."""
        if record["kind"] in ("summary", "private_summary"):
            _let_stand(self._standing.setdefault(record.get("path"), []), cast("AnySummaryRecord", record))

    def clear(self) -> None:
        """Let none stand."""
        self._standing = {}


def standing_summaries(folds: Folds, channel: str, ledger: Sequence[Any]) -> tuple[Any, ...]:
    """The summaries in a ledger that stand for the past.

    Args:
        folds: What was folded in earlier turns of the run.
        channel: The name of the ledger.
        ledger: Its records so far, whether all are summaries or not.
    """
    return tuple(folds.of(("standing", channel), StandingSummaries).bring_up(ledger).summaries)


def summarised_until(summaries: Iterable[AnySummaryRecord]) -> int:
    """The first round that none of these summaries stands for.

    Args:
        summaries: Of everybody, or of one speaker: those that stand.
    """
    return max((summary["last"] for summary in summaries), default=-1) + 1


def summaries_to_merge(summaries: Sequence[S]) -> tuple[S, ...]:
    """The summaries that become one of the next level; none where no level has enough."""
    standing = current_summaries(summaries)
    for level in sorted({summary["level"] for summary in standing}):
        alike = [summary for summary in standing if summary["level"] == level]
        if len(alike) >= MERGE_EVERY:
            return tuple(alike[:MERGE_EVERY])
    return ()


def summary_part(summary: AnySummaryRecord, clock: Clock) -> Message:
    """A summary as its readers are told of it."""
    first, last = clock.period(summary["first"]).label, clock.period(summary["last"]).label
    when = first if first == last else f"{first} to {last}"
    if summary["kind"] == "summary":
        return _part(describe_summary(summary), when, span_of(summary), PUBLIC)
    return _part(describe_summary(summary), when, summary["place"], summary["path"])


@lru_cache(maxsize=1024)
def _part(words: str, when: str, name: Span | str, owner: str) -> Message:
    """A message that tells of a summary.

    Args:
        words: The summary.
        when: The periods that it stands for.
        name: The span of a public summary, or the call in which a private one was made.
        owner: Whose it is.
    """
    source = Provenance.of_summary(name) if isinstance(name, Span) else Provenance.of_mind(CallPath.parse(name))
    of = f' of="{owner}"' if owner != PUBLIC else ""
    text = f'<summary{of} in="{when}">{escape_text(words)}</summary>'
    return Message(role="user", text=text, source=str(source), owner=owner)


def span_of(summary: AnySummaryRecord) -> Span:
    """What a summary stands for."""
    return Span(level=summary["level"], first=summary["first"], last=summary["last"])


def describe_summary(summary: AnySummaryRecord) -> str:
    """A summary in words: what happened, then each list that has something in it."""
    values: Mapping[str, Any] = summary
    lists = [
        f"{name.replace('_', ' ').capitalize()}: {'; '.join(values[name])}." for name, *_ in _LISTS if values.get(name)
    ]
    return "\n".join([summary["summary"], *lists])


def fallback_summary(lines: Sequence[tuple[str, str]]) -> str:
    """What stands for rounds that no model could sum up: the beginning of what each speaker said last.

    Args:
        lines: Speaker and words, in their order.
    """
    last = {speaker: " ".join(words.split()) for speaker, words in lines if words}
    words = " ".join(f"{speaker}: {words[:_LONGEST]}" for speaker, words in last.items())
    return words or "Nobody said anything."
