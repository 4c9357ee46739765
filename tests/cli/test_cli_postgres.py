"""The command line on a store that is a database on a server."""

import json
import shlex
from pathlib import Path

import pytest

from tests.support.child_process import Ended, end, wait_until
from tests.support.command_line import BOARDS, SEED, Converse, start
from tests.support.postgres_cluster import PASSWORD, Cluster

SLOW = ("run", str(BOARDS), "--model", "null:0.05", "--seed", SEED, "--name", "stopped")


@pytest.fixture
def address(postgres: Cluster) -> str:
    return postgres.database()


def masked(address: str) -> str:
    """As an address may be shown."""
    user, _, place = address.rpartition("@")
    return f"{user.rpartition(':')[0]}:***@{place}"


def test_a_run_on_a_server_is_listed_shown_forked_and_judged_as_on_a_file(
    address: str, converse: Converse, tmp_path: Path, reference: tuple[Path, Ended]
) -> None:
    on_server = ("--store", address)
    ended = converse("run", str(BOARDS), "--model", "null", "--seed", SEED, "--name", "whole", *on_server)
    assert ended.code == 0, ended.err
    page = Path(".converse/transcripts/whole.md")
    assert ended.out.splitlines()[-1] == str(page)
    assert [path.name for path in (tmp_path / ".converse").iterdir()] == ["transcripts"], "nothing but transcripts"
    on_file = str(reference[0] / ".converse" / "runs.sqlite")
    told = [
        json.loads(converse("show", "whole", "--raw", "--as", "json", "--store", at).out) for at in (address, on_file)
    ]
    assert told[0]["statements"] == told[1]["statements"]
    assert converse("fork", "whole", "--at", "2", "--name", "other", *on_server).code == 0
    assert converse("judge", "whole", "--repeats", "2", *on_server).code == 0
    (listed,) = [row for row in json.loads(converse("runs", "--json", *on_server).out) if row["run"] == "other"]
    assert (listed["parent"], listed["status"]) == ("whole", "finished")


@pytest.mark.slow
def test_a_run_whose_server_goes_is_paused_in_one_line_and_resumes_to_the_same_end(
    postgres: Cluster, address: str, converse: Converse, tmp_path: Path, reference: tuple[Path, Ended]
) -> None:
    running = start(tmp_path, *SLOW, "--store", address)
    wait_until(lambda: said(converse, address) >= 1)
    held = converse("resume", "stopped", "--store", address)
    assert held.code == 4
    assert held.err == "converse: Run 'stopped' is held by another process; wait for it to end, or pause it there.\n"
    postgres.stop()
    try:
        ended = end(running)
        down = converse("resume", "stopped", "--store", address)
    finally:
        postgres.start()
    assert ended.code == 3
    (line,) = ended.err.splitlines()
    assert line.startswith("converse: The store's server is gone: ")
    store = f"--store {shlex.quote(masked(address))}"
    assert line.endswith(f"Run stopped is paused. Go on with: converse resume stopped {store}")
    assert down.code == 1
    (line,) = down.err.splitlines()
    assert line.startswith(f"converse: {masked(address)} cannot be opened: ")
    assert PASSWORD not in ended.err + ended.out + down.err
    resumed = converse("resume", "stopped", "--store", address)
    assert resumed.code == 0, resumed.err
    on_file = str(reference[0] / ".converse" / "runs.sqlite")
    shown = converse("show", "stopped", "--raw", "--as", "json", "--store", address)
    whole = converse("show", "whole", "--raw", "--as", "json", "--store", on_file)
    assert json.loads(shown.out)["statements"] == json.loads(whole.out)["statements"]


def said(converse: Converse, address: str) -> int:
    """How many statements the run has; none before it is registered."""
    listed = converse("runs", "--json", "--store", address)
    return sum(row["statements"] for row in json.loads(listed.out)) if listed.code == 0 else 0
