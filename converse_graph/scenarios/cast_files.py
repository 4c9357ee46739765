"""Reads parties and their people from files that anyone can edit: `prompts/cast/<who>.yaml`."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from converse_graph.errors import InvalidValue, UnknownName
from converse_graph.resources import folders
from converse_graph.scenarios.cast import Organisation, Persona


def cast_member(who: str) -> tuple[Organisation, tuple[Persona, ...]]:
    """A party and its people.

    Args:
        who: The name of a file in `prompts/cast`, without its ending, such as "openai".

    Returns:
        The organisation, without fields and deliberation, and its personas; the first is in the chair.

    Raises:
        UnknownName: There is no such file.
        InvalidValue: The file is not what a cast file may be.
    """
    path = _locate(who)
    written = read_table(path, "name, brief and people")
    people = written.pop("people", [])
    try:
        return Organisation(**written), tuple(Persona(**person) for person in people)
    except (InvalidValue, TypeError) as error:
        raise InvalidValue(f"{path}: {error}") from None


def _locate(who: str) -> Path:
    places = [folder / "cast" for folder in folders("prompts")]
    for place in places:
        if (path := place / f"{who}.yaml").is_file():
            return path
    raise UnknownName.among("cast file", who, sorted({path.stem for place in places for path in place.glob("*.yaml")}))


def read_table(path: Path, of: str) -> dict[str, Any]:
    """The table that a YAML file holds.

    Args:
        path: The file.
        of: What it must hold, for the error.

    Raises:
        InvalidValue: It is no YAML, or holds something else.
    """
    try:
        written = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise InvalidValue(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(written, dict):
        raise InvalidValue(f"{path}: such a file is a table with {of}.")
    return written
