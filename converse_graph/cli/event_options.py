"""`--event TEXT`, with its date and whom it is for, as events of a run."""

from collections.abc import Sequence

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.rules import Dated


def read_events(texts: Sequence[str], dates: Sequence[str], parties: Sequence[str], *, at: str) -> tuple[Dated, ...]:
    """The events that were asked for.

    Args:
        texts: What happens.
        dates: When: one date for all events, or one each; none for `at`.
        parties: Whom they are for: one for all events, or one each; none for everybody.
        at: The date of events that have none of their own.

    Raises:
        InvalidValue: An event says nothing, or there are neither as many dates or parties as events nor one.
    """
    for text in texts:
        if not text.strip():
            raise InvalidValue("An event says nothing; --event takes what happens, in words.")
    when = _for_each(texts, dates, "--event-at") or [at] * len(texts)
    whom: Sequence[str | None] = _for_each(texts, parties, "--to") or [None] * len(texts)
    return tuple(Dated(at=when[number], text=text, to=whom[number]) for number, text in enumerate(texts))


def _for_each(texts: Sequence[str], given: Sequence[str], option: str) -> list[str]:
    if len(given) == 1 and texts:
        return list(given) * len(texts)
    if given and len(given) != len(texts):
        raise InvalidValue(f"{option} goes with --event: give it once for all events, or once for each of them.")
    return list(given)
