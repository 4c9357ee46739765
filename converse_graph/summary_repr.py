"""How a value shows itself: in one line where Python prints it, as a small table in a notebook."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST = 160
"""Letters of a cell or of a fact."""
_SHORT = 60
"""Letters of a fact in a line."""
_MOST_ROWS = 20
_STYLE = "text-align:left;vertical-align:top"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What is worth seeing of a value at a glance; all text may be anybody's, and is escaped when shown."""

    kind: str
    """What sort of value it is, such as "Run"."""
    name: str
    facts: tuple[tuple[str, str], ...]
    """Names and values, the most telling first; those without a value are left out."""
    columns: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()

    def line(self) -> str:
        """As one line, such as "<Run talks-1: status finished, seed 7>"."""
        facts = ", ".join(f"{name} {_plain(value, _SHORT)}" for name, value in self.facts if value)
        return f"<{self.kind} {_plain(self.name)}: {facts}>"

    def text(self) -> str:
        """As that line and every row in words, such as "2027 · Union: We accept."."""
        rows = (" · ".join(map(_whole, row[:-1])) + f": {_whole(row[-1])}" for row in self.rows)
        return "\n".join([self.line(), *rows])

    def html(self) -> str:
        """As a heading with facts and a table of at most twenty rows."""
        facts = " · ".join(f"{name} {_escaped(value)}" for name, value in self.facts if value)
        parts = [f"<p><strong>{self.kind} {_escaped(self.name)}</strong><br>{facts}</p>"]
        if self.rows:
            body = [_row("td", row) for row in self.rows[:_MOST_ROWS]]
            parts.append(f"<table>{_row('th', self.columns)}{''.join(body)}</table>")
        if len(self.rows) > _MOST_ROWS:
            parts.append(f"<p>… and {len(self.rows) - _MOST_ROWS:,} more</p>")
        return f"<div>{''.join(parts)}</div>"


def _row(tag: str, cells: Sequence[str]) -> str:
    cells_shown = "".join(f'<{tag} style="{_STYLE}">{_escaped(cell)}</{tag}>' for cell in cells)
    return f"<tr>{cells_shown}</tr>"


def _escaped(text: str) -> str:
    return html.escape(_plain(text))


def _whole(text: str) -> str:
    """On one line, with nothing that cannot be seen."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _plain(text: str, longest: int = _LONGEST) -> str:
    """The same, cut where it is long."""
    whole = _whole(text)
    return whole if len(whole) <= longest else f"{whole[: longest - 1]}…"
