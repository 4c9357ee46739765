"""Slips of those who write scenarios and call graphs: each is refused in one line that says the way out."""

from collections.abc import Callable
from typing import Any

import pytest

import converse_graph as cg
from tests.support.small_scenarios import table


@cg.scenario
def talks(rounds: int = 2) -> cg.Scenario:
    """Two talk.

    Args:
        rounds: How many rounds.
    """
    return table("A", "B", rounds=rounds)


def _delete(value: Any, name: str) -> None:
    delattr(value, name)


def _set(value: Any, name: str, to: Any) -> None:
    setattr(value, name, to)


def _invoke(horizon: Any) -> Any:
    return talks().graph(compiled=True).invoke({"horizon": horizon}, {"configurable": {"model": "null"}})


GRAPH: Any = 42
SLIPS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a field without its name": (
        lambda: cg.Clock(2026),  # type: ignore[misc]
        cg.InvalidValue,
        "Clock takes its fields by name; name 2026 one of: start, end, step.",
    ),
    "a frozen field": (
        lambda: _set(talks(), "premise", "Other."),
        cg.InvalidValue,
        "Scenario is frozen: premise cannot be set; make another Scenario, or copy it with "
        "model_copy(update={'premise': ...}).",
    ),
    "a field taken away": (
        lambda: _delete(talks(), "premise"),
        cg.InvalidValue,
        "Scenario is frozen: premise cannot be",
    ),
    "a field that is none": (lambda: _set(talks(), "colour", 1), cg.InvalidValue, "Scenario is frozen: colour"),
    "a function in place of a scenario": (
        lambda: cg.build_graph(talks),  # type: ignore[arg-type]
        cg.InvalidValue,
        "talks is a scenario function, not a scenario; call it, with dials if you like.",
    ),
    "a function asked for its graph": (
        lambda: talks.graph(),
        AttributeError,
        "talks is a scenario function; call it first, as in talks().graph.",
    ),
    "a function asked for its parties": (lambda: talks.organisations, AttributeError, "as in talks().organisations."),
    "a function asked for what nothing has": (lambda: talks.colour, AttributeError, "has no attribute 'colour'"),
    "a word for a horizon": (
        lambda: _invoke("two"),
        cg.InvalidValue,
        "horizon is 'two': a number of rounds, 1 and up, or None for the clock's own.",
    ),
    "half a horizon": (lambda: _invoke(1.5), cg.InvalidValue, "horizon is 1.5"),
    "yes for a horizon": (lambda: _invoke(True), cg.InvalidValue, "horizon is True"),
    "a horizon in the past": (lambda: _invoke(-1), cg.InvalidValue, "horizon is -1"),
    "a graph that is none": (
        lambda: table(cg.Organisation(name="Bank", graph=GRAPH)).graph(),
        cg.InvalidValue,
        "42 cannot sit at the table; give a runnable, a compiled graph or a function.",
    ),
}


@pytest.mark.parametrize(("slip", "error", "told"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_refused_in_one_line(slip: Callable[[], Any], error: type[Exception], told: str) -> None:
    with pytest.raises(error) as refused:
        slip()
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_a_function_is_no_scenario_to_begin_a_run_with_nor_is_anything_else(store: cg.Store) -> None:
    for given in (talks, "talks", None):
        with pytest.raises(cg.InvalidValue, match=r"is a scenario function|is no scenario"):
            await cg.begin(store, given, model="null")  # type: ignore[arg-type]
    assert store.register.runs() == []
