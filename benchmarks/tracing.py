"""What a round sends to LangSmith as a run grows long, with and without private words.

Three parties, each with a debate of four lines, on a model that costs nothing; traces go to a server on loopback that
counts bytes and keeps none. Bodies are counted as they come, not compressed; LangSmith itself takes them compressed.

    python -m benchmarks.tracing               ten blocks of ten rounds
    python -m benchmarks.tracing --blocks 3    a quick look
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks.report import show
from converse_graph import Clock, Debate, NullModel, Organisation, Persona, Scenario, Simulation, Store
from converse_graph.models.base import PromptProfile
from converse_graph.runs.derived import extend
from converse_graph.tracing.settings import Tracing, build_tracing

BLOCK = 10
"""Rounds that a figure is averaged over."""

INFO = {
    "batch_ingest_config": {
        "use_multipart_endpoint": True,
        "size_limit": 100,
        "size_limit_bytes": 20_000_000,
        "scale_up_nthreads_limit": 16,
        "scale_up_qsize_trigger": 1000,
        "scale_down_nempty_trigger": 4,
    }
}


class Large(NullModel):
    """The null model, prompted as a large one: it hears the most."""

    profile: PromptProfile = "large"


@contextmanager
def counting() -> Iterator[tuple[str, list[int]]]:
    """Serve on loopback what takes traces; gives its address, and the sizes of what came."""
    sizes: list[int] = []

    class Sink(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(json.dumps(INFO).encode())

        def do_POST(self) -> None:
            sizes.append(len(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(b"{}")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    serving = Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", sizes
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


async def measure(blocks: int, *, private: bool | None) -> tuple[list[int], float]:
    """Bytes sent in each block of rounds, and seconds of CPU of the whole process; None plays without tracing."""
    people = [Persona(name="CEO"), Persona(name="Safety")]
    debate = Debate(motion="What do we do?", turns=4, options=("go on", "hold"), members=people)
    parties = [Organisation(name=name, brief="a lab", deliberation=debate) for name in ("North", "South", "West")]
    scenario = Scenario(premise="They meet.", clock=Clock(end=BLOCK, step="round"), organisations=parties)
    began = time.process_time()
    bodies = []
    with tempfile.TemporaryDirectory() as folder, counting() as (url, sizes):
        tracing = None if private is None else _tracing(url, private)
        async with Store.open(Path(folder) / "runs.sqlite", make=True) as store:
            run = await Simulation.begin(store, scenario, seed=1, created=datetime.now(UTC), model=Large(), name="long")
            for block in range(1, blocks + 1):
                if block > 1:
                    await extend(store, "long", rounds=block * BLOCK, scenario=scenario)
                    run = await Simulation.reopen(store, "long", scenario=scenario, model=Large())
                before = sum(sizes)
                await run.play(tracing=tracing)
                bodies.append(sum(sizes) - before)
        if tracing is not None:
            await tracing.exporter.close()
    return bodies, time.process_time() - began


def _tracing(url: str, private: bool) -> Tracing:
    settings = {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": url, "LANGSMITH_API_KEY": "none"}
    opened = build_tracing(settings, warn=print, now=lambda: datetime.now(UTC), private=private)
    if opened is None:
        raise RuntimeError("tracing was switched on")
    return opened


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=10, help="how many blocks of ten rounds")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    bare, bare_cpu = asyncio.run(measure(arguments.blocks, private=None))
    public, public_cpu = asyncio.run(measure(arguments.blocks, private=False))
    private, private_cpu = asyncio.run(measure(arguments.blocks, private=True))
    rows = [
        {
            "rounds": f"{number * BLOCK + 1} to {(number + 1) * BLOCK}",
            "kB a round": public[number] / BLOCK / 1000,
            "of the first block": public[number] / public[0],
            "kB a round, --trace-private": private[number] / BLOCK / 1000,
            "of its first block": private[number] / private[0],
        }
        for number in range(len(bare))
    ]
    show("What a round sends to LangSmith (3 turns, 3 debates, 15 calls)", rows, out=arguments.out)
    turns = arguments.blocks * BLOCK * 3
    print(
        f"\nCPU a turn: {bare_cpu / turns * 1000:.1f} ms without tracing, {public_cpu / turns * 1000:.1f} ms with, "
        f"{private_cpu / turns * 1000:.1f} ms with private words."
    )


if __name__ == "__main__":
    main()
