"""Run the notebook `tour.ipynb` from top to bottom, and keep it with what it shows.

python docs/make_tour.py [FILE]    the outputs go into the notebook itself, or into a copy
"""

import sys
from pathlib import Path
from typing import Any

import nbclient
import nbformat

NOTEBOOK = Path(__file__).with_name("tour.ipynb")
_NAMES_A_FOLDER = "file"
"""The cell that says where it wrote: in a folder with another name each time."""


def main(target: Path) -> None:
    """Run it in a kernel of its own, in the working directory.

    Args:
        target: Where the notebook with its outputs is written.
    """
    files: Any = nbformat  # its functions have no types
    notebook = files.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3").execute(cwd=".")
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when each began and ended
        if cell.id == _NAMES_A_FOLDER:
            cell.outputs = []
    files.write(notebook, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else NOTEBOOK)
