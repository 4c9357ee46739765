"""Pages from templates, in which every value is escaped unless a function of ours has made it HTML."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from converse_graph.record.transcript import Decision
from converse_graph.view import debate_charts, formatting
from converse_graph.view.colours import colour_numbers

_FOLDER = Path(__file__).resolve().parent
STATIC = _FOLDER / "static"
"""What pages load."""


@cache
def environment() -> Environment:
    """The templates, with what they call."""
    jinja = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters |= {
        "prose": formatting.prose,
        "plain": formatting.plain,
        "words": formatting.words,
        "value": formatting.value,
        "money": formatting.money,
        "count": formatting.count,
        "number": formatting.short_number,
        "date": formatting.date,
        "measure": formatting.measure,
        "movement": formatting.movement,
        "world_value": formatting.world_value,
        "position_chart": debate_charts.position_chart,
        "member_colours": debate_charts.member_colours,
        "vote_counts": _votes,
        "colour": _colour,
    }
    jinja.tests |= {
        "estimate": formatting.is_estimate,
        "item_list": formatting.is_items,
        "long_value": formatting.is_long,
        "marked_text": _is_marked,
    }
    return jinja


def render(template: str, **values: Any) -> str:
    """Fill a template.

    Args:
        template: Its name.
        values: What it needs; a name that it lacks is an error.
    """
    return environment().get_template(template).render(**values)


def compile_first() -> None:
    """Compile what most pages are made of: the first would wait for that, and a page opens as soon as it is served."""
    for name in ("parts.html", "base.html", "marks.html", "run.html"):
        environment().get_template(name)


def _is_marked(text: object) -> bool:
    """Whether a text has been made HTML already."""
    return isinstance(text, Markup)


def _colour(name: str) -> int:
    return colour_numbers([name])[name]


def _votes(decision: Decision) -> dict[str, int]:
    return debate_charts.vote_counts(decision.votes)
