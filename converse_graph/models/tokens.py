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


_LONGEST_TOKEN = 8
"""Characters; longer tokens are rare enough that a text has more tokens than an eighth of its characters."""


def least_tokens_in(text: str) -> int:
    """How many tokens a text has at least: no tokeniser of a served model makes fewer than one of a word.

    In scripts without spaces between words an eighth of the characters bounds it.
    """
    return max(len(text.split()), len(text) // _LONGEST_TOKEN)
