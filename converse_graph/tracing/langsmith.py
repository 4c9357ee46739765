"""Traces sent to LangSmith, in the background, by its own client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

from langsmith import Client, RunTree
from langsmith.utils import LangSmithAuthError, LangSmithConnectionError, LangSmithError
from urllib3 import Retry

from converse_graph.tracing.spans import Feedback, Span, Usage

HOSTED = "https://api.smith.langchain.com"
"""Where LangSmith is, unless the environment says otherwise."""

PATIENCE = 10.0
"""Seconds that the end of a run waits for what is not sent yet, at most."""

_log = logging.getLogger("langsmith")
_log.addHandler(logging.NullHandler())  # what its client says of failures is said by us, once


class LangSmithExporter:
    """An exporter of spans to LangSmith.

    Where it cannot be reached the run goes on without, after one warning; each round is tried anew. A key that is
    refused ends tracing.
    """

    def __init__(self, *, url: str, key: str | None, project: str, warn: Callable[[str], None]) -> None:
        """Send to a server.

        Args:
            url: Of its API.
            key: None for a server of one's own that asks for none.
            project: Where traces are filed.
            warn: Told once of what goes wrong.
        """
        self._url, self._project, self._warn = url, project, warn
        self._client = Client(
            api_url=url,
            api_key=key,
            retry_config=Retry(total=0),  # the client tries three times by itself
            tracing_error_callback=self._failed,
            auto_batch_tracing=True,
        )
        self._trees: dict[Span, RunTree] = {}
        self._problem: Exception | None = None
        self._is_lost = self._is_refused = self._has_warned = False

    def begin(self, span: Span) -> None:
        """Show that a span has begun."""
        if span.parent is None:
            self._is_lost = self._is_refused
        if self._goes_on():
            self._tree(span).post()

    def finish(self, span: Span) -> None:
        """Send a call whole, and of anything else what it came to."""
        if not self._goes_on():
            self._trees.pop(span, None)
        elif span.kind == "call":
            tree = self._tree(span)
            tree.inputs, tree.outputs, tree.error, tree.end_time = span.inputs, span.outputs, span.error, span.ended
            tree.post()
            del self._trees[span]
        elif (tree_known := self._trees.pop(span, None)) is not None:
            self._client.update_run(
                tree_known.id,
                name=span.name,
                run_type=_type(span),
                start_time=tree_known.start_time,
                trace_id=tree_known.trace_id,
                parent_run_id=tree_known.parent_run_id,
                dotted_order=tree_known.dotted_order,
                session_name=self._project,
                end_time=span.ended,
                outputs=span.outputs or None,
                error=span.error,
                tags=span.tags,
            )
            if span.kind == "outcome":
                self._trees[span] = tree_known

    async def send_feedback(self, span: Span, feedback: list[Feedback]) -> None:
        """Send figures of a whole run, to its outcome; LangSmith has no feedback on a thread itself."""
        tree = self._trees.pop(span, None)
        if tree is not None and feedback:
            await self.flush()
            if self._goes_on():
                await asyncio.to_thread(self._give, tree, feedback)
                self._goes_on()

    async def flush(self) -> None:
        """Wait until all is sent, ten seconds at most."""
        if self._goes_on():
            await asyncio.to_thread(self._client.flush, PATIENCE)
            self._goes_on()

    async def close(self) -> None:
        """Send what is left, and let go of the connection."""
        await self.flush()
        await asyncio.to_thread(self._client.close, 0)

    def _give(self, tree: RunTree, figures: list[Feedback]) -> None:
        try:
            project: UUID = self._client.read_project(project_name=self._project).id
            for feedback in figures:
                self._client.create_feedback(
                    run_id=tree.id,
                    trace_id=tree.id,
                    session_id=project,
                    key=feedback.key,
                    score=feedback.score,
                    comment=feedback.comment,
                    source_info={"thread_id": tree.metadata["thread_id"], **feedback.source},
                    stop_after_attempt=2,
                )
            self._client.flush(PATIENCE)
        except (LangSmithError, OSError, ValueError) as error:
            self._failed(error)

    def _tree(self, span: Span) -> RunTree:
        if span not in self._trees:
            above = self._trees.get(span.parent) if span.parent is not None else None
            metadata = dict(span.metadata)
            if span.usage is not None:
                metadata["usage_metadata"] = _usage(span.usage)
            self._trees[span] = RunTree(
                name=span.name,
                run_type=_type(span),
                start_time=span.began,
                parent_run=above,
                inputs=span.inputs,
                tags=span.tags,
                extra={"metadata": metadata},
                project_name=self._project,
                ls_client=self._client,
            )
        return self._trees[span]

    def _failed(self, error: Exception) -> None:
        """Called on the client's own thread: the warning waits for the run's."""
        self._problem = error
        self._is_lost = True
        self._is_refused = self._is_refused or isinstance(error, LangSmithAuthError) or "403 Client Error" in str(error)

    def _goes_on(self) -> bool:
        if self._problem is not None and not self._has_warned:
            self._has_warned = True
            self._warn(self._in_words())
        return not self._is_lost

    def _in_words(self) -> str:
        if self._is_refused:
            return f"LangSmith at {self._url} refuses the key in LANGSMITH_API_KEY; the run goes on and is not traced."
        is_unreachable = isinstance(self._problem, LangSmithConnectionError)
        what = "cannot be reached" if is_unreachable else f"did not take a trace ({type(self._problem).__name__})"
        return f"LangSmith at {self._url} {what}; the run goes on, and tracing is tried again with each round."


def _type(span: Span) -> Literal["llm", "chain"]:
    return "llm" if span.kind == "call" and span.metadata["ls_provider"] != "graph" else "chain"


def _usage(usage: Usage) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "input_token_details": {"cache_read": usage.cached_tokens},
    }
    return metadata if usage.usd is None else {**metadata, "total_cost": usage.usd}
