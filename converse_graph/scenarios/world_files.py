"""Reads a world that several scenarios share from a file: `graphs/worlds/<name>.yaml`."""

from functools import lru_cache
from pathlib import Path

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.resources import search_path
from converse_graph.scenarios.strict_yaml import build, load_yaml
from converse_graph.scenarios.world import World


def load_world(name: str) -> World:
    """Read the world of a file, by the name of the file.

    Args:
        name: Of a file in `graphs/worlds`, without its ending, such as "ai".

    Raises:
        NotFound: There is none.
        InvalidValue: The file does not hold a world.
    """
    places = [folder / "worlds" for folder in search_path("graphs")]
    for place in places:
        path = place / f"{name}.yaml"
        if path.is_file():
            return _read(path, path.stat().st_mtime_ns)
    world_names = sorted({path.stem for place in places for path in place.glob("*.yaml")})
    raise NotFound.among("world", name, world_names)


@lru_cache(maxsize=32)
def _read(path: Path, modified_at: int) -> World:  # noqa: ARG001 - a file that was changed is read anew
    tree = load_yaml(path)
    try:
        world: World = build(World, tree.values, tree, ())
    except InvalidValue as error:
        raise InvalidValue(f"{path}: {error}") from None
    return world
