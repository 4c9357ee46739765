"""Models of other providers, by name: `provider:model`, where the provider's LangChain package is installed."""

import importlib
import importlib.util
from typing import Any

from converse_graph.errors import UsageError

PROVIDERS = {
    "anthropic": ("langchain_anthropic", "ChatAnthropic"),
    "azure_openai": ("langchain_openai", "AzureChatOpenAI"),
    "bedrock_converse": ("langchain_aws", "ChatBedrockConverse"),
    "cohere": ("langchain_cohere", "ChatCohere"),
    "deepseek": ("langchain_deepseek", "ChatDeepSeek"),
    "fireworks": ("langchain_fireworks", "ChatFireworks"),
    "google_genai": ("langchain_google_genai", "ChatGoogleGenerativeAI"),
    "google_vertexai": ("langchain_google_vertexai", "ChatVertexAI"),
    "groq": ("langchain_groq", "ChatGroq"),
    "mistralai": ("langchain_mistralai", "ChatMistralAI"),
    "nvidia": ("langchain_nvidia_ai_endpoints", "ChatNVIDIA"),
    "ollama": ("langchain_ollama", "ChatOllama"),
    "openrouter": ("langchain_openrouter", "ChatOpenRouter"),
    "perplexity": ("langchain_perplexity", "ChatPerplexity"),
    "together": ("langchain_together", "ChatTogether"),
    "xai": ("langchain_xai", "ChatXAI"),
}
"""Each provider's package and class, so that `langchain` itself, where `init_chat_model` lives, need not be there."""


def package_of(provider: str) -> str:
    """What to install for a provider."""
    return PROVIDERS[provider][0].replace("_", "-")


def is_installed(provider: str) -> bool:
    """Whether a provider's package is here."""
    return importlib.util.find_spec(PROVIDERS[provider][0]) is not None


def langchain_is_installed() -> bool:
    """Whether `init_chat_model` is here, which knows more providers than this module."""
    return importlib.util.find_spec("langchain") is not None


def make_chat_model(provider: str, model: str) -> Any:
    """A LangChain chat model.

    Args:
        provider: A name in `PROVIDERS`, or another that `init_chat_model` knows.
        model: As the provider calls it.

    Raises:
        UsageError: The provider's package is not installed, or it will not make such a model; most want a key in
            the environment.
    """
    if provider in PROVIDERS and not is_installed(provider):
        raise UsageError(f"{provider}:{model} needs a package that is missing: pip install {package_of(provider)}")
    try:
        if langchain_is_installed():
            return importlib.import_module("langchain.chat_models").init_chat_model(model, model_provider=provider)
        module, name = PROVIDERS[provider]
        return getattr(importlib.import_module(module), name)(model=model)
    except Exception as error:  # each provider's class refuses a missing key or package with an exception of its own
        message = " ".join(str(error).split())[:240]
        raise UsageError(f"{provider}:{model} cannot be used: {message}; check its key and its package.") from None
