"""`converse new`: a scenario file to begin from."""

import typer

from converse_graph.cli.options import NameArgument

TEMPLATES = {".py": "new_scenario.txt", ".yaml": "new_scenario.yaml", ".yml": "new_scenario.yaml"}
"""What a file of each ending begins as."""


def new(name: NameArgument) -> None:
    """Write a commented scenario file, to begin from.

    NAME or NAME.py is Python, NAME.yaml takes no programming. Either runs at once. A file that is there already is
    left alone.

    Examples:
        converse new harbour
        converse new fishing.yaml
    """
    import keyword
    import re
    from pathlib import Path

    from converse_graph.errors import ConverseError, InvalidValue

    path = Path(name if name.endswith(tuple(TEMPLATES)) else f"{name}.py")
    is_python = path.suffix == ".py"
    function = path.stem.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name.removesuffix(path.suffix)) or (
        is_python and keyword.iskeyword(function)
    ):
        of_python = ", and is no word of Python's own" if is_python else ""
        raise InvalidValue(
            f"A scenario cannot be called {name!r}; a name is 1 to 40 of a-z, 0-9, _ and -, begins with a letter"
            f"{of_python}; NAME.yaml or NAME.py says which kind of file."
        )
    text = (Path(__file__).resolve().parent.parent / TEMPLATES[path.suffix]).read_text(encoding="utf-8")
    for placeholder, value in (
        ("NAME_OF_FILE", path.name), ("NAME_OF_FUNCTION", function), ("NAME_OF_SCENARIO", function.replace("_", "-")),
    ):  # fmt: skip
        text = text.replace(placeholder, value)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidValue(f"There is a file {path} already; name another.") from None
    except OSError as error:
        raise ConverseError(f"{path} cannot be written: {error.strerror}.") from None
    typer.echo(f"Wrote {path}. Run it with: converse run {path}")
