"""Reads parties and their people from files that anyone can edit: `prompts/cast/<who>.yaml`."""

from pathlib import Path

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.resources import search_path
from converse_graph.scenarios.cast import Organisation, Persona
from converse_graph.scenarios.strict_yaml import build, in_file, load_yaml


def cast_member(who: str) -> tuple[Organisation, tuple[Persona, ...]]:
    """A party and its people.

    Args:
        who: The name of a file in `prompts/cast`, without its ending, such as "openai".

    Returns:
        The organisation, without fields and deliberation, and its personas; the first is in the chair.

    Raises:
        NotFound: There is no such file.
        InvalidValue: The file is not what a cast file may be.
    """
    path = _locate(who)
    tree = load_yaml(path)
    people = tree.values.get("people", [])
    try:
        if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
            raise InvalidValue(f"line {tree.line_of(['people'])}: people is a list of tables, one a persona.")
        party = {name: value for name, value in tree.values.items() if name != "people"}
        return build(Organisation, party, tree, ()), tuple(
            build(Persona, person, tree, ("people", number)) for number, person in enumerate(people)
        )
    except InvalidValue as error:
        raise in_file(path, error) from None


def _locate(who: str) -> Path:
    places = [folder / "cast" for folder in search_path("prompts")]
    for place in places:
        if (path := place / f"{who}.yaml").is_file():
            return path
    raise NotFound.among("cast file", who, sorted({path.stem for place in places for path in place.glob("*.yaml")}))
