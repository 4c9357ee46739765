"""A transcript for other programs: JSON, JSON lines and CSV; and JSON read back."""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from converse_graph.errors import InvalidValue
from converse_graph.export.markdown_escaping import UNSEEN
from converse_graph.export.overview import in_force
from converse_graph.measures.event_dates import event_dates
from converse_graph.record.transcript import PrivateNotes, Statement, Transcript, WorldMove, WorldRound
from converse_graph.record.verdict import Verdict
from converse_graph.scenarios.world_tables import WORLD, pairs_of_parties

SHOW_VERSION = 1
"""Of the shape of `show --as json`."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSEEN = re.compile(f"[{UNSEEN}]")
_PUBLIC = (
    "round",
    "period",
    "speaker",
    "text",
    "fields",
    "turn",
    "problem",
    "repairs",
    "sorted_fields",
    "mended",
    "dissents",
)
_PRIVATE = ("deliberation", "initial_stance", "conclusions", "memo", "position", "follows_decision")

_NO_COLUMN = _PRIVATE[:3]
"""What fits no table."""


def as_json(transcript: Transcript, *, raw: bool = False) -> dict[str, Any]:
    """The transcript as JSON values, in the shape of `show_schema`.

    Args:
        transcript: What to show.
        raw: Whether to tell what each speaker kept to itself. `memo` is then null where the record is without it.
    """
    values: dict[str, Any] = {}
    lists: dict[str, list[Any]] = {"statements": [], "world": []}
    for name, value in json_parts(transcript, raw=raw):
        if name in lists:
            lists[name].append(value)
        else:
            values[name] = value
    return {**values, **lists}


def json_parts(transcript: Transcript, *, raw: bool = False) -> Iterator[tuple[str, Any]]:
    """The same as pairs, in the order in which they are made: a pair for each statement and each round of the world.

    Args:
        transcript: What to show.
        raw: Whether to tell what each speaker kept to itself.
    """
    yield "version", SHOW_VERSION
    yield "header", transcript.header.model_dump(mode="json")
    yield "standing", {title: list(entries) for title, entries in in_force(transcript).items()}
    yield "happened", [date.model_dump(mode="json") for date in event_dates(transcript)]
    yield "verdicts", [verdict_json(verdict) for verdict in transcript.verdicts]
    yield from (("statements", _statement(statement, raw=raw)) for statement in transcript.statements)
    yield from (("world", _world(after, raw=raw)) for after in transcript.world)


def from_json(values: Mapping[str, Any]) -> Transcript:
    """The transcript behind `as_json`: all of it, where that was raw.

    Args:
        values: What `as_json` made, or `converse show --json` printed.

    Raises:
        InvalidValue: The version is another, or something is missing or does not fit.
    """
    version = values.get("version")
    if version != SHOW_VERSION:
        raise InvalidValue(f"version is {version!r}; this version of the package reads {SHOW_VERSION}")
    statement_values, header = values.get("statements"), values.get("header")
    if not isinstance(statement_values, list) or not isinstance(header, Mapping):
        raise InvalidValue("a transcript as JSON has a header, which is an object, and statements, which are a list")
    statements = []
    for number, statement in enumerate(statement_values, 1):
        if not isinstance(statement, Mapping):
            raise InvalidValue(f"statement {number} is {type(statement).__name__}; it must be an object")
        try:
            statements.append(_read_statement(statement))
        except InvalidValue as error:
            raise InvalidValue(f"statement {number}: {error}") from None
    verdict_values = values.get("verdicts", [])
    if not isinstance(verdict_values, list):
        raise InvalidValue(f"verdicts are {type(verdict_values).__name__}; they must be a list")
    verdicts = tuple(_read_verdict(verdict) for verdict in verdict_values)
    return Transcript(header=header, statements=tuple(statements), verdicts=verdicts, world=_read_world(values))


def as_jsonl(transcript: Transcript, *, raw: bool = False) -> str:
    """A line of JSON for all but the statements, and one for each of these, as in `as_json`."""
    values = as_json(transcript, raw=raw)
    first = {name: value for name, value in values.items() if name != "statements"}
    return "".join(json_text(line) + "\n" for line in [first, *values["statements"]])


def as_csv(*transcripts: Transcript, raw: bool = False) -> str:
    """One row for each statement, under a row of column names; lines end as RFC 4180 has it, with CR LF.

    A field of parts has a column for each, such as `fields.agi_estimate.p50`; items of a list are joined by "; ".
    A text that a spreadsheet would take for a formula begins with an apostrophe. Empty stands for null as well as for
    the empty text. Where there is a world, a row has the state after its round: the world's variables, such as
    `world.stock`, the speaker's own, such as `own.money`, and the speaker's `move`.

    Args:
        transcripts: What to show, one after the other; the first column names the run.
        raw: Whether to add `memo`, `position` and `follows_decision`, variables that are not public, and moves that
            nobody saw. Private conversations fit no table.
    """
    rows = []
    for transcript in transcripts:
        after = {one.round: one for one in transcript.world}
        others = _others_by_pair(transcript)
        rows += [
            {
                "run": transcript.header.run,
                **_row(statement, raw=raw),
                **_state(
                    after.get(statement.round),
                    statement.speaker,
                    others[statement.speaker],
                    raw=raw,
                ),
            }
            for statement in transcript.statements
        ]
    columns = ("run", *_PUBLIC, *(_PRIVATE[len(_NO_COLUMN) :] if raw else ()))
    return rows_csv(rows, [name for name in columns if name != "fields"])


def _world(after: WorldRound, *, raw: bool) -> dict[str, Any]:
    values = after.model_dump(mode="json")
    return values if raw else {**values, "hidden": None}


def _read_world(values: Mapping[str, Any]) -> tuple[WorldRound, ...]:
    rounds = values.get("world", [])
    if not isinstance(rounds, list) or not all(isinstance(one, Mapping) for one in rounds):
        raise InvalidValue("world is no list of objects; it has one for each round, or none")
    return tuple(WorldRound(**one) for one in rounds)


def _others_by_pair(transcript: Transcript) -> dict[str, dict[str, str]]:
    """By party: the other one of each pair that it may be one of, by what the pair is called."""
    pairs = pairs_of_parties({party.name: party.kind for party in transcript.header.cast})
    others: dict[str, dict[str, str]] = defaultdict(dict)
    for name, (first, second) in pairs.items():
        others[first][name], others[second][name] = second, first
    return others


def _state(after: WorldRound | None, party: str, others: Mapping[str, str], *, raw: bool) -> dict[str, Any]:
    """The world after a round as columns, from where a party stands; none where there is no world."""
    if after is None:
        return {}
    state, moves = known_state(after, raw=raw)
    return {
        **{f"world.{name}": value for name, value in state[WORLD].items()},
        **{f"own.{name}": value for name, value in state.get(party, {}).items()},
        **{
            f"with {other}.{name}": value
            for pair, other in others.items()
            for name, value in state.get(pair, {}).items()
        },
        "move": next((move.move for move in moves if move.party == party), None),
    }


def known_state(after: WorldRound, *, raw: bool) -> tuple[Mapping[str, Mapping[str, float]], Sequence[WorldMove]]:
    """Return the variables by owner, and the moves, that a record tells of a round.

    Args:
        after: The world after the round.
        raw: Whether to tell what stayed hidden too, where the record has it.
    """
    record = after.hidden if raw and after.hidden else after
    return record.state, record.moves


def rows_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """Write rows under a row of column names, as `as_csv` does.

    Args:
        rows: Values by column; one that a row is without stays empty.
        columns: Those that come first, whether any row has them or not.
    """
    heads = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in heads])
    writer.writerows([_cell(row.get(name)) for name in heads] for row in rows)
    return out.getvalue()


def json_text(value: Any, *, indent: int | None = None) -> str:
    """JSON that people can read and UTF-8 can hold: letters of all scripts as they are; what nobody can see, escaped.

    That is half characters, controls, marks that turn the direction of writing: none reaches a terminal or an editor,
    and whoever reads the JSON gets them back.

    Args:
        value: What to write.
        indent: Spaces a level; None for one line.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSEEN.sub(lambda unseen: json.dumps(unseen[0])[1:-1], text)


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON values; each score says whether its quotation is `verified`."""
    values = verdict.model_dump(mode="json")
    score_values = [{**score, "verified": score["source"] is not None} for score in values["scores"]]
    return {**values, "scores": score_values}


def _read_verdict(values: Any) -> Verdict:
    if not isinstance(values, Mapping) or not isinstance(values.get("scores"), list):
        raise InvalidValue("a verdict as JSON is an object with scores, which are a list")
    if not all(isinstance(score, Mapping) for score in values["scores"]):
        raise InvalidValue("a score as JSON is an object")
    scores = [{name: value for name, value in score.items() if name != "verified"} for score in values["scores"]]
    return Verdict(**{**values, "scores": scores})


def _statement(statement: Statement, *, raw: bool) -> dict[str, Any]:
    values = {name: getattr(statement, name) for name in _PUBLIC}
    values |= {"sorted_fields": list(statement.sorted_fields), "mended": list(statement.mended)}
    if statement.source is not None:
        values["source"] = statement.source.model_dump(mode="json")
    if not raw:
        return values
    private = statement.private
    if private is None:
        return {**values, **dict.fromkeys(_PRIVATE)}
    debate = private.deliberation
    return {
        **values,
        "deliberation": None if debate is None else debate.model_dump(mode="json"),
        "initial_stance": None if private.initial_stance is None else private.initial_stance.model_dump(mode="json"),
        "conclusions": list(private.conclusions),
        "memo": private.memo,
        "position": private.position,
        "follows_decision": private.follows_decision,
    }


def _read_statement(values: Mapping[str, Any]) -> Statement:
    private_values = {name: values.get(name) for name in _PRIVATE} | {"conclusions": values.get("conclusions") or ()}
    public = {name: value for name, value in values.items() if name not in private_values}
    return Statement(**public, private=None if private_values["memo"] is None else PrivateNotes(**private_values))


def _row(statement: Statement, *, raw: bool) -> dict[str, Any]:
    values = _statement(statement, raw=raw)
    for name in _NO_COLUMN:
        values.pop(name, None)
    nested = {name: values.pop(name) for name in ("fields", "source") if name in values}
    return {**values, **dict(cell for name, value in nested.items() for cell in _flat(name, value))}


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    else:
        yield name, value


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool() | int() | float():
            return json.dumps(value)
        case list() | tuple():
            text = "; ".join(item if isinstance(item, str) else json_text(item) for item in value)
        case _:
            text = str(value)
    text = _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
    return f"'{text}" if text.startswith(_FORMULA) else text
