"""When two positions in a speaker's own words are the same."""

import re

_NOISE = re.compile(r"[.,:](?!\d)|(?<!\d)[.,:]|[-\u2212](?!\d)|[;!?\"'“”‘’()\[\]…*_`–—]")  # noqa: RUF001
"""What does not change a position: not the sign or the point of a number, nor what makes C++ of C."""


def normalise_position(position: str) -> str:
    """A position without case, spare spaces and punctuation; two that fold alike count as one."""
    return " ".join(_NOISE.sub(" ", position.casefold()).split()) or position
