"""Which set of prompts suits a model, told by its name."""

import re

from converse_graph.models.base import PromptProfile

SMALL = 4.0
"""Billions of parameters up to which a model gets the prompts for small ones."""

_SIZE = re.compile(r"(?<![a-z\d.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z])", re.IGNORECASE)
_ACTIVE = re.compile(r"(?<![a-z\d.])\d+x|-a\d", re.IGNORECASE)
_SMALL_NAMES = ("smollm", "tinyllama", "phi3:mini", "phi-3-mini")


def profile_of(model_name: str) -> PromptProfile:
    """Small if the name tells of at most 4 billion parameters, such as "llama3.2:1b" or "SmolLM2-135M"; else large."""
    lowercase_name = model_name.lower()
    if any(name in lowercase_name for name in _SMALL_NAMES):
        return "small"
    if _ACTIVE.search(lowercase_name):
        # A mixture of experts names its active part too, such as 30b-a3b or 8x1b; it is as able as the whole.
        return "large"
    sizes = [float(number) / (1 if unit in "bB" else 1000) for number, unit in _SIZE.findall(lowercase_name)]
    return "small" if sizes and max(sizes) <= SMALL else "large"
