"""The scenarios as a LangGraph server serves them: factories whose dials come from an assistant's configuration."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from converse_graph import find_scenario


def _served(name: str) -> Callable[[dict[str, Any]], Awaitable[Any]]:
    async def graph(config: dict[str, Any]) -> Any:
        function = await asyncio.to_thread(find_scenario, name)  # it may load files, the first time
        return await function.serve(config)

    return graph


agi_race = _served("agi-race")
ai_futures = _served("ai-futures")
alignment_debate = _served("alignment-debate")
alignment_debate_three = _served("alignment-debate-three")
alignment_debate_two = _served("alignment-debate-two")
backtest = _served("backtest")
boardrooms = _served("boardrooms")
boardrooms_long = _served("boardrooms-long")
china = _served("china")
china_long = _served("china-long")
consciences = _served("consciences")
departments = _served("departments")
fishery = _served("fishery")
government = _served("government")
imagined = _served("imagined")
wage_talks = _served("wage-talks")
