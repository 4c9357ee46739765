"""What a graph may be configured with: its model and its scenario's dials; a LangGraph server makes a form of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, with_config
from pydantic import Field as Bound
from typing_extensions import TypedDict  # before Python 3.12 pydantic makes a JSON Schema of no other

from converse_graph.errors import InvalidValue, NotFound, UsageError
from converse_graph.scenarios.dials import Dial
from converse_graph.scenarios.model_settings import ModelSettings, Thinking

ModelField = Annotated[
    str | None,
    Bound(
        description="Who speaks: embedded, null, openai:NAME or PROVIDER:NAME; empty for the environment's.",
        json_schema_extra={"default": None},
    ),
]
HumanField = Annotated[
    str | None,
    Bound(
        description="Who is played by a person: the path of a party or persona, several with semicolons between them.",
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


_MODEL_SETTINGS = {f"model_{name}": name for name in ("temperature", "top_p", "max_tokens", "thinking")}
"""Settings of the model that a form offers; further fields of requests, and its window, are for who runs the server."""
_EXPLAINED = {
    "temperature": "How freely words are drawn: 0 takes the likeliest, most servers allow 2; empty for the default.",
    "top_p": "The share of likely words that are drawn from, 1 for all; empty for the default.",
    "max_tokens": "Tokens of a reply at most, thoughts included; empty for what each kind of call needs.",
    "thinking": "How much the model thinks before it writes; empty for its provider's way.",
}


def _model_fields() -> dict[str, Any]:
    return {
        name: Annotated[
            ModelSettings.model_fields[setting].rebuild_annotation(),
            Bound(description=_EXPLAINED[setting], json_schema_extra={"default": None}),
        ]
        for name, setting in _MODEL_SETTINGS.items()
    }


class GraphSettings(TypedDict, total=False):
    """What any scenario's graph may be configured with, unless it is given a context."""

    model: ModelField
    human: HumanField
    model_temperature: float | None
    model_top_p: float | None
    model_max_tokens: int | None
    model_thinking: Thinking | None
    base_url: Annotated[str | None, Bound(description="Of an OpenAI-compatible server.")]
    seed: Seed


def settings_schema(dials: Iterable[Dial]) -> type[Any]:
    """What a served scenario may be configured with: its dials, its model and that one's settings, persons, the seed.

    There is no `base_url` among them: whoever may call the server would have its key sent wherever they like.
    """
    annotations = {
        dial.name: Annotated[
            dial.hint, Bound(description=dial.doc or None, json_schema_extra={"default": _plain(dial)})
        ]
        for dial in dials
    }
    fields = {**annotations, "model": ModelField, "human": HumanField, **_model_fields(), "seed": Seed}
    shape: type[Any] = TypedDict("Settings", fields, total=False)  # type: ignore[misc]  # its fields come at run time
    shape.__doc__ = "Dials of the scenario, and which model speaks."
    return with_config(ConfigDict(arbitrary_types_allowed=True))(shape)


def dials_in(settings: Mapping[str, Any], dials: Iterable[Dial], scenario: str) -> dict[str, Any]:
    """The settings of dials in the `configurable` of a runnable's configuration.

    Args:
        settings: With what LangGraph and its server put there beside them.
        dials: What may be set.
        scenario: Whose they are, for the message.

    Raises:
        NotFound: Somebody meant to set what is no dial.
        InvalidValue: A setting of the model is none.
    """
    dial_names, own = [dial.name for dial in dials], ("model", "human", *_MODEL_SETTINGS, "seed")
    for name in settings:
        if name not in (*dial_names, *own) and not _is_the_servers(name):
            hint = "Set OPENAI_BASE_URL where the server runs." if name == "base_url" else ""
            raise NotFound.among(f"dial of {scenario}", name, [*dial_names, *own], hint=hint)
    model_settings_in({name: value for name, value in settings.items() if name not in dial_names})
    return {name: settings[name] for name in dial_names if name in settings}


def model_settings_in(settings: Mapping[str, Any]) -> ModelSettings:
    """The settings of the run's models in the `configurable` of a runnable's configuration.

    Args:
        settings: With all else that stands there.

    Raises:
        InvalidValue: A model has no such setting.
    """
    values = {setting: settings.get(name) for name, setting in _MODEL_SETTINGS.items()}
    return ModelSettings(**{setting: value for setting, value in values.items() if value not in (None, "")})


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
