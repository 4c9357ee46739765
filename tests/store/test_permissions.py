"""A new store is its owner's alone, whatever the umask; one that is shared keeps the umask."""

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from converse_graph import Store
from converse_graph.store import permissions

pytestmark = pytest.mark.skipif(os.name != "posix", reason="others are told apart by modes on POSIX alone")


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """As careless as can be."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("shared", "file", "folder"), [(False, 0o600, 0o700), (True, 0o644, 0o777)])
async def test_who_may_read_a_new_store_with_all_that_belongs_to_it(
    tmp_path: Path, shared: bool, file: int, folder: int
) -> None:
    path = tmp_path / "new" / "deep" / "runs.sqlite"

    async with Store.open(path, make=True, shared=shared) as store:
        with store.hold("race"):
            locks = path.with_name("runs.sqlite.locks")
            assert mode(locks) == folder
            assert mode(locks / "race.lock") == (0o666 if shared else 0o600)
            await store._writer.write(lambda session: session.run("DELETE FROM ensembles"))
            beside = [one for one in path.parent.iterdir() if one.is_file() and one.suffix != ".shared"]
            assert len(beside) > 1
            assert {mode(one) for one in beside} == {file}
        assert store.is_shared is shared
    assert {mode(one) for one in (path.parent, path.parent.parent)} == {folder}


async def test_a_store_that_others_can_read_is_warned_of_once_until_that_is_meant(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "runs.sqlite"
    async with Store.open(path, make=True):
        path.chmod(0o640)

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            async with Store.open(path):
                pass
    assert [record.getMessage() for record in caplog.records if str(path) in record.getMessage()] == [
        f"{path} can be read by others on this machine, every mind in it too: `chmod 600` it and what lies beside it, "
        "or run with --shared once, where that is meant."
    ]
    caplog.clear()
    permissions._warned.clear()
    async with Store.open(path, shared=True):
        pass
    async with Store.open(path):
        assert caplog.records == []
