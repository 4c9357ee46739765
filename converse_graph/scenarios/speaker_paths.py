"""The path of a speaker, such as "OpenAI" of a party, "OpenAI/CEO" of a persona in it: names hold no slash."""

SUPERVISOR = "supervisor"
"""The path of who gives the floor."""
JUDGE = "judge"
"""The path of who judges a run."""
PUBLIC = "public"
"""The owner of what everybody may read, where that of a private record is the path of a speaker."""


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
