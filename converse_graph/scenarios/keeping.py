"""How a long conversation is kept in mind: what is summed up, and what is never lost because code folds it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field as Bound

from converse_graph.scenarios.value import Identifier, Value


class Memory(Value):
    """What becomes of rounds that a party no longer hears word for word.

    Small models hear so little that none of it concerns them.
    """

    summaries: bool = True
    """Whether a model sums up rounds before they fall out of the window; without, they are forgotten."""
    share: Annotated[float, Bound(gt=0, le=0.8)] = 0.25
    """Of a model's window that statements not yet summed up may fill; beyond, they are summed up sooner."""
    model: Any = None
    """Who sums up what was said in public: "provider:model" or a LangChain chat model; None for the first party's."""


class Kept(Value):
    """What a party must never lose, folded by code from what was reported, however long ago."""

    title: str
    """What is put before it, such as "What you have announced"."""
    field: Identifier
    """The field that reports it: a text, or a list of names."""
    whose: Literal["own", "all"] = "own"
    """Whether what the party reported itself is kept, or what anybody did."""
    to: Identifier | None = None
    """The kind of parties that it is put before; None for all."""
    most: Annotated[int, Bound(ge=1, le=50)] = 12
    """How many entries are told, the latest; the fold has no more than that in any prompt."""


def kept_now(rule: Kept, party: str, statements: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What a party keeps after these statements, each entry once, oldest first.

    Args:
        rule: What is folded.
        party: Who is told.
        statements: The public record in its order, each with `speaker` and `fields`.

    Returns:
        Entries as they were worded; of everybody's with the party that reported them: "OpenAI: a leak".
    """
    found: dict[str, None] = {}
    for said in reversed(statements):
        reported = said["fields"].get(rule.field)
        if not reported or (rule.whose == "own" and said["speaker"] != party):
            continue
        for entry in reversed(reported if isinstance(reported, list) else [reported]):
            told = " ".join(str(entry).split())
            found.setdefault(told if rule.whose == "own" else f"{said['speaker']}: {told}")
        if len(found) >= rule.most:
            break
    return tuple(reversed(list(found)[: rule.most]))
