"""Which settings each speaker's model has: those of its scenario, its organisation, itself, then what a call gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from converse_graph.scenarios.cast import Organisation, Persona
from converse_graph.scenarios.model_settings import EVERYBODY, UNSET, ModelSettings, Options, require_paths
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_paths import find_name


@dataclass(frozen=True, kw_only=True)
class SpeakerSettings:
    """The settings of every speaker of a run."""

    everybody: ModelSettings = UNSET
    """Of the run's own model: of the supervisor, of summaries, of judges, and what speakers begin with."""
    by_path: Mapping[str, ModelSettings] = field(default_factory=dict)
    """Of each party and persona by its path, such as "OpenAI/CEO", whole."""

    def of(self, path: str) -> ModelSettings:
        """The settings of a speaker; everybody's for one that is no party or persona, such as a judge.

        Args:
            path: As questions name who is asked.
        """
        return self.by_path.get(path, self.everybody)

    def merged(self, over: ModelSettings) -> SpeakerSettings:
        """Merge with settings for everybody that go before all of these.

        Args:
            over: What goes before.
        """
        by_path = {path: settings.merged(over) for path, settings in self.by_path.items()}
        return SpeakerSettings(everybody=self.everybody.merged(over), by_path=by_path)

    def different(self) -> dict[str, ModelSettings]:
        """What goes on record: everybody's settings, and by path those that differ from them; nothing unset."""
        own = {path: settings for path, settings in self.by_path.items() if settings != self.everybody}
        return {EVERYBODY: self.everybody, **own} if self.everybody else own


def speaker_settings(scenario: Scenario, options: Options | None = None) -> SpeakerSettings:
    """Merge the settings of a scenario, its organisations and personas, and options, in this order.

    Options for everybody go before what the scenario says of anybody, those for a party before these, those for a
    persona last.

    Args:
        scenario: What is played.
        options: What the call or the command line gave, by path; "" for everybody.

    Raises:
        NotFound: An option is for somebody who does not speak.
    """
    specs = {
        path: spec for party in scenario.organisations for path, spec in _specs(party, party.name, scenario.settings)
    }
    own_options = {find_name(path, specs) or path: settings for path, settings in (options or {}).items()}
    require_paths(own_options, set(specs))
    return SpeakerSettings(
        everybody=scenario.settings.merged(own_options.get(EVERYBODY, UNSET)),
        by_path={path: _with_options(path, settings, depth, own_options) for path, (settings, depth) in specs.items()},
    )


def _specs(
    speaker: Organisation | Persona, path: str, outer: ModelSettings, depth: int = 0
) -> Iterator[tuple[str, tuple[ModelSettings, int]]]:
    """The settings that specs give a speaker and everybody inside it, and how deep in its path its model is named."""
    if speaker.model is not None or speaker.graph is not None:
        outer, depth = outer.without_window(), path.count("/") + 1
    own = outer.merged(speaker.settings)
    yield path, (own, depth)
    for member in speaker.deliberation.members if speaker.deliberation else ():
        yield from _specs(member, f"{path}/{member.name}", own, depth)


def _with_options(path: str, settings: ModelSettings, depth: int, options: Options) -> ModelSettings:
    names = path.split("/")
    for level in range(len(names) + 1):
        option = options.get("/".join(names[:level]), UNSET)
        settings = settings.merged(option.without_window() if level < depth else option)
    return settings
