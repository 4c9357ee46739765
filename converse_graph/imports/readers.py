"""Chooses how a file is read: by its name, and by what is in it."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Literal, get_args

from converse_graph.errors import InvalidValue
from converse_graph.imports.json_messages import parse_json, parse_json_lines
from converse_graph.imports.labelled_text import has_speaker_headings, parse_markdown, parse_text
from converse_graph.imports.parsed_transcript import MAX_STATEMENTS, ParsedTranscript
from converse_graph.imports.source_text import SourceText

ImportForm = Literal["text", "markdown", "jsonl", "json"]
"""How a file may be read: labelled text, Markdown with a heading a speaker, a message a line, a list of messages."""
FORMS: tuple[ImportForm, ...] = get_args(ImportForm)
_SUFFIXES: dict[str, ImportForm] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}


def parse_source(
    source: SourceText, *, form: ImportForm | None = None, speakers: Collection[str] = ()
) -> ParsedTranscript:
    """Read a file as a conversation.

    Args:
        source: The file.
        form: How it is read; None for what it looks like.
        speakers: Who speaks in labelled text and Markdown; none for whoever looks like a speaker.

    Raises:
        InvalidValue: There is no statement in it, or it is a page that `converse show` wrote.
    """
    form = form or guess_form(source)
    if source.lines[0].strip() == "---" and any(line.startswith("converse-transcript:") for line in source.lines[:5]):
        raise InvalidValue(
            f"{source.name} is a page that converse wrote for readers; import what `converse show RUN --as json` "
            "writes, or have the run itself by `converse pack`."
        )
    match form:
        case "jsonl":
            transcript = parse_json_lines(source.lines)
        case "json":
            transcript = parse_json(source.text)
        case "markdown":
            transcript = parse_markdown(source.lines, speakers=speakers)
        case _:
            transcript = parse_text(source.lines, speakers=speakers)
    if not transcript.statements:
        raise InvalidValue(
            f"No statement was found in {source.name}, read as {transcript.form}; begin each with its speaker, such as "
            f"'OpenAI 2026: …', or choose how it is read with --as {', '.join(FORMS)}."
        )
    if len(transcript.statements) > MAX_STATEMENTS:
        raise InvalidValue(
            f"{source.name} has {len(transcript.statements):,} statements; {MAX_STATEMENTS:,} at most are taken: "
            "split it."
        )
    return transcript


def guess_form(source: SourceText) -> ImportForm:
    """Tell how a file is to be read.

    Args:
        source: The file.
    """
    suffix = f".{source.name.rpartition('.')[2].casefold()}"
    first = next(line.strip() for line in source.lines if line.strip())
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if first.startswith(("{", "[{")) or first == "[":
        return "jsonl" if _is_object(first) and sum(bool(line.strip()) for line in source.lines) > 1 else "json"
    return "markdown" if has_speaker_headings(source.lines) else "text"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
