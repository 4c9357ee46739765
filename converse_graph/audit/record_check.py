"""Checks the record of a run: that it says what was answered, and that its public part holds nothing private."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from converse_graph.audit.findings import Leak, SelfDisclosure
from converse_graph.audit.phrase_index import PhraseIndex, Time, strings_in
from converse_graph.audit.records import SAID, Records
from converse_graph.models.base import PUBLIC
from converse_graph.record.paths import CallPath, Provenance, Task
from converse_graph.record.records import MindRecord, StatementRecord, debate_of, memo_of
from converse_graph.record.state import moves_channel
from converse_graph.scenarios.speaker_paths import party_of
from converse_graph.scenarios.world import MOVE, WAIT, WORLD
from converse_graph.turn.reflection import insights_in


class RecordCheck:
    """Looks at statements, minds and exports, and counts."""

    def __init__(self, records: Records, words: PhraseIndex, injected_texts: frozenset[str]) -> None:
        """Compare with these.

        Args:
            records: With what was answered.
            words: With their owners.
            injected_texts: Statements that a fork put into a party's mouth.
        """
        self._records, self._words, self._injected = records, words, injected_texts
        self.records = 0
        self.quoted: set[tuple[str, str]] = set()

    def statements(self) -> Iterator[Leak]:
        """Statements that nobody made like this, and those that hold words of another's private record."""
        for statement in self._records.statements:
            path = CallPath.of_turn(statement["round"], statement["turn"], statement["speaker"])
            place, source = (
                str(path),
                str(Provenance.of_statement(statement["round"], statement["turn"], statement["speaker"])),
            )
            is_own = (
                self._is_answer(path, statement["text"], statement["fields"], "statement")
                or statement["text"] in self._injected
            )
            self.records += 1
            if not is_own:
                yield Leak(kind="record", place=place, source=source, owner=statement["speaker"],
                           why="the statement is not what was answered there")  # fmt: skip
            yield from self._quotations(place, source, statement)

    def minds(self) -> Iterator[Leak]:
        """Records in a mind that are another's, or that nobody wrote like this."""
        for party, mind in self._records.minds.items():
            for record in mind:
                path, place = CallPath.parse(record["place"]), record["place"]
                source = str(Provenance.of_mind(path))
                if path.party != party or party_of(record["path"]) != party:
                    yield Leak(kind="record", place=place, source=source, owner=record["path"],
                               why=f"a record of {record['path']} lies in the mind of {party}")  # fmt: skip
                    continue
                self.records += 1
                if not self._is_answer(path, memo_of(record), {}, "memo"):
                    yield Leak(kind="record", place=place, source=source, owner=party,
                               why="the memo is not what was answered there")  # fmt: skip
                if record["kind"] == "reflection" and not self._is_concluded(path, record["insights"]):
                    yield Leak(kind="record", place=place, source=source, owner=party,
                               why="the conclusions are not what was answered there")  # fmt: skip
                yield from self._lines(record, path, source)

    def worlds(self) -> Iterator[Leak]:
        """What a world's ledgers hold that their readers may not know, and moves that nobody chose like this."""
        world = self._records.header.world
        for world_record in self._records.public_worlds if world else ():
            self.records += 1
            names = {name for values in world_record["state"].values() for name in values}
            if world and (secret := [name for name in sorted(names) if world.variable(name).visibility != "public"]):
                yield _misplaced(world_record["round"], WORLD, f"{secret[0]!r} is told to everybody, and is not public")
        for party, records in self._records.own_worlds.items() if world else ():
            for own in records:
                self.records += 1
                if world and any(world.variable(name).visibility == "hidden" for name in own["state"]):
                    yield _misplaced(own["round"], party, "a hidden variable is told to the party")
                if own.get("move", {"party": party})["party"] != party:
                    yield _misplaced(own["round"], party, "another's move is told to the party as its own")
        yield from self._moves()

    def _moves(self) -> Iterator[Leak]:
        for party, moves in self._records.moves.items():
            for move_record in moves:
                path = CallPath.parse(move_record["place"])
                self.records += 1
                answers = [values for task in SAID for values in self._records.answers(path.call(task))]
                is_chosen = move_record["move"] == WAIT or any(
                    values.get(MOVE) == move_record["move"] for values in answers
                )
                if path.party != party or not (is_chosen or self._injected):
                    yield Leak(kind="record", place=move_record["place"], source=moves_channel(party), owner=party,
                               why="the move is not what was answered there")  # fmt: skip

    def exports(self, exports: Mapping[str, Any]) -> Iterator[Leak]:
        """What the public exports hold, each by its name as JSON values, that is on private record alone."""
        for name, values in exports.items():
            foreign: set[str] = set()
            for text in strings_in(values):
                for owners in self._words.owners_in(text):
                    foreign |= owners.keys() if PUBLIC not in owners else set()
            for owner in sorted(foreign):
                why = f"the public record as {name} holds words that are on the record of {owner} alone"
                yield Leak(kind="export", place=name, source="export", owner=owner, why=why)

    def _lines(self, record: MindRecord, turn: CallPath, source: str) -> Iterator[Leak]:
        debate = debate_of(record)
        if debate is None or debate["mode"] != "debate":
            return
        for number, line in enumerate(debate["lines"]):
            path = turn.inside(number, line["speaker"])
            self.records += 1
            if line["text"] and not self._is_answer(path, line["text"], {}, "line"):
                yield Leak(kind="record", place=str(path), source=source, owner=record["path"],
                           why="the line is not what was answered there")  # fmt: skip

    def _is_answer(self, path: CallPath, text: str, fields: Mapping[str, Any], name: str) -> bool:
        """Whether a text, with its fields of words, is what was answered in a turn; no text is no answer."""
        if not text:
            return True
        tasks: tuple[Task, ...] = ("line",) if name == "line" else SAID
        answers = [values for task in tasks for values in self._records.answers(path.call(task))]
        return any(
            values.get(name) == text and all(values.get(field) == value for field, value in _worded(fields))
            for values in answers
        )

    def _is_concluded(self, path: CallPath, insights: Sequence[str]) -> bool:
        return not insights or any(insights_in(values) == list(insights) for values in self._records.answers(path))

    def _quotations(self, place: str, source: str, statement: StatementRecord) -> Iterator[Leak]:
        """Words on private record alone that a party says: another's are a leak, its own a disclosure."""
        texts = [*strings_in([statement["text"], statement["fields"]])]
        for text in texts:
            for owners in self._words.owners_in(text):
                own = {owner for owner in owners if owner != PUBLIC and party_of(owner) == statement["speaker"]}
                self.quoted |= {(place, owner) for owner in own}
        yield from self._strayed(place, source, statement["speaker"], (statement["round"], statement["turn"]), texts)

    def _strayed(self, place: str, source: str, party: str, time: Time, texts: Iterable[str]) -> Iterator[Leak]:
        """Words that a party has from another's private record: neither public by then, nor its own before."""
        foreign: set[str] = set()
        for text in texts:
            for owners in self._words.owners_in(text):
                before = {owner for owner, since in owners.items() if since < time}
                if not any(owner == PUBLIC or party_of(owner) == party for owner in before):
                    foreign |= before
        for owner in sorted(foreign):
            yield Leak(kind="words", place=place, source=source, owner=owner,
                       why=f"{party} has words that were on the record of {owner} alone")  # fmt: skip

    def quotations(self) -> tuple[SelfDisclosure, ...]:
        """Statements in which a party makes public what is on its own private record."""
        return tuple(SelfDisclosure(place=place, owner=owner) for place, owner in sorted(self.quoted))


def _worded(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Fields that hold words; numbers may have been put in order."""
    return ((name, value) for name, value in fields.items() if isinstance(value, str | list))


def _misplaced(round: int, owner: str, why: str) -> Leak:
    """A record of the world that tells too much."""
    return Leak(kind="record", place=f"round {round}", source="world", owner=owner, why=why)
