"""How a long conversation is kept in mind: what is summed up, and what is never lost because code folds it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from converse_graph.scenarios.ledger_folds import LedgerFold
from converse_graph.scenarios.value import FrozenModel, Identifier

Weight = Annotated[float, Bound(ge=0, le=10)]


class Recall(FrozenModel):
    """What a party is reminded of, word for word, each time it speaks: a few records of before its window.

    They are chosen by how near they are in time, how much they weigh, and what is being talked of. Small models and
    parties that are graphs of their own recall nothing.
    """

    embedder: Any = "words"
    """What tells how near two texts are in meaning: "words", by the words that they share, which needs nothing;
    "offline", a model in this process, of the extra `recall`; "openai:NAME", or a NAME at an OpenAI-compatible server;
    or a LangChain `Embeddings` object. One that fails is done without for that turn, which is put on record."""
    max_records: Annotated[int, Bound(ge=0, le=20)] = 4
    """How many records at most; 0 for a party that recalls nothing."""
    max_tokens: Annotated[int, Bound(ge=50, le=8000)] = 1000
    """How much of a prompt they may take together, guessed from above."""
    half_life: Annotated[float, Bound(gt=0, le=1000)] = 5.0
    """Years of simulated time after which a record is half as recent; rounds, on a clock of plain rounds."""
    recency: Weight = 0.5
    """How much it counts that little time has passed since."""
    importance: Weight = 1.0
    """How much it counts what a record is: a report of something that the scenario keeps or waits for, a decision."""
    relevance: Weight = 2.0
    """How much it counts that a record is about what is asked, or was said last. The more, the older it may be."""
    reflect_after: Annotated[float, Bound(gt=0, le=1000)] | None = 10.0
    """The sum of importance, each record 0 to 1, after which a party draws conclusions from what has happened, at the
    end of a round and in one call; None for never."""

    @model_validator(mode="after")
    def _ranks(self) -> Self:
        if not self.recency + self.importance + self.relevance:
            raise ValueError("recency, importance and relevance are all 0; let one of them count")
        return self


class Memory(FrozenModel):
    """What becomes of rounds that a party no longer hears word for word.

    Small models hear so little that none of it concerns them.
    """

    summaries: bool = True
    """Whether a model sums up rounds before they fall out of the window; without, they are forgotten."""
    max_window_share: Annotated[float, Bound(gt=0, le=0.8)] = 0.25
    """Of a model's window that statements not yet summed up may fill; beyond, they are summed up sooner."""
    model: Any = None
    """Who sums up what was said in public: "provider:model" or a LangChain chat model; None for the first party's."""
    recall: Recall | None = None
    """What a party is reminded of beside the summaries, unless it has a `recall` of its own; None for nothing."""


class Pinned(FrozenModel):
    """What a party must never lose, folded by code from what was reported, however long ago."""

    title: str
    """What is put before it, such as "What you have announced"."""
    field: Identifier
    """The field that reports it: a text, or a list of names."""
    whose: Literal["own", "all"] = "own"
    """Whether what the party reported itself is kept, or what anybody did."""
    party_kind: Identifier | None = None
    """The kind of parties that it is put before; None for all."""
    max_entries: Annotated[int, Bound(ge=1, le=50)] = 12
    """How many entries are told, the latest; the fold has no more than that in any prompt."""


def pinned_entries(rule: Pinned, party: str, statements: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What a party keeps after these statements, each entry once, oldest first.

    Args:
        rule: What is folded.
        party: Who is told.
        statements: The public record in its order, each with `speaker` and `fields`.

    Returns:
        Entries as they were worded; of everybody's with the party that reported them: "OpenAI: a leak".
    """
    return PinnedFold(rule, party).bring_up(statements).entries


class PinnedFold(LedgerFold):
    """What a party keeps as the public record grows."""

    def __init__(self, rule: Pinned, party: str) -> None:
        """Begin before the first statement."""
        super().__init__()
        self._rule, self._party = rule, party
        self._entries: dict[str, None] = {}

    @property
    def entries(self) -> tuple[str, ...]:
        """What is kept after the statements that were folded, as `pinned_entries` has it."""
        return tuple(self._entries)

    def take(self, record: Mapping[str, Any]) -> None:
        """Fold a statement, which has `speaker` and `fields`; what is reported again is the latest."""
        value, is_own = record["fields"].get(self._rule.field), self._rule.whose == "own"
        if not value or (is_own and record["speaker"] != self._party):
            return
        for entry in value if isinstance(value, list) else [value]:
            words = " ".join(str(entry).split())
            entry_text = words if is_own else f"{record['speaker']}: {words}"
            self._entries.pop(entry_text, None)
            self._entries[entry_text] = None
        for oldest in [*self._entries][: -self._rule.max_entries]:
            del self._entries[oldest]

    def clear(self) -> None:
        """Keep nothing."""
        self._entries = {}
