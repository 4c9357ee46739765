"""Keeps a key out of a reply, also one that is shown while it arrives in pieces; a placeholder for a key is none."""

from collections.abc import Callable

_SHORTEST_REAL_KEY = 16
"""Characters. Keys of hosted providers are longer; the placeholders that local servers ask for are shorter."""


def is_placeholder(secret: str) -> bool:
    """Return whether a key is a word such as "EMPTY" or "ollama", which a reply may hold by itself."""
    has_both = any(letter.isdigit() for letter in secret) and any(letter.isalpha() for letter in secret)
    return len(secret) < _SHORTEST_REAL_KEY or not has_both


def redact_stream(secret: str, tell: Callable[[str], None]) -> Callable[[str], None]:
    """Pass pieces of a text on, with "[key]" in the place of a secret that may be cut anywhere.

    Args:
        secret: What nobody is to see; empty for nothing.
        tell: Is given the pieces.

    Returns:
        Takes the pieces as they come; an empty one says that no more will.
    """
    tail = ""

    def take(piece: str) -> None:
        nonlocal tail
        text = (tail + piece).replace(secret, "[key]") if secret else tail + piece
        overlap = 0 if not piece else _secret_prefix_length(text, secret)
        tail = text[len(text) - overlap :]
        if clear := text[: len(text) - overlap]:
            tell(clear)

    return take


def _secret_prefix_length(text: str, secret: str) -> int:
    """How many letters at the end of a text may be the beginning of a secret."""
    longest = min(len(text), len(secret) - 1)
    return next((length for length in range(longest, 0, -1) if secret.startswith(text[-length:])), 0)
