"""What a graph may be configured with: its model and its scenario's dials; a LangGraph server makes a form of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, with_config
from pydantic import Field as Bound
from typing_extensions import TypedDict  # before Python 3.12 pydantic makes a JSON Schema of no other

from converse_graph.errors import InvalidValue, NotFound, UsageError

if TYPE_CHECKING:
    from converse_graph.scenarios.dials import Dial

ModelField = Annotated[
    str | None,
    Bound(
        description="Who speaks: embedded, null, openai:NAME or PROVIDER:NAME; empty for the environment's.",
        json_schema_extra={"default": None},
    ),
]
Seed = Annotated[
    int,
    Bound(
        ge=0,
        description="Of chance: the order of a shuffled table, and the null model's replies.",
        json_schema_extra={"default": 0},
    ),
]


class GraphSettings(TypedDict, total=False):
    """What any scenario's graph may be configured with, unless it is given a context."""

    model: ModelField
    base_url: Annotated[str | None, Bound(description="Of an OpenAI-compatible server.")]
    seed: Seed


def settings_schema(dials: Iterable[Dial]) -> type[Any]:
    """What a served scenario may be configured with: its dials, model and seed.

    There is no `base_url` among them: whoever may call the server would have its key sent wherever they like.
    """
    marked = {
        dial.name: Annotated[
            dial.hint, Bound(description=dial.doc or None, json_schema_extra={"default": _plain(dial)})
        ]
        for dial in dials
    }
    made: type[Any] = TypedDict("Settings", {**marked, "model": ModelField, "seed": Seed}, total=False)  # type: ignore[misc]
    made.__doc__ = "Dials of the scenario, and which model speaks."
    return with_config(ConfigDict(arbitrary_types_allowed=True))(made)


def dials_in(configured: Mapping[str, Any], dials: Iterable[Dial], scenario: str) -> dict[str, Any]:
    """The settings of dials in the `configurable` of a runnable's configuration.

    Args:
        configured: With what LangGraph and its server put there beside them.
        dials: What may be set.
        scenario: Whose they are, for the message.

    Raises:
        NotFound: Somebody meant to set what is no dial.
    """
    known = [dial.name for dial in dials]
    for name in configured:
        if name not in (*known, "model", "seed") and not _is_the_servers(name):
            hint = "Set OPENAI_BASE_URL where the server runs." if name == "base_url" else ""
            raise NotFound.among(f"dial of {scenario}", name, [*known, "model", "seed"], hint=hint)
    return {name: configured[name] for name in known if name in configured}


def bad_request(error: UsageError) -> InvalidValue:
    """The same refusal as a `ValueError`, which a LangGraph server answers with its message and not with "500"."""
    return error if isinstance(error, InvalidValue) else InvalidValue(str(error))


def _plain(dial: Dial) -> Any:
    """A dial's default as JSON has it."""
    return dial.adapter.dump_python(dial.default, mode="json")


_OF_THE_SERVER = frozenset(
    {"thread_id", "run_id", "graph_id", "assistant_id", "user_id", "cron_id", "checkpoint", "checkpoint_id",
     "checkpoint_ns", "checkpoint_map"}
)  # fmt: skip


def _is_the_servers(name: str) -> bool:
    """Whether LangGraph put it there: ids, what begins with its marks, and headers, which are no identifiers."""
    return name in _OF_THE_SERVER or name.startswith(("__", "langgraph_")) or not name.isidentifier()
