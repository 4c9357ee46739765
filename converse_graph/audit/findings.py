"""What an audit found: leaks, what it checked, and what it could not."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from converse_graph.scenarios.field_docs import add_property, printed_schema

AUDIT_VERSION = 1
"""Of the shape of `audit --json`."""

Kind = Literal["access", "provenance", "words", "record", "export", "replay", "chain"]
"""How something wrong was found.

| kind | what is wrong |
|---|---|
| access | a prompt holds a part that its reader may not read |
| provenance | a part is not what the record that it names says, or names one that there is not, or another's |
| words | a prompt, a statement or a mind holds words in a row that are on another's private record alone |
| record | a statement, a memo or a move is not what was answered, or lies where it does not belong |
| export | the public record, as JSON or Markdown, holds words that are on private record alone |
| replay | a value of the record, a call or the header is not what playing the run again makes |
| chain | what is stored is not what its digest says, or the head is not the one that was kept |
"""


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Something that reached somebody whom it is not for, or that may hide that."""

    kind: Kind
    place: str
    """Where: a call of the run, a statement, or an export."""
    source: str
    """The message of the prompt, by the record that it says it comes from; else the record."""
    owner: str
    """Whose the words are."""
    why: str
    """In words that quote nothing private."""


@dataclass(frozen=True, kw_only=True)
class SelfDisclosure:
    """A statement in which a party makes words public that are on its own private record: its own choice."""

    place: str
    owner: str
    """On whose record they are, such as "OpenAI" or "OpenAI/CEO"."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What came of an audit."""

    run: str
    chain_head: str
    """Digest of all that the run has on record, as its transcript has it in its header."""
    calls: int
    """Prompts that were looked at."""
    messages: int
    """Messages of these prompts, each counted once a prompt."""
    rebuilt: int
    """Messages that were made again from their record, and were the same."""
    searched: int
    """Messages that are made from templates, and were searched for private words."""
    records: int
    """Statements and records in minds and worlds that were searched for what is another's."""
    texts: int
    """Private texts that were searched for."""
    too_short: int
    """Private texts of too few words to be told from chance."""
    values: int
    """Values of the record that were compared with those of the run played again; 0 where it cannot be."""
    quoted: tuple[SelfDisclosure, ...]
    unchecked: tuple[str, ...]
    """What could not be checked, and why; a sentence each."""
    leaks: tuple[Leak, ...]

    @property
    def is_private(self) -> bool:
        """Whether nothing leaked."""
        return not self.leaks


def as_json(audit: Audit) -> dict[str, Any]:
    """Return an audit as JSON values, in the shape of `audit_schema`."""
    return {"version": AUDIT_VERSION, "private": audit.is_private, **asdict(audit)}


def audit_schema() -> dict[str, Any]:
    """Return the schema of `audit --json`."""
    document = printed_schema("audit", AUDIT_VERSION, Audit)
    add_property(document, "version", {"const": AUDIT_VERSION})
    add_property(document, "private", {"type": "boolean", "description": "Whether nothing leaked."})
    return document
