"""One table on the screen and the same figures as JSON."""

import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def show(title: str, rows: Sequence[Mapping[str, Any]], *, out: Path | None) -> None:
    """Print a table of rows that have the same columns, and write it as JSON where that is asked for."""
    columns = list(rows[0])
    cells = [columns, *[[_cell(row[column]) for column in columns] for row in rows]]
    widths = [max(len(line[number]) for line in cells) for number in range(len(columns))]
    print(f"\n{title}\n")
    for number, line in enumerate(cells):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    if out is not None:
        machine = {"processor": platform.machine(), "system": platform.system(), "python": platform.python_version()}
        out.write_text(json.dumps({"title": title, "machine": machine, "rows": list(rows)}, indent=1) + "\n")


def _cell(value: Any) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
