"""What a speaker is told of itself, its report, its cast and its choices, in words."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace

from converse_graph.models.base import Message, PromptProfile
from converse_graph.prompting.personas import with_article
from converse_graph.prompting.templates import Prompts
from converse_graph.scenarios.cast import Debate, Example, ImaginedDebate, Organisation
from converse_graph.scenarios.deliberation_rules import Motion
from converse_graph.scenarios.fields import Field
from converse_graph.scenarios.scenario import Scenario
from converse_graph.world.descriptions import describe_variables


def describe_fields(fields: Sequence[Field]) -> str:
    """The fields of a form, one a line."""
    return "\n".join(f"- {field.name}: {field.ask} ({field.bounds_text()})" for field in fields)


def example_reply(fields: Sequence[Field], example: Example) -> str:
    """An example as the reply that a model would have given: JSON on one line, fields in their order.

    Args:
        fields: The form; its first field is the prose.
        example: What to fill it with; a field that it does not name gets its own example, and is left out where
            there is none.
    """
    values = {fields[0].name: example.statement, "memo": example.memo, **example.fields}
    examples = {field.name: values.get(field.name, field.example) for field in fields}
    reply = {field.name: examples[field.name] for field in fields if examples[field.name] is not None or field.optional}
    return json.dumps(reply, ensure_ascii=False)


def topic_for_round(party: Organisation, *, round: int, seed: int) -> str:
    """What a party is told to report on in a round: each topic once before any comes again."""
    if not party.topics:
        return "what it does now"
    lap, place = divmod(round, len(party.topics))
    order = random.Random(f"{seed}|{party.name}|{lap}|topics").sample(party.topics, len(party.topics))
    return order[place]


def format_period(label: str) -> str:
    """What a period is called in prose: a small model takes the "H2" of a label for the name of a product."""
    year, _, half = label.partition(" H")
    return f"the {'second' if half == '2' else 'first'} half of {year}" if half else label


def describe_options(spec: Debate | ImaginedDebate) -> str:
    """The positions of a motion."""
    if spec.options:
        return "one of: " + "; ".join(spec.options)
    return "a proposal of a few words; to back another member's, repeat it word for word"


def describe_motion(motion: Motion | None) -> str:
    """The motion in one line, as a party's brief tells it."""
    return f"Before the table is this motion: {motion.question} ({'; '.join(motion.options)})" if motion else ""


def brief_messages(
    prompts: Prompts, profile: PromptProfile, scenario: Scenario, party: Organisation, fields: Sequence[Field]
) -> tuple[Message, ...]:
    """Render who a party is: its brief, and for a small model reports as if asked and given before.

    Nothing in it changes from round to round. A small model takes the shape of its own reports from the examples.

    Args:
        prompts: The templates.
        profile: Which sort of model reads it.
        scenario: What is played.
        party: Whose brief it is.
        fields: What it reports, for its examples; the first field is the prose.
    """
    names = [other.name for other in scenario.organisations]
    values = {
        "name": with_article(party.name),
        "premise": scenario.premise,
        "brief": party.brief,
        "motion": describe_motion(scenario.motion),
        "world": describe_variables(scenario.world, party.kind) if scenario.world else "",
        "others": ", ".join(with_article(name) for name in names if name != party.name) or "nobody",
    }
    messages = [prompts.message("organisation/brief", profile, values, owner=party.name, role="system")]
    for example in party.examples if profile == "small" else ():
        topic = {"name": party.name, "topic": example.topic}
        question = prompts.message("organisation/example", "small", topic, owner=party.name)
        messages += [question, replace(question, role="assistant", text=example_reply(fields, example))]
    return tuple(messages)
