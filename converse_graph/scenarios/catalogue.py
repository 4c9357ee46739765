"""Finds scenario functions: by name in the folders of scenarios, or in a Python or YAML file that is named."""

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.resources import search_path
from converse_graph.scenarios.direct_question import ask_directly
from converse_graph.scenarios.references import SUFFIXES, direct_rounds, split_direct, split_reference
from converse_graph.scenarios.scenario_functions import ScenarioFunction
from converse_graph.scenarios.yaml_files import no_file, scenario_file

_MODULES = "converse_scenarios_"
"""What the names of modules begin with that are loaded from scenario files."""


def find_scenario(reference: str) -> ScenarioFunction:
    """The scenario function that a reference names.

    Args:
        reference: A name that `catalogue` knows ("-" and "_" are the same), `file.py` when the file holds one
            scenario, `file.py:function`, `file.yaml`, or `file.yaml:preset`; of any of these, after `direct:`, the
            direct question (`direct-8:` where it is played for 8 rounds).

    Raises:
        NotFound: There is none of that name.
        InvalidValue: The file cannot be loaded, or holds several and none was named.
    """
    prefix, own = split_direct(reference)
    if prefix:
        return ask_directly(find_scenario(own), direct_rounds(reference))
    path, name = split_reference(reference)
    if path:
        return _find_in_file(Path(path), name)
    scenarios = catalogue()
    function = scenarios.get(reference.replace("_", "-"))
    if function is None:
        raise NotFound.among("scenario", reference, scenarios, hint=_hint(reference))
    return function


def _hint(reference: str) -> str:
    """How a file is named: the very one that was meant, where it lies here."""
    for path in (Path(f"{reference}{suffix}") for suffix in (".py", *SUFFIXES)):
        if path.is_file():
            return f"There is a file {path.name} here; name it as {path}."
    return "A file is named file.py, file.py:function or file.yaml."


def catalogue() -> dict[str, ScenarioFunction]:
    """All scenarios to be had by name, in alphabetical order; one in the working directory's `graphs` goes first."""
    functions: dict[str, ScenarioFunction] = {}
    for folder in search_path("graphs"):
        for path in sorted(path for path in folder.glob("*") if path.suffix in (".py", *SUFFIXES)):
            for name, function in _load(path).items():
                functions.setdefault(name, function)
    return dict(sorted(functions.items()))


def neighbours(reference: str) -> dict[str, ScenarioFunction]:
    """The scenarios that stand with one: those of its file, or all that are to be had by name.

    Args:
        reference: As `find_scenario` takes it.

    Raises:
        NotFound: There is no such file.
        InvalidValue: A file cannot be loaded.
    """
    path, _ = split_reference(reference)
    return _load(Path(path)) if path else catalogue()


def reference_to(function: ScenarioFunction) -> str:
    """The reference by which a scenario function that was found here is found again, from any working directory.

    Args:
        function: As `find_scenario` or `catalogue` gave it.

    Returns:
        Its name where it is in a folder of scenarios, else its file and name; nothing for one that was made elsewhere.
    """
    if function.reference:
        file, _ = split_reference(function.reference)
        return function.name if _is_in_folder(Path(file)) else function.reference
    module = sys.modules.get(function.function.__module__)
    if module is None or not module.__name__.startswith(_MODULES) or module.__file__ is None:
        return ""
    if not any(value is function for value in vars(module).values()):
        return ""
    path = Path(module.__file__).resolve()
    return function.name if _is_in_folder(path) else f"{path}:{function.name}"


def _is_in_folder(path: Path) -> bool:
    """Whether a file lies in a folder of scenarios."""
    return path.resolve().parent in [folder.resolve() for folder in search_path("graphs")]


def _find_in_file(path: Path, name: str) -> ScenarioFunction:
    functions = _load(path)
    if not name and (len(functions) == 1 or path.suffix in SUFFIXES):
        return next(iter(functions.values()))
    if not name:
        raise InvalidValue(f"{path} holds {', '.join(functions) or 'no scenario'}; name one as {path}:function.")
    function = functions.get(name.replace("_", "-"))
    if function is None:
        raise NotFound.among(f"scenario in {path}", name, functions)
    return function


class _UncachedLoader(SourceFileLoader):
    """Loads a file as it is now: an import takes an older compiled file for a text of the same second and length."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _load(path: Path) -> dict[str, ScenarioFunction]:
    """The scenarios that a file holds now."""
    if path.suffix in SUFFIXES:
        return scenario_file(path)
    return {value.name: value for value in vars(_module(path)).values() if isinstance(value, ScenarioFunction)}


def find_function(reference: str) -> Callable[..., Any]:
    """The Python function that a reference names, such as a policy.

    Args:
        reference: "file.py:function".

    Raises:
        NotFound: There is no such file, or no such function in it.
        InvalidValue: The reference names no Python file and function, or the file cannot be loaded.
    """
    path, name = split_reference(reference)
    if not path.endswith(".py") or not name:
        raise InvalidValue(f"{reference!r} names no function; write file.py:function.")
    module = _module(Path(path))
    functions = {key: value for key, value in vars(module).items() if isinstance(value, FunctionType)}
    if name not in functions:
        own = [key for key, value in functions.items() if value.__module__ == module.__name__]
        raise NotFound.among(f"function in {path}", name, own)
    return functions[name]


def _module(path: Path) -> ModuleType:
    """A Python file as a module: one that was changed is loaded anew, as is one that was loaded from elsewhere."""
    if not path.is_file():
        raise no_file(path)
    module_name = ""
    try:
        digest = hashlib.blake2b(str(path.resolve()).encode() + path.read_bytes(), digest_size=8).hexdigest()
        module_name = f"{_MODULES}{path.stem}_{digest}"
        module = sys.modules.get(module_name)
        if module is None:
            loader = _UncachedLoader(module_name, str(path))
            spec = ModuleSpec(module_name, loader, origin=str(path))
            spec.has_location = True
            module = sys.modules[module_name] = importlib.util.module_from_spec(spec)
            loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a file of somebody's own may raise anything
        sys.modules.pop(module_name, None)
        at = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = f" (line {at[-1]})" if at else ""
        raise InvalidValue(f"{path} cannot be loaded: {type(error).__name__}: {error}{where}") from error
    return module
