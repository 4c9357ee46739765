"""How a scenario is named: by itself, by its file, or by its file and a name within that; and its direct question."""

import re
from pathlib import Path

SUFFIXES = (".yaml", ".yml")
"""How the name of a scenario file ends."""

_DIRECT = re.compile(r"direct(?:-(?P<rounds>[1-9]\d{0,6}))?:(?P<scenario>.+)", re.DOTALL)


def direct_reference(reference: str, rounds: int | None) -> str:
    """Name the direct question of a scenario: "direct:wage-talks", or "direct-8:wage-talks" of 8 rounds of it.

    Args:
        reference: To the scenario.
        rounds: How many rounds it is played for; None for as many as its clock has.
    """
    return f"direct{'' if rounds is None else f'-{rounds}'}:{reference}"


def split_direct(reference: str) -> tuple[str, str]:
    """Part a reference into what makes it a direct question, empty for any other, and the scenario's own.

    Args:
        reference: As `find_scenario` takes it.
    """
    match = _DIRECT.fullmatch(reference)
    return ("", reference) if match is None else (reference[: match.start("scenario")], match["scenario"])


def direct_rounds(reference: str) -> int | None:
    """Return for how many rounds the scenario of a direct question is played; None for as many as its clock has.

    Args:
        reference: As `direct_reference` gives it.
    """
    match = _DIRECT.fullmatch(reference)
    return int(match["rounds"]) if match and match["rounds"] else None


def without_folder(reference: str) -> str:
    """Return a reference as others may read it: of a file its name alone.

    Args:
        reference: As `find_scenario` takes it.
    """
    prefix, own = split_direct(reference)
    path, name = split_reference(own)
    return f"{prefix}{Path(path).name}{name and ':'}{name}" if path else reference


def absolute_reference(reference: str) -> str:
    """The same reference, such that it finds its scenario from any working directory."""
    prefix, own = split_direct(reference)
    path, name = split_reference(own)
    return f"{prefix}{Path(path).resolve()}{name and ':'}{name}" if path else reference


def moved_reference(reference: str, folder: Path) -> str:
    """The same reference where its file now lies, if the folder that it lay in was moved, renamed or copied.

    Args:
        reference: As `absolute_reference` gave it.
        folder: Where to look, at the same place below: the folder of the project as it is now.

    Returns:
        The reference itself where its file is there, and where nothing like it is found.
    """
    prefix, own = split_direct(reference)
    path, name = split_reference(own)
    parts = Path(path).parts[1:]
    if not path or Path(path).exists():
        return reference
    below = (folder.joinpath(*parts[number:]) for number in range(len(parts)))
    file = next((candidate for candidate in below if candidate.is_file()), None)
    return reference if file is None else f"{prefix}{file.resolve()}{name and ':'}{name}"


def split_reference(reference: str) -> tuple[str, str]:
    """Return the file that a reference names and the name within it; both empty for one that names no file.

    Args:
        reference: As a user wrote it.
    """
    if reference.endswith(SUFFIXES):
        return reference, ""
    path, _, name = reference.partition(":")
    if path.endswith(".py"):
        return path, name
    path, _, name = reference.rpartition(":")
    return (path, name) if path.endswith(SUFFIXES) else ("", "")
