"""`converse demo`: a minute of a record that comes with the package, in a terminal, in a pipe, and broken off."""

import contextlib
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import pytest
from rich.console import Console

from converse_graph.cli.demo import SCENES, load_demo, scene_passages
from converse_graph.cli.demo_player import Player
from tests.support.command_line import Converse

CODES = re.compile(r"\x1b\[[\d;?]*[a-zA-Z]")
LAST = "  converse run boardrooms --set fictional=true --model openai:gpt-4.1"
SPOKEN = "My signature is on that number, with a date."


def test_into_a_pipe_it_is_written_at_once_plainly_and_word_for_word(converse: Converse) -> None:
    ended = converse("demo")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.rstrip().splitlines()[-1] == LAST
    assert "\x1b" not in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80
    written = " ".join(ended.out.split())
    turns = {(said.round, said.speaker): said for said in load_demo().statements}
    for scene in SCENES:
        private = turns[scene.round, scene.speaker].private
        assert private is not None
        for number in scene.lines:
            assert private.deliberation is not None
            assert private.deliberation.lines[number - 1].text in written
    assert SPOKEN in written


class Clock:
    """No keyboard, and time that only adds up."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wait(self, seconds: float) -> str | None:
        self.seconds += seconds
        return None


@pytest.mark.parametrize(("speed", "least", "most"), [(1, 55, 80), (2, 27, 40)])
def test_it_takes_about_a_minute(speed: float, least: float, most: float) -> None:
    clock = Clock()
    with Path(os.devnull).open("w") as nowhere:
        Player(Console(file=nowhere, width=80), clock, speed=speed).play(scene_passages(load_demo(), SCENES))
    assert least < clock.seconds < most


def _in_terminal(columns: int, *arguments: str, keys: list[tuple[str, bytes]]) -> tuple[int, str, float, bool]:
    """Run it in a terminal, and press each key once a text is on the screen.

    Returns:
        The exit code, what was written, the seconds from the first text to the end, and whether the terminal was left
        as it was.
    """
    parent, child = pty.openpty()
    ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    before = termios.tcgetattr(child)
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns)}
    command = [sys.executable, "-m", "converse_graph.cli", "demo", *arguments]
    written, waiting, begun = b"", list(keys), 0.0
    with subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env=environment, start_new_session=True,
                          preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0)) as process:  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if select.select([parent], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    written += os.read(parent, 65536)
                begun = begun or time.monotonic()
            elif process.poll() is not None:
                break
            if waiting and waiting[0][0] in CODES.sub("", written.decode(errors="replace")):
                os.write(parent, waiting.pop(0)[1])
        code = process.wait(timeout=10)
    took, after = time.monotonic() - begun, termios.tcgetattr(child)
    os.close(child)
    os.close(parent)
    return code, CODES.sub("", written.decode()), took, after == before


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 120])
def test_in_a_terminal_a_key_shows_the_rest_of_a_scene_and_lines_fit(columns: int) -> None:
    keys = [("2024", b" "), ("2025", b"\n"), ("2026", b"x")]
    code, written, took, is_as_before = _in_terminal(columns, keys=keys)
    lines = written.replace("\r\n", "\n").rstrip().split("\n")
    assert (code, lines[-1], is_as_before) == (0, LAST, True)
    assert max(map(len, lines)) <= columns
    assert SPOKEN in " ".join(written.split())
    assert took < 20, "three scenes that take twenty seconds each were cut short"


@pytest.mark.slow
@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "Ctrl-C"])
def test_it_ends_at_a_key_and_at_ctrl_c_with_the_command_to_go_on_with(key: bytes) -> None:
    code, written, took, is_as_before = _in_terminal(80, keys=[("Head", key)])
    assert (code, is_as_before) == (0, True)
    assert written.rstrip().endswith(LAST)
    assert "Traceback" not in written
    assert SPOKEN not in written
    assert took < 20
