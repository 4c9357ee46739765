"""Whose records a speaker may read."""

from converse_graph.models.base import PUBLIC
from converse_graph.scenarios.speaker_paths import is_within


def may_read(reader: str, owner: str) -> bool:
    """Whether a speaker may read a record: what is public, its own, and that of whoever it speaks inside of.

    Nobody reads what goes on inside a fellow, and an organisation hears of its personas what was said in its debate,
    which is its own record.
    """
    return owner == PUBLIC or is_within(reader, owner)
