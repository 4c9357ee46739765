"""Which of the eight colours of a page a name has: the same from run to run, and no two alike while there are any."""

from collections.abc import Sequence
from zlib import crc32

COLOURS = 8
"""How many there are; the style sheet says which."""


def colour_numbers(names: Sequence[str]) -> dict[str, int]:
    """Give each name the number of a colour: by the name, and the next free one where that is taken.

    Args:
        names: In listed order.
    """
    colours: dict[str, int] = {}
    for name in names:
        first = crc32(name.encode(errors="replace")) % COLOURS
        order = [(first + step) % COLOURS for step in range(COLOURS)]
        colours[name] = next((colour for colour in order if colour not in colours.values()), first)
    return colours
