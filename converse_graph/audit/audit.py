"""Audits a run: no private record in another's prompt, nor in the public record, shown from its journal."""

from collections.abc import Iterator, Sequence

from converse_graph.audit.findings import Audit
from converse_graph.audit.phrase_index import NGRAM, PhraseIndex
from converse_graph.audit.playback import play_again
from converse_graph.audit.private_texts import index_prompts, index_records, index_replies, index_scenario
from converse_graph.audit.prompt_check import PromptCheck
from converse_graph.audit.read_only import audit_read_only
from converse_graph.audit.record_check import RecordCheck
from converse_graph.audit.records import Records
from converse_graph.errors import ConverseError
from converse_graph.export.formats import as_json
from converse_graph.export.markdown import render_markdown
from converse_graph.export.markdown_escaping import unescape
from converse_graph.judge.forms import judge_prompts
from converse_graph.prompting.templates import load_prompts
from converse_graph.record.paths import VIEW, parse_path
from converse_graph.record.transcript import Transcript
from converse_graph.runs.header import rebuild_scenario
from converse_graph.scenarios.scenario import Scenario
from converse_graph.store import Run, Store
from converse_graph.store.journal import Call


async def audit_run(store: Store, name: str, *, scenario: Scenario | None = None) -> Audit:
    """Check a run's prompts and its public record; nothing is written.

    Args:
        store: Where it is kept.
        name: The run.
        scenario: What it plays, for one that was made in Python; otherwise it is made anew from its dials.

    Raises:
        NotFound: There is no such run.
    """
    run = store.register.run(name)
    if run.header.imported or run.header.public_only:
        return audit_read_only(store, run)
    calls = list(store.journal(run.id).calls())
    lineage = list(_lineage(store, run))
    parent_calls = [call for other in lineage[1:] for call in store.journal(other.id).calls()]
    records = Records(run.header, store.channels(run.name), [*calls, *parent_calls])
    scenario = scenario or _made_again(run)
    words = _words(records, calls, scenario)
    prompts = PromptCheck(records, words)
    injected_texts = frozenset(other.header.fork.say or "" for other in lineage if other.header.fork)
    record = RecordCheck(records, words, injected_texts)
    leaks = [leak for call in calls for leak in prompts.leaks(call)]
    leaks += [*record.statements(), *record.minds(), *record.worlds()]
    leaks += record.exports(_exports(store.transcript(run.name).public()))
    playback = await play_again(store, run, scenario)
    leaks += [*prompts.changed(calls), *playback.findings]
    return Audit(
        run=name,
        calls=prompts.calls,
        messages=prompts.messages,
        rebuilt=prompts.rebuilt,
        searched=prompts.searched,
        records=record.records,
        texts=words.texts,
        too_short=words.too_short,
        quoted=record.quotations(),
        values=playback.values,
        unchecked=(*([playback.unplayed] if playback.unplayed else ()), *_unchecked(calls, scenario, words)),
        leaks=tuple(dict.fromkeys(leaks)),
    )


def _words(records: Records, calls: list[Call], scenario: Scenario | None) -> PhraseIndex:
    """All texts with their owners."""
    words = PhraseIndex()
    index_prompts(words, load_prompts())
    index_prompts(words, judge_prompts())
    index_records(words, records)
    index_replies(words, calls, records)
    if scenario is not None:
        index_scenario(words, scenario)
    return words


def _exports(public: Transcript) -> dict[str, object]:
    """The public record as it can be had, as JSON values; Markdown as it stands, and without its escapes."""
    markdown = render_markdown(public)
    return {"JSON": as_json(public), "Markdown": [markdown, unescape(markdown)]}


def _made_again(run: Run) -> Scenario | None:
    try:
        return rebuild_scenario(run)
    except ConverseError:
        return None


def _lineage(store: Store, run: Run) -> Iterator[Run]:
    """The run, the one that it was forked from or replays, and so on."""
    yield run
    while run.parent is not None:
        run = store.register.run(run.parent)
        yield run


def _unchecked(calls: Sequence[Call], scenario: Scenario | None, words: PhraseIndex) -> Iterator[str]:
    guests = sorted(
        {parse_path(call.place).reader for call in calls if call.messages and call.messages[0].source == str(VIEW)}
    )
    if guests:
        yield f"What is done with what they hear by those who are somebody's own graph: {', '.join(guests)}."
    if scenario is None:
        yield "Briefs and aims, which are in a scenario that was made in Python or is gone."
    if words.too_short:
        yield (
            f"Words of {words.too_short} private texts of fewer than {NGRAM}, which may stand elsewhere by chance: "
            "who was given them was checked."
        )
    sent_back = sum(not call.accepted and parse_path(call.place).task == "statement" for call in calls)
    if sent_back:
        yield f"Public prose of {sent_back} replies that were sent back: who watched the run saw it being written."
    yield "Traces, which are not kept here: nodes leave no payload in them, calls and debates are not traced."
    yield "Interviews and dry runs, which no journal keeps."
