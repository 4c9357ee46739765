"""Checks the prompts of a run: whose each part is, whether it is what its record says, and what words it holds."""

from collections.abc import Iterator

from converse_graph.audit.access import Asked, asked_at, may_read
from converse_graph.audit.findings import Kind, Leak
from converse_graph.audit.phrase_index import Words
from converse_graph.audit.records import Records
from converse_graph.models.base import PUBLIC, Part
from converse_graph.store.journal import Call

_CUT = " [cut]\n</statement>"
"""How a statement ends that a judge is told the beginning of."""
_OPEN_TO_ALL = ("prompt/moderator/", "prompt/judge", "judge/note/", "reply/")
"""Parts that are public, and are no record's rendering."""


class PromptCheck:
    """Looks at one call after the other, and counts."""

    def __init__(self, records: Records, words: Words) -> None:
        """Compare with these records, and search for these words."""
        self._records, self._words = records, words
        self._known: dict[tuple[str, bytes], list[Leak]] = {}
        self.calls = self.parts = self.rebuilt = self.searched = 0

    def leaks(self, call: Call) -> Iterator[Leak]:
        """What is wrong with a prompt."""
        asked = asked_at(call.place)
        self.calls += 1
        for part in call.parts:
            self.parts += 1
            if not may_read(asked.reader, part.owner):
                yield _leak("access", call.place, part, f"{asked.reader} may not read it")
                continue
            told = self._records.told(part)
            if told is None:
                self.searched += 1
                yield from self._made_from_template(call, asked, part)
            elif any(_same(part, rendering) for rendering in told):
                self.rebuilt += 1
            else:
                yield _leak("provenance", call.place, part, "it is not what that record says, or not that owner's")

    def _made_from_template(self, call: Call, asked: Asked, part: Part) -> Iterator[Leak]:
        if part.owner == PUBLIC and not part.source.startswith(_OPEN_TO_ALL):
            yield _leak("provenance", call.place, part, "it is called public and is no public record")
        foreign: set[str] = set()
        for owners in self._words.owners_in(part.text):
            known = (may_read(asked.reader, owner) and (owner != PUBLIC or since <= asked.time)
                     for owner, since in owners.items())  # fmt: skip
            if not any(known):
                foreign |= owners.keys()
        for owner in sorted(foreign):
            why = f"{asked.reader} is told words that are on the record of {owner} alone"
            yield Leak(kind="words", place=call.place, source=part.source, owner=owner, why=why)


def _same(part: Part, rendering: Part) -> bool:
    if (part.role, part.source, part.owner) != (rendering.role, rendering.source, rendering.owner):
        return False
    if part.text.endswith(_CUT):
        return rendering.text.startswith(part.text.removesuffix(_CUT))
    return part.text == rendering.text


def _leak(kind: Kind, place: str, part: Part, why: str) -> Leak:
    return Leak(kind=kind, place=place, source=part.source, owner=part.owner, why=why)
