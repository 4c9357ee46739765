"""What a resume must match: all that a run plays by, and nothing else."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from converse_graph import Boolean, Clock, Event, Organisation, Scenario, StopWhen
from converse_graph.prompting.templates import load_prompts
from converse_graph.runs.fingerprint import differences, digest_of, fingerprint
from converse_graph.scenarios.rules import ScheduledEvent


def made(after: dict[str, str], *, fields: str = "one", **more: Any) -> Scenario:
    flags = (Boolean(name="one", ask="one?"), Boolean(name="two", ask="two?"))
    party = Organisation(
        name="A", fields=flags, questions_after=after, questions_at={"round 2": "Second?", "round 1": "First?"}
    )
    return Scenario(**{
        "premise": "All meet.", "clock": Clock(end=3, step="round"), "organisations": (party,),
        "events": (Event(name="first", field=fields), Event(name="second", field="two")), **more,
    })  # fmt: skip


USUAL = {"first": "After one?", "second": "After both?"}


def parts(scenario: Scenario) -> dict[str, str]:
    return fingerprint(scenario, load_prompts())


def test_questions_that_apply_in_another_order_are_another_scenario() -> None:
    other = made(dict(reversed(USUAL.items())))
    changed = differences(parts(made(USUAL)), parts(other))
    assert changed == ["scenario: organisations[A].questions_after (order)"]


def test_questions_of_periods_are_the_same_in_any_order() -> None:
    turned = made(USUAL)
    party = turned.organisations[0]
    other = party.model_copy(update={"questions_at": dict(reversed(party.questions_at.items()))})
    assert parts(turned) == parts(turned.model_copy(update={"organisations": (other,)}))


@pytest.mark.parametrize(
    "free",
    [
        {"title": "Other"}, {"name": "other"}, {"rubric": "ai-futures"}, {"dials": {"labs": 3}},
        {"clock": Clock(end=9, step="round")},
        {"events": (Event(name="first", field="one"), Event(name="second", field="two"),
                    ScheduledEvent(at="round 2", text="It rains."))},
    ],
    ids=lambda free: next(iter(free)),
)  # fmt: skip
def test_what_readers_judges_and_dates_add_may_differ(free: dict[str, Any]) -> None:
    assert digest_of(parts(made(USUAL))) == digest_of(parts(made(USUAL, **free)))


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"premise": "Nobody meets."}, "scenario: premise"),
        ({"fields": "two"}, "scenario: events[first].field"),
        ({"order": "shuffled"}, "scenario: order"),
        ({"verbatim_rounds": 6}, "scenario: verbatim_rounds"),
    ],
)
def test_what_a_run_plays_by_may_not_and_is_named(more: dict[str, Any], named: str) -> None:
    assert differences(parts(made(USUAL)), parts(made(USUAL, **more))) == [named]


def predicate(tmp_path: Path, text: str) -> Any:
    """A function from a file, as a user's project has it."""
    path = tmp_path / f"rule_{len(text)}.py"
    path.write_text(text, encoding="utf-8")
    return runpy.run_path(str(path))["enough"]


def test_a_function_counts_by_what_it_does_and_not_by_how_it_is_laid_out(tmp_path: Path) -> None:
    before, commented, changed = (
        parts(made(USUAL, stop=[StopWhen(predicate=predicate(tmp_path, text))]))
        for text in (
            "def enough(said):\n    return len(said) > 4\n",
            "def enough(said):\n    # four is plenty\n    return len(said)   >  4\n",
            "def enough(said):\n    return len(said) > 40\n",
        )
    )

    assert differences(before, commented) == []
    assert differences(before, changed) == ["scenario: stop[0].predicate"]
