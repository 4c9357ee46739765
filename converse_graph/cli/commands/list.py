"""`converse list`: the scenarios to be had by name, and one of them with all there is to it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import typer

from converse_graph.cli.options import Json, ScenarioToShow

if TYPE_CHECKING:
    from converse_graph.scenarios.cast import Organisation
    from converse_graph.scenarios.dials import Dial
    from converse_graph.scenarios.scenario import Scenario
    from converse_graph.scenarios.scenario_functions import ScenarioFunction

WIDTH = 100
"""Columns of a list at most."""
PREMISE = 300
"""Characters of a premise that are shown."""


def list_scenarios(name: ScenarioToShow = None, as_json: Json = False) -> None:
    """List the scenarios that can be run, or show one of them.

    Of one, it shows who is at the table and how they deliberate, what they report, its dials with what they take, its
    presets, the variables and moves of its world, and its events.

    Examples:
        converse list
        converse list agi-race
        converse list --json
    """
    from converse_graph.scenarios.catalogue import catalogue, find_scenario, neighbours

    if name is not None:
        function, family = find_scenario(name), neighbours(name)
        if as_json:
            _print_json(_description(function, family))
        else:
            _print_scenario(name, function, family)
        return
    scenarios = catalogue()
    if as_json:
        _print_json([_row(name, function) for name, function in scenarios.items()])
    elif scenarios:
        families = sorted(
            scenarios, key=lambda name: (scenarios[name].preset_of or name, scenarios[name].preset_of is not None, name)
        )
        typer.echo("\n\n".join(_entry(name, scenarios) for name in families))
        typer.echo("\nSee one with `converse list NAME`, run it with `converse run NAME --set DIAL=VALUE`.")
    else:
        typer.echo("No scenarios; `converse new NAME` writes one.")


def _print_json(value: Any) -> None:
    import json

    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _row(name: str, function: "ScenarioFunction") -> dict[str, Any]:
    dials = [
        {"name": dial.name, "type": dial.type, "default": _default(dial), "doc": dial.doc} for dial in function.dials
    ]
    return {"name": name, "doc": function.doc, "preset_of": function.preset_of, "dials": dials}


def _description(function: "ScenarioFunction", scenarios: "Mapping[str, ScenarioFunction]") -> dict[str, Any]:
    scenario = function()
    return {
        **_row(function.name, function),
        "title": scenario.title,
        "premise": scenario.premise,
        "clock": scenario.clock.model_dump(mode="json"),
        "parties": [{"name": party.name, "deliberation": _deliberation(party)} for party in scenario.organisations],
        "presets": [preset.name for preset in _presets(function, scenarios)],
        "fields": _fields(scenario),
        "variables": _variables(scenario),
        "moves": _moves(scenario),
        "events": list(_events(scenario)),
    }


def _print_scenario(reference: str, function: "ScenarioFunction", scenarios: "Mapping[str, ScenarioFunction]") -> None:
    from textwrap import shorten

    from converse_graph.cli.formatting import count
    from converse_graph.cli.printing import print_paragraph
    from converse_graph.cli.tables import print_table

    scenario = function()
    rounds = scenario.clock.horizon(None, None)
    first, last = (scenario.clock.period(round).label for round in (0, rounds - 1))
    preset = f" (a preset of {function.preset_of})" if function.preset_of else ""
    print_paragraph(f"{function.name}{preset}: {scenario.title or function.doc}")
    print_paragraph(shorten(scenario.premise, PREMISE, placeholder=" …"))
    print_paragraph(f"{first} to {last}, {count(rounds, 'round')}, order {scenario.order}.")
    typer.echo()
    print_table(("party", "deliberates"), [(party.name, _deliberation(party)) for party in scenario.organisations])
    _print_rows(_fields(scenario))
    typer.echo()
    if function.dials:
        cells = [(dial.name, _text(_default(dial)), dial.type, dial.doc) for dial in function.dials]
        print_table(("dial", "default", "takes", "what it sets"), cells)
    else:
        typer.echo("It has no dials.")
    if presets := _presets(function, scenarios):
        typer.echo()
        print_table(("preset", "what it shows"), [(preset.name, preset.doc) for preset in presets])
    _print_rows(_variables(scenario))
    _print_rows(_moves(scenario))
    _print_rows(list(_events(scenario)))
    typer.echo(f"\nRun it with `converse run {reference}`, draw it with `converse graph {reference}`.")


def _print_rows(rows: list[dict[str, str]]) -> None:
    """Draw rows as a table, after an empty line, without columns that say nothing; nothing where there is none."""
    from converse_graph.cli.tables import print_table

    if rows:
        typer.echo()
        heads = [head for head in rows[0] if any(row[head] for row in rows)]
        print_table(heads, [[row[head] for head in heads] for row in rows])


def _fields(scenario: "Scenario") -> list[dict[str, str]]:
    """What parties report with a statement, a row a field, with who is asked for it."""
    askers: dict[tuple[str, str, str], list[str]] = {}
    for party in scenario.organisations:
        for field in party.fields:
            key = (_plain(field.name), field.ask.replace("_", " "), field.bounds_text())
            askers.setdefault(key, []).append(party.name)
    parties = [party.name for party in scenario.organisations]
    return [
        {
            "field": name,
            "who": "everybody" if who == parties else ", ".join(who),
            "reports": asks,
            "takes": takes,
        }
        for (name, asks, takes), who in askers.items()
    ]


def _variables(scenario: "Scenario") -> list[dict[str, str]]:
    """What a world keeps, a row a variable."""
    from converse_graph.scenarios.world_tables import FLAG

    if scenario.world is None:
        return []
    readers = {"public": "everybody", "own": "its owner", "hidden": "nobody"}
    return [
        {
            "variable": _plain(variable.name),
            "of": variable.owner_in_words,
            "unit": "yes or no" if variable.unit == FLAG else variable.unit,
            "range": "" if variable.unit == FLAG else f"{_bound(variable.minimum)} to {_bound(variable.maximum)}",
            "told to": readers[variable.visibility],
            "what it is": variable.text,
        }
        for variable in scenario.world.variables
    ]


def _moves(scenario: "Scenario") -> list[dict[str, str]]:
    """What parties may do in a world, a row a move."""
    if scenario.world is None:
        return []
    units = {variable.name: variable.unit for variable in scenario.world.variables}
    return [
        {
            "move": action.name,
            "who": f"each {_plain(action.party_kind)}" if action.party_kind else "everybody",
            "costs": ", ".join(f"{amount:g} {units[name]} of {_plain(name)}" for name, amount in action.cost.items()),
            "what it does": action.text,
        }
        for action in scenario.world.actions
    ]


def _bound(value: float) -> str:
    from math import isinf

    return "any" if isinf(value) else f"{value:g}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _presets(function: "ScenarioFunction", scenarios: "Mapping[str, ScenarioFunction]") -> "list[ScenarioFunction]":
    return [other for other in scenarios.values() if other.preset_of == function.name]


def _deliberation(party: "Organisation") -> str:
    """How a party makes up its mind, in words."""
    from converse_graph.scenarios.cast import Debate

    if party.graph is not None:
        return "in a graph of its own"
    rules = party.deliberation
    if rules is None:
        return "not at all"
    members = ", ".join(
        f"{member.name} (who deliberates too)" if member.deliberation else member.name for member in rules.members
    )
    how = f"a debate of {rules.turns} turns" if isinstance(rules, Debate) else "a debate imagined in one call"
    return f"{how}: {members}"


def _events(scenario: "Scenario") -> Iterator[dict[str, str]]:
    from converse_graph.measures.event_dates import event_meanings
    from converse_graph.scenarios.rules import Event, ScheduledEvent

    for event in scenario.events:
        if isinstance(event, ScheduledEvent):
            yield {"event": event.text, "when": f"{event.at}{f', for {event.party} alone' if event.party else ''}"}
    awaited = [event for event in scenario.events if isinstance(event, Event)]
    for name, meaning in event_meanings(awaited, scenario.world).items():
        yield {"event": _plain(name), "when": meaning}


def _entry(name: str, scenarios: "Mapping[str, ScenarioFunction]") -> str:
    """A scenario as a paragraph; of a preset only the dials that it sets otherwise."""
    from textwrap import fill

    from converse_graph.cli.formatting import plain_line

    function = scenarios[name]
    lines = [name, fill(plain_line(function.doc), WIDTH, initial_indent="  ", subsequent_indent="  ")]
    dials, base = function.dials, scenarios.get(function.preset_of or "")
    if base is not None:
        usual = {dial.name: dial.default for dial in base.dials}
        dials = tuple(dial for dial in dials if dial.default != usual[dial.name])
        lines[0] += f"  (a preset of {base.name}: the same dials, {'with' if dials else 'all as there'}"
        lines[0] += f" {', '.join(map(_setting, dials))})" if dials else ")"
        return "\n".join(lines)
    for dial in dials:
        text = plain_line(f"{_setting(dial)} ({dial.type}){dial.doc and ': '}{dial.doc}")
        lines.append(fill(text, WIDTH, initial_indent="    ", subsequent_indent="        "))
    return "\n".join(line for line in lines if line.strip())


def _setting(dial: "Dial") -> str:
    return f"{dial.name}={_text(_default(dial))}"


def _text(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _default(dial: "Dial") -> Any:
    return dial.adapter.dump_python(dial.default, mode="json", fallback=str)
