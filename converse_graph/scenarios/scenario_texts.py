"""Reads what scenarios tell their parties from a file that anyone can edit: `prompts/scenarios/<name>.yaml`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.resources import search_path
from converse_graph.scenarios.strict_yaml import load_yaml


@dataclass(frozen=True, kw_only=True)
class ScenarioTexts:
    """Texts by the names under which they stand in their file."""

    path: Path
    """The file, for errors."""
    table: dict[str, Any]

    def text(self, *names: str) -> str:
        """The text under these names; it may be empty.

        Args:
            names: Keys of the file, the outermost first.

        Raises:
            InvalidValue: There is none.
        """
        value = self._at(names)
        if not isinstance(value, str):
            raise InvalidValue(f"{self.path}: {'.'.join(names)} is {_called(value)}; write a text there.")
        return value

    def texts(self, *names: str) -> tuple[str, ...]:
        """The list of texts under these names.

        Args:
            names: Keys of the file, the outermost first.

        Raises:
            InvalidValue: There is none.
        """
        value = self._at(names)
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise InvalidValue(f"{self.path}: {'.'.join(names)} is {_called(value)}; write a list of texts there.")
        return tuple(value)

    def in_words(self, name: str) -> "ScenarioTexts":
        """The same texts, with those that stand under a name in place of theirs, each at its own place.

        Args:
            name: Of a table at the top of the file, with a text or list for each that is worded otherwise.

        Raises:
            InvalidValue: There is no such table, or it has a text that there is none of to stand in place of.
        """
        other_words = self._at((name,))
        if not isinstance(other_words, dict):
            raise InvalidValue(f"{self.path}: {name} is {_called(other_words)}; write a table there.")
        return replace(self, table=_reworded(self.table, other_words, f"{self.path}: {name}"))

    def _at(self, names: tuple[str, ...]) -> Any:
        value: Any = self.table
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value


def scenario_texts(name: str) -> ScenarioTexts:
    """The texts of a family of scenarios.

    Args:
        name: Of a file in `prompts/scenarios`, without its ending, such as "ai-futures".

    Raises:
        NotFound: There is no such file.
        InvalidValue: It holds no table.
    """
    places = [folder / "scenarios" for folder in search_path("prompts")]
    for place in places:
        if (path := place / f"{name}.yaml").is_file():
            return ScenarioTexts(path=path, table=load_yaml(path).values)
    names = sorted({path.stem for place in places for path in place.glob("*.yaml")})
    raise NotFound.among("file of texts", name, names)


def _reworded(table: dict[str, Any], other_words: dict[str, Any], where: str) -> dict[str, Any]:
    values = dict(table)
    for name, words in other_words.items():
        usual = table.get(name)
        if type(usual) is not type(words):
            raise InvalidValue(f"{where}.{name} is {_called(words)}, and the usual words are {_called(usual)}.")
        values[name] = words
        if isinstance(usual, dict) and isinstance(words, dict):
            values[name] = _reworded(usual, words, f"{where}.{name}")
    return values


def _called(value: Any) -> str:
    match value:
        case None:
            return "missing"
        case bool():
            return f"read as {str(value).lower()} (put it in quotes)"
        case dict():
            return "a table"
        case list():
            return "a list of something else than texts"
    return repr(value)
