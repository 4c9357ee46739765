"""A page in Markdown as it is drawn on a terminal; loaded where there is one, for rich's reader takes its time."""

from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown, MarkdownElement, TableElement
from rich.measure import Measurement

from converse_graph.cli.tables import make_table

MANY_COLUMNS = 6
"""A table with more of them reads better on its side than with every word broken."""


class _PageTable(TableElement):
    """A table that is laid on its side where it has many columns, few rows and too little room."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        heads = [cell.content for cell in self.header.row.cells] if self.header and self.header.row else []
        rows = [[cell.content for cell in row.cells] for row in self.body.rows] if self.body else []
        table = make_table(heads, rows)
        width = Measurement.get(console, options, table).maximum
        if len(heads) > max(MANY_COLUMNS, len(rows)) and width >= options.max_width:
            (first, *others), *columns = zip(heads, *rows, strict=True)
            table = make_table([first, *others], columns)
        yield table


class Page(Markdown):
    """A page in Markdown, drawn on a terminal, with its tables as tables."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {**Markdown.elements, "table_open": _PageTable}
