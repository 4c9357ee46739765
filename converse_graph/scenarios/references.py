"""How a scenario is named: by itself, by its file, or by its file and a name within that."""

from pathlib import Path

SUFFIXES = (".yaml", ".yml")
"""How the name of a scenario file ends."""


def absolute_reference(reference: str) -> str:
    """The same reference, such that it finds its scenario from any working directory."""
    path, name = split_reference(reference)
    return f"{Path(path).resolve()}{name and ':'}{name}" if path else reference


def moved_reference(reference: str, folder: Path) -> str:
    """The same reference where its file now lies, if the folder that it lay in was moved, renamed or copied.

    Args:
        reference: As `absolute_reference` gave it.
        folder: Where to look, at the same place below: the folder of the project as it is now.

    Returns:
        The reference itself where its file is there, and where nothing like it is found.
    """
    path, name = split_reference(reference)
    parts = Path(path).parts[1:]
    if not path or Path(path).exists():
        return reference
    below = (folder.joinpath(*parts[number:]) for number in range(len(parts)))
    file = next((candidate for candidate in below if candidate.is_file()), None)
    return reference if file is None else f"{file.resolve()}{name and ':'}{name}"


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
