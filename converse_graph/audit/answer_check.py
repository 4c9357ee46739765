"""Compares the records of a run with what was answered, where it cannot be played again."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from converse_graph.audit.findings import Leak
from converse_graph.audit.records import SAID, Records
from converse_graph.record.call_paths import CallPath, Provenance, Task
from converse_graph.record.records import MindRecord, MinutesRecord, debate_of, memo_of
from converse_graph.record.state import moves_channel
from converse_graph.scenarios.world_tables import MOVE, WAIT
from converse_graph.turn.reflection import insights_in

_TASKS_OF: Mapping[str, tuple[Task, ...]] = {"line": ("line",), "decided": ("minutes",)}
"""By the field that holds the words of a record, where they come from no statement."""


class AnswerCheck:
    """Looks at statements, minds and moves, and counts."""

    def __init__(self, records: Records, injected_texts: frozenset[str], injected_moves: frozenset[str]) -> None:
        """Compare these.

        Args:
            records: With what was answered.
            injected_texts: Statements that forks put into a party's mouth.
            injected_moves: The moves that came with them.
        """
        self._records, self._texts, self._moves = records, injected_texts, injected_moves
        self.records = 0

    def differences(self) -> Iterator[Leak]:
        """Find every record that is not what was answered where it was made."""
        yield from self._statements()
        yield from self._minds()
        yield from self._unanswered_moves()

    def _statements(self) -> Iterator[Leak]:
        for statement in self._records.statements:
            self.records += 1
            path = CallPath.of_turn(statement["round"], statement["turn"], statement["speaker"])
            is_own = self._is_answer(path, statement["text"], statement["fields"], "statement")
            if not is_own and statement["text"] not in self._texts:
                source = str(Provenance.of_statement(statement["round"], statement["turn"], statement["speaker"]))
                yield Leak(kind="record", place=str(path), source=source, owner=statement["speaker"],
                           why="the statement is not what was answered there")  # fmt: skip

    def _minds(self) -> Iterator[Leak]:
        for party, mind in self._records.minds.items():
            for record in mind:
                self.records += 1
                path = CallPath.parse(record["place"])
                problems = []
                if not self._is_answer(path, memo_of(record), {}, "memo"):
                    problems.append("the memo is not what was answered there")
                if record["kind"] == "reflection" and not self._is_concluded(path, record["insights"]):
                    problems.append("the conclusions are not what was answered there")
                source = str(Provenance.of_mind(path))
                for why in problems:
                    yield Leak(kind="record", place=record["place"], source=source, owner=party, why=why)
                yield from self._lines(record, path, source)

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

        yield from self._minutes(debate.get("minutes"), turn, record["path"], source)

    def _minutes(self, minutes: MinutesRecord | None, turn: CallPath, owner: str, source: str) -> Iterator[Leak]:
        """Minutes of a debate that its chair did not write like this."""
        if minutes is None or "decided" not in minutes:
            return
        path = turn.inside("minutes", minutes["speaker"])
        self.records += 1
        fields = {name: minutes.get(name) for name in ("actions", "open_questions")}
        if not self._is_answer(path, minutes["decided"], fields, "decided"):
            yield Leak(kind="record", place=str(path), source=source, owner=owner,
                       why="the minutes are not what was answered there")  # fmt: skip

    def _unanswered_moves(self) -> Iterator[Leak]:
        for party, moves in self._records.moves.items():
            for record in moves:
                path = CallPath.parse(record["place"])
                self.records += 1
                answers = [values for task in SAID for values in self._records.answers(path.call(task))]
                answered_moves = {WAIT, *self._moves, *(str(values.get(MOVE)) for values in answers)}
                if path.party != party or record["move"] not in answered_moves:
                    yield Leak(kind="record", place=record["place"], source=moves_channel(party), owner=party,
                               why="the move is not what was answered there")  # fmt: skip

    def _is_answer(self, path: CallPath, text: str, fields: Mapping[str, Any], name: str) -> bool:
        """Whether a text, with its fields of words, is what was answered in a turn; no text is no answer."""
        if not text:
            return True
        tasks: tuple[Task, ...] = _TASKS_OF.get(name, SAID)
        answers = [values for task in tasks for values in self._records.answers(path.call(task))]
        return any(
            values.get(name) == text and all(values.get(field) == value for field, value in _worded(fields))
            for values in answers
        )

    def _is_concluded(self, path: CallPath, insights: Sequence[str]) -> bool:
        return not insights or any(insights_in(values) == list(insights) for values in self._records.answers(path))


def _worded(fields: Mapping[str, Any]) -> Iterator[tuple[str, str | list[Any]]]:
    """Fields that hold words; numbers may have been put in order."""
    return ((name, value) for name, value in fields.items() if isinstance(value, str | list))
