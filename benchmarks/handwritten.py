"""The baseline: the same conversation as LangGraph's tutorials write it, by hand and well, with nothing of ours.

A supervisor, parties that hear everything, message objects with `add_messages`, AsyncSqliteSaver, durability "sync";
with debates, a compiled subgraph of four lines inside each party's node.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command

PARTIES = ("Lab 0", "Lab 1", "Lab 2")
WORDS = [f"word{number:02d}" for number in range(60)]


class Talk(TypedDict):
    """State of the table and of a debate."""

    messages: Annotated[list[AnyMessage], add_messages]
    turn: int


def write(speaker: str, turn: int, messages: list[AnyMessage]) -> str:
    """A model that costs nothing: sixty words by seeded chance, after going through what was heard."""
    prompt = [{"role": "user", "content": message.content} for message in messages]
    return " ".join(random.Random(f"{speaker}|{turn}|{len(prompt)}").choices(WORDS, k=60))


def build_debate() -> Any:
    """A private conversation of four lines between two people."""
    graph = StateGraph(Talk)

    async def supervisor(state: Talk) -> Command[Any]:
        turn = state["turn"]
        return Command(goto=END if turn >= 4 else ("CEO", "Safety")[turn % 2], update={"turn": turn + 1})

    graph.add_node("supervisor", supervisor, destinations=("CEO", "Safety", END))
    graph.add_edge(START, "supervisor")
    for name in ("CEO", "Safety"):

        async def line(state: Talk, name: str = name) -> dict[str, Any]:
            text = write(name, state["turn"], state["messages"])
            return {"messages": [AIMessage(content=text, name=name)]}

        graph.add_node(name, line)
        graph.add_edge(name, "supervisor")
    return graph.compile()


def build_table(
    turns: int, *, debates: bool, note: Callable[[int], None], latency: float = 0.0
) -> StateGraph[Any, Any, Any, Any]:
    """The root table; `note` is called at each turn with its number, and a statement takes `latency` seconds."""
    graph = StateGraph(Talk)
    debate = build_debate() if debates else None

    async def supervisor(state: Talk) -> Command[Any]:
        turn = state["turn"]
        note(turn)
        goto = END if turn >= turns else PARTIES[turn % len(PARTIES)]
        return Command(goto=goto, update={"turn": turn + 1})

    graph.add_node("supervisor", supervisor, destinations=(*PARTIES, END))
    graph.add_edge(START, "supervisor")
    for name in PARTIES:

        async def speak(state: Talk, name: str = name) -> dict[str, Any]:
            messages = state["messages"]
            if debate is not None:
                talk = await debate.ainvoke({"messages": [HumanMessage(content="What do we do?")], "turn": 0})
                messages = [*messages, *talk["messages"]]
            if latency:
                await asyncio.sleep(latency)
            return {"messages": [AIMessage(content=write(name, state["turn"], messages), name=name)]}

        graph.add_node(name, speak)
        graph.add_edge(name, "supervisor")
    return graph


async def play(turns: int, *, debates: bool, folder: Path, note: Callable[[int], None]) -> Path:
    """Play a conversation of that many turns, stored; returns the file."""
    path = folder / "handwritten.sqlite"
    async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
        graph = build_table(turns, debates=debates, note=note).compile(checkpointer=saver)
        config: Any = {"configurable": {"thread_id": "1"}, "recursion_limit": 10**6}
        await graph.ainvoke({"messages": [], "turn": 0}, config, durability="sync")
    return path
