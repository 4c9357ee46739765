"""A sweep as a YAML file: what is varied, how often, by which model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field as Bound
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from converse_graph.ensembles.design import Kind
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.scenarios.validation_errors import explain
from converse_graph.scenarios.value import FrozenModel


class SweepPlan(FrozenModel):
    """What a file says of a sweep; what it leaves out is as on the command line."""

    scenario: str | None = None
    """A name, or a file, found from the working directory."""
    vary: dict[str, tuple[Any, ...]] = Bound(default_factory=dict)
    """The values of each dial that is varied."""
    set: dict[str, Any] = Bound(default_factory=dict)
    """Settings of other dials, the same in all arms."""
    seeds: Annotated[int, Bound(ge=1, le=1_000_000)] = 10
    """Replicates of each arm."""
    design: Kind = "factorial"
    """How the settings are combined to arms."""
    samples: Annotated[int, Bound(ge=1, le=10_000)] | None = None
    """Arms of a Latin hypercube, or paths of Morris's design."""
    name: str | None = None
    """Of the ensemble."""
    model: str | None = None
    base_url: str | None = None
    until: int | None = None
    rounds: Annotated[int, Bound(ge=1)] | None = None
    baseline: bool = True
    """Whether each arm is played by chance too, and the model asked directly, once an arm, what comes of it."""
    paraphrase: bool = False
    """Whether the first arm is played in other words too."""
    parent: str | None = None
    """The run that all are forked from."""
    at: str | None = None
    """The first turn that is each fork's own."""


def read_plan(path: Path) -> SweepPlan:
    """Read a sweep from a file.

    Args:
        path: A YAML file.

    Raises:
        NotFound: There is no such file.
        InvalidValue: It says something else.
    """
    try:
        values = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        return SweepPlan.model_validate(values or {})
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}; a plan is YAML with scenario, vary and seeds.") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise InvalidValue(f"{path} is no YAML: {' '.join(str(error).split())[:200]}") from None
    except ValidationError as error:
        raise InvalidValue(f"{path}: {explain(error)}") from None
