"""Converse Graph: simulate conversations between organisations that keep private minds, on LangGraph.

This is the public door: what a scenario author and a caller import. Everything is loaded when it is first asked for,
so that a command that needs none of it starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from converse_graph.branching import extend, fork, inject, replay
    from converse_graph.chat.null import NullChat
    from converse_graph.chat.port import Chat, Part, Reply, Request
    from converse_graph.chat.prices import Price, Prices
    from converse_graph.chat.scripted import ScriptedChat
    from converse_graph.errors import ConverseError
    from converse_graph.nodes.budget import Budget
    from converse_graph.report.difference import compare
    from converse_graph.report.markdown import render_markdown
    from converse_graph.report.stats import stats_markdown
    from converse_graph.scenarios.agreement import Motion
    from converse_graph.scenarios.cast import Debate, Example, Imagined, Organisation, Persona
    from converse_graph.scenarios.casting import cast_member
    from converse_graph.scenarios.clock import Clock
    from converse_graph.scenarios.dials import ScenarioFunction, by_party, scenario
    from converse_graph.scenarios.fields import Choice, Flag, Names, Number, Percentiles, Text, Whole
    from converse_graph.scenarios.keeping import Kept, Memory, Recall
    from converse_graph.scenarios.library import find_scenario
    from converse_graph.scenarios.rules import Dated, Event, OnEvent, OnSilence, Standing, When
    from converse_graph.scenarios.scenario import Scenario
    from converse_graph.scenarios.texts import ScenarioTexts, scenario_texts
    from converse_graph.simulation import Simulation
    from converse_graph.store.register import Run
    from converse_graph.store.store import Store
    from converse_graph.transcript import Statement, Transcript

_HOMES = {
    "Budget": "nodes.budget",
    "Chat": "chat.port",
    "Choice": "scenarios.fields",
    "Clock": "scenarios.clock",
    "ConverseError": "errors",
    "Dated": "scenarios.rules",
    "Debate": "scenarios.cast",
    "Event": "scenarios.rules",
    "Example": "scenarios.cast",
    "Flag": "scenarios.fields",
    "Imagined": "scenarios.cast",
    "Kept": "scenarios.keeping",
    "Memory": "scenarios.keeping",
    "Motion": "scenarios.agreement",
    "Names": "scenarios.fields",
    "NullChat": "chat.null",
    "Number": "scenarios.fields",
    "OnEvent": "scenarios.rules",
    "OnSilence": "scenarios.rules",
    "Organisation": "scenarios.cast",
    "Part": "chat.port",
    "Percentiles": "scenarios.fields",
    "Persona": "scenarios.cast",
    "Price": "chat.prices",
    "Prices": "chat.prices",
    "Recall": "scenarios.keeping",
    "Reply": "chat.port",
    "Request": "chat.port",
    "Run": "store.register",
    "Scenario": "scenarios.scenario",
    "ScenarioFunction": "scenarios.dials",
    "ScenarioTexts": "scenarios.texts",
    "ScriptedChat": "chat.scripted",
    "Simulation": "simulation",
    "Standing": "scenarios.rules",
    "Statement": "transcript",
    "Store": "store.store",
    "Text": "scenarios.fields",
    "Transcript": "transcript",
    "When": "scenarios.rules",
    "Whole": "scenarios.fields",
    "by_party": "scenarios.dials",
    "cast_member": "scenarios.casting",
    "compare": "report.difference",
    "extend": "branching",
    "find_scenario": "scenarios.library",
    "fork": "branching",
    "inject": "branching",
    "render_markdown": "report.markdown",
    "replay": "branching",
    "scenario": "scenarios.dials",
    "scenario_texts": "scenarios.texts",
    "stats_markdown": "report.stats",
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
