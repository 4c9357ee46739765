"""Every model call of a run: prompt by its messages, reply, tokens, cost, and where in the run it was made.

A call is kept before its node goes on, so that whatever LangGraph runs again finds it answered: a call that was
completed is never made twice.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from converse_graph.models.base import PUBLIC, Message, Request, Response
from converse_graph.record.call_paths import parse_call_path
from converse_graph.scenarios.speaker_paths import owner_from_record, owner_on_record
from converse_graph.store.chain import add_links, calls_chain, seal_header
from converse_graph.store.session import Session
from converse_graph.store.writer import Writer

_RECALL = """SELECT reply, model, finish, input_tokens, output_tokens, cached_tokens, usd, seconds
FROM calls WHERE run = :run AND place = :place AND attempt = :attempt AND digest = :digest"""
_CALLS = """SELECT reply, model, finish, input_tokens, output_tokens, cached_tokens, usd, seconds,
place, attempt, messages, form, accepted, digest FROM calls
WHERE run = :run AND place LIKE :places AND attempt >= :least ORDER BY id"""
_CALLS_AT = _CALLS.replace("LIKE :places", "= :place")
_AT = """SELECT reply, model, finish, input_tokens, output_tokens, cached_tokens, usd, seconds,
id, digest, messages, accepted FROM calls
WHERE run = :run AND place = :place AND attempt = :attempt ORDER BY id"""
_TOTALS = """SELECT COALESCE(SUM(input_tokens + output_tokens), 0), SUM(usd),
SUM(CASE WHEN usd IS NULL THEN 1 ELSE 0 END) FROM calls WHERE run = :run"""
_COUNTED = "SELECT id, place FROM calls WHERE run = :run AND attempt >= 0 ORDER BY id"
_PLACES = "SELECT place FROM calls WHERE run = :run AND attempt >= 0 ORDER BY id"
_SUMMARY_COLUMNS = (
    "id", "place", "attempt", "accepted", "model", "finish", "input_tokens", "output_tokens", "cached_tokens", "usd",
    "seconds",
)  # fmt: skip
_SUMMARIES = f"""SELECT {", ".join(_SUMMARY_COLUMNS)} FROM calls
WHERE run = :run AND place LIKE :places ESCAPE '!' AND id > :after ORDER BY id LIMIT :most"""  # noqa: S608 - ours
_REPLY = "SELECT reply FROM calls WHERE run = :run AND id = :id"
_PROMPT = "SELECT messages FROM calls WHERE run = :run AND place = :place AND attempt >= 0 ORDER BY id LIMIT 1"
_MESSAGE = "SELECT role, source, owner, text FROM messages WHERE id = :id"
_STORED_MESSAGES = "SELECT id, role, source, owner, text, digest FROM messages WHERE id IN "
_MESSAGE_ID = "SELECT id FROM messages WHERE digest = :digest"
_ADD_MESSAGE = """INSERT INTO messages (digest, role, source, owner, text)
VALUES (:digest, :role, :source, :owner, :text) ON CONFLICT DO NOTHING RETURNING id"""
_ADD_CALL = """INSERT INTO calls (run, place, attempt, digest, messages, form, reply, accepted, model, finish,
input_tokens, output_tokens, cached_tokens, usd, seconds)
VALUES (:run, :place, :attempt, :digest, :messages, :form, :reply, :accepted, :model, :finish,
:input_tokens, :output_tokens, :cached_tokens, :usd, :seconds) ON CONFLICT DO NOTHING RETURNING attempt"""
_ADD_UNUSABLE = """INSERT INTO calls (run, place, attempt, digest, messages, form, reply, accepted, model, finish,
input_tokens, output_tokens, cached_tokens, usd, seconds)
SELECT :run, :place, COALESCE(MIN(attempt), 0) - 1, :digest, :messages, :form, :reply, 0, :model, :finish,
:input_tokens, :output_tokens, :cached_tokens, :usd, :seconds
FROM calls WHERE run = :run AND place = :place AND digest = :digest AND attempt < 0 RETURNING attempt"""
_CUT = """SELECT model, COUNT(*), MAX(input_tokens) FROM calls
WHERE run = :run AND attempt < 0 AND finish = 'cut' GROUP BY model ORDER BY model"""
_CHARGE_TOKENS = "UPDATE runs SET tokens = tokens + :tokens, unpriced = unpriced + 1 WHERE id = :run"
_CHARGE = "UPDATE runs SET tokens = tokens + :tokens, usd = COALESCE(usd, 0) + :usd WHERE id = :run"
_HEADER = "SELECT header FROM specs WHERE run = :run"
_SET_HEADER = "UPDATE specs SET header = :header WHERE run = :run"
_PROGRESS = "UPDATE runs SET rounds = :rounds, statements = :statements WHERE id = :run"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call as it was journalled."""

    place: str
    attempt: int
    """0 for the first time of asking, and so on; below 0 for replies that were paid and no use, such as empty ones."""
    messages: tuple[Message, ...]
    schema: dict[str, Any]
    reply: Response
    accepted: bool
    """Whether the reply fitted its schema."""
    digest: bytes = b""
    """Of prompt and schema, as it was stored beside them."""

    @property
    def is_as_asked(self) -> bool:
        """Whether the stored prompt and schema are those that the stored digest is of."""
        return call_digest(self.messages, self.schema) == self.digest


@dataclass(frozen=True, kw_only=True)
class ChainedCall:
    """A call as its link stands for it."""

    place: str
    content: list[Any]
    is_as_asked: bool
    """Whether every stored message, and the prompt and schema that they make, are what the stored digests are of."""


@dataclass(frozen=True, kw_only=True)
class CallSummary:
    """A call as a list of calls has it, without prompt and reply."""

    id: int
    place: str
    attempt: int
    """0 for the first time of asking, and so on; below 0 for replies that were paid and no use."""
    accepted: bool
    model: str
    finish: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    usd: float | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class JournalledReply:
    """What the journal has of one attempt at one place, its prompt by digest."""

    id: int
    digest: bytes
    reply: Response
    accepted: bool
    messages: int
    """How many there were in the prompt."""


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What the calls of a run add up to."""

    tokens: int
    usd: float | None
    unpriced: int
    """Calls of which no price is known."""


class MessageIds:
    """Gives each message of a prompt one row, however many prompts it is in. Used on the writing thread alone."""

    def __init__(self) -> None:
        """Know none yet."""
        self._message_ids: dict[bytes, int] = {}

    def forget(self) -> None:
        """Look everything up again: what was thought stored may have been rolled back."""
        self._message_ids.clear()

    def of(self, session: Session, message: Message) -> int:
        """The row of a message, made if it is new."""
        number = self._message_ids.get(message.digest)
        if number is None:
            owner = owner_on_record(message.owner)
            row = {"digest": message.digest, "role": message.role, "source": message.source, "owner": owner}
            inserted = session.run(_ADD_MESSAGE, **row, text=message.text)
            number = int((inserted or session.run(_MESSAGE_ID, digest=message.digest))[0][0])
            if len(self._message_ids) > 50_000:
                self._message_ids.clear()
            self._message_ids[message.digest] = number
        return number


class RunJournal:
    """The journal of one run."""

    def __init__(self, reader: Session, writer: Writer, ids: MessageIds, run: int) -> None:
        """Read and write the calls of the run with that id."""
        self._reader, self._writer, self._ids, self._run = reader, writer, ids, run
        self._forms: dict[str, Message] = {}
        """Schemas as messages, by their text."""
        self._notes: list[Callable[[Session], None]] = []
        """What writes replies that wait for the end of their round."""
        self._asked_places: set[str] | None = None
        """Places of calls that are on record, once they were looked up: most calls are new, and a set says so."""

    def recall(self, request: Request) -> Response | None:
        """The reply that this very request had, if it was ever completed."""
        if self._asked_places is None:
            self._asked_places = set(self.places())
        if request.place not in self._asked_places:
            return None
        rows = self._reader.read(
            _RECALL,
            run=self._run,
            place=request.place,
            attempt=request.attempt,
            digest=_digest(request, self._form(request)),
        )
        return _reply(rows[0]) if rows else None

    def has_answered(self, request: Request) -> bool:
        """Whether this very request was ever completed."""
        return self.recall(request) is not None

    async def record(self, request: Request, reply: Response, *, accepted: bool) -> None:
        """Keep a reply; returns when it is durable."""
        insert = self._insertion(_ADD_CALL, request, reply, attempt=request.attempt, accepted=int(accepted))
        await self._writer.write(insert)
        if self._asked_places is not None:
            self._asked_places.add(request.place)

    def note(self, request: Request, reply: Response, *, accepted: bool) -> None:
        """Keep a reply with whatever takes it by `take_notes`, both or neither."""
        self._notes.append(self._insertion(_ADD_CALL, request, reply, attempt=request.attempt, accepted=int(accepted)))
        if self._asked_places is not None:
            self._asked_places.add(request.place)

    def take_notes(self) -> Callable[[Session], None]:
        """Give what writes the replies that are noted and not written yet, to be run in a transaction with more."""
        notes, self._notes = self._notes, []

        def insert(session: Session) -> None:
            for note in notes:
                note(session)

        return insert

    async def keep_notes(self) -> None:
        """Write the replies that are noted and not written yet; returns when they are durable.

        Raises:
            StoreFailure: They could not be written.
        """
        if self._notes:
            await self._writer.write(self.take_notes())

    def note_unusable(self, request: Request, reply: Response) -> None:
        """Keep a reply that is paid and no use, below the attempts that count: the first as -1, the next as -2.

        It is durable with the next thing that is, and is never recalled.
        """
        self._writer.post(self._insertion(_ADD_UNUSABLE, request, reply))

    def progress(self, *, rounds: int, statements: int) -> None:
        """Note how far the run has come; durable with the next thing that is."""
        self._writer.post(lambda session: session.run(_PROGRESS, rounds=rounds, statements=statements, run=self._run))

    def _insertion(self, statement: str, request: Request, reply: Response, **more: int) -> Callable[[Session], None]:
        form = self._form(request)
        digest = _digest(request, form)
        chain = calls_chain(parse_call_path(request.place).reader)

        def insert(session: Session) -> None:
            messages = [self._ids.of(session, message) for message in request.messages]
            inserted = session.run(
                statement,
                run=self._run,
                place=request.place,
                digest=digest,
                messages=_pack(messages),
                form=self._ids.of(session, form),
                **_columns_of(reply),
                **more,
            )
            if inserted:
                _charge(session, self._run, reply)
                content = call_content(request.place, int(inserted[0][0]), digest, reply, more.get("accepted", 0))
                add_links(session, self._run, chain, [content])

        return insert

    def warn(self, sentence: str) -> None:
        """Put a sentence among the warnings of the run's header, once; durable with the next thing that is."""

        def add(session: Session) -> None:
            header = json.loads(session.run(_HEADER, run=self._run)[0][0])
            if sentence not in header["warnings"]:
                header["warnings"].append(sentence)
                session.run(_SET_HEADER, header=json.dumps(header, ensure_ascii=False), run=self._run)
                seal_header(session, self._run)

        self._writer.post(add)

    def learn_window(self, model: str, *, reported: int | None, safe: int | None) -> None:
        """Note in the run's header how many tokens a model turned out to take; durable with the next thing that is."""

        def change(session: Session) -> None:
            header = json.loads(session.run(_HEADER, run=self._run)[0][0])
            if model in header["models"]:  # a judge's is none of the run's
                header["models"][model].update(shown_window=reported, safe_window=safe)
                session.run(_SET_HEADER, header=json.dumps(header, ensure_ascii=False), run=self._run)
                seal_header(session, self._run)

        self._writer.post(change)

    def places(self) -> list[str]:
        """Where calls were made, in the order in which they were completed."""
        return [place for (place,) in self._reader.read(_PLACES, run=self._run)]

    def cut_prompts(self) -> list[tuple[str, int, int]]:
        """Models whose server cut prompts without a word: each with how many, and how many tokens it read at most."""
        return [(model, int(times), int(most)) for model, times, most in self._reader.read(_CUT, run=self._run)]

    def calls(self, places: str = "%", *, unusable: bool = False) -> Iterator[Call]:
        """Every call, in the order in which they were completed.

        Args:
            places: Of those alone whose place is like this, as SQL has it: "%/embed" for those that end so.
            unusable: Whether to give those too that were paid and no use.
        """
        least = -(10**9) if unusable else 0
        yield from self._read_calls(self._reader.stream(_CALLS, run=self._run, places=places, least=least))

    def calls_at(self, place: str, *, unusable: bool = False) -> tuple[Call, ...]:
        """Every attempt at one place.

        Args:
            place: Where in the run.
            unusable: Whether to give those too that were paid and no use.
        """
        least = -(10**9) if unusable else 0
        return tuple(self._read_calls(self._reader.read(_CALLS_AT, run=self._run, place=place, least=least)))

    def _read_calls(self, rows: Iterable[Sequence[Any]]) -> Iterator[Call]:
        messages: dict[int, Message] = {}
        schemas: dict[int, dict[str, Any]] = {}
        for block in _blocks(rows):
            prompts = [_unpack(row[10]) for row in block]
            ids_told = {number for row, ids in zip(block, prompts, strict=True) for number in (*ids, row[11])}
            messages = {number: message for number, message in messages.items() if number in ids_told}
            for number, role, source, owner, text, _ in self._stored_messages(ids_told - messages.keys()):
                messages[number] = Message(role=role, source=source, owner=owner_from_record(owner), text=text)
            for row, ids in zip(block, prompts, strict=True):
                place, attempt, _, form, is_accepted, digest = row[8:]
                if form not in schemas:
                    schemas[form] = json.loads(messages[form].text)
                yield Call(
                    place=place,
                    attempt=attempt,
                    messages=tuple(messages[number] for number in ids),
                    schema=schemas[form],
                    reply=_reply(row[:8]),
                    accepted=bool(is_accepted),
                    digest=bytes(digest),
                )

    def chained_calls(self) -> Iterator[ChainedCall]:
        """Every call with what its link stands for, in the order in which they were completed, no prompt kept."""
        links: dict[int, tuple[bytes, bool]] = {}
        missing = (b"", False)
        for block in _blocks(self._reader.stream(_CALLS, run=self._run, places="%", least=-(10**9))):
            prompts = [_ids_of_prompt(row[10], row[11]) for row in block]
            ids_told = {number for ids in prompts for number in ids}
            links = {number: link for number, link in links.items() if number in ids_told}
            links |= {row[0]: _checked_digest(row) for row in self._stored_messages(ids_told - links.keys())}
            for row, ids in zip(block, prompts, strict=True):
                place, attempt, _, _, accepted, digest = row[8:]
                parts = [links.get(number, missing) for number in ids]
                is_as_asked = _digest_of(b"".join(part[0] for part in parts)) == bytes(digest)
                yield ChainedCall(
                    place=place,
                    content=call_content(place, attempt, bytes(digest), _reply(row[:8]), accepted),
                    is_as_asked=is_as_asked and all(is_same for _, is_same in parts),
                )

    def summaries(self, begins: str = "", *, after: int = 0, most: int = 10_000) -> list[CallSummary]:
        """Calls without their prompts, in the order in which they were completed.

        Args:
            begins: Of those alone whose place begins so.
            after: The id of a call; of those alone that came later.
            most: How many at most.
        """
        escaped = begins.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        rows = self._reader.read(_SUMMARIES, run=self._run, places=f"{escaped}%", after=after, most=most)
        row_values = (dict(zip(_SUMMARY_COLUMNS, row, strict=True)) for row in rows)
        return [CallSummary(**{**row, "accepted": bool(row["accepted"])}) for row in row_values]

    def prompt(self, place: str) -> tuple[Message, ...]:
        """The messages of the first attempt at a place; none where nothing was asked there.

        Args:
            place: Where in the run.
        """
        rows = self._reader.read(_PROMPT, run=self._run, place=place)
        return tuple(map(self._message, _unpack(rows[0][0]))) if rows else ()

    def reply(self, call: int) -> str:
        """What a call was answered, as the model wrote it.

        Args:
            call: Its id, as `summaries` gives it.
        """
        rows = self._reader.read(_REPLY, run=self._run, id=call)
        return str(rows[0][0]) if rows else ""

    def replies_at(self, place: str, attempt: int) -> list[JournalledReply]:
        """What was answered to one attempt at one place; more than one where it was asked with other prompts.

        Args:
            place: Where in the run.
            attempt: 0 for the first time of asking.
        """
        rows = self._reader.read(_AT, run=self._run, place=place, attempt=attempt)
        return [
            JournalledReply(
                id=number,
                digest=bytes(digest),
                reply=_reply(row),
                accepted=bool(is_accepted),
                messages=packed_ids.count(",") + 1,
            )
            for *row, number, digest, packed_ids, is_accepted in rows
        ]

    def counted_calls(self) -> Iterator[tuple[int, str]]:
        """Id and place of every call that was of use, in the order in which they were completed."""
        return ((int(number), str(place)) for number, place in self._reader.stream(_COUNTED, run=self._run))

    def spending(self) -> Spending:
        """What all calls together took, those that were no use among them."""
        ((tokens, usd, unpriced_calls),) = self._reader.read(_TOTALS, run=self._run)
        return Spending(tokens=int(tokens), usd=usd, unpriced=int(unpriced_calls or 0))

    def digest(self, request: Request) -> bytes:
        """The digest of prompt and schema of a request, as it is stored with its reply."""
        return _digest(request, self._form(request))

    def _message(self, number: int) -> Message:
        ((role, source, owner, text),) = self._reader.read(_MESSAGE, id=number)
        return Message(role=role, source=source, owner=owner_from_record(owner), text=text)

    def _stored_messages(self, numbers: Collection[int]) -> Sequence[Sequence[Any]]:
        """The rows of messages by their ids, in one question; those that there are."""
        ids = ", ".join(map(str, map(int, numbers)))
        return self._reader.read(f"{_STORED_MESSAGES}({ids})") if ids else ()

    def _form(self, request: Request) -> Message:
        """The schema as a message; one that was met before has its digest already."""
        text = request.schema_text or json.dumps(request.schema)
        form = self._forms.get(text)
        if form is None:
            if len(self._forms) > 256:
                self._forms.clear()
            form = self._forms[text] = Message(role="system", text=text, source="form", owner=PUBLIC)
        return form


def insert_call(session: Session, ids: MessageIds, run: int, call: Call) -> None:
    """Add a call as it was journalled elsewhere to the journal of a run, without charging the run for it.

    Args:
        session: With a transaction open, on the writing thread.
        ids: Of messages.
        run: The run's id in the register.
        call: The call, its digest as it was.
    """
    reply = call.reply
    form = Message(role="system", text=json.dumps(call.schema, sort_keys=False), source="form", owner=PUBLIC)
    session.run(
        _ADD_CALL,
        run=run,
        place=call.place,
        attempt=call.attempt,
        digest=call.digest,
        messages=_pack([ids.of(session, message) for message in call.messages]),
        form=ids.of(session, form),
        accepted=int(call.accepted),
        **_columns_of(reply),
    )


def _columns_of(reply: Response) -> dict[str, Any]:
    """What the row of a call has of its reply, by column."""
    return {
        "reply": reply.text,
        "model": reply.model,
        "finish": reply.finish,
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "cached_tokens": reply.cached_tokens,
        "usd": reply.usd,
        "seconds": round(reply.seconds, 3),
    }


def call_digest(messages: tuple[Message, ...], schema: dict[str, Any]) -> bytes:
    """Give the digest of a prompt and the schema of its reply, as it is stored beside them.

    Args:
        messages: The prompt.
        schema: As JSON Schema.
    """
    form = Message(role="system", text=json.dumps(schema, sort_keys=False), source="form", owner=PUBLIC)
    return _digest_of(b"".join([message.digest for message in (*messages, form)]))


def call_content(place: str, attempt: int, digest: bytes, reply: Response, accepted: int) -> list[Any]:
    """What the link of a call stands for: all of it but how long it took.

    Args:
        place: Where in the run.
        attempt: As it is stored.
        digest: Of prompt and schema.
        reply: What was answered.
        accepted: 1 where it fitted its schema, else 0.
    """
    return [
        *(place, attempt, digest, reply.text, accepted, reply.model, reply.finish),
        *(reply.input_tokens, reply.output_tokens, reply.cached_tokens),
        None if reply.usd is None else float(reply.usd),  # as a database returns it
    ]


def _digest(request: Request, form: Message) -> bytes:
    return _digest_of(b"".join([message.digest for message in (*request.messages, form)]))


def _digest_of(digests: bytes) -> bytes:
    """The digest of prompt and schema, by those of their messages."""
    return hashlib.blake2b(digests, digest_size=16).digest()


def _charge(session: Session, run: int, reply: Response) -> None:
    """Add a call to what its run has spent, which lists of runs show without a look at the calls."""
    tokens = reply.input_tokens + reply.output_tokens
    if reply.usd is None:
        session.run(_CHARGE_TOKENS, run=run, tokens=tokens)
    else:
        session.run(_CHARGE, run=run, tokens=tokens, usd=reply.usd)


def _pack(ids: list[int]) -> str:
    """Ids as a list of differences: neighbours in a prompt are mostly neighbours in the table."""
    return ",".join(str(number - before) for before, number in zip([0, *ids], ids, strict=False))


def _blocks(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Calls by the hundred, whose messages are read at once."""
    rest = iter(rows)
    while block := list(islice(rest, 100)):
        yield block


def _ids_of_prompt(packed_ids: str, form: int) -> list[int]:
    """The rows of the messages of a prompt and of its schema; none where they were changed to what is no list."""
    try:
        return [*_unpack(packed_ids), form]
    except ValueError:
        return []


def _checked_digest(row: Sequence[Any]) -> tuple[bytes, bool]:
    """The digest of a stored message, and whether it is the one that is stored beside it."""
    _, role, source, owner, text, digest = row
    message = Message(role=role, source=source, owner=owner_from_record(owner), text=text)
    return message.digest, message.digest == bytes(digest) and owner_on_record(message.owner) == owner


def _unpack(packed_ids: str) -> list[int]:
    ids: list[int] = []
    for step in packed_ids.split(","):
        ids.append(int(step) + (ids[-1] if ids else 0))
    return ids


def _reply(row: Sequence[Any]) -> Response:
    text, model, finish, input_tokens, output_tokens, cached_tokens, usd, seconds = row
    return Response(
        text=text,
        model=model,
        finish=finish,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=cached_tokens,
        usd=usd,
        seconds=seconds,
    )
