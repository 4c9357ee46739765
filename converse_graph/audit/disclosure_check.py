"""Finds what is private where it should not be: in statements, in others' minds, in public exports, in a world."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from converse_graph.audit.findings import Leak, SelfDisclosure
from converse_graph.audit.phrase_index import PhraseIndex, Time, strings_in
from converse_graph.audit.records import Records
from converse_graph.audit.text_owners import texts_in_mind
from converse_graph.models.base import PUBLIC
from converse_graph.record.call_paths import CallPath, Provenance
from converse_graph.record.records import MindRecord, OwnWorldRecord
from converse_graph.scenarios.speaker_paths import party_of
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import WORLD

PromptTexts = Callable[[CallPath, str], Iterable[str]]
"""The texts that a speaker was told in a turn: of the turn, and the speaker's path."""


class DisclosureCheck:
    """Looks at statements, minds, worlds and exports, and counts."""

    def __init__(self, records: Records, words: PhraseIndex, prompt_texts: PromptTexts) -> None:
        """Look through these.

        Args:
            records: Of the run.
            words: All that is on private record, with its owners.
            prompt_texts: Where a speaker may have words from that nobody's record has, such as a rendered template.
        """
        self._records, self._words, self._prompt_texts = records, words, prompt_texts
        self.records = 0
        self.quoted: set[tuple[str, str]] = set()

    def statements(self) -> Iterator[Leak]:
        """Find words of another's private record in statements; a party's own are noted as its disclosure."""
        for statement in self._records.statements:
            self.records += 1
            path = CallPath.of_turn(statement["round"], statement["turn"], statement["speaker"])
            source = str(Provenance.of_statement(statement["round"], statement["turn"], statement["speaker"]))
            texts = [*strings_in([statement["text"], statement["fields"]])]
            yield from self._stray_words(path, source, statement["speaker"], texts, "says")
            self.quoted |= {(str(path), owner) for owner in self._own_owners(texts, statement["speaker"])}

    def minds(self) -> Iterator[Leak]:
        """Find records in a mind that are another's, and words of another's private record in what a party wrote."""
        for party, mind in self._records.minds.items():
            for record in mind:
                self.records += 1
                path = CallPath.parse(record["place"])
                source = str(Provenance.of_mind(path))
                if path.party != party or party_of(record["path"]) != party:
                    yield Leak(kind="record", place=record["place"], source=source, owner=record["path"],
                               why=f"a record of {record['path']} lies in the mind of {party}")  # fmt: skip
                    continue
                yield from self._stray_words(path, source, party, _texts(record), "keeps to itself")

    def worlds(self) -> Iterator[Leak]:
        """Find what a world's ledgers tell those who may not know it."""
        world = self._records.header.world
        if world is None:
            return
        for public_record in self._records.public_worlds:
            self.records += 1
            names = {name for values in public_record["state"].values() for name in values}
            if secret := [name for name in sorted(names) if world.variable(name).visibility != "public"]:
                yield _misplaced(
                    public_record["round"], WORLD, f"{secret[0]!r} is told to everybody, and is not public"
                )
        pairs = world.pairs({party.name: party.kind for party in self._records.header.cast})
        for party, records in self._records.own_worlds.items():
            for own in records:
                self.records += 1
                yield from _misplaced_pairs(world, pairs, party, own)
                if any(world.variable(name).visibility == "hidden" for name in own["state"]):
                    yield _misplaced(own["round"], party, "a hidden variable is told to the party")
                if own.get("move", {"party": party})["party"] != party:
                    yield _misplaced(own["round"], party, "another's move is told to the party as its own")

    def exports(self, exports: Mapping[str, Callable[[], Iterable[Iterable[str]]]]) -> Iterator[Leak]:
        """Find words in public exports that are on private record alone.

        Args:
            exports: By name, what makes each: its texts, each in pieces that end between words.
        """
        for name, render in exports.items():
            for owner in sorted(self._private_owners(render())):
                why = f"the public record as {name} holds words that are on the record of {owner} alone"
                yield Leak(kind="export", place=name, source="export", owner=owner, why=why)

    def _private_owners(self, texts: Iterable[Iterable[str]]) -> set[str]:
        """Whose the words are that are on private record alone."""
        phrases = (owners for pieces in texts for owners in self._words.owners_in(pieces))
        return {owner for owners in phrases if PUBLIC not in owners for owner in owners}

    def quotations(self) -> tuple[SelfDisclosure, ...]:
        """List the statements in which a party makes public what is on its own private record."""
        return tuple(SelfDisclosure(place=place, owner=owner) for place, owner in sorted(self.quoted))

    def _own_owners(self, texts: Iterable[str], party: str) -> set[str]:
        owners = {owner for text in texts for owners in self._words.owners_by_phrase(text).values() for owner in owners}
        return {owner for owner in owners if owner != PUBLIC and party_of(owner) == party}

    def _stray_words(self, path: CallPath, source: str, party: str, texts: Iterable[str], how: str) -> Iterator[Leak]:
        """Words that a party has from another's private record: neither public by then, nor its own, nor told to it."""
        foreign = {phrase: owners for text in texts for phrase, owners in self._foreign_phrases(text, party, path.time)}
        if not foreign:
            return
        for text in self._prompt_texts(path.holder, path.reader):
            for phrase in self._words.phrases_in(text):
                foreign.pop(phrase, None)
        for owner in sorted({owner for owners in foreign.values() for owner in owners}):
            yield Leak(kind="words", place=str(path), source=source, owner=owner,
                       why=f"{party} {how} words that were on the record of {owner} alone")  # fmt: skip

    def _foreign_phrases(self, text: str, party: str, time: Time) -> Iterator[tuple[int, set[str]]]:
        for phrase, owners in self._words.owners_by_phrase(text).items():
            before = {owner for owner, since in owners.items() if since < time}
            if before and not any(owner == PUBLIC or party_of(owner) == party for owner in before):
                yield phrase, before


def _texts(record: MindRecord) -> Iterator[str]:
    return (text for text, _ in texts_in_mind(record))


def _misplaced_pairs(
    world: World, pairs: Mapping[str, tuple[str, str]], party: str, own: OwnWorldRecord
) -> Iterator[Leak]:
    for name, values in own.get("pairs", {}).items():
        if party not in pairs.get(name, ()):
            yield _misplaced(own["round"], party, f"what {name} alone are told is told to the party")
        if any(world.variable(one).visibility != "own" for one in values):
            yield _misplaced(own["round"], party, "a variable that is not for the two of a pair is told so")


def _misplaced(round: int, owner: str, why: str) -> Leak:
    """A record of the world that tells too much."""
    return Leak(kind="record", place=f"round {round}", source="world", owner=owner, why=why)
