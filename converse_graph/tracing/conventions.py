"""A span as OpenTelemetry's semantic conventions for generative AI have it: its name, and its attributes.

Names are of the conventions' release 0.1.0 (open-telemetry/semantic-conventions-genai), which is still in development:
a workflow has its name in `gen_ai.agent.name` there. What they have no name for begins with `converse_graph.`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from converse_graph.tracing.spans import Feedback, Span

Attributes = dict[str, str | int | float | bool | Sequence[str]]

_PROVIDERS = {
    "azure_ai": "azure.ai.inference",
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "ibm": "ibm.watsonx.ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
}
"""Providers that the conventions call otherwise than LangChain."""

_OURS = "converse_graph"


def name_of(span: Span) -> str:
    """The operation, and what it is asked of: "chat gpt-4.1", "invoke_agent OpenAI/CEO"."""
    operation = _operation(span)
    return f"{operation} {_request_attributes(span)}" if operation else span.name


def is_remote(span: Span) -> bool:
    """Whether it stands for a call of a model, which runs elsewhere as a rule."""
    return _operation(span) == "chat"


def attributes_at_start(span: Span) -> Attributes:
    """What is known as a span begins, which a sampler may look at."""
    attributes: dict[str, Any] = {"gen_ai.conversation.id": span.metadata["thread_id"]}
    if operation := _operation(span):
        attributes["gen_ai.operation.name"] = operation
        attributes["gen_ai.provider.name"] = _provider(span)
    if operation == "chat":
        attributes["gen_ai.request.model"] = span.metadata["ls_model_name"]
        attributes["gen_ai.request.temperature"] = span.metadata.get("ls_temperature")
        attributes["gen_ai.request.top_p"] = span.metadata.get("ls_top_p")
        attributes["gen_ai.request.max_tokens"] = span.metadata["ls_max_tokens"]
    elif operation:
        attributes["gen_ai.agent.name"] = _request_attributes(span)
    return {**_plain(attributes), **_plain(dict(_own(span)))}


def attributes_at_end(span: Span) -> Attributes:
    """What a span came to."""
    attributes: dict[str, Any] = {f"{_OURS}.tags": tuple(span.tags)}
    if span.error is not None:
        attributes["error.type"] = "InvalidReply" if "sent back" in span.tags else span.error.partition(":")[0]
    if span.usage is not None:
        attributes["gen_ai.usage.input_tokens"] = span.usage.input_tokens
        attributes["gen_ai.usage.output_tokens"] = span.usage.output_tokens
        attributes["gen_ai.usage.cache_read.input_tokens"] = span.usage.cached_tokens
        attributes["gen_ai.response.model"] = span.metadata.get("answered_by")
        attributes[f"{_OURS}.usd"] = span.usage.usd
    return _plain({**attributes, **_reply_attributes(span)})


def attributes_of_result(feedback: Feedback) -> Attributes:
    """A figure of a whole run, as an event `gen_ai.evaluation.result`."""
    attributes = {
        "gen_ai.evaluation.name": feedback.key,
        "gen_ai.evaluation.score.value": float(feedback.score),
        "gen_ai.evaluation.explanation": feedback.comment,
        **{f"{_OURS}.{name}": value for name, value in feedback.source.items()},
    }
    return _plain(attributes)


def _operation(span: Span) -> str:
    match span.kind:
        case "call":  # a party that is somebody's own graph is asked too, and is no model
            return "invoke_agent" if span.metadata["ls_provider"] == "graph" else "chat"
        case "turn" | "persona":
            return "invoke_agent"
        case "round" | "debate":
            return "invoke_workflow"
    return ""


def _request_attributes(span: Span) -> str:
    match span.kind:
        case "call" if _operation(span) == "chat":
            return str(span.metadata["ls_model_name"])
        case "round":
            return str(span.metadata["scenario"])
        case "debate":
            return f"debate of {span.metadata['speaker']}"
    return str(span.metadata["speaker"])


def _provider(span: Span) -> str:
    provider = span.metadata.get("ls_provider", "graph")
    return _OURS if provider == "graph" else _PROVIDERS.get(provider, provider)


def _own(span: Span) -> Iterator[tuple[str, Any]]:
    yield f"{_OURS}.name", span.name
    yield f"{_OURS}.kind", span.kind
    for name, value in span.metadata.items():
        if not name.startswith("ls_") and name not in ("thread_id", "answered_by"):
            yield f"{_OURS}.{name.replace(':', '.')}", value


def _reply_attributes(span: Span) -> dict[str, Any]:
    """What was said: of a turn what it made public; of a call, where private words are shown, prompt and reply."""
    if span.kind == "call":
        attributes = {"gen_ai.input.messages": span.inputs, "gen_ai.output.messages": span.outputs}
        return {name: _messages(value["messages"], name) for name, value in attributes.items() if value}
    if span.kind == "turn":
        extra = {f"{_OURS}.{name}": span.outputs.get(name) for name in ("fields", "problem")}
        if text := span.outputs.get("text"):
            content = [{"role": "assistant", "content": text}]
            return {"gen_ai.output.messages": _messages(content, "gen_ai.output.messages"), **extra}
        return extra
    return {f"{_OURS}.{name}": value for name, value in span.outputs.items() if name != "messages"}


def _messages(messages: Sequence[Mapping[str, Any]], name: str) -> str:
    """Messages as a string of JSON, since an attribute holds no structure; a reply has its finish reason."""
    finish = {"finish_reason": "stop"} if name == "gen_ai.output.messages" else {}
    attributes = [
        {"role": one["role"], "parts": [{"type": "text", "content": one["content"]}], **finish} for one in messages
    ]
    return json.dumps(attributes, ensure_ascii=False)


def _plain(values: Mapping[str, Any]) -> Attributes:
    """Values as an attribute may hold them; None is left out."""
    attributes: Attributes = {}
    for name, value in values.items():
        if isinstance(value, str):
            attributes[name] = _whole(value)
        elif isinstance(value, bool | int | float) or (isinstance(value, tuple) and name == f"{_OURS}.tags"):
            attributes[name] = value
        elif value is not None:
            attributes[name] = _whole(json.dumps(value, ensure_ascii=False, default=str))
    return attributes


def _whole(text: str) -> str:
    """A text without half characters, which no message of OTLP can hold: one would lose all spans sent with it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
