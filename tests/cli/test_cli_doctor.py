"""`converse doctor`: what is in order, what is not and what to do about it, and that no key is ever told."""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from packaging.requirements import Requirement
from pytest_httpserver import HTTPServer

from converse_graph.cli.doctor import libraries, store_and_files
from converse_graph.cli.doctor.tracing_and_terminal import Terminal, look_at_terminal
from tests.support.command_line import Converse

PLANTED = {
    "OPENAI_API_KEY": "sk-planted-4711",
    "LANGSMITH_API_KEY": "lsv2-planted-0815",
    "ANTHROPIC_API_KEY": "ant-planted-2342",
    "DATABASE_PASSWORD": "planted-word",
}


def told(converse: Converse, *options: str) -> dict[tuple[str, str], dict[str, Any]]:
    findings = json.loads(converse("doctor", "--json", *options).out)["findings"]
    return {(finding["area"], finding["name"]): finding for finding in findings}


def test_where_all_is_well_it_says_so_and_ends_with_0(converse: Converse) -> None:
    ended = converse("doctor")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("A run can begin here; 0 warnings.\n")
    assert "fail" not in ended.out
    for area in ("versions", "store", "scenarios", "prompts", "models", "tracing", "terminal"):
        assert f"{area}\n  ok " in ended.out


def test_its_json_fits_the_schema_that_is_published(converse: Converse) -> None:
    schema = json.loads(converse("schema", "--of", "doctor").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    shown = json.loads(converse("doctor", "--json").out)
    jsonschema.validate(shown, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**shown, "surprise": 1}, schema)


def test_it_writes_nothing(converse: Converse, tmp_path: Path) -> None:
    assert converse("doctor").code == 0
    assert list(tmp_path.iterdir()) == []


def test_no_planted_key_or_password_is_told_whatever_else_goes_wrong(
    converse: Converse, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    httpserver.expect_request("/v1/models").respond_with_data(f"no {PLANTED['OPENAI_API_KEY']}", status=401)
    server = f"127.0.0.1:{httpserver.port}/v1?token=planted-query"
    addresses = (f"http://me:planted-pass@{server}", f"http://{server}", "ftp://me:planted-pass@host/?a=planted-query")
    for address in addresses:
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        monkeypatch.setenv("LANGSMITH_ENDPOINT", address)
        for options in ([], ["--json"], ["--store", "postgresql://me:planted-pass@127.0.0.1:9/runs"]):
            ended = converse("doctor", *options)
            assert ended.code == 1
            assert "planted-" not in ended.out + ended.err


def test_a_server_that_refuses_the_key_is_told_with_the_way_out(
    converse: Converse, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/v1/models").respond_with_data("", status=401)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-4711")
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    finding = told(converse)["models", "server"]
    assert finding["outcome"] == "fail"
    assert finding["state"].endswith("answers 401")
    assert "check OPENAI_API_KEY" in finding["way_out"]


def test_a_server_that_answers_is_told_with_its_first_model(
    converse: Converse, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/v1/models").respond_with_json({"data": [{"id": "llama-x"}, {"id": "other"}]})
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    findings = told(converse)
    assert findings["models", "server"]["state"].endswith("answers: 2 models, the first llama-x")
    assert findings["models", "a run's model"]["state"].startswith("llama-x,")


@pytest.mark.parametrize("body", ["[1, 2]", "no JSON", '{"data": 3}', '{"data": ["x"]}', "null"])
def test_an_answer_that_lists_no_models_is_a_failure_in_one_line(
    body: str, converse: Converse, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/v1/models").respond_with_data(body)
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    assert "answers with no list of models" in told(converse)["models", "server"]["state"]


def test_a_model_that_cannot_be_asked_is_a_failure(converse: Converse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVERSE_MODEL", "openai:gpt-4.1")
    finding = told(converse)["models", "a run's model"]
    assert (finding["outcome"], "needs a key" in finding["state"]) == ("fail", True)


def test_a_store_is_told_with_its_runs_and_a_foreign_one_is_a_failure(converse: Converse, tmp_path: Path) -> None:
    assert converse("run", "wage-talks", "--rounds", "1", "--model", "null", "--quiet", "--no-judge").code == 0
    assert told(converse)["store", "runs"]["state"].endswith(": 1 in all")
    with sqlite3.connect(tmp_path / "other.sqlite") as database:
        database.execute("CREATE TABLE t (x)")
    database.close()
    finding = told(converse, "--store", "other.sqlite")["store", "runs"]
    assert (finding["outcome"], "no store of ours" in finding["state"]) == ("fail", True)


def test_a_folder_without_leave_to_write_and_a_full_disk_are_told(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    monkeypatch.setattr(store_and_files, "LITTLE_ROOM", 2**60)
    findings = told(converse)
    assert findings["store", "leave to write"]["outcome"] == "fail"
    assert findings["store", "disk space"]["outcome"] == "warn"


def test_a_scenario_file_that_does_not_load_is_a_failure_that_names_it(converse: Converse, tmp_path: Path) -> None:
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "mine.py").write_text("import nothing_of_that_name\n")
    finding = told(converse)["scenarios", "graphs"]
    assert (finding["outcome"], "mine.py" in finding["state"]) == ("fail", True)


@pytest.mark.parametrize(
    ("file", "text", "name", "outcome", "said"),
    [
        ("statment", "Speak.", "unused", "warn", "organisation/statment.md"),
        ("statement", "Speak of $weather.", "templates", "fail", "weather"),
    ],
)
def test_a_broken_prompt_is_a_failure_and_a_misspelt_one_a_warning(
    file: str, text: str, name: str, outcome: str, said: str, converse: Converse, tmp_path: Path
) -> None:
    folder = tmp_path / "prompts" / "organisation"
    folder.mkdir(parents=True)
    (folder / f"{file}.md").write_text(f"---\nvariables:\n---\n{text}\n")
    finding = told(converse)["prompts", name]
    assert (finding["outcome"], said in finding["state"]) == (outcome, True)


def test_tracing_without_a_key_is_a_warning(converse: Converse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    assert told(converse)["tracing", "LangSmith"]["outcome"] == "warn"
    monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2-planted-0815")
    assert told(converse)["tracing", "LangSmith"]["state"] == "on, to project 'default'; a key is set"


def test_tracing_by_opentelemetry_is_told_with_what_hinders_it(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://user:lsv2-planted-0815@otel.example")
    assert told(converse)["tracing", "OpenTelemetry"]["state"] == "off"
    monkeypatch.setenv("CONVERSE_OTEL", "true")
    assert told(converse)["tracing", "OpenTelemetry"]["state"] == "on, to https://otel.example/v1/traces"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    finding = told(converse)["tracing", "OpenTelemetry"]
    assert (finding["outcome"], "is 'grpc'" in finding["state"]) == ("warn", True)


def test_a_library_below_its_floor_or_missing_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        libraries, "requires", lambda name: ["rich>=900", "nothing-of-that-name>=2", "optional-one>=1; extra == 'x'"]
    )
    wrong = [finding for finding in libraries.look_at_versions() if finding.outcome == "fail"]
    assert [finding.name for finding in wrong] == ["rich", "nothing-of-that-name"]
    assert [finding.way_out for finding in wrong] == [
        f"pip install '{Requirement(line)}'" for line in ("rich>=900", "nothing-of-that-name>=2")
    ]


def test_a_narrow_terminal_and_one_without_the_signs_are_warnings() -> None:
    narrow = look_at_terminal(Terminal(columns=40, encoding="ascii", live=True))
    assert [finding.outcome for finding in narrow] == ["warn", "warn"]
