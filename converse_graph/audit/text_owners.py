"""Lists every text that a run has on record or its scenario brought along, with its owner."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from converse_graph.audit.phrase_index import PhraseIndex, Time, strings_in
from converse_graph.audit.records import Records, values_of
from converse_graph.prompting.decisions import redacted_decision
from converse_graph.prompting.templates import Prompts
from converse_graph.record.call_paths import CallPath, parse_call_path
from converse_graph.record.records import DebateRecord, MindRecord, debate_of
from converse_graph.scenarios.cast import Debate, ImaginedDebate, Organisation, personas
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_paths import join_path, owner_of
from converse_graph.store.journal import Call

Owned = tuple[str, str]
"""A text, and whose it is."""


def index_private_texts(words: PhraseIndex, records: Records, calls: Iterable[Call], scenario: Scenario | None) -> None:
    """Take all that is private: minds, replies that are on no public record, briefs, aims, and events for one party.

    Args:
        words: What takes it.
        records: Of the run.
        calls: Of the run.
        scenario: What it plays; None where that is not to be had.
    """
    for event in records.header.events:
        if event.party is not None:
            words.add(event.text, event.party)
    for record in (record for mind in records.minds.values() for record in mind):
        for text, owner in texts_in_mind(record):
            words.add(text, owner, (record["round"], record["turn"]))
    _index_replies(words, records, calls)
    for party in scenario.organisations if scenario is not None else ():
        for text, owner in _brought(party):
            words.add(text, owner)


def _index_replies(words: PhraseIndex, records: Records, calls: Iterable[Call]) -> None:
    for call in calls:
        path = parse_call_path(call.place)
        if isinstance(path, CallPath) and not path.is_public and path.task != "embed":  # vectors are no words
            for text, owner in _reply_texts(call, path, was_taken=records.was_taken(call)):
                words.add(text, owner, path.time)


def index_public_texts(
    words: PhraseIndex, records: Records, prompts: Iterable[Prompts], scenario: Scenario | None
) -> None:
    """Take all that everybody is told: statements, summaries, events, templates, and what the scenario says to all.

    Args:
        words: What takes it; all private texts are in it.
        records: Of the run.
        prompts: The templates.
        scenario: What it plays; None where that is not to be had.
    """
    for text, time in _spoken(records):
        words.add_public(text, time)
    for event in records.header.events:
        if event.party is None:
            words.add_public(event.text)
    for template in (template for collection in prompts for template in collection.templates.values()):
        words.add_public(template.text)
    for text in _told_to_all(records, scenario):
        words.add_public(text)


def _told_to_all(records: Records, scenario: Scenario | None) -> Iterator[str]:
    """What a scenario says to all, and the rules of its world: these stand on the public record."""
    if records.header.world is not None:
        yield from strings_in(records.header.world.model_dump(mode="json"))
    if scenario is not None:
        yield from (scenario.premise, scenario.title)
        yield from [scenario.motion.question, *scenario.motion.options] if scenario.motion else []


def _spoken(records: Records) -> Iterator[tuple[str, Time]]:
    """What was said in public, and when; a summary bears the turn after the last that it sums up."""
    for record in chain(records.statements, records.summaries):
        yield from ((text, (record["round"], record["turn"])) for text in strings_in(record))
    for statement in records.statements:
        # So are entries that lists fold from fields: a later speaker may say the same, with the name before it.
        entries = (f"{statement['speaker']} {text}" for text in strings_in(statement["fields"]))
        yield from ((entry, (statement["round"], statement["turn"])) for entry in entries)


def texts_in_mind(record: MindRecord) -> Iterator[Owned]:
    """List the texts of a record in a mind, each with whose it is: its holder's, or a member's of a debate."""
    yield from ((text, record["path"]) for text in strings_in(_without_problems(_own_values(record))))
    if debate := debate_of(record):
        yield from _in_debate(debate, record["path"])


def _own_values(record: MindRecord) -> Any:
    """What its holder wrote in a record: all but where it was made, and a debate."""
    match record["kind"]:
        case "note":
            return [record.get("memo"), record.get("initial_stance")]
        case "reflection":
            return record["insights"]
        case "ballot":
            return record["ballot"]
        case "private_summary":
            return [value for name, value in record.items() if name not in ("kind", "place", "path", "problem")]
        case "deliberation":
            return None


def _in_debate(debate: DebateRecord, path: str) -> Iterator[Owned]:
    """The texts of a debate: those that its holder is told of are the holder's, the others those of their members."""
    decision = redacted_decision(debate)
    texts: list[Any] = [debate["motion"], debate["lines"]]
    if decision:
        texts += [decision["position"], decision["reasons"], [*decision["votes"].values()]]
        texts += [*decision.get("counts", ()), decision.get("minutes")]
    yield from ((text, path) for text in strings_in(_without_problems(texts)))
    for stance in (*debate.get("private_positions", ()), *debate.get("ballots", ())):
        yield from ((text, join_path(path, stance["speaker"])) for text in strings_in(_without_problems(stance)))


def _without_problems(value: Any) -> Any:
    """A value without what code wrote into it: what kind a record is of, and why there are no words in it.

    Two parties whose lines could not be used have that reason in the same words, and neither has it from the other.
    """
    if isinstance(value, Mapping):
        return {name: _without_problems(inner) for name, inner in value.items() if name not in ("kind", "problem")}
    return [*map(_without_problems, value)] if isinstance(value, list | tuple) else value


def _reply_texts(call: Call, path: CallPath, *, was_taken: bool) -> Iterator[Owned]:
    values = values_of(call)
    if values is None:
        yield call.reply.text, path.reader
        return
    owner = path.owner if path.task in ("line", "minutes") and was_taken else path.reader
    public = path.task in ("statement", "graph") and was_taken
    private = {name: value for name, value in values.items() if not public or name == "memo"}
    yield from ((text, owner) for text in strings_in(private))


def _brought(party: Organisation) -> Iterator[Owned]:
    """The texts that a scenario gives a party alone, or somebody inside it."""
    texts = [party.brief, party.questions, party.questions_after, party.questions_at, party.topics]
    texts += [[example.statement, example.memo, example.topic] for example in party.examples]
    yield from ((text, party.name) for text in strings_in(texts))
    yield from _motion(party.name, party.deliberation)
    for path, persona in personas(party):
        yield persona.aim, path
        yield from ((text, path) for text in persona.examples)
        owner = owner_of(path)
        yield from ((text, owner) for text in (persona.role, persona.temperament))
        yield from _motion(path, persona.deliberation)


def _motion(path: str, deliberation: Debate | ImaginedDebate | None) -> Iterator[Owned]:
    if deliberation is not None:
        yield from ((text, path) for text in (deliberation.motion, *deliberation.options))
