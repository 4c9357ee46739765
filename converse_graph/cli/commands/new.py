"""`converse new`: a scenario file to begin from."""

import keyword
import re
from pathlib import Path

import typer

from converse_graph.errors import ConverseError, InvalidValue

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_TEMPLATE = Path(__file__).resolve().parent.parent / "new_scenario.txt"


def command(*, name: str) -> None:
    """Write NAME.py into the working directory; a file that is there already is left alone."""
    stem = name.removesuffix(".py")
    function = stem.replace("-", "_")
    if not _NAME.fullmatch(stem) or keyword.iskeyword(function):
        raise InvalidValue(
            f"A scenario cannot be called {name!r}; a name is 1 to 40 of a-z, 0-9, _ and -, begins with a letter, "
            "and is no word of Python's own."
        )
    path = Path(f"{stem}.py")
    text = _TEMPLATE.read_text(encoding="utf-8")
    text = text.replace("NAME_OF_FILE", path.name).replace("NAME_OF_FUNCTION", function)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidValue(f"There is a file {path} already; name another.") from None
    except OSError as error:
        raise ConverseError(f"{path} cannot be written: {error.strerror}.") from None
    typer.echo(f"Wrote {path}. Run it with: converse run {path}")
