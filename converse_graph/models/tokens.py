"""How many tokens a text has, before any model has counted them."""

USUAL_WINDOW = 24_000
"""Tokens taken for granted of a large model that does not say how many it takes."""

BYTES_PER_TOKEN = 2.5
"""English has about four bytes a token; names, figures and other scripts have fewer."""
_MESSAGE = 8
"""Tokens around a message."""


def tokens_in(text: str) -> int:
    """How many tokens a text has, guessed from above: by its bytes in UTF-8, so that no script comes out too cheap."""
    return int(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN) + _MESSAGE
