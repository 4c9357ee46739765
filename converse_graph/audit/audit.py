"""Audits a run: its chains, a run played again, and no private record in another's prompt, mind or statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from converse_graph.audit.answer_check import AnswerCheck
from converse_graph.audit.channels_on_disk import stored_channels
from converse_graph.audit.disclosure_check import DisclosureCheck
from converse_graph.audit.findings import Audit, Leak, SelfDisclosure
from converse_graph.audit.kept_head import KeptHead, compare_heads, read_kept_head
from converse_graph.audit.phrase_index import NGRAM, PhraseIndex, strings_in
from converse_graph.audit.playback import Playback, PlaybackBeside, made_again, play_again
from converse_graph.audit.playback_comparison import compare_copies, compare_sums
from converse_graph.audit.prompt_check import PromptCheck
from converse_graph.audit.records import Records
from converse_graph.audit.scratch import Scratch
from converse_graph.audit.text_owners import index_private_texts, index_public_texts
from converse_graph.audit.transcript_on_disk import public_record_of, transcript_on_disk
from converse_graph.audit.unplayable_run import audit_unplayable
from converse_graph.errors import ConverseError, NoRoomForScratch
from converse_graph.export.formats import json_parts
from converse_graph.export.markdown import markdown_lines
from converse_graph.export.markdown_escaping import unescape
from converse_graph.judge.forms import judge_prompts
from converse_graph.models.base import PUBLIC
from converse_graph.prompting.templates import load_prompts
from converse_graph.record.call_paths import CallPath, parse_call_path
from converse_graph.record.transcript import Transcript
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.world_tables import MOVE
from converse_graph.store import Run, Store
from converse_graph.store.chain_check import chain_breaks
from converse_graph.store.journal import Call


@dataclass(frozen=True, kw_only=True)
class _Content:
    """What came of looking at what a run says, apart from whether it is what was stored."""

    leaks: tuple[Leak, ...] = ()
    unchecked: tuple[str, ...] = ()
    prompts: PromptCheck | None = None
    words: PhraseIndex = field(default_factory=PhraseIndex)
    quoted: tuple[SelfDisclosure, ...] = ()
    records: int = 0
    values: int = 0


async def audit_run(
    store: Store,
    name: str,
    *,
    scenario: Scenario | None = None,
    against: str | None = None,
    in_two_processes: bool = False,
) -> Audit:
    """Check a run's chains, its prompts and its record; nothing is written.

    Args:
        store: Where it is kept.
        name: The run.
        scenario: What it plays, for one that was made in Python; otherwise it is made anew from its dials.
        against: The head that the run's chains had once, as somebody kept it: its 64 hexadecimal digits, or the path
            of a transcript that has it.
        in_two_processes: Whether a long run is played again by another process, while this one looks at its words.
            Python loads the main module in it once more, so that of a script must begin its work below
            `if __name__ == "__main__":`. Only where the scenario is made anew from its dials.

    Raises:
        NotFound: There is no such run.
        InvalidValue: `against` is no head, and no transcript with one.
        StoreFailure: What is stored of it cannot be read at all.
        NoRoomForScratch: A long run takes a temporary file, and there is no room for it.
    """
    kept_head = None if against is None else read_kept_head(against)
    run = store.register.run(name)
    if run.header.imported or run.header.public_only:
        return audit_unplayable(store, run)
    is_apart = in_two_processes and scenario is None and run.statements >= LONG
    beside = None
    if is_apart:
        with suppress(OSError):  # where no process can be begun, this one does it all
            beside = PlaybackBeside(store, run)
    try:
        return await _audit(store, run, scenario, kept_head, beside)
    finally:
        if beside is not None:
            beside.stop()


LONG = 300
"""Turns of a run that takes longer to be played again than another process takes to begin."""


async def _audit(
    store: Store, run: Run, scenario: Scenario | None, kept_head: KeptHead | None, beside: PlaybackBeside | None
) -> Audit:
    is_held = store.is_held(run.name)
    await store.settle()
    breaks = [] if is_held else list(_broken_chains(store, run))
    head = store.chain(run.id).head()
    if kept_head is not None:
        breaks += [_of_chain(place=run.name, source="head", why=why) for why in compare_heads(head, run, kept_head)]
    try:
        content = await _look_at(store, run, scenario, beside)
    except NoRoomForScratch:
        raise
    except (ConverseError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, ConverseError) and not breaks:
            raise
        if not breaks:
            why = f"what the run says cannot be read: {type(error).__name__}"
            breaks.append(Leak(kind="record", place=run.name, source="record", owner=PUBLIC, why=why))
        content = _Content(unchecked=(f"What the run says, for it cannot be read any more: {type(error).__name__}.",))
    unchecked = content.unchecked
    if is_held:
        unchecked = ("Its chains, for the run is being played; they are checked once it stands still.", *unchecked)
    prompts, words = content.prompts, content.words
    return Audit(
        run=run.name,
        chain_head=head,
        calls=prompts.calls if prompts else 0,
        messages=prompts.messages if prompts else 0,
        rebuilt=prompts.rebuilt if prompts else 0,
        searched=prompts.searched if prompts else 0,
        records=content.records,
        texts=words.texts,
        too_short=words.too_short,
        quoted=content.quoted,
        values=content.values,
        unchecked=unchecked,
        leaks=tuple(dict.fromkeys([*breaks, *content.leaks])),
    )


async def _look_at(store: Store, run: Run, scenario: Scenario | None, beside: PlaybackBeside | None) -> _Content:
    """Look at what a run says: whether it follows from its journal, and whether anything private went astray."""
    calls = _Calls(store, run)
    channels = stored_channels(store, run)
    records = Records(run.header, channels, calls.at)
    scenario = scenario or made_again(run)
    words = PhraseIndex()
    index_private_texts(words, records, calls.all(), scenario)
    index_public_texts(words, records, (load_prompts(), judge_prompts()), scenario)
    prompts = PromptCheck(records, words)
    disclosures = DisclosureCheck(records, words, calls.texts_told)
    leaks = [leak for call in calls.own() for leak in prompts.leaks(call)]
    leaks += [*disclosures.statements(), *disclosures.minds(), *disclosures.worlds()]
    transcript = transcript_on_disk(store, run, channels)
    leaks += disclosures.exports(_exports(public_record_of(transcript)))
    leaks += compare_copies(store, run, transcript)
    playback = await beside.result() if beside is not None else None
    if playback is None:
        playback = await play_again(store, run, scenario, channels)
    leaks += [*playback.findings, *compare_sums(store, run, channels)]
    if playback.unplayed:
        leaks += _answers(records, calls.lineage).differences()
    return _Content(
        leaks=tuple(leaks),
        unchecked=tuple(_unchecked(prompts, scenario, words, playback)),
        prompts=prompts,
        words=words,
        quoted=disclosures.quotations(),
        records=disclosures.records,
        values=playback.values,
    )


class _Calls:
    """The calls of a run, and of those that it comes from: read anew each time, for those of a long run fill memory."""

    def __init__(self, store: Store, run: Run) -> None:
        """Read them from this store."""
        self.lineage = tuple(_lineage(store, run))
        self._journals = [store.journal(one.id) for one in self.lineage]
        self._places: Scratch | None = None

    def own(self) -> Iterator[Call]:
        """Those of the run itself."""
        return self._journals[0].calls()

    def all(self) -> Iterator[Call]:
        """The same, and after them those of the runs that it comes from."""
        return (call for journal in self._journals for call in journal.calls())

    def at(self, place: str) -> tuple[Call, ...]:
        """Of all of them those at one place, in the same order."""
        return tuple(call for journal in self._journals for call in journal.calls_at(place))

    def texts_told(self, turn: CallPath, reader: str) -> Iterator[str]:
        """The texts that a speaker was told in a turn, each that is its own or public."""
        if self._places is None:  # looked up only where words have to be traced
            self._places = Scratch()
            self._places.run("CREATE TABLE places (turn TEXT, reader TEXT, place TEXT PRIMARY KEY)")
            self._places.run("CREATE INDEX by_reader ON places (turn, reader)")
            paths = ((call.place, parse_call_path(call.place)) for call in self.all())
            self._places.run_many(
                "INSERT OR IGNORE INTO places VALUES (?, ?, ?)",
                ((str(path.holder), path.reader, place) for place, path in paths if isinstance(path, CallPath)),
            )
        for (place,) in self._places.run("SELECT place FROM places WHERE turn = ? AND reader = ?", str(turn), reader):
            yield from (message.text for call in self.at(place) for message in call.messages)


def _answers(records: Records, lineage: Iterable[Run]) -> AnswerCheck:
    forks = [run.header.fork for run in lineage if run.header.fork]
    moves = frozenset(str(fork.fields[MOVE]) for fork in forks if MOVE in fork.fields)
    return AnswerCheck(records, frozenset(fork.say for fork in forks if fork.say), moves)


def _broken_chains(store: Store, run: Run) -> Iterator[Leak]:
    """What is stored otherwise than its digest says, of the run and of those that it comes from."""
    for other in _lineage(store, run):
        for chain_break in chain_breaks(store, other):
            place = chain_break.place if other is run else f"{other.name}: {chain_break.place}"
            yield _of_chain(place=place, source=chain_break.source, why=chain_break.why)


def _of_chain(*, place: str, source: str, why: str) -> Leak:
    return Leak(kind="chain", place=place, source=source, owner=PUBLIC, why=why)


def _exports(public: Transcript) -> Mapping[str, Callable[[], Iterator[Iterable[str]]]]:
    """How the public record can be had, as texts in pieces: as JSON; as Markdown, as it stands and without escapes."""

    def as_markdown() -> Iterator[Iterable[str]]:
        yield _in_blocks(markdown_lines(public))
        yield map(unescape, _in_blocks(markdown_lines(public)))

    def as_json() -> Iterator[Iterable[str]]:
        return ([text] for _, part in json_parts(public) for text in strings_in(part))

    return {"JSON": as_json, "Markdown": as_markdown}


def _in_blocks(lines: Iterable[str]) -> Iterator[str]:
    """Lines together, so many that each block takes little more than a long one."""
    block, size = list[str](), 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size > _BLOCK:
            yield "\n".join((*block, ""))
            block, size = [], 0
    yield "\n".join(block)


_BLOCK = 20_000
"""Characters."""


def _lineage(store: Store, run: Run) -> Iterator[Run]:
    """The run, the one that it was forked from, or else replays, and so on."""
    yield run
    while (comes_from := run.parent or run.replays) is not None:
        run = store.register.run(comes_from)
        yield run


def _unchecked(
    prompts: PromptCheck, scenario: Scenario | None, words: PhraseIndex, playback: Playback
) -> Iterator[str]:
    if playback.unplayed:
        yield playback.unplayed
    if prompts.guests:
        names = ", ".join(sorted(prompts.guests))
        yield f"What is done with what they hear by those who are somebody's own graph: {names}."
    if scenario is None:
        yield "Briefs and aims, which are in a scenario that was made in Python or is gone."
    if words.too_short:
        yield (
            f"Words of {words.too_short} private texts of fewer than {NGRAM}, which may stand elsewhere by chance: "
            "who was given them was checked."
        )
    if prompts.sent_back:
        count = prompts.sent_back
        yield f"Public prose of {count} replies that were sent back: who watched the run saw it being written."
    yield "Traces, which are not kept here: nodes leave no payload in them, calls and debates are not traced."
    yield "Interviews and dry runs, which no journal keeps."
