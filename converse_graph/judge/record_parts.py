"""The public record as a judge reads it: whole where it fits the judge's window, else in parts of whole rounds."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from converse_graph.errors import InvalidValue
from converse_graph.models.base import Message, PromptProfile
from converse_graph.models.tokens import BYTES_PER_TOKEN, DEFAULT_CONTEXT_WINDOW, estimate_tokens
from converse_graph.record.call_paths import Provenance
from converse_graph.record.transcript import Statement
from converse_graph.sanitize import escape_text

SMALL_READ = 2_800
"""Tokens of transcript that a small model reads at once, however large its window: beyond that it loses the thread,
and on one core the prompt alone takes half a minute."""


def record_budget(window: int | None, profile: PromptProfile, *, besides: int) -> int:
    """Tokens of transcript that fit a judge's window.

    Args:
        window: Of prompt and reply together; None where unknown.
        profile: Which sort of model it is.
        besides: Tokens of questions and reply.

    Raises:
        InvalidValue: Questions and reply leave no room.
    """
    room = (window or DEFAULT_CONTEXT_WINDOW) - besides
    if room < 200:
        raise InvalidValue(
            f"The rubric's questions leave no room in the judge's window of {window} tokens; shorten it, or name "
            "another judge with `converse judge --model`."
        )
    return min(room, SMALL_READ) if profile == "small" else room


def split_record(
    statements: Sequence[Statement], room: int, profile: PromptProfile
) -> tuple[tuple[Statement, ...], ...]:
    """Statements in parts that fit, cut between rounds; a round too long for a part is cut between its statements.

    Args:
        statements: The public record.
        room: Tokens of a part at most. A single statement beyond that is shortened when it is told.
        profile: Which sort of model reads.
    """
    parts: list[list[Statement]] = [[]]
    left = room
    for _, group in groupby(statements, key=lambda statement: statement.round):
        together = list(group)
        costs = [min(room, estimate_tokens(format_statement(statement, profile).text)) for statement in together]
        if parts[-1] and sum(costs) > left:
            parts.append([])
            left = room
        for statement, cost in zip(together, costs, strict=True):
            if parts[-1] and cost > left:
                parts.append([])
                left = room
            parts[-1].append(statement)
            left -= cost
    return tuple(tuple(part) for part in parts if part)


def as_parts(statements: Sequence[Statement], room: int, profile: PromptProfile) -> tuple[Message, ...]:
    """Statements as messages of a prompt, each at most as long as the room for all."""
    most = int(room * BYTES_PER_TOKEN)
    return tuple(_shortened(format_statement(statement, profile), most) for statement in statements)


def format_statement(statement: Statement, profile: PromptProfile) -> Message:
    """A statement as a judge reads it: what a party said can neither end its part nor pass for another's."""
    fields = "" if profile == "small" else json.dumps(statement.fields, sort_keys=True, ensure_ascii=False)
    source = Provenance.of_statement(statement.round, statement.turn, statement.speaker)
    return _statement_message(statement.speaker, statement.period, source, statement.text, fields)


@lru_cache(maxsize=1024)
def _statement_message(speaker: str, period: str, source: Provenance, text: str, fields: str) -> Message:
    inner = escape_text(text or "(no statement)")
    inner += f"\n<fields>{escape_text(fields)}</fields>" if fields not in ("", "{}") else ""
    markup = f'<statement by="{html.escape(speaker)}" in="{html.escape(period)}">\n{inner}\n</statement>'
    return Message(role="user", text=markup, source=str(source))


def _shortened(part: Message, most: int) -> Message:
    if len(part.text.encode("utf-8", "replace")) <= most:
        return part
    beginning = part.text.encode("utf-8", "replace")[: most - 40].decode("utf-8", "ignore")
    return Message(role=part.role, text=f"{beginning} [cut]\n</statement>", source=part.source, owner=part.owner)
