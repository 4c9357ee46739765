"""Checks the prompts of a run: whose each message is, whether it is what its record says, and what words it holds."""

from collections.abc import Iterator

from converse_graph.audit.findings import Kind, Leak
from converse_graph.audit.phrase_index import PhraseIndex
from converse_graph.audit.records import Records
from converse_graph.errors import InvalidValue
from converse_graph.models.base import PUBLIC, Message
from converse_graph.record.call_paths import VIEW, CallPath, JudgePath, Provenance, parse_call_path
from converse_graph.scenarios.speaker_paths import is_within
from converse_graph.store.journal import Call

_CUT = " [cut]\n</statement>"
"""How a statement ends that a judge is told the beginning of."""
_REMEMBERED = 4096
"""Messages of which it is remembered what they turned out to be: most are in many prompts, one after the other."""
_OPEN_TO_ALL = ("moderator", "judge")
"""Folders of templates that everybody may read."""


class PromptCheck:
    """Looks at one call after the other, and counts."""

    def __init__(self, records: Records, words: PhraseIndex) -> None:
        """Compare with these records, and search for these words."""
        self._records, self._words = records, words
        self._is_rebuilt: dict[bytes, bool | None] = {}
        """Of each message: whether it is what its record says; None where it is made from no one record."""
        self._is_clean: set[tuple[str, bytes]] = set()
        """Readers, and messages from templates in which they were told nothing that is another's, nor will be later."""
        self.calls = self.messages = self.rebuilt = self.searched = 0
        self.sent_back = 0
        """Statements that were asked for once more."""
        self.guests: set[str] = set()
        """Speakers that are somebody's own graph."""

    def leaks(self, call: Call) -> Iterator[Leak]:
        """What is wrong with a prompt."""
        path = parse_call_path(call.place)
        reader = path.reader
        self.calls += 1
        self.messages += len(call.messages)
        self.sent_back += not call.accepted and path.task == "statement"
        if call.messages and call.messages[0].source == str(VIEW):
            self.guests.add(reader)
        for message in call.messages:
            if not may_read(reader, message.owner):
                yield _leak("access", call.place, message, f"{reader} may not read it")
                continue
            if self._is_rebuilt.get(message.digest):  # most messages are in many prompts
                self.rebuilt += 1
                continue
            try:
                yield from self._unlike_its_record(call, path, message, Provenance.parse(message.source))
            except InvalidValue:
                yield _leak("provenance", call.place, message, "it names no record that a run can have")

    def _unlike_its_record(
        self, call: Call, path: CallPath | JudgePath, message: Message, origin: Provenance
    ) -> Iterator[Leak]:
        if message.digest not in self._is_rebuilt:
            if len(self._is_rebuilt) > _REMEMBERED:
                self._is_rebuilt.clear()
            renderings = self._records.renderings(message, origin)
            self._is_rebuilt[message.digest] = (
                None if renderings is None else any(_same(message, rendering) for rendering in renderings)
            )
        match self._is_rebuilt[message.digest]:
            case None:
                self.searched += 1
                if (path.reader, message.digest) not in self._is_clean:
                    yield from self._made_from_template(call, path, message, origin)
            case True:
                self.rebuilt += 1
            case False:
                yield _leak("provenance", call.place, message, "it is not what that record says, or not that owner's")

    def _made_from_template(
        self, call: Call, path: CallPath | JudgePath, message: Message, origin: Provenance
    ) -> Iterator[Leak]:
        is_misnamed = message.owner == PUBLIC and not _is_open_to_all(origin)
        if is_misnamed:
            yield _leak("provenance", call.place, message, "it is called public and is no public record")
        foreign: set[str] = set()
        for owners in self._words.owners_by_phrase(message.text).values():
            is_known = (may_read(path.reader, owner) and (owner != PUBLIC or since <= path.time)
                     for owner, since in owners.items())  # fmt: skip
            if not any(is_known):
                foreign |= owners.keys()
        if not foreign and not is_misnamed:
            if len(self._is_clean) > _REMEMBERED:
                self._is_clean.clear()
            self._is_clean.add((path.reader, message.digest))
        for owner in sorted(foreign):
            why = f"{path.reader} is told words that are on the record of {owner} alone"
            yield Leak(kind="words", place=call.place, source=message.source, owner=owner, why=why)


def _is_open_to_all(origin: Provenance) -> bool:
    """Whether a message may be public though it is no record's rendering."""
    folder = str(origin.of).partition("/")[0] if origin.record == "prompt" else ""
    return origin.record in ("note", "reply") or folder in _OPEN_TO_ALL


def _same(message: Message, rendering: Message) -> bool:
    if (message.role, message.source, message.owner) != (rendering.role, rendering.source, rendering.owner):
        return False
    if message.text.endswith(_CUT):
        return rendering.text.startswith(message.text.removesuffix(_CUT))
    return message.text == rendering.text


def _leak(kind: Kind, place: str, message: Message, why: str) -> Leak:
    return Leak(kind=kind, place=place, source=message.source, owner=message.owner, why=why)


def may_read(reader: str, owner: str) -> bool:
    """Whether a speaker may read a record: what is public, its own, and that of whoever it speaks inside of.

    Nobody reads what goes on inside a fellow, and an organisation hears of its personas what was said in its debate,
    which is its own record.
    """
    return owner == PUBLIC or is_within(reader, owner)
