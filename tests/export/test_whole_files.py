import os
import stat
import threading

import pytest

from converse_graph.errors import ConverseError, UsageError
from converse_graph.export.atomic_files import write_atomically


def test_a_file_is_written_with_the_permissions_of_any_new_file_and_nothing_beside_it(tmp_path):
    (tmp_path / "other").write_text("x")
    write_atomically(tmp_path / "page.md", "é\n\ud800")
    assert (tmp_path / "page.md").read_bytes() == b"\xc3\xa9\n\\ud800"
    assert stat.S_IMODE((tmp_path / "page.md").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "page.md"]


def test_a_file_that_cannot_take_its_name_leaves_the_old_one_and_nothing_beside_it(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConverseError, match=r"Cannot write .*page.md': no space left on device; nothing was written"):
        write_atomically(page, "new")
    assert page.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page.md"]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("missing/page.md", "no such file or directory"),
        ("file/page.md", "not a directory"),
        ("folder", "is a directory"),
        ("circle", "the links go round in a circle"),
    ],
)
def test_a_place_where_no_file_can_be_is_refused_in_one_line(tmp_path, place, reason):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(UsageError, match=reason) as refused:
        write_atomically(tmp_path / place, "x")
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.rglob("*.part"))


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real.md").write_text("old")
    (tmp_path / "link.md").symlink_to("real.md")
    write_atomically(tmp_path / "link.md", "new")
    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "real.md").read_text() == "new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_atomically(pipe, "through")
    reader.join(timeout=10)
    assert got == ["through"]
    assert pipe.is_fifo()
