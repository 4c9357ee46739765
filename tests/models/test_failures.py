# ruff: noqa: E501 - a row of a table is a line
"""What servers say when a prompt is too long, in the words of each, and what only sounds like it."""

import pytest

from converse_graph.models.failures import Failure

WORDINGS: dict[str, tuple[int, str, int | None]] = {
    "OpenAI, window": (400, "Your input exceeds the context window of this model. Please adjust your input and try again.", None),
    "OpenAI, both": (400, "This model's maximum context length is 8191 tokens, however you requested 10346 tokens (10346 in your prompt; 5 for the completion).", 8191),
    "OpenAI, messages": (400, "This model's maximum context length is 8192 tokens. However, your messages resulted in 8545 tokens.", 8192),
    "Azure": (400, "This model's maximum context length is 128000 tokens. However, your messages resulted in 143562 tokens (142000 in the messages, 1562 in the functions).", 128000),
    "vLLM": (400, "This model's maximum context length is 32768 tokens. However, you requested 41648 tokens (37552 in the messages, 4096 in the completion).", 32768),
    "vLLM, decoder": (400, "The decoder prompt (length 44028) is longer than the maximum model length of 32768. Make sure that `max_model_len` is no smaller than the number of text tokens.", 32768),
    "vLLM, newer": (400, "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 8192 tokens and your request has 5000 input tokens (4096 > 8192 - 5000).", 8192),
    "SGLang": (400, "The input (61709 tokens) is longer than the model's context length (40960 tokens).", 40960),
    "SGLang, pool": (400, "Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens). Use a shorter input or enable --allow-auto-truncate.", 59862),
    "SGLang, both": (400, "Requested token count exceeds the model's maximum context length of 32768 tokens. You requested a total of 40000 tokens.", 32768),
    "TGI": (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 6204 `inputs` tokens and 2047 `max_new_tokens`", 8192),
    "TGI, inputs": (422, "Input validation error: `inputs` must have less than 2048 tokens. Given: 2222", 2048),
    "Together": (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2019 `inputs` tokens and 30 `max_new_tokens`", 2048),
    "Bedrock": (400, "Input is too long for requested model.", None),
    "Bedrock, Claude": (400, "The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum", 200000),
    "Bedrock, Llama": (400, "This model's maximum context length is 8192 tokens. Please reduce the length of the prompt", 8192),
    "Anthropic": (400, "prompt is too long: 209353 tokens > 199999 maximum", 199999),
    "Anthropic, both": (400, "input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000, decrease input length or `max_tokens` and try again", 200000),
    "Anthropic, bytes": (413, "Request exceeds the maximum size", None),
    "Gemini": (400, "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).", 1048575),
    "Gemini, newer": (400, "The input token count exceeds the maximum number of tokens allowed 1048576.", 1048576),
    "AI Studio": (400, "Cannot truncate to 89998, required 355220: text:355351, control:9", 89998),
    "llama.cpp": (400, "the request exceeds the available context size, try increasing it", None),
    "llama.cpp, newer": (400, "request (9021 tokens) exceeds the available context size (8192 tokens), try increasing it", 8192),
    "llama.cpp, in a stream": (500, "Context size has been exceeded.", None),
    "llama-cpp-python": (400, "Requested tokens (9000) exceed context window of 8192", 8192),
    "Ollama": (400, "the input length exceeds the context length", None),
    "Ollama, its log": (500, "input exceeds context length", None),
    "LM Studio": (400, "Trying to keep the first 111490 tokens when context the overflows. However, the model is loaded with context length of only 32768 tokens, which is not enough.", 32768),
    "LM Studio, newer": (400, "The number of tokens to keep from the initial prompt is greater than the context length.", None),
    "OpenRouter": (400, "This endpoint's maximum context length is 16384 tokens. However, you requested about 94307 tokens (94307 of text input).", 16384),
    "DashScope": (400, "Range of input length should be [1, 30720]", 30720),
    "DashScope, in words": (400, "InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]", 129024),
    "Groq": (400, "Please reduce the length of the messages or completion.", None),
    "Groq, by the minute": (413, "Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 9000", 6000),
    "Cohere": (400, "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000. Try using a shorter prompt.", 4081),
    "Mistral": (400, "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length", 32768),
    "Mistral, unprocessable": (422, "Prompt contains 33000 tokens, too large for model with 32768 maximum context length", 32768),
    "xAI": (400, "This model's maximum prompt length is 131072 but the request contains 537812 tokens.", 131072),
    "DeepSeek": (400, "This model's maximum context length is 65536 tokens. However, you requested 70000 tokens. Please reduce the length of the messages or completion.", 65536),
    "Moonshot": (400, "Invalid request: Your request exceeded model token limit: 8192 (requested: 9000)", 8192),
    "Zhipu": (400, "Prompt exceeds max length", None),
    "MiniMax": (400, "invalid params, context window exceeds limit (2013)", None),
    "Copilot": (400, "prompt token count of 70000 exceeds the limit of 64000", 64000),
    "Fireworks": (400, "The prompt is too long: 140000, model maximum context length: 131071", 131071),
    "Cerebras": (400, "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192", 8192),
    "TensorRT-LLM": (500, "Prompt length (9000) exceeds maximum input length (8192).", 8192),
    "a proxy": (413, "Payload Too Large", None),
}  # fmt: skip

OTHERS: dict[str, tuple[int | None, str]] = {
    "tokens by the minute": (429, "Rate limit reached: too many tokens per minute (TPM): Limit 6000"),
    "a quota": (400, "You have reached your limit of tokens: quota exceeded"),
    "a key": (401, "Your key exceeds the maximum number of characters of tokens"),
    "a name": (404, "The model `too-long-context` does not exist"),
    "temperature": (400, "temperature must be less than 2"),
    "top_p": (422, "Input should be less than or equal to 1: top_p"),
    "messages": (400, "messages: at least one message is required"),
    "roles": (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
    "a parameter": (400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
    "a schema": (400, "Invalid schema for response_format: maxLength is not permitted"),
    "a filter": (400, "The prompt was flagged by our content filter"),
    "no answer": (None, "Connection error"),
    "overloaded": (503, "The engine is currently overloaded, please try again later"),
    "credits": (402, "This request requires more credits, or fewer max_tokens. You requested up to 4096 tokens, but can only afford 200"),
}  # fmt: skip


@pytest.mark.parametrize(("status", "said", "limit"), WORDINGS.values(), ids=WORDINGS.keys())
def test_too_long_in_the_words_of_each_server(status: int, said: str, limit: int | None) -> None:
    failure = Failure(message=said, passing=False, status=status)
    assert failure.overflow
    assert failure.limit == limit


@pytest.mark.parametrize(("status", "said"), OTHERS.values(), ids=OTHERS.keys())
def test_what_only_sounds_like_it(status: int | None, said: str) -> None:
    assert not Failure(message=said, passing=False, status=status).overflow
