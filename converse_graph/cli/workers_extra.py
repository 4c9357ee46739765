"""Loads what a queue takes, which is in an extra."""

import importlib
from typing import Any

from converse_graph.errors import UsageError


def load_workers(module: str) -> Any:
    """Load a module that needs the extra `workers`.

    Args:
        module: Its name.

    Raises:
        UsageError: The extra is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("converse_graph"):
            raise
        raise UsageError(
            f"Workers and queues take an extra ({error.name} is missing): pip install 'converse-graph[workers]'."
        ) from None
