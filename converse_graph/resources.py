"""Where the scenarios and prompts that come with the package lie: in a checkout at its top, in a wheel inside."""

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent


def search_path(kind: Literal["graphs", "prompts"]) -> list[Path]:
    """Folders to look in, first come first served: the working directory's own, then what came with the package."""
    inside = _PACKAGE / "bundled" / kind
    own = inside if inside.is_dir() else _PACKAGE.parent / kind
    here = Path.cwd() / kind
    return [here, own] if here.is_dir() and here != own else [own]
