"""The process that draws."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

SERVES = """
import asyncio, os, sys
from converse_graph.view.workshop import Workshop

async def main():
    print(await Workshop().do(os.getpid), flush=True)
    sys.stdin.read()

if __name__ == "__main__":
    asyncio.run(main())
"""


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_ends_where_the_process_that_serves_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "serves.py"
    script.write_text(SERVES, encoding="utf-8")
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as serves:
        assert serves.stdout is not None
        drawing = int(serves.stdout.readline())
        assert is_there(drawing)
        serves.kill()
        serves.wait()
    end = time.monotonic() + 20
    while is_there(drawing):
        assert time.monotonic() < end
        time.sleep(0.05)
