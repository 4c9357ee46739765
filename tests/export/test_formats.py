import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from converse_graph.errors import InvalidValue
from converse_graph.export.formats import as_csv, as_json, as_jsonl, from_json, json_text
from converse_graph.export.schemas import runs_schema, show_schema
from converse_graph.record.transcript import PrivateNotes
from tests.support.property_search import example_count
from tests.support.random_transcripts import transcripts
from tests.support.sample_transcripts import SMALL

_SLOW = settings(
    max_examples=example_count(60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
_RUN = {
    "run": "wage-talks-k3", "scenario": "wage-talks", "status": "paused", "parent": None, "replays": None, "rounds": 3,
    "statements": 4,    "tokens": 1200, "usd": None, "created": "2026-01-02T03:04:05Z",
    "chain_head": "ab" * 32, "model": "null", "humans": [], "seed": 7,
    "dials": {"inflation": 0.02}, "ended": None, "watched": 3.0,
    "events": {"settled": None},
    "reported_by": {}, "years": {}, "last_values": {"Union": {"offer": 0.1}}, "drift_rate": 0.0, "agreement": None,
    "scores": {},
}  # fmt: skip

_SHOW_SCHEMA = show_schema()


@_SLOW
@given(transcripts)
def test_raw_json_reads_back_exactly_through_text(transcript):
    assert from_json(json.loads(json_text(as_json(transcript, raw=True)))) == transcript


@_SLOW
@given(transcripts)
def test_json_fits_the_published_schema_raw_or_not(transcript):
    schema = Draft202012Validator(_SHOW_SCHEMA)
    schema.validate(json.loads(json_text(as_json(transcript, raw=True))))
    schema.validate(json.loads(json_text(as_json(transcript))))


def test_json_without_raw_is_the_public_record():
    assert from_json(as_json(SMALL)) == SMALL.public()
    assert "Finance" not in json_text(as_json(SMALL))


def test_raw_json_tells_the_conversation_inside_a_conversation():
    first = as_json(SMALL, raw=True)["statements"][0]
    assert first["memo"] == "We could go to 3%."
    assert first["deliberation"]["lines"][0]["deliberation"]["motion"] == "Is it fair?"
    assert first["deliberation"]["decision"]["dissent"] == ["Operations"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"version": 2}, "version is 2; this version of the package reads 1"),
        ({"statements": {}}, "a transcript as JSON has a header"),
        ({"header": None}, "a transcript as JSON has a header"),
        ({"statements": [3]}, "statement 1 is int; it must be an object"),
        ({"statements": [{"round": 0}]}, "statement 1: Statement: turn is missing"),
        ({"header": {}}, "run is missing"),
    ],
)
def test_json_of_another_shape_is_refused(change, complaint):
    with pytest.raises(InvalidValue, match=complaint):
        from_json({**as_json(SMALL, raw=True), **change})


def test_json_lines_are_the_header_and_a_line_for_each_statement():
    lines = [json.loads(line) for line in as_jsonl(SMALL, raw=True).splitlines()]
    assert lines[0] == {
        "version": 1,
        "header": as_json(SMALL)["header"],
        "standing": {},
        "happened": [],
        "verdicts": [],
        "world": [],
    }
    assert lines[1:] == as_json(SMALL, raw=True)["statements"]


def test_json_text_keeps_letters_and_escapes_half_characters():
    assert json_text({"a": "中é\ud800"}) == '{"a": "中é\\ud800"}'


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_table_has_a_row_for_each_statement_and_a_column_for_each_part_of_a_field():
    rows = _rows(as_csv(SMALL))
    assert [row["speaker"] for row in rows] == ["Employer", "Union", "Union"]
    assert rows[0]["fields.settled_by.p50"] == "2026"
    assert rows[0]["fields.conditions"] == "no strikes; overtime <b>as before</b>"
    assert rows[0]["fields.final"] == "true"
    assert rows[0]["fields.penalty"] == rows[1]["fields.penalty"] == ""
    assert "memo" not in rows[0]


def test_a_raw_table_adds_memos_and_positions():
    row = _rows(as_csv(SMALL, raw=True))[0]
    assert (row["memo"], row["position"], row["follows_decision"]) == ("We could go to 3%.", "2%", "true")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "=HYPERLINK(1)\r\nx"])
def test_no_text_of_a_table_is_a_formula_to_a_spreadsheet(text):
    statement = SMALL.statements[2].model_copy(
        update={"text": text, "speaker": text, "fields": {"a": [text], "n": -1.5}, "private": PrivateNotes(memo=text)}
    )
    row = _rows(as_csv(SMALL.model_copy(update={"statements": (statement,)}), raw=True))[0]
    assert row["text"] == row["speaker"] == row["memo"] == row["fields.a"] == f"'{text}"
    assert row["fields.n"] == "-1.5"


def test_the_schemas_are_schemas():
    Draft202012Validator.check_schema(_SHOW_SCHEMA)
    Draft202012Validator.check_schema(runs_schema())


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"usd": 0.25, "parent": "wage-talks-k2"}, True),
        ({"status": "stopped"}, False),
        ({"tokens": -1}, False),
        ({"extra": 1}, False),
    ],
)
def test_rows_of_runs_fit_their_schema_or_do_not(change, fits):
    assert Draft202012Validator(runs_schema()).is_valid([{**_RUN, **change}]) is fits


@pytest.mark.parametrize("left_out", ["header", "version", "statements"])
def test_json_with_something_left_out_does_not_fit_the_schema(left_out):
    shown = as_json(SMALL)
    del shown[left_out]
    assert not Draft202012Validator(_SHOW_SCHEMA).is_valid(shown)
