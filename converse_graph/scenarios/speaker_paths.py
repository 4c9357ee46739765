"""The path of a speaker, such as "OpenAI" of a party, "OpenAI/CEO" of a persona in it: names hold no slash."""

import unicodedata
from collections.abc import Iterable

SUPERVISOR = "supervisor"
"""The path of who gives the floor."""
JUDGE = "judge"
"""The path of who judges a run."""
PUBLIC = "*"
"""The owner of what everybody may read, where that of a private record is the path of a speaker; no name."""
_PUBLIC_ON_RECORD = "public"
_PARTY_ON_RECORD = "=public"


def owner_on_record(owner: str) -> str:
    """Write an owner as stores have it: what is everybody's is "public", and a party of that name "=public"."""
    return {PUBLIC: _PUBLIC_ON_RECORD, _PUBLIC_ON_RECORD: _PARTY_ON_RECORD}.get(owner, owner)


def owner_from_record(text: str) -> str:
    """Read an owner as stores have it."""
    return {_PUBLIC_ON_RECORD: PUBLIC, _PARTY_ON_RECORD: _PUBLIC_ON_RECORD}.get(text, text)


def fold_name(name: str) -> str:
    """Return what a name has in common with other spellings of it: composed or not, with a typed apostrophe or not."""
    return unicodedata.normalize("NFC", name).translate(_APOSTROPHES)


def find_name(name: str, names: Iterable[str]) -> str | None:
    """Return the name that is meant, as it is written where it was given; None where there is none.

    Args:
        name: As somebody typed it.
        names: As they were given.
    """
    candidates = list(names)
    return (
        name if name in candidates else next((each for each in candidates if fold_name(each) == fold_name(name)), None)
    )


_APOSTROPHES = str.maketrans("\u2019\u02bc", "''")


def join_path(owner: str, name: str) -> str:
    """Name the member of a debate that is held inside a speaker: "OpenAI", "CEO" is "OpenAI/CEO"."""
    return f"{owner}/{name}"


def name_of(path: str) -> str:
    """Return a speaker's own name: "CEO" of "OpenAI/CEO"."""
    return path.rpartition("/")[2]


def owner_of(path: str) -> str:
    """Return the path of whom a speaker is inside, such as "OpenAI" of "OpenAI/CEO"; empty for a party."""
    return path.rpartition("/")[0]


def party_of(path: str) -> str:
    """Return the party that a speaker is or belongs to: "OpenAI" of "OpenAI/CEO/Optimist"."""
    return path.partition("/")[0]


def is_within(path: str, owner: str) -> bool:
    """Say whether a speaker is another, or is inside it at whatever depth."""
    return path == owner or path.startswith(f"{owner}/")
