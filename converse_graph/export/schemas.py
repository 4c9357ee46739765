"""What scripts may lean on: JSON Schemas (draft 2020-12) of what the command line lists and shows.

A schema changes only with its version, which is in its `$id`, and in `show` also in the value.
"""

from typing import Any, get_args

from converse_graph.record.transcript import Rule

SHOW_VERSION = 1
"""Of the shape of `show --as json`."""
RUNS_VERSION = 1
"""Of the shape of `runs --json`."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_STATUS = {"enum": ["running", "paused", "finished", "failed"]}
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_FLAG_OR_NULL = {"type": ["boolean", "null"]}
_TEXTS = {"type": "array", "items": _TEXT}
_COUNT = {"type": "integer", "minimum": 0}
_MOMENT = {"type": "string", "format": "date-time"}


def show_schema() -> dict[str, Any]:
    """The schema of `show --as json`, with and without `--raw`, which adds what each speaker kept to itself."""
    return {
        "$schema": _DRAFT,
        "$id": f"urn:converse-graph:show:{SHOW_VERSION}",
        "title": "The transcript of a run",
        **_object(
            {
                "version": {"const": SHOW_VERSION},
                "header": {"$ref": "#/$defs/header"},
                "standing": {
                    "type": "object",
                    "additionalProperties": _TEXTS,
                    "description": "What stands at the end, such as laws in force, by the title of its list.",
                },
                "verdicts": {"type": "array", "items": {"$ref": "#/$defs/verdict"}},
                "statements": {"type": "array", "items": {"$ref": "#/$defs/statement"}},
            }
        ),
        "$defs": {
            "header": _header(),
            "party": _object(
                {
                    "name": _TEXT,
                    "kind": _TEXT,
                    "deliberation": _TEXT,
                    "model": _TEXT_OR_NULL,
                    "persona_models": {"type": "object", "additionalProperties": _TEXT},
                }
            ),
            "statement": _statement(),
            "deliberation": _object(
                {
                    "mode": {"enum": ["debate", "imagined"]},
                    "motion": _TEXT,
                    "options": {**_TEXTS, "description": "The positions to choose from; empty where none were given."},
                    "rules": {"type": "array", "items": {"enum": list(get_args(Rule))}},
                    "private_positions": {"type": "array", "items": {"$ref": "#/$defs/stance"}},
                    "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
                    "ballots": {"type": "array", "items": {"$ref": "#/$defs/stance"}},
                    "decision": _or_null("decision"),
                }
            ),
            "line": _line(),
            "verdict": _verdict(),
            "score": _score(),
            "stance": _object(
                {
                    "speaker": _TEXT,
                    "position": _TEXT_OR_NULL,
                    "reason": _TEXT,
                    "problem": _TEXT_OR_NULL,
                    "repairs": _COUNT,
                }
            ),
            "vote": _object(
                {
                    "round": {**_COUNT, "description": "After which round it was held, from 0."},
                    "position": {**_TEXT_OR_NULL, "description": "With the most ballots; null in a tie."},
                    "counts": {"type": "object", "additionalProperties": _COUNT},
                    "ballots": {"type": "array", "items": {"$ref": "#/$defs/stance"}},
                }
            ),
            "decision": _object(
                {
                    "position": _TEXT,
                    "reasons": _TEXTS,
                    "votes": {"type": "object", "additionalProperties": _TEXT},
                    "dissent": _TEXTS,
                }
            ),
        },
    }


def runs_schema() -> dict[str, Any]:
    """The schema of `runs --json`: a list with a row for each run."""
    row = {
        "run": _TEXT,
        "scenario": _TEXT,
        "status": _STATUS,
        "parent": {**_TEXT_OR_NULL, "description": "The run that this was forked from."},
        "replays": {**_TEXT_OR_NULL, "description": "The run whose journal answered for the models."},
        "rounds": {**_COUNT, "description": "How many rounds are done."},
        "statements": {**_COUNT, "description": "Turns on the record so far, those without a statement included."},
        "tokens": {**_COUNT, "description": "Of all model calls, prompts and replies."},
        "usd": {"type": ["number", "null"], "minimum": 0, "description": "Cost; null where no price is known."},
        "created": _MOMENT,
    }
    return {
        "$schema": _DRAFT,
        "$id": f"urn:converse-graph:runs:{RUNS_VERSION}",
        "title": "The runs of a store",
        "type": "array",
        "items": _object(row),
    }


def _header() -> dict[str, Any]:
    """What a run was. Unlike the rest it may gain names without a new version; scripts pass over those they lack."""
    fixed = _object(
        {
            "run": _TEXT,
            "scenario": _TEXT,
            "title": _TEXT,
            "status": _STATUS,
            "ended": {**_TEXT_OR_NULL, "description": 'Why it finished, such as "horizon" or "event agi_reached".'},
            "created": _MOMENT,
            "model": _TEXT,
            "base_url": _TEXT_OR_NULL,
            "seed": {"type": "integer"},
            "clock": {"type": "object", "description": "start, end and step of the scenario, rounds of the run."},
            "order": _TEXT,
            "cast": {"type": "array", "items": {"$ref": "#/$defs/party"}},
            "dials": {"type": "object"},
            "motion": {"type": ["object", "null"], "description": "The question before the table, and its rules."},
            "votes": {"type": "array", "items": {"$ref": "#/$defs/vote"}},
            "changed": {"type": "array", "description": "Resumes that went on with something changed."},
            "warnings": {**_TEXTS, "description": "What failed and was done without, a sentence each."},
            "parent": _TEXT_OR_NULL,
            "versions": {"type": "object", "additionalProperties": _TEXT},
            "prompts": {**_TEXT, "description": "Digest of the prompt templates."},
        }
    )
    return {**fixed, "additionalProperties": True}


def _statement() -> dict[str, Any]:
    public = {
        "round": {**_COUNT, "description": "From 0."},
        "period": {**_TEXT, "description": 'The round as people call it, such as "2026 H2".'},
        "speaker": _TEXT,
        "text": {**_TEXT, "description": "Empty when there was no statement; problem then says why."},
        "fields": {"type": "object", "description": "The scenario's fields, by name."},
        "turn": {**_COUNT, "description": "Position in the round, from 0."},
        "problem": _TEXT_OR_NULL,
        "repairs": {**_COUNT, "description": "How often the reply was sent back."},
        "sorted_fields": {**_TEXTS, "description": "Fields whose percentiles were put in order by code."},
        "mended": {**_TEXTS, "description": "What code mended in the reply before it could be read."},
        "dissents": {"type": "boolean", "description": "Whether it was called on to argue the other side."},
    }
    private = {
        "deliberation": _or_null("deliberation"),
        "written": _or_null("stance"),
        "conclusions": {"type": ["array", "null"], "items": _TEXT, "description": "Drawn before it spoke."},
        "memo": {**_TEXT_OR_NULL, "description": "Null where the record is without the private part."},
        "position": _TEXT_OR_NULL,
        "follows_decision": _FLAG_OR_NULL,
    }
    whole = _object({**public, **private}, optional=tuple(private))
    return {**whole, "dependentRequired": {name: list(private) for name in private}}


def _line() -> dict[str, Any]:
    return _object(
        {
            "speaker": _TEXT,
            "text": _TEXT,
            "position": _TEXT_OR_NULL,
            "new_fact": {**_TEXT_OR_NULL, "description": "The fact given for a change of position."},
            "dissents": {"type": "boolean", "description": "Whether it was called on to argue the other side."},
            "problem": _TEXT_OR_NULL,
            "repairs": _COUNT,
            "follows_decision": _FLAG_OR_NULL,
            "deliberation": _or_null("deliberation"),
        }
    )


def _verdict() -> dict[str, Any]:
    return _object(
        {
            "rubric": _TEXT,
            "model": {**_TEXT, "description": "The judge."},
            "repeat": {"type": "integer", "minimum": 1, "description": "Which judging by this model."},
            "statements": {**_COUNT, "description": "How many it read."},
            "parts": {"type": "integer", "minimum": 1, "description": "In how many parts it read them."},
            "summary": _TEXT,
            "problem": {**_TEXT_OR_NULL, "description": "Why there is no summary."},
            "scores": {"type": "array", "items": {"$ref": "#/$defs/score"}},
        }
    )


def _score() -> dict[str, Any]:
    return _object(
        {
            "question": _TEXT,
            "party": {**_TEXT_OR_NULL, "description": "Whom it is about; null for the whole run."},
            "score": {"type": ["integer", "null"], "minimum": 1, "maximum": 10, "description": "Null: no answer."},
            "reason": _TEXT,
            "quotation": _TEXT,
            "source": {**_TEXT_OR_NULL, "description": "The statement in which code found the quotation."},
            "problem": _TEXT_OR_NULL,
            "verified": {"type": "boolean", "description": "Whether the quotation is in the transcript."},
        }
    )


def _or_null(name: str) -> dict[str, Any]:
    return {"anyOf": [{"$ref": f"#/$defs/{name}"}, {"type": "null"}]}


def _object(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }
