"""A record is read from the store's own tables, with nothing loaded that plays, and says what the register says."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from converse_graph import Store
from converse_graph.errors import NotFound
from tests.support.small_scenarios import begin, channels, consciences, played, table

HEAVY = ("langgraph", "langchain_core", "langsmith", "langchain_openai", "openai", "sqlalchemy", "psycopg")
_DRIVER = f"""
import contextlib, sys
from converse_graph.cli import main
try:
    main()
except SystemExit as end:
    loaded = sorted({{name.partition(".")[0] for name in sys.modules}} & set({HEAVY!r}))
    print(f"exit {{end.code}}, loaded {{loaded}}", file=sys.stderr)
"""
READING = [
    ("runs",),
    ("runs", "--json"),
    ("show", "one"),
    ("show", "one", "--raw"),
    ("show", "one", "--stats"),
    ("show", "one", "--as", "json"),
    ("show", "one", "--as", "jsonl"),
    ("show", "one", "--as", "csv"),
    ("diff", "one", "two"),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two runs that are over."""
    path = tmp_path_factory.mktemp("finished") / "runs.sqlite"

    async def play() -> None:
        async with Store.open(path, make=True) as store:
            for name in ("one", "two"):
                await played(store, consciences(), name=name)

    asyncio.run(play())
    return path


@pytest.mark.slow
@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_finished_run_is_read_without_what_plays_it(finished: Path, command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DRIVER, *command, "--store", str(finished)],
        capture_output=True, text=True, check=True, env={"PYTHONPYCACHEPREFIX": str(finished.parent)},
    )  # fmt: skip

    assert done.stderr.splitlines()[-1] == "exit 0, loaded []"
    assert done.stdout


@pytest.mark.every_store
async def test_channels_are_read_as_langgraph_reads_them(store: Store) -> None:
    simulation = await played(store, consciences())

    theirs = await channels(store, simulation)
    ours = store.channels(simulation.run.name)

    assert ours == {name: theirs[name] for name in ours}
    assert theirs.keys() - ours.keys() <= {name for name in theirs if name.startswith("out_")}
    assert any(name.startswith("mind_") and ours[name] for name in ours)


@pytest.mark.every_store
async def test_a_run_that_has_not_begun_has_an_empty_record(store: Store) -> None:
    await begin(store, table("A"), name="waiting")

    assert store.channels("waiting") == {}
    assert store.transcript("waiting").statements == ()
    with pytest.raises(NotFound, match="No run 'nobody'; there is: waiting"):
        store.transcript("nobody")


async def test_the_header_of_a_finished_run_says_so_wherever_it_is_had(store: Store) -> None:
    simulation = await played(store, table("A"), name="over")

    record = store.transcript("over")
    for header in (simulation.run.header, store.register.run("over").header, record.header):
        assert (header.status, header.ended) == ("finished", "horizon")
    assert record == await simulation.transcript()


async def test_lists_of_runs_add_up_what_calls_took(store: Store) -> None:
    run = (await played(store, consciences(), name="over")).run
    replies = [call.reply for call in store.journal(run.id).calls()]

    (listed,) = store.register.runs()
    assert listed.tokens == run.tokens == sum(reply.input_tokens + reply.output_tokens for reply in replies) > 0
    assert (listed.usd, listed.scenario_name) == (0.0, run.header.scenario)
