"""The scenarios as a LangGraph server serves them: factories whose dials come from an assistant's configuration."""

from typing import Any

from converse_graph import find_scenario


def agi_race(config: dict[str, Any]) -> Any:
    """The graph of agi-race."""
    return find_scenario("agi-race").serve(config)


def boardrooms(config: dict[str, Any]) -> Any:
    """The graph of boardrooms."""
    return find_scenario("boardrooms").serve(config)


def wage_talks(config: dict[str, Any]) -> Any:
    """The graph of wage-talks."""
    return find_scenario("wage-talks").serve(config)
