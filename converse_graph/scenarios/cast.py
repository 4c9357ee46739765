"""Who sits at the table, and how each makes up its mind before it speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from converse_graph.scenarios.deliberation_rules import DeliberationRules, check_options
from converse_graph.scenarios.fields import Field
from converse_graph.scenarios.memory_settings import Recall
from converse_graph.scenarios.model_settings import UNSET, ModelSettings
from converse_graph.scenarios.speaker_paths import JUDGE, fold_name, join_path
from converse_graph.scenarios.speaker_paths import SUPERVISOR as SUPERVISOR
from converse_graph.scenarios.value import ByKind, FrozenModel, Identifier, Items, Name

MAX_DEPTH = 6
"""How many conversations may be nested, the root table included, unless a scenario says otherwise."""

"""The node at every table that gives the floor and commits what is said; nobody at it can be called that."""

ANY_KIND = "party"
"""The kind of a party whose author names none; pages and prompts do not say it."""

_CHANNELS = {
    "organisation": re.compile(r"transcript|events|summaries|votes|floor|horizon|ended|(mind|out)_.*"),
    "member": re.compile(r"lines|inner|decision|line|dissent|ballots|minutes|(before|out)_.*"),
}
"""Names of the channels of a graph: none of its nodes can be called that."""


class Persona(FrozenModel):
    """A member of a debate."""

    name: Name
    """How it is called; no other member of its debate is called so."""
    role: str = ""
    """What it is or does in its organisation, as it goes on from "You are the CEO of OpenAI:", such as "you decide what
    is built" or "a cautious engineer". Others are told the same, with "they" for "you"."""
    temperament: str = ""
    """How it talks and decides, in one line."""
    aim: str = ""
    """What it wants, told to nobody else."""
    examples: Items[str] = ()
    """Lines that it might say, shown to small models, which find their tone in them."""
    deliberation: Deliberation | None = None
    """How it makes up its mind before it speaks; None for at once."""
    model: Any = None
    """A model of its own: "provider:model" or a LangChain chat model; None for its organisation's. Of several, in a
    list or as "a,b", the next is asked where one refuses or stays away."""
    settings: ModelSettings = UNSET
    """Of its model, such as the temperature; what is not set here is as its organisation has it."""
    graph: Any = None
    """A runnable or compiled graph that speaks in its place: takes a view, returns a line."""


class _Deliberation(FrozenModel):
    motion: str
    """The question to settle."""
    members: Items[Persona]
    """Who takes part, two at least; the first is in the chair, and its vote breaks a tie."""
    turns: Annotated[int, Bound(ge=1, le=100)]
    """How many lines are spoken in all."""
    options: Items[str] = ()
    """The positions to choose from; none means that each speaker words its own."""

    @model_validator(mode="after")
    def _can_be_held(self) -> Self:
        if len(self.members) < 2:
            raise ValueError(f"a debate takes two members or more, not {len(self.members)}")
        check_distinct("member", [member.name for member in self.members])
        check_options(self.options)
        return self


class Debate(DeliberationRules, _Deliberation):
    """A private conversation inside a speaker; the members speak in turn, each by a call of its own."""

    kind: Literal["debate"] = "debate"
    """Which kind of deliberation this is, as a file names it."""
    minutes: bool | None = None
    """Whether its chair, the first member, writes down at the end, in one call more, what was decided, who is to do
    what by when, and what was left open; None for where the chair's model is a large one. Votes are counted by code
    all the same, and a chair that is somebody's own graph writes none."""

    @model_validator(mode="after")
    def _everybody_speaks(self) -> Self:
        if self.turns < len(self.members):
            raise ValueError(
                f"{self.turns} turns leave some of {len(self.members)} members without a word; let turns >= members"
            )
        return self


class ImaginedDebate(_Deliberation):
    """The cheap alternative to a debate: one call writes the whole inner talk."""

    kind: Literal["imagined"] = "imagined"
    """Which kind of deliberation this is, as a file names it."""

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules against easy agreement: those take calls of their own, which one call has not."""
        return ()


Deliberation = Annotated[Debate | ImaginedDebate, ByKind(default="debate")]
"""How a speaker makes up its mind before it speaks; a table that names no kind is a debate."""


class Example(FrozenModel):
    """A form as a party might have filled it."""

    topic: str
    """What it reports on."""
    statement: str
    """Its prose."""
    fields: dict[Identifier, Any] = Bound(default_factory=dict)
    """Answers by field; a field that is not named here is shown with its own example."""
    memo: str = ""
    """The private note that went with it."""


class Organisation(FrozenModel):
    """A party at the root table: a graph node with a private channel, its mind."""

    name: Name
    """How it is called; no other party is called so."""
    brief: str = ""
    """Who it is and what it wants; seen by itself and its own personas alone."""
    kind: Identifier = ANY_KIND
    """What sort of party it is, such as "lab" or "government": lists that stand, what is kept, motions and rubrics may
    concern parties of one kind alone."""
    fields: Items[Field] = ()
    """What its statements report beside their prose."""
    examples: Items[Example] = ()
    """Good reports, shown to small models, which fill a form only after they have seen it filled. Several that
    differ: what they have in common is what such a model copies."""
    topics: Items[str] = ()
    """What a small model is told to report on, one a round, in an order drawn by the run's seed: left to itself it
    says the same every time. Larger models are not told."""
    questions: str = ""
    """What it is asked in every round."""
    questions_after: dict[Identifier, str] = Bound(default_factory=dict)
    """What it is asked instead once an event has happened; of several the one listed last."""
    questions_at: dict[str, str] = Bound(default_factory=dict)
    """What it is asked instead in a certain period, by its name, such as "2030 H1" or "round 1"."""
    deliberation: Deliberation | None = None
    """How it makes up its mind before it speaks; None for at once."""
    model: Any = None
    """A model of its own: "provider:model" or a LangChain chat model; None for the run's. Of several, in a list or as
    "a,b", the next is asked where one refuses or stays away."""
    settings: ModelSettings = UNSET
    """Of its model, such as the temperature, and of its personas' models; what is not set here is as the scenario has
    it."""
    graph: Any = None
    """A runnable or compiled graph that speaks in its place: takes a view, returns a statement."""
    recall: Recall | None = None
    """What it is reminded of from before its window; None for what the scenario's memory says."""

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        check_distinct("field", [field.name for field in self.fields])
        clashes = {"statement", "position", "memo", "speaker", "round"} & {field.name for field in self.fields}
        if clashes:
            raise ValueError(f"every statement has {', '.join(sorted(clashes))} already; name the field otherwise")
        return self


def personas(party: Organisation) -> Iterator[tuple[str, Persona]]:
    """Everybody inside a party, at every depth, with their paths, such as "OpenAI/CEO"."""
    waiting = [(party.name, party.deliberation)]
    while waiting:
        path, deliberation = waiting.pop(0)
        for member in deliberation.members if deliberation else ():
            inner = join_path(path, member.name)
            yield inner, member
            waiting.append((inner, member.deliberation))


def check_not_taken(parties: list[str]) -> None:
    """Refuse a party with a name under which something else is on record: to an audit its secrets would be no secrets.

    Raises:
        ValueError: There is one.
    """
    if JUDGE in parties:
        raise ValueError(f"no organisation can be called {JUDGE!r}: that is who judges a run; write {JUDGE.title()!r}")


def check_distinct(kind: str, names: list[str]) -> None:
    """Refuse a list in which two names are the same, apart from case."""
    keys = [fold_name(name).casefold() for name in names]
    if SUPERVISOR in keys:
        raise ValueError(f"no {kind} can be called {SUPERVISOR!r}: that is who gives the floor")
    if kind in _CHANNELS and (channels := [name for name in names if _CHANNELS[kind].fullmatch(name)]):
        raise ValueError(
            f"no {kind} can be called {channels[0]!r}: the graph has a channel of that name; name it otherwise"
        )
    duplicates = sorted({name for name in names if keys.count(fold_name(name).casefold()) > 1})
    if duplicates:
        raise ValueError(f"two {kind}s are called {duplicates[0]!r}; names must differ")


Persona.model_rebuild()
Debate.model_rebuild()
ImaginedDebate.model_rebuild()
Organisation.model_rebuild()
