"""How many tokens a text has, before any model has counted them."""

import re
from functools import lru_cache

DEFAULT_CONTEXT_WINDOW = 24_000
"""Tokens taken for granted of a large model that does not say how many it takes."""

BYTES_PER_TOKEN = 2.5
"""English has about four bytes a token; names, figures and other scripts have fewer."""
_MESSAGE = 8
"""Tokens around a message."""


def estimate_tokens(text: str) -> int:
    """How many tokens a text has, guessed from above: by its bytes in UTF-8, so that no script comes out too cheap."""
    return int(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN) + _MESSAGE


_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
"""Letters of scripts that put no spaces between words: Thai, Lao, Burmese, Khmer."""


@lru_cache(maxsize=1024)
def least_tokens_in(text: str) -> int:
    """How many tokens a text has at least: no tokeniser of a served model makes fewer than one of a word.

    Of ideographs, kana and Hangul up to three make a token, of other scripts without spaces up to eight letters.
    """
    if text.isascii():
        return len(text.split())
    return len(text.split()) + len(_IDEOGRAPHS.findall(text)) // 3 + len(_UNSPACED.findall(text)) // 8
