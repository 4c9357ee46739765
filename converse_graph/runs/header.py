"""What a run was, as its header says it from the first moment, and the scenario that is made anew from that."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from typing import Any

from converse_graph.errors import InvalidValue
from converse_graph.models.base import Model
from converse_graph.models.embeddings import Embedder
from converse_graph.models.references import reference_key
from converse_graph.models.registry import ModelRegistry
from converse_graph.models.settings import LearntWindow
from converse_graph.prompting.templates import Prompts
from converse_graph.record.transcript import Party, PromptedModel
from converse_graph.scenarios.cast import Organisation, personas
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.scenarios.model_settings import Options
from converse_graph.scenarios.references import without_folder
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_settings import SpeakerSettings
from converse_graph.store import Run
from converse_graph.turn.recall import embedders_for

_LIBRARIES = (
    "converse-graph",
    "langgraph",
    "langgraph-checkpoint",
    "langchain-core",
    "langchain-openai",
)


def build_header(
    scenario: Scenario,
    chats: ModelRegistry,
    prompts: Prompts,
    *,
    source: str,
    digest: str,
    options: Options,
    settings: SpeakerSettings,
) -> dict[str, Any]:
    """What follows from what is played, and by whom.

    Args:
        scenario: What is played.
        chats: The models.
        prompts: The templates.
        source: How to find the scenario function again; of a path the name of the file alone is put on record.
        digest: Of scenario and prompts together.
        options: Settings of models that were given with the run, by path.
        settings: Of each speaker's model, these and the scenario's together.

    Returns:
        Fields of `Header`, but for those of this one run: its name, date, seed, horizon and parent.

    Raises:
        UsageError: A model or an embedder is not to be had.
    """
    embedders_for(scenario, chats)
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "model": chats.default_name,
        "order": scenario.order,
        "cast": tuple(_party(party, chats) for party in scenario.organisations),
        "dials": scenario.dials,
        "models": _models(scenario, chats),
        "options": dict(options),
        "settings": settings.different(),
        "source": without_folder(source),
        "digest": digest,
        "standing": scenario.running_lists,
        "versions": _versions(),
        "prompts": prompts.digest,
        "rubric": scenario.rubric,
        "motion": scenario.motion,
        "events": scenario.dated_events,
        "awaited": scenario.awaited_events,
        "world": scenario.world,
    }


def model_references(scenario: Scenario) -> list[Any]:
    """Every reference to a model in a scenario, once; None for the run's own.

    Args:
        scenario: With its parties, their people, and its memory.
    """
    references_by_use = {
        None: None,
        **{reference_key(party.model): party.model for party in scenario.organisations if party.graph is None},
    }
    for party in scenario.organisations:
        references_by_use |= {reference_key(persona.model): persona.model for _, persona in personas(party)}
    references_by_use |= {reference_key(scenario.memory.model): scenario.memory.model}
    if scenario.order == "moderated":
        references_by_use |= {reference_key(scenario.moderator_model): scenario.moderator_model}
    return list(references_by_use.values())


def models_and_embedders(scenario: Scenario, chats: ModelRegistry) -> list[Model | Embedder]:
    """Every model and every embedder that a run may ask.

    Args:
        scenario: What is played.
        chats: The models.
    """
    return [
        *(chat for reference in model_references(scenario) for chat in chats.all_of(reference)),
        *embedders_for(scenario, chats),
    ]


@lru_cache(1)
def _versions() -> dict[str, str]:
    """Of the libraries that a run depends on; they are looked up in files, which takes longer than all else here."""
    return {library: version(library) for library in _LIBRARIES}


def _party(party: Organisation, chats: ModelRegistry) -> Party:
    deliberation = party.deliberation.kind if party.deliberation else "none"
    own = {
        path: _reference_name(persona.model, chats) for path, persona in personas(party) if persona.model is not None
    }
    model = None if party.model is None else _reference_name(party.model, chats)
    return Party(name=party.name, kind=party.kind, deliberation=deliberation, model=model, persona_models=own)


def _reference_name(reference: Any, chats: ModelRegistry) -> str:
    """A model by the name that it answers under, which is also its name among the models of the header."""
    return reference if isinstance(reference, str) else chats.name_of(reference)


def _models(scenario: Scenario, chats: ModelRegistry) -> dict[str, PromptedModel]:
    """Every model that the run may ask, by its name."""
    models = [chat for reference in model_references(scenario) for chat in chats.all_of(reference)]
    return {chat.model: _prompted(chat, chats) for chat in models}


def _prompted(chat: Model, chats: ModelRegistry) -> PromptedModel:
    learnt = chats.learnt.get(chat.model, LearntWindow())
    return PromptedModel(
        profile=chat.profile, window=chat.window, shown_window=learnt.reported, safe_window=learnt.safe
    )


def check_playable(run: Run) -> None:
    """Refuse to go on with a run that can only be read.

    Args:
        run: Any run.

    Raises:
        InvalidValue: It was imported, or packed without its private parts.
    """
    if run.header.imported:
        raise InvalidValue(
            f"Run {run.name!r} was imported from {run.header.imported.file}: nobody plays it on; show, judge, measure "
            "or compare it."
        )
    if run.header.public_only:
        raise InvalidValue(
            f"Run {run.name!r} was packed without its private parts: nobody plays it on here; show, judge, measure or "
            "compare it, or have it packed with --private."
        )


def rebuild_scenario(run: Run, **dials: Any) -> Scenario:
    """The scenario of a run, made anew by its scenario function.

    Args:
        run: Whose scenario.
        dials: Those that are set otherwise.

    Raises:
        InvalidValue: It was made in Python, or cannot be made with these dials.
        NotFound: The scenario function is gone, or has no such dial.
    """
    check_playable(run)
    if not run.scenario:
        raise InvalidValue(f"Run {run.name!r} was begun in Python with a scenario of its own; reopen it there.")
    return find_scenario(run.scenario)(**{**run.header.dials, **dials})
