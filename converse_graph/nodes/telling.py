"""What a speaker is told of its report, its cast and its choices, in words."""

import json
from collections.abc import Sequence

from converse_graph.scenarios.cast import Debate, Imagined, Organisation, Persona
from converse_graph.scenarios.fields import Choice, Field, Names, Number, Percentiles, Text, Whole
from converse_graph.scenarios.scenario import Scenario


def describe_report(fields: Sequence[Field]) -> str:
    """The fields of a form, one a line."""
    return "\n".join(f"- {field.name}: {field.ask}{_bounds(field)}" for field in fields)


def worked_example(fields: Sequence[Field], prose: str) -> str:
    """A filled form as JSON; empty when there is no example prose to fill it with."""
    if not prose:
        return ""
    shown = {field.name: field.example for field in fields if field.example is not None or field.optional}
    return json.dumps({fields[0].name: prose, **shown}, ensure_ascii=False)


def describe_persona(persona: Persona) -> str:
    """A persona in one line, as others know it: its aim is its own."""
    traits = ", ".join(filter(None, [persona.role, persona.temperament]))
    return f"{persona.name}: {traits}" if traits else persona.name


def describe_options(spec: Debate | Imagined) -> str:
    """The positions of a motion."""
    if spec.options:
        return "one of: " + "; ".join(spec.options)
    return "a proposal of a few words; to back another member's, repeat it word for word"


def brief_values(scenario: Scenario, party: Organisation, fields: Sequence[Field]) -> dict[str, str]:
    """What the brief of a party is rendered from: nothing that changes from round to round."""
    return {
        "name": party.name,
        "premise": scenario.premise,
        "brief": party.brief,
        "others": ", ".join(other.name for other in scenario.organisations if other.name != party.name) or "nobody",
        "report": describe_report(fields),
        "example": worked_example(fields, party.example),
    }


def _bounds(field: Field) -> str:
    match field:
        case Text():
            bounds = f"at most {field.max_length} characters"
        case Names():
            bounds = f"a list of at most {field.max_items}"
        case Choice():
            bounds = "one of: " + "; ".join(field.options)
        case Number() | Whole():
            bounds = f"{field.minimum:g} to {field.maximum:g}"
        case Percentiles():
            bounds = f"p10, p50 and p90, {field.minimum} to {field.maximum}"
        case _:
            bounds = "true or false"
    return f" ({bounds}{'; null for none' if field.optional else ''})"

