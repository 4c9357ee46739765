"""What somebody wrote, made data: text that cannot end the place it stands in, nor hide anything from a reader.

Whatever a party, a persona or a summary says goes through here before it enters a prompt, and whatever a model wrote
before it is shown on a terminal. What is on record stays as it was said.
"""

import html
import re
import unicodedata
from functools import lru_cache

_JOINERS = "\u200c\u200d"
"""Zero-width characters that some scripts cannot be written without."""
_UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Unicode categories: controls, format marks (bidi overrides and tags among them), half characters, no characters."""
_BLANKS = dict.fromkeys(map(ord, "\u115f\u1160\u17b4\u17b5\u3164\uffa0\u034f"), "")
"""Letters and marks that show nothing."""
_SELECTORS = re.compile("[\ufe00-\ufe0d\U000e0100-\U000e01ef]|(?<=[\ufe0e\ufe0f])[\ufe0e\ufe0f]")
"""Marks that choose a form of the letter before them: in a row they spell out what nobody sees, so one is left."""
_BRACKETS = str.maketrans("\uff1c\uff1e\ufe64\ufe65", "<><>")
"""Other forms of the brackets that a model could take for a tag's."""
_HALF = re.compile("[\ud800-\udfff]")
_QUOTES = str.maketrans(dict.fromkeys('"“”„‟«»\uff02\u301d\u301e\u301f\u275d\u275e', "'"))


def whole_characters(text: str) -> str:
    """Return a text in which two halves of a character are one, and a lone half is the replacement character.

    Halves come from models whose server cuts a character in two, from guests, files and shells; neither a store nor a
    terminal nor JSON in UTF-8 takes them.
    """
    if text.isascii() or not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def strip_invisible(text: str) -> str:
    """A text without characters that nobody sees: controls, marks of direction, zero-width ones; line breaks stay."""
    if not text.isascii():
        text = _SELECTORS.sub("", text.translate(_BLANKS))
    # What is printable is in none of the unseen categories, and telling it of a whole text takes no time.
    return text if text.replace("\n", "").isprintable() else "".join(map(_visible_letter, text))


def escape_text(text: str) -> str:
    """A text as it stands between tags: nothing in it is a tag."""
    return html.escape(strip_invisible(text).translate(_BRACKETS), quote=False)


def escape_line(text: str) -> str:
    """The same on one line."""
    return escape_text(" ".join(strip_invisible(text).split()))


@lru_cache(maxsize=1024)
def quote(text: str) -> str:
    """The same on one line between quotation marks, none of which stands inside it."""
    return f"“{escape_line(text).translate(_QUOTES)}”"


def _visible_letter(letter: str) -> str:
    if letter == "\n" or letter in _JOINERS:
        return letter
    if letter in "\t\r\u2028\u2029\x0b\x0c\x85":
        return " " if letter in "\t\r" else "\n"
    return "" if unicodedata.category(letter) in _UNSHOWN else letter
