"""What a tracer is told of a run by default: that nodes ran, and for how long; no word of what they read and wrote.

A trace leaves the machine. Whoever traces a graph gets the root's input and output, which are public, and one run for
each turn of the table without its payload. Debates, model calls and guests are not traced at all: their payloads are
private to whoever holds them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackManager, Callbacks
from langchain_core.runnables.config import var_child_runnable_config
from langgraph.types import TracePolicy, omit_payload
from langsmith import get_tracing_context, tracing_context

NO_PAYLOAD = TracePolicy(process_inputs=omit_payload, process_outputs=omit_payload)
"""How a node is traced: without what it is given and what it returns."""


WATCHED: ContextVar[bool] = ContextVar("watched", default=False)
"""Whether the graph in motion was compiled with `private=True`: whoever plays it is told all that goes on in it."""


def is_traced() -> bool:
    """Whether anybody would be told of what runs here: a tracer of the environment, or whoever was passed to it."""
    ambient = var_child_runnable_config.get() or {}
    return bool(AsyncCallbackManager.configure(inheritable_callbacks=ambient.get("callbacks")).handlers)


@contextmanager
def untraced(*, always: bool = False) -> Iterator[None]:
    """Keep what runs inside from any tracer, one that was passed to the graph as well as one of the environment.

    Args:
        always: Also in a graph that is watched.
    """
    if WATCHED.get() and not always:
        yield
        return
    ambient = var_child_runnable_config.get()
    if get_tracing_context()["enabled"] is False and not (ambient and _has_handlers(ambient.get("callbacks"))):
        yield  # inside another, and of a model's call every tenth of a millisecond counts
        return
    without = {name: value for name, value in ambient.items() if name != "callbacks"} if ambient else None
    token = var_child_runnable_config.set(without)  # type: ignore[arg-type]
    try:
        with tracing_context(enabled=False):
            yield
    finally:
        var_child_runnable_config.reset(token)


def _has_handlers(callbacks: Callbacks) -> bool:
    """Whether somebody is told, or those who run further inside would tell somebody."""
    if isinstance(callbacks, BaseCallbackManager):
        return bool(callbacks.handlers or callbacks.inheritable_handlers)
    return bool(callbacks)
