"""The scenarios as a LangGraph server serves them: factories whose dials come from an assistant's configuration."""

from collections.abc import Callable
from typing import Any

from converse_graph import find_scenario


def _served(name: str) -> Callable[[dict[str, Any]], Any]:
    def graph(config: dict[str, Any]) -> Any:
        return find_scenario(name).serve(config)

    graph.__doc__ = f"The graph of {name}."
    return graph


agi_race = _served("agi-race")
ai_futures = _served("ai-futures")
alignment_debate = _served("alignment-debate")
alignment_debate_three = _served("alignment-debate-three")
alignment_debate_two = _served("alignment-debate-two")
boardrooms = _served("boardrooms")
boardrooms_long = _served("boardrooms-long")
china = _served("china")
china_long = _served("china-long")
consciences = _served("consciences")
departments = _served("departments")
government = _served("government")
imagined = _served("imagined")
wage_talks = _served("wage-talks")
