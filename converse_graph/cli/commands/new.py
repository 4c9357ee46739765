"""`converse new`: a scenario file to begin from."""

from pathlib import Path

import typer

from converse_graph.cli.options import Dials, NameArgument, ScenarioToCopy

TEMPLATES = {".py": "new_scenario.txt", ".yaml": "new_scenario.yaml", ".yml": "new_scenario.yaml"}
"""What a file of each ending begins as."""


def new(name: NameArgument, scenario: ScenarioToCopy = None, dials: Dials = None) -> None:
    """Write a scenario file, to begin from.

    NAME or NAME.py is Python, NAME.yaml takes no programming. Either is commented and runs at once. With --from,
    NAME.yaml holds that scenario, with its dials as they are set; one that holds code is refused, and the part named. A
    file that is there already is left alone.

    Examples:
        converse new harbour
        converse new fishing.yaml
        converse new quiet.yaml --from wage-talks --set inflation=0.02
    """
    from converse_graph.errors import ConverseError, InvalidValue

    path = _checked_path(name)
    if scenario is not None:
        text = _copy(scenario, dials or (), path)
    elif dials:
        raise InvalidValue("--set sets a dial of the scenario that --from names; add --from SCENARIO.")
    else:
        text = _template(path)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidValue(f"There is a file {path} already; name another.") from None
    except OSError as error:
        raise ConverseError(f"{path} cannot be written: {error.strerror}.") from None
    typer.echo(f"Wrote {path}. Run it with: converse run {path}")


def _checked_path(name: str) -> Path:
    """The file that a scenario of this name stands in.

    Raises:
        InvalidValue: A scenario cannot be called so.
    """
    import keyword
    import re

    from converse_graph.errors import InvalidValue

    path = Path(name if name.endswith(tuple(TEMPLATES)) else f"{name}.py")
    is_python = path.suffix == ".py"
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name.removesuffix(path.suffix)) or (
        is_python and keyword.iskeyword(_function_name(path))
    ):
        of_python = ", and is no word of Python's own" if is_python else ""
        raise InvalidValue(
            f"A scenario cannot be called {name!r}; a name is 1 to 40 of a-z, 0-9, _ and -, begins with a letter"
            f"{of_python}; NAME.yaml or NAME.py says which kind of file."
        )
    return path


def _function_name(path: Path) -> str:
    return path.stem.replace("-", "_")


def _template(path: Path) -> str:
    text = (Path(__file__).resolve().parent.parent / TEMPLATES[path.suffix]).read_text(encoding="utf-8")
    function = _function_name(path)
    for placeholder, value in (
        ("NAME_OF_FILE", path.name), ("NAME_OF_FUNCTION", function), ("NAME_OF_SCENARIO", function.replace("_", "-")),
    ):  # fmt: skip
        text = text.replace(placeholder, value)
    return text


def _copy(scenario: str, dials: list[str] | tuple[()], path: Path) -> str:
    from converse_graph.cli.option_values import read_settings
    from converse_graph.errors import InvalidValue
    from converse_graph.scenarios.catalogue import find_scenario
    from converse_graph.scenarios.yaml_files import write_scenario

    if path.suffix == ".py":
        raise InvalidValue(f"--from writes YAML, and {path} is Python; name it {path.stem}.yaml.")
    function = find_scenario(scenario)
    return write_scenario(function(**read_settings(function, dials)))
