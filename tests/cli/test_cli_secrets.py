"""A key is in nothing that is written or printed, whatever goes wrong."""

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.child_process import run_python
from tests.support.command_line import BOARDS, Converse

KEY = "sk-planted-0123456789abcdefghijkl"


def refuses(status: int) -> Response:
    told = {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}}
    return Response(json.dumps(told), status=status, content_type="application/json")


def echoes(request: Request) -> Response:
    """A streamed reply that holds whatever the server was sent in its headers, in two pieces."""
    told = f"I was sent {request.headers.get('Authorization')}"
    said = json.dumps({"statement": told, "week": 3, "agreed": True, "memo": "m"})
    shape = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    pieces = [({"content": said[:40]}, None), ({"content": said[40:]}, None), ({}, "stop")]
    lines = [
        json.dumps({**shape, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        for delta, finish in pieces
    ]
    return Response("".join(f"data: {line}\n\n" for line in lines), content_type="text/event-stream")


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_key_is_nowhere_whatever_the_server_says(
    converse: Converse, tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(lambda request: refuses(status))
    run = (
        "run",
        str(BOARDS),
        "--model",
        "m",
        "--base-url",
        httpserver.url_for("/v1"),
        "--name",
        "r",
        "--set",
        "deep=false",
    )
    told = [converse(*run), converse(*run, "--debug"), converse("resume", "r"), converse("resume", "r", "--debug")]
    told += [converse("show", "r", "--json"), converse("runs", "--json"), converse("runs"), converse("models")]
    told += [converse("show", "r", "--raw"), converse("judge", "r"), converse("replay", "r")]
    said = "".join(ended.out + ended.err for ended in told)
    assert told[0].code == 3
    assert KEY not in said
    assert KEY.encode() not in written(tmp_path)


def test_an_address_with_a_password_is_refused_without_repeating_it(converse: Converse, tmp_path: Path) -> None:
    ended = converse("run", str(BOARDS), "--model", "m", "--base-url", "http://user:hunter2@127.0.0.1:9/v1")
    assert ended.code == 2
    assert "OPENAI_API_KEY" in ended.err
    assert "hunter2" not in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_gives_the_key_back_does_not_get_it_into_the_record(
    converse: Converse, tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(echoes)
    run = ("run", str(BOARDS), "--model", "m", "--base-url", httpserver.url_for("/v1"), "--no-judge", "--rounds", "1")
    ended = converse(*run, "--set", "deep=false", "--name", "r")
    shown = converse("show", "r", "--raw")
    assert ended.code == 0
    assert "I was sent Bearer" in shown.out
    assert "Read, though not quite as asked for: key cut out." in shown.out
    assert KEY not in ended.out + ended.err + shown.out
    assert KEY.encode() not in written(tmp_path)


@pytest.mark.slow
def test_a_transcript_is_whole_or_absent_when_the_disk_is_full_and_the_run_is_kept(
    converse: Converse, tmp_path: Path
) -> None:
    assert converse("run", str(BOARDS), "--model", "null", "--rounds", "60", "--name", "r", "--no-judge").code == 0
    path = tmp_path / ".converse" / "transcripts" / "r.md"
    before = path.read_bytes()
    script = (
        "import resource, signal, sys; from converse_graph.cli import main; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) // 2}, {len(before) // 2})); "
        "sys.argv = ['converse', 'show', 'r', '--raw', '--out', 'copy.md']; main()"
    )
    done = run_python("-c", script, folder=tmp_path)
    assert done.code == 1
    assert len(done.err.strip().splitlines()) == 1
    assert "file too large" in done.err
    assert not (tmp_path / "copy.md").exists()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".converse"], "no half a file is left behind"
    assert path.read_bytes() == before
