"""Draws the pictures of the README from a scenario and a record: `uv run python -m docs.make_pictures`.

With `--check` nothing is written; it ends with 1 and the names of the pictures that are out of date.
"""

import sys
from io import StringIO
from pathlib import Path
from textwrap import shorten, wrap

from rich.console import Console
from rich.padding import Padding
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from converse_graph.cli.formatting import plain
from converse_graph.cli.screen import party_colours
from converse_graph.export.graph_svg import as_svg
from converse_graph.graph.wiring import wiring
from converse_graph.record.transcript import Deliberation, Statement, Transcript
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.scenarios.fields import format_value
from tests.support.markdown_reader import read_markdown

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = Path(__file__).resolve().parent / "pictures"

SCENARIO = "wage-talks"
"""Whose graph is drawn."""
RECORD = PROJECT / "transcripts" / "wage-talks.md"
"""The reader's edition whose turns are shown."""
TURNS = slice(0, 2)
"""Which statements of the record are shown."""
LINES = 4
"""Lines of a private debate that are shown at most."""
LETTERS = 230
"""Letters of one text that are shown at most; a cut ends with an ellipsis."""
COLUMNS = 92
"""Of the terminal that is drawn."""

PRIVATE = "#d7a3a3"
"""The colour of what no other party hears."""

_FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>A turn of a run, in a terminal: the private debate, then the public statement</title>
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px;
line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 16px; font-weight: bold; font-family: system-ui, "DejaVu Sans", sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Of an SVG that loads nothing from elsewhere; rich's own asks a server for a font."""


def graph() -> str:
    """Draw the graph of the scenario: nodes, the debates inside them, channels with who reads them."""
    return as_svg(wiring(find_scenario(SCENARIO)()))


def turns() -> str:
    """Draw turns of the record as a terminal shows them, with what their speakers kept to themselves."""
    record = read_markdown(RECORD.read_text(encoding="utf-8"))
    console = Console(file=StringIO(), record=True, width=COLUMNS, force_terminal=True, color_system="truecolor")
    for block in _blocks(record):
        console.print(block)
    header = record.header
    title = f"{header.scenario} · model {header.model}"
    return console.export_svg(title=title, theme=DIMMED_MONOKAI, code_format=_FRAME, unique_id="turns")


def _blocks(record: Transcript) -> list[Text | Padding]:
    colours = party_colours([party.name for party in record.header.cast])
    blocks: list[Text | Padding] = []
    for statement in record.statements[TURNS]:
        blocks += _turn(statement, colours[statement.speaker])
    return blocks


def _turn(statement: Statement, colour: str) -> list[Text | Padding]:
    name = (statement.speaker, f"bold {colour}")
    blocks: list[Text | Padding] = [Text.assemble(name, (f" · {statement.period}", "dim"))]
    private = statement.private
    if private is not None and private.deliberation is not None:
        blocks += _debate(private.deliberation)
    blocks.append(_padded(Text(_cut(statement.text or f"no statement: {statement.problem}"))))
    if statement.fields:
        pairs = ((field.replace("_", " "), format_value(value)) for field, value in statement.fields.items())
        for line in wrap(_cut(" · ".join(f"{field} {value}" for field, value in pairs)), COLUMNS - 8):
            blocks.append(_padded(Text.assemble(("│ ", colour), line)))
    if private is not None and private.memo:
        blocks.append(_padded(Text.assemble(("memo to itself  ", f"bold {PRIVATE}"), (_cut(private.memo), PRIVATE))))
    return [*blocks, Text()]


def _debate(talk: Deliberation) -> list[Text | Padding]:
    blocks: list[Text | Padding] = [
        _padded(Text.assemble(("private debate  ", f"bold {PRIVATE}"), (_cut(talk.motion), PRIVATE)))
    ]
    for line in talk.lines[:LINES]:
        stance = f"  → {line.position}" if line.position else ""
        speaker = (f"{line.speaker}  ", f"bold {PRIVATE}")
        blocks.append(_padded(Text.assemble(speaker, (_cut(line.text), PRIVATE), (stance, f"italic {PRIVATE}")), 4))
    if len(talk.lines) > LINES:
        blocks.append(_padded(Text(f"… {len(talk.lines) - LINES} more lines", PRIVATE), 4))
    if talk.decision is not None:
        votes = ", ".join(f"{name} {vote}" for name, vote in talk.decision.votes.items())
        decision = Text.assemble(
            ("decided  ", f"bold {PRIVATE}"), (talk.decision.position, f"bold {PRIVATE}"), (f"  ({votes})", PRIVATE)
        )
        blocks.append(_padded(decision, 4))
    return blocks


def _padded(text: Text, left: int = 2) -> Padding:
    return Padding(text, (0, 1, 0, left))


def _cut(text: str) -> str:
    return shorten(plain(text), LETTERS, placeholder=" …")


PICTURES = {"graph.svg": graph, "turns.svg": turns}


def main() -> int:
    """Draw the pictures, or look whether they are as they would be drawn."""
    stale = []
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        path, picture = FOLDER / name, draw()
        if not path.exists() or path.read_text(encoding="utf-8") != picture:
            stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(picture, encoding="utf-8")
    if "--check" in sys.argv and stale:
        sys.stderr.write(f"Out of date: {', '.join(stale)}; run: uv run python -m docs.make_pictures\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
