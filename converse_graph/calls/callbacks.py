"""Model calls as callback handlers of LangChain are told of them, where a graph was compiled with `private=True`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.callbacks.manager import CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, LLMResult
from langchain_core.runnables.config import ensure_config, get_callback_manager_for_config

from converse_graph.calls.trace_privacy import WATCHED
from converse_graph.models.base import Model, Request, Response

_KINDS: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


@dataclass(frozen=True, kw_only=True)
class ToldCall:
    """A call whose handlers are told of it."""

    run: CallbackManagerForLLMRun | None
    """None where nobody is told."""

    def streaming(self, request: Request) -> Request:
        """Return the request with the handlers told of each piece of the reply too."""
        run = self.run
        if run is None:
            return request

        def tell(piece: str) -> None:
            if request.on_delta:
                request.on_delta(piece)
            chunk = AIMessageChunk(content=piece, id=_message_id(run))
            run.on_llm_new_token(piece, chunk=ChatGenerationChunk(message=chunk))

        return replace(request, on_delta=tell)

    def end(self, reply: Response) -> None:
        """Tell of the whole reply, and of the tokens that it took."""
        if self.run is None:
            return
        usage = UsageMetadata(
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            total_tokens=reply.input_tokens + reply.output_tokens,
        )
        message = AIMessage(
            content=reply.text,
            id=_message_id(self.run),
            usage_metadata=usage,
            response_metadata={"model_name": reply.model, "finish_reason": reply.finish},
        )
        self.run.on_llm_end(LLMResult(generations=[[ChatGeneration(message=message)]]))


@contextmanager
def callbacks_of_call(chat: Model, request: Request) -> Iterator[ToldCall]:
    """Tell the handlers of whoever plays the graph of a call, where it was compiled so.

    Args:
        chat: The model.
        request: What it is asked.
    """
    manager = get_callback_manager_for_config(ensure_config()) if WATCHED.get() else None
    if manager is None or not manager.handlers:
        yield ToldCall(run=None)
        return
    messages = [_KINDS[message.role](content=message.text) for message in request.messages]
    serialized: dict[str, Any] = {"name": chat.model, "kwargs": {"model": chat.model}}
    (run,) = manager.on_chat_model_start(serialized, [messages])
    try:
        yield ToldCall(run=run)
    except BaseException as error:
        run.on_llm_error(error)
        raise


def _message_id(run: CallbackManagerForLLMRun) -> str:
    return f"lc_run--{run.run_id}"
