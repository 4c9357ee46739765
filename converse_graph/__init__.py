"""Converse Graph: simulate conversations between organisations that keep private minds, on LangGraph.

This is the public door: what a scenario author and a caller import. Everything is loaded when it is first asked for,
so that a command that needs none of it starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from converse_graph.calls.budget import Budget
    from converse_graph.errors import ConverseError
    from converse_graph.export.comparison import compare
    from converse_graph.export.markdown import render_markdown
    from converse_graph.export.stats import stats_markdown
    from converse_graph.graph.build import build_graph
    from converse_graph.models.base import Chat, Part, Reply, Request
    from converse_graph.models.null import NullChat
    from converse_graph.models.prices import Price, Prices
    from converse_graph.models.scripted import ScriptedChat
    from converse_graph.record.transcript import Statement, Transcript
    from converse_graph.runs.derived import extend, fork, inject, replay
    from converse_graph.runs.simulation import Simulation
    from converse_graph.scenarios.cast import Debate, Example, Imagined, Organisation, Persona
    from converse_graph.scenarios.cast_files import cast_member
    from converse_graph.scenarios.catalogue import find_scenario
    from converse_graph.scenarios.clock import Clock
    from converse_graph.scenarios.deliberation_rules import Motion
    from converse_graph.scenarios.dials import ScenarioFunction, by_party, scenario
    from converse_graph.scenarios.fields import Choice, Flag, Names, Number, Percentiles, Text, Whole
    from converse_graph.scenarios.memory_settings import Kept, Memory, Recall
    from converse_graph.scenarios.model_settings import ModelSettings
    from converse_graph.scenarios.rules import Dated, Event, OnEvent, OnSilence, Standing, When
    from converse_graph.scenarios.scenario import Scenario
    from converse_graph.scenarios.scenario_texts import ScenarioTexts, scenario_texts
    from converse_graph.store.runs import Run
    from converse_graph.store.store import Store

_HOMES = {
    "Budget": "calls.budget",
    "Chat": "models.base",
    "Choice": "scenarios.fields",
    "Clock": "scenarios.clock",
    "ConverseError": "errors",
    "Dated": "scenarios.rules",
    "Debate": "scenarios.cast",
    "Event": "scenarios.rules",
    "Example": "scenarios.cast",
    "Flag": "scenarios.fields",
    "Imagined": "scenarios.cast",
    "Kept": "scenarios.memory_settings",
    "Memory": "scenarios.memory_settings",
    "ModelSettings": "scenarios.model_settings",
    "Motion": "scenarios.deliberation_rules",
    "Names": "scenarios.fields",
    "NullChat": "models.null",
    "Number": "scenarios.fields",
    "OnEvent": "scenarios.rules",
    "OnSilence": "scenarios.rules",
    "Organisation": "scenarios.cast",
    "Part": "models.base",
    "Percentiles": "scenarios.fields",
    "Persona": "scenarios.cast",
    "Price": "models.prices",
    "Prices": "models.prices",
    "Recall": "scenarios.memory_settings",
    "Reply": "models.base",
    "Request": "models.base",
    "Run": "store.runs",
    "Scenario": "scenarios.scenario",
    "ScenarioFunction": "scenarios.dials",
    "ScenarioTexts": "scenarios.scenario_texts",
    "ScriptedChat": "models.scripted",
    "Simulation": "runs.simulation",
    "Standing": "scenarios.rules",
    "Statement": "record.transcript",
    "Store": "store.store",
    "Text": "scenarios.fields",
    "Transcript": "record.transcript",
    "When": "scenarios.rules",
    "Whole": "scenarios.fields",
    "build_graph": "graph.build",
    "by_party": "scenarios.dials",
    "cast_member": "scenarios.cast_files",
    "compare": "export.comparison",
    "extend": "runs.derived",
    "find_scenario": "scenarios.catalogue",
    "fork": "runs.derived",
    "inject": "runs.derived",
    "render_markdown": "export.markdown",
    "replay": "runs.derived",
    "scenario": "scenarios.dials",
    "scenario_texts": "scenarios.scenario_texts",
    "stats_markdown": "export.stats",
}

__all__ = [
    "Budget",
    "Chat",
    "Choice",
    "Clock",
    "ConverseError",
    "Dated",
    "Debate",
    "Event",
    "Example",
    "Flag",
    "Imagined",
    "Kept",
    "Memory",
    "ModelSettings",
    "Motion",
    "Names",
    "NullChat",
    "Number",
    "OnEvent",
    "OnSilence",
    "Organisation",
    "Part",
    "Percentiles",
    "Persona",
    "Price",
    "Prices",
    "Recall",
    "Reply",
    "Request",
    "Run",
    "Scenario",
    "ScenarioFunction",
    "ScenarioTexts",
    "ScriptedChat",
    "Simulation",
    "Standing",
    "Statement",
    "Store",
    "Text",
    "Transcript",
    "When",
    "Whole",
    "build_graph",
    "by_party",
    "cast_member",
    "compare",
    "extend",
    "find_scenario",
    "fork",
    "inject",
    "render_markdown",
    "replay",
    "scenario",
    "scenario_texts",
    "stats_markdown",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
