"""Scenarios without code, made by chance: every setting of theirs, within its bounds."""

from typing import Any

from hypothesis import strategies as some

from converse_graph import (
    Boolean,
    Choice,
    Clock,
    Debate,
    Event,
    Example,
    ImaginedDebate,
    Integer,
    Memory,
    Motion,
    Number,
    Organisation,
    Percentiles,
    Persona,
    Pinned,
    Recall,
    RunningList,
    Scenario,
    StopOnEvent,
    StopOnSilence,
    Text,
    TextList,
)
from converse_graph.scenarios.rules import ScheduledEvent

PROSE = some.text(max_size=80) | some.sampled_from(
    [
        "no",
        "1e3",
        "2024-01-01",
        "a: b",
        "- a",
        "#",
        "~",
        "",
        " x ",
        "a\n\nb\n",
        "\x00\x85\u2028\ufeff",
        "word " * 40 + "end",
        "😀",
    ]
)
PLAIN = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | PROSE,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(PROSE, inner, max_size=3),
    max_leaves=8,
)
NAMES = some.lists(
    some.from_regex(r"[A-Za-z][A-Za-z0-9 .'&-]{0,20}[A-Za-z]", fullmatch=True),
    min_size=2,
    max_size=4,
    unique_by=str.casefold,
).filter(lambda names: not {"supervisor", "lines", "inner", "decision", "line"} & {name.casefold() for name in names})
RULES: dict[str, some.SearchStrategy[Any]] = {
    "private_positions": some.booleans(),
    "ballot": some.sampled_from(["open", "secret"]),
    "justify_changes": some.booleans(),
    "dissenter": some.booleans(),
}
STANDING = some.builds(
    RunningList, title=PROSE, add_field=some.just("names"), remove_field=some.just("text"),
    party_kind=some.just("party"),
)  # fmt: skip
KEPT = some.builds(Pinned, title=PROSE, field=some.just("text"), party_kind=some.none() | some.just("party"))
TOLD = {"ask": PROSE, "optional": some.booleans(), "example": PLAIN}
FIELDS = some.tuples(
    some.builds(Text, name=some.just("text"), max_length=some.integers(1, 8000), **TOLD),
    some.builds(TextList, name=some.just("names"), max_items=some.integers(1, 50), **TOLD),
    some.builds(Boolean, name=some.just("flag"), **TOLD),
    some.builds(Choice, name=some.just("choice"), options=some.just(("yes", "no", "1")), **TOLD),
    some.builds(Number, name=some.just("number"), minimum=some.floats(-9, 0), maximum=some.floats(1, 9), **TOLD),
    some.builds(Integer, name=some.just("whole"), minimum=some.integers(-9, 0), maximum=some.integers(1, 9), **TOLD),
    some.builds(Percentiles, name=some.just("years"), minimum=some.just(1), maximum=some.just(9), **TOLD),
)


@some.composite
def deliberations(draw: Any, depth: int = 2) -> Any:
    """A debate or an imagined talk, or none, in which members may hold their own."""
    if not depth or draw(some.booleans()):
        return None
    members = [
        Persona(
            name=name,
            role=draw(PROSE),
            temperament=draw(PROSE),
            aim=draw(PROSE),
            examples=draw(some.lists(PROSE, max_size=2)),
            model=draw(some.none() | some.sampled_from(["null", "openai:gpt-4.1"])),
            deliberation=draw(deliberations(depth=depth - 1)),
        )
        for name in draw(NAMES)
    ]
    held = {"motion": draw(PROSE), "members": members, "options": draw(some.sampled_from([(), ("go", "no")]))}
    if draw(some.booleans()):
        return ImaginedDebate(**held, turns=draw(some.integers(1, 100)))
    return Debate(**held, turns=draw(some.integers(len(members), 100)), **draw(some.fixed_dictionaries(RULES)))


RECALL = some.builds(
    Recall, embedder=some.sampled_from(["words", "offline", "openai:small"]), max_records=some.integers(0, 20)
)


@some.composite
def scenarios(draw: Any) -> Scenario:
    """Any scenario that holds no code."""
    names = draw(NAMES)
    parties = [
        Organisation(
            name=name,
            brief=draw(PROSE),
            fields=draw(FIELDS),
            examples=[Example(topic=draw(PROSE), statement=draw(PROSE), fields={"flag": draw(PLAIN)})],
            topics=draw(some.lists(PROSE, max_size=2)),
            questions=draw(PROSE),
            questions_after={"done": draw(PROSE)},
            questions_at={"2024": draw(PROSE)},
            deliberation=draw(deliberations()),
            model=draw(some.none() | some.just("null")),
            recall=draw(some.none() | RECALL),
        )
        for name in names
    ]
    return Scenario(
        name=draw(PROSE),
        title=draw(PROSE),
        premise=draw(PROSE),
        clock=Clock(start=2024, end=draw(some.integers(2024, 2100)), step=draw(some.sampled_from(["year", "month"]))),
        organisations=parties,
        order=draw(some.sampled_from(["listed", "moderated"])),
        events=[
            Event(name="done", field="flag", equals=draw(some.booleans())),
            ScheduledEvent(
                at=draw(some.sampled_from([2024, "2024"])), text=draw(PROSE), party=draw(some.sampled_from(names))
            ),
        ],
        motion=draw(
            some.none()
            | some.builds(
                Motion, question=PROSE, options=some.just(("yes", "no")), **RULES,
            )
        ),
        stop=[StopOnEvent(event="done"), StopOnSilence(rounds=2)],
        running_lists=draw(some.lists(STANDING, max_size=2)),
        pinned=draw(some.lists(KEPT, max_size=2)),
        memory=draw(some.builds(Memory, model=some.none() | some.just("null"), recall=some.none() | RECALL)),
        dials=draw(some.dictionaries(PROSE, PLAIN, max_size=2)),
    )  # fmt: skip
