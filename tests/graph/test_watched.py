"""A graph that was compiled with `private=True` tells its caller's callbacks what goes on; any other tells nothing."""

from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.outputs import LLMResult

from converse_graph import Organisation
from tests.support.small_scenarios import debate, table

SEATED = table(Organisation(name="Host", brief="THE BRIEF", deliberation=debate("One", "Two")), "Guest", rounds=1)
CONFIG: Any = {"configurable": {"model": "null", "seed": 3}}
CALLS = 4
"""Two lines of the debate, two statements."""


class Listener(BaseCallbackHandler):
    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.replies: list[str] = []

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        self.prompts.append(" ".join(message.content for message in messages[0]))

    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        self.replies.append(response.generations[0][0].text)


@pytest.mark.parametrize(("private", "calls"), [(True, CALLS), (False, 0)])
@pytest.mark.parametrize("is_awaited", [True, False])
async def test_callbacks_are_told_of_calls_where_the_graph_was_compiled_so(
    private: bool, calls: int, is_awaited: bool
) -> None:
    graph = SEATED.graph(compiled=True, private=private)
    listener, counter = Listener(), UsageMetadataCallbackHandler()
    config: Any = {**CONFIG, "callbacks": [listener, counter]}
    result = await graph.ainvoke({"horizon": 1}, config) if is_awaited else graph.invoke({"horizon": 1}, config)
    assert (len(listener.prompts), len(listener.replies)) == (calls, calls)
    assert ("THE BRIEF" in str(listener.prompts)) is private
    assert bool(counter.usage_metadata) is private
    assert len(result["transcript"]) == 2


@pytest.mark.parametrize("private", [True, False])
async def test_messages_are_streamed_where_the_graph_was_compiled_so(private: bool) -> None:
    graph = SEATED.graph(compiled=True, private=private)
    nodes = set()
    stream: Any = graph.astream({"horizon": 1}, CONFIG, stream_mode="messages")
    async for message, metadata in stream:
        if message.content:
            nodes.add(metadata["langgraph_node"])
    assert nodes == ({"Host", "Guest"} if private else set())
