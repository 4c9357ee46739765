"""Draws the pictures of the README, of a scenario and of `converse demo`: `uv run python -m docs.make_pictures`.

With `--check` nothing is written; it ends with 1 and the names of the pictures that are out of date.
"""

import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI

from converse_graph.cli.demo import SCENES, load_demo, scene_passages
from converse_graph.cli.demo_player import wrap_passage
from converse_graph.export.graph_svg import as_svg
from converse_graph.graph.wiring import wiring
from converse_graph.scenarios.catalogue import find_scenario

FOLDER = Path(__file__).resolve().parent / "pictures"

SCENARIO = "wage-talks"
"""Whose graph is drawn."""
COLUMNS = 92
"""Of the terminal that is drawn."""

PRIVATE = "#d7a3a3"
"""The colour of what no other party hears."""

_FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>Three turns of a run, in a terminal: private debates, then public statements</title>
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
    """Draw what `converse demo` shows as a terminal shows it, with what its speaker kept to itself."""
    record = load_demo()
    console = Console(file=StringIO(), record=True, width=COLUMNS, force_terminal=True, color_system="truecolor")
    for passages in scene_passages(record, SCENES, private=PRIVATE):
        for passage in passages:
            for line in wrap_passage(console, passage):
                console.print(line, soft_wrap=True)
    header = record.header
    title = f"{header.scenario} · {header.model}"
    return console.export_svg(title=title, theme=DIMMED_MONOKAI, code_format=_FRAME, unique_id="turns")


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
