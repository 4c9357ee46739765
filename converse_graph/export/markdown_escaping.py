r"""Any string as Markdown that shows it as it is, never as markup, and that reads back exactly.

Three forms, one way back. *Prose* may run over several paragraphs; *inline* text stays on one line; *HTML* text sits
inside a tag, where Markdown is not read. In all of them a character that nobody can see (controls, marks that turn
the direction of writing, zero-width spaces) is shown by its number, as in `\u{202e}`.
"""

import re
import unicodedata

from converse_graph.errors import InvalidValue

EMPTY = '""'
"""The empty string, where leaving it out would mean something else."""

UNSEEN = (
    "\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f\\u2028-"
    "\\u202e\\u2060-\\u206f\\u3164\\ud800-\\udfff\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff\\U0001d173-\\U0001d17a"
    "\\U000e0000-\\U000e0fff"
)
"""Characters that nobody can see, as a class of a regular expression: line breaks are not among them."""
_SPACES = "\\xa0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000"
"""Spaces that editors and viewers like to turn into plain ones."""

_MARKDOWN = re.compile(rf"[\\`*_\[\]~|$^&<>]|:(?=//)|(?<=[wW]{{3}})\.|[{UNSEEN}{_SPACES}]")
_HTML = re.compile(rf"[\\&<>\n]|[{UNSEEN}{_SPACES}]")
_BLOCK_MARK = re.compile(r"[#+=:-]|\d{1,9}(?=[.)])")
_NEWLINES = re.compile(r"\n+")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">", "nbsp": " "}
_TOKEN = re.compile(
    r"<br>\n?|\n|\\u\{(?P<number>[0-9a-f]{1,6})\}|\\(?P<mark>[!-/:-@\[-`{-~])"
    r"|&(?:(?P<name>amp|lt|gt|nbsp)|#(?P<decimal>[0-9]{1,7}));|(?P<stray>[\\`*_\[\]~|<>&])"
)
_HTML_TOKEN = re.compile(
    r"\\u\{(?P<number>[0-9a-f]{1,6})\}|&(?:(?P<name>amp|lt|gt|nbsp)|#(?P<decimal>[0-9]{1,7}));|(?P<stray>[\\<>&])"
)


def prose(text: str) -> str:
    """The text as paragraphs of Markdown; empty for the empty string.

    An empty line parts paragraphs, `<br>` ends a line within one, and a paragraph that ends with `<br>` is followed
    by one line break more. No paragraph begins with anything that Markdown would take for a heading, list, quote,
    table, fence or tag.
    """
    body = text.lstrip("\n")
    leading = "\\u{a}" * (len(text) - len(body))
    pieces: list[str] = []
    position = 0
    for gap in _NEWLINES.finditer(body):
        pieces.append(_line(body[position : gap.start()]))
        pieces.append(_break(len(gap[0]), last=gap.end() == len(body)))
        position = gap.end()
    pieces.append(_line(body[position:]))
    return leading + "".join(pieces)


def inline(text: str) -> str:
    """The text on one line, with `<br>` for a line break and `""` for the empty string."""
    if text in ("", EMPTY):
        return text.replace('"', '\\"') or EMPTY
    return "<br>".join(map(_line, text.split("\n")))


def html(text: str) -> str:
    """The text inside an HTML element, on one line, with `""` for the empty string."""
    if text in ("", EMPTY):
        return text.replace('"', "&#34;") or EMPTY
    return _outer_spaces(_HTML.sub(_in_html, text))


def heading(text: str) -> str:
    """The text as the content of a heading. Headings are never read back."""
    return inline(text).replace("#", "\\#")


def read_prose(markdown: str) -> str:
    """The string behind `prose`, given without the empty lines around it.

    Raises:
        InvalidValue: The Markdown holds markup that none of the forms above writes.
    """
    return _TOKEN.sub(_character, markdown)


def read_inline(markdown: str) -> str:
    """The string behind `inline`.

    Raises:
        InvalidValue: The Markdown holds markup that none of the forms above writes.
    """
    return "" if markdown == EMPTY else read_prose(markdown)


def read_html(markup: str) -> str:
    """The string behind `html`.

    Raises:
        InvalidValue: There is a tag, or something else that `html` never writes.
    """
    return "" if markup == EMPTY else _HTML_TOKEN.sub(_character, markup)


def unescape(markdown: str) -> str:
    """Return the words of a page without the escapes of `prose`, `inline` and `html`; its markup stays."""
    return _TOKEN.sub(lambda token: token[0] if token.lastgroup == "stray" else _character(token), markdown)


def _break(newlines: int, *, last: bool) -> str:
    if last:
        return "<br>" * newlines
    return "<br>\n" if newlines == 1 else "<br>" * (newlines - 2) + "\n\n"


def _line(line: str) -> str:
    mark = _BLOCK_MARK.match(line)
    if mark is None:
        safe = _MARKDOWN.sub(_in_markdown, line)
    elif mark[0].isdigit():
        end = mark.end()
        safe = f"{mark[0]}\\{line[end]}" + _MARKDOWN.sub(_in_markdown, line[end + 1 :])
    else:
        safe = "\\" + mark[0] + _MARKDOWN.sub(_in_markdown, line[1:])
    return _outer_spaces(safe)


def _outer_spaces(line: str) -> str:
    body = line.strip(" ")
    if len(body) == len(line):
        return line
    before = len(line) - len(line.lstrip(" ")) if body else 0
    return "&nbsp;" * before + body + "&nbsp;" * (len(line) - len(body) - before)


def _in_markdown(match: re.Match[str]) -> str:
    character = match[0]
    if character.isascii() and character.isprintable():
        return _NAMED.get(character) or "\\" + character
    return _by_number(character)


def _in_html(match: re.Match[str]) -> str:
    character = match[0]
    return _NAMED.get(character) or ("&#92;" if character == "\\" else _by_number(character))


def _by_number(character: str) -> str:
    """An invisible character is shown by its number; an unusual space stays a space."""
    is_space = unicodedata.category(character) == "Zs"
    return f"&#{ord(character)};" if is_space else f"\\u{{{ord(character):x}}}"


def _character(token: re.Match[str]) -> str:
    kind = token.lastgroup
    if kind is None:
        return " " if token[0] == "\n" else "\n"
    match kind:
        case "mark":
            return token["mark"]
        case "name":
            return _CHARACTERS[token["name"]]
        case "stray":
            raise InvalidValue(f"{token[0]!r} stands here as markup; in a text it is written with an escape")
    number = int(token["number"], 16) if kind == "number" else int(token["decimal"])
    if number > 0x10FFFF:
        raise InvalidValue(f"{token[0]} is no character; the highest is \\u{{10ffff}}")
    return chr(number)
