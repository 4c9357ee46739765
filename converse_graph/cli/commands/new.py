"""`converse new`: a scenario file to begin from."""

import typer

from converse_graph.cli.options import NameArgument


def new(name: NameArgument) -> None:
    """Write a commented scenario file, to begin from.

    It runs at once. A file that is there already is left alone.

    Examples:
        converse new harbour
    """
    import keyword
    import re
    from pathlib import Path

    from converse_graph.errors import ConverseError, InvalidValue

    stem = name.removesuffix(".py")
    function = stem.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", stem) or keyword.iskeyword(function):
        raise InvalidValue(
            f"A scenario cannot be called {name!r}; a name is 1 to 40 of a-z, 0-9, _ and -, begins with a letter, "
            "and is no word of Python's own."
        )
    path = Path(f"{stem}.py")
    text = (Path(__file__).resolve().parent.parent / "new_scenario.txt").read_text(encoding="utf-8")
    text = text.replace("NAME_OF_FILE", path.name).replace("NAME_OF_FUNCTION", function)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidValue(f"There is a file {path} already; name another.") from None
    except OSError as error:
        raise ConverseError(f"{path} cannot be written: {error.strerror}.") from None
    typer.echo(f"Wrote {path}. Run it with: converse run {path}")
