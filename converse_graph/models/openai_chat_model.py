"""LangChain's OpenAI model, which also passes on what it drops of a server's answers; loaded when a model is asked.

The messages of langchain-openai leave out a refusal that is streamed, what a model thought (in fields that OpenAI's
own API does not have), and whether a stream came to its end. `_convert_chunk_to_generation_chunk` and
`_create_chat_result` are where LangChain's packages for other providers add such fields too.
"""

from collections.abc import Mapping
from typing import Any

from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI

_PASSED_ON = ("refusal", "reasoning_content", "reasoning")
"""Fields of a message or of a piece of one."""

ENDED = "stream_ended"
"""In the metadata of a piece: that the server has said all, as it then tells what was used."""


class WholeChatOpenAI(ChatOpenAI):
    """Passes on refusals, thoughts and ends."""

    def _get_request_payload(self, *arguments: Any, **more: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(*arguments, **more)
        # The library renames the role by the model's name, and a server of one's own may have any model under it.
        for message in payload.get("messages", ()):
            if message.get("role") == "developer":
                message["role"] = "system"
        return payload

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        result = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        if result is None:
            return None
        choices = chunk.get("choices") or []
        if choices:
            _pass_on(choices[0].get("delta"), result.message)
        elif chunk.get("usage"):
            result.message.response_metadata[ENDED] = True
        return result

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        result = super()._create_chat_result(response, generation_info)
        whole = response if isinstance(response, Mapping) else response.model_dump(warnings=False)
        for generation, choice in zip(result.generations, whole.get("choices") or (), strict=False):
            _pass_on(choice.get("message"), generation.message)
        return result


def _pass_on(delta: Any, message: Any) -> None:
    if isinstance(delta, Mapping):
        message.additional_kwargs |= {name: delta[name] for name in _PASSED_ON if isinstance(delta.get(name), str)}
