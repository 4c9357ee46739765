import asyncio
import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request as WebRequest
from werkzeug import Response

from converse_graph.cli.exit_codes import Code, code_of, one_line
from converse_graph.errors import (
    AnswerNeeded,
    BudgetExceeded,
    CallFailed,
    ContextLengthExceeded,
    ContextWindowTooSmall,
    ConverseError,
    DatasetUploadFailed,
    IncompatibleStore,
    InvalidReply,
    InvalidValue,
    NoRoomForScratch,
    NotFound,
    PromptCut,
    ProviderRefused,
    ProviderUnreachable,
    RecordChanged,
    RunLocked,
    RunPaused,
    ScenarioChanged,
    StoreFailure,
    StoreUnreachable,
    UsageError,
)
from converse_graph.models.base import Request
from converse_graph.models.null import NullModel
from tests.support.child_process import run_python
from tests.support.command_line import BOARDS, Converse, process

RUN = ("run", str(BOARDS), "--model", "null")

REFUSED = {
    "a scenario that is not there": (("run", "moon-race"), "No scenario 'moon-race'; there is: agi-race,"),
    "a file that is not there": (("run", "nowhere.py"), "No file 'nowhere.py'"),
    "a function that the file lacks": (("run", f"{BOARDS}:nobody"), "there is: boards."),
    "a dial that is not there": (
        (*RUN, "--set", "colour=red"),
        "No dial of boards 'colour'; there is: rounds, order, deep",
    ),
    "a dial set to what it does not take": (
        (*RUN, "--set", "rounds=soon"),
        "Dial rounds takes whole number, not 'soon'",
    ),
    "a choice that is none": ((*RUN, "--set", "order=random"), "listed | simultaneous"),
    "a dial with no value": ((*RUN, "--set", "rounds"), "--set takes DIAL=VALUE, not 'rounds'"),
    "a dial and its value apart": ((*RUN, "--set", "rounds", "3"), "join a name and its value: --set rounds=3"),
    "a dial set twice": ((*RUN, "--set", "rounds=1", "--set", "rounds=2"), "Dial rounds is set twice"),
    "a model that is none": (("run", str(BOARDS), "--model", "clever"), "No model 'clever'"),
    "a model with no key": (("run", str(BOARDS), "--model", "openai:gpt-4.1"), "set OPENAI_API_KEY"),
    "a base URL that is none": ((*RUN, "--base-url", "nowhere"), "'nowhere' is no base URL"),
    "a horizon before the start": ((*RUN, "--until", "0"), "The clock starts in 1"),
    "no rounds": ((*RUN, "--rounds", "0"), "--rounds"),
    "a name that is unsafe": ((*RUN, "--name", "../x"), "A run cannot be called '../x'"),
    "a negative seed": ((*RUN, "--seed", "-1"), "--seed"),
    "a seed that is no number": ((*RUN, "--seed", "1e5"), "'--seed': it takes a whole number, not '1e5'"),
    "too few rounds": ((*RUN, "--rounds", "0"), "'--rounds': it takes at least 1, not '0'"),
    "too many judgings": (("judge", "x", "--repeats", "999"), "'--repeats': it takes at most 100, not '999'"),
    "more rounds than a run takes": ((*RUN, "--rounds", "9" * 20), "'--rounds': it takes at most 1000000, not '99999"),
    "an estimate of more": (("estimate", str(BOARDS), "--model", "null", "--rounds", "9" * 20), "at most 1000000"),
    "a setting of nobody": ((*RUN, "--option", ".temperature=1"), "PARTY.NAME=VALUE, not '.temperature=1'"),
    "a dial that makes no scenario": ((*RUN, "--set", "rounds=0"), "the clock ends in 0, before it starts in 1"),
    "a store that is a folder": ((*RUN, "--store", "."), "name a store"),
    "a run where no store is": (("resume", "x"), "No store at .converse/runs.sqlite"),
    "a list of runs where no store is": (("runs",), "No store at .converse/runs.sqlite"),
    "a transcript where no store is": (("show", "x"), "No store at .converse/runs.sqlite"),
    "a format that is none": (("show", "x", "--as", "pdf"), "'--as': 'pdf' is not one of 'markdown', "),
    "two formats at once": (("show", "x", "--json", "--as", "csv"), "cannot both be had"),
    "a command that is none": (("play",), "No such command 'play'. Did you mean 'replay'? There is: "),
    "an option that is none": (("runs", "--loud"), "--loud"),
    "an argument that is missing": (("run",), "SCENARIO"),
    "a scenario name that is none": (("new", "Wage Talks"), "A scenario cannot be called 'Wage Talks'"),
    "a scenario name that Python keeps for itself": (("new", "class"), "A scenario cannot be called 'class'"),
    "a scenario written as Python": (("new", "mine.py", "--from", "wage-talks"), "name it mine.yaml"),
    "dials of a scenario that is not named": (("new", "mine.yaml", "--set", "a=1"), "add --from SCENARIO"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_gets_one_line_and_code_2_and_writes_nothing(case: str, converse: Converse, tmp_path: Path) -> None:
    arguments, told = REFUSED[case]
    ended = converse(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("converse: ")
    assert ended.err.count("\n") == 1
    assert told in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_process_ends_with_the_code_of_its_error(tmp_path: Path) -> None:
    ended = process(tmp_path, "run", "moon-race")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_run_is_named_with_those_that_exist(converse: Converse, tmp_path: Path) -> None:
    assert converse(*RUN, "--rounds", "1", "--name", "first", "--set", "deep=false").code == 0
    for command in ("show", "resume"):
        ended = converse(command, "second")
        assert (ended.code, ended.err) == (2, "converse: No run 'second'; there is: first.\n")
    again = converse(*RUN, "--name", "first")
    assert again.code == 2
    assert "There is a run 'first' already" in again.err
    assert len(json.loads(converse("runs", "--json").out)) == 1


def test_a_fork_at_a_turn_of_nobody_is_refused(converse: Converse) -> None:
    assert converse(*RUN, "--rounds", "1", "--name", "first", "--set", "deep=false").code == 0
    ended = converse("fork", "first", "--at", "1:")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "No organisation ''; there is: " in ended.err


def test_an_error_names_some_of_what_there_is_where_there_is_much() -> None:
    names = [f"run-{number}" for number in range(2000)]
    refusal = str(NotFound.among("run", "run-9999", names))
    assert refusal.startswith("No run 'run-9999'. Did you mean 'run-")
    assert refusal.endswith("run-29 and 1,970 more.")


UNREADABLE = {
    "prices without end": (
        "p.yaml",
        b"x: {input: 1.0e400, output: 1}",
        ("estimate", str(BOARDS), "--prices", "p.yaml"),
    ),
    "a prompt in no UTF-8": ("prompts/organisation/brief.md", b"---\nvariables:\n---\n\xff", (*RUN, "--no-judge")),
    "a scenario that ends the program": (
        "leaves.py",
        b"from converse_graph import Scenario, scenario\n@scenario\ndef leaves() -> Scenario:\n    raise SystemExit\n",
        ("run", "leaves.py", "--model", "null"),
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_file_that_is_not_what_it_should_be_gets_one_line_and_code_2(
    case: str, converse: Converse, tmp_path: Path
) -> None:
    name, content, arguments = UNREADABLE[case]
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(content)
    ended = converse(*arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "Error:" not in ended.err


def test_a_file_that_is_no_store_is_left_as_it_was(converse: Converse, tmp_path: Path) -> None:
    diary = tmp_path / "diary.txt"
    diary.write_text("dear diary", encoding="utf-8")
    ended = converse(*RUN, "--store", "diary.txt")
    assert ended.code == 2
    assert "no store of ours" in ended.err
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [
        ("diary.txt", "dear diary")
    ]


def test_a_stop_rule_that_fails_pauses_the_run_which_goes_on_once_it_is_mended(
    converse: Converse, tmp_path: Path
) -> None:
    written = (
        "from converse_graph import Clock, Organisation, Scenario, StopWhen, scenario\n"
        "@scenario\n"
        "def broken() -> Scenario:\n"
        "    return Scenario(premise='p', clock=Clock(end=2, step='round'), organisations=[Organisation(name='A')],\n"
        "                    stop=[StopWhen(predicate=lambda statements: 1 / 0)])\n"
    )
    (tmp_path / "broken.py").write_text(written, encoding="utf-8")
    ended = converse("run", "broken.py", "--model", "null", "--name", "a")
    assert (ended.code, ended.err.count("\n")) == (3, 1)
    assert "ZeroDivisionError: division by zero (broken.py, line 5)" in ended.err
    (tmp_path / "broken.py").write_text(written.replace("1 / 0", "len(statements) > 9"), encoding="utf-8")
    assert converse("resume", "a").code == 2
    assert converse("resume", "a", "--allow-changed").code == 0


def test_a_run_that_fails_ends_with_code_1_and_shows_a_traceback_only_on_request(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> str:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("converse_graph.graph.supervisor.stop_reason", mistaken)
    plain = converse(*RUN, "--set", "deep=false", "--name", "a")
    assert (plain.code, plain.err) == (1, "converse: ZeroDivisionError: division by zero\n")
    traced = converse(*RUN, "--set", "deep=false", "--name", "b", "--debug")
    assert traced.code == 1
    assert traced.err.startswith("Traceback (most recent call last):")
    assert traced.err.endswith("\nconverse: ZeroDivisionError: division by zero\n")
    assert {row["status"] for row in json.loads(converse("runs", "--json").out)} == {"failed"}


def test_a_refused_key_pauses_the_run_and_resume_goes_on_once_it_is_taken(
    converse: Converse, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/v1/chat/completions").respond_with_json({"error": {"message": "bad key"}}, status=401)
    options = ("--model", "m", "--base-url", httpserver.url_for("/v1"), "--store", "a b.sqlite", "--rounds", "1")
    refused = converse("run", str(BOARDS), "--set", "deep=false", "--quiet", *options)
    assert refused.code == 3
    assert "bad key" in refused.err
    assert refused.err.endswith("Run boards-1 is paused. Go on with: converse resume boards-1 --store 'a b.sqlite'\n")
    assert refused.out == "transcripts/boards-1.md\n"
    httpserver.clear()
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(_answer)
    resumed = converse("resume", "boards-1", "--store", "a b.sqlite", "--quiet")
    assert (resumed.code, resumed.err) == (0, "")
    [row] = json.loads(converse("runs", "--json", "--store", "a b.sqlite").out)
    assert (row["status"], row["statements"]) == ("finished", 2)


def _answer(request: WebRequest) -> Response:
    """Answer as an OpenAI-compatible server would, with the null model's words."""
    schema = request.get_json()["response_format"]["json_schema"]["schema"]
    reply = asyncio.run(NullModel().complete(Request(messages=(), schema=schema, place="server")))
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply.text}}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    answer = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
    return Response(json.dumps(answer), content_type="application/json")


CODES = {
    UsageError: 2,
    InvalidValue: 2,
    NotFound: 2,
    IncompatibleStore: 2,
    ScenarioChanged: 2,
    RecordChanged: 2,
    AnswerNeeded: 3,
    RunPaused: 3,
    ProviderUnreachable: 3,
    ProviderRefused: 3,
    ContextLengthExceeded: 3,
    PromptCut: 3,
    CallFailed: 3,
    ContextWindowTooSmall: 3,
    BudgetExceeded: 3,
    RunLocked: 4,
    StoreFailure: 1,
    StoreUnreachable: 3,
    InvalidReply: 1,
    DatasetUploadFailed: 1,
    NoRoomForScratch: 1,
    ConverseError: 1,
}


@pytest.mark.parametrize("error", CODES)
def test_each_error_has_its_exit_code(error: type[ConverseError]) -> None:
    needed = {"speakers": ("Bank",)} if error is AnswerNeeded else {}
    assert code_of(error("x", **needed)) == Code(CODES[error])


def test_every_error_of_the_tree_is_in_that_table() -> None:
    def below(kind: type[ConverseError]) -> set[type[ConverseError]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    ours = {kind for kind in below(ConverseError) if kind.__module__ == "converse_graph.errors"}
    assert ours == set(CODES)


def test_a_message_is_one_line_without_control_characters() -> None:
    assert one_line("a\n  b\x1b[31m\tc\u202e") == "a b [31m c"


def test_a_message_without_end_keeps_its_beginning_and_its_way_out(converse: Converse) -> None:
    ended = converse(*RUN, "--name", "x" * 100_000)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert len(ended.err) < 2100
    assert ended.err.startswith("converse: A run cannot be called 'xxx")
    assert ended.err.endswith("the first no sign.\n")


def test_help_loads_nothing_that_a_command_needs() -> None:
    heavy = "{'pydantic', 'langgraph', 'langchain_core', 'langchain_openai', 'openai', 'rich', 'asyncio', 'sqlite3'}"
    code = f"import sys, converse_graph.cli; print(sorted({heavy} & set(sys.modules)))"
    ended = run_python("-c", code)
    assert (ended.code, ended.out) == (0, "[]\n")
