"""Many runs at once, against a model's server that fails at random: is anything lost, does anything grow?

    python -m benchmarks.soak                       200 runs of 40 turns
    python -m benchmarks.soak --runs 20 --rounds 3  a quick look

The server is a process of its own on loopback. Of its answers one in twelve is a fault: busy, broken, a connection that
is reset, a reply that is cut.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report import show
from converse_graph import Clock, NullModel, Organisation, Scenario, Simulation, Store
from converse_graph.models.base import Request
from converse_graph.models.openai_compatible import OpenAICompatibleModel
from converse_graph.models.retries import RetryPolicy

FAULTY = 1 / 12
PARTIES = ("Lab 0", "Lab 1", "Lab 2", "Office")
TRIES = 12
"""Tries of a call: at one fault in twelve, that all fail is less likely than one in 10^12."""


async def serve() -> None:
    """Answer on a free port, which is printed, until standard input ends."""
    chance, counts = random.Random(7), [0, 0]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await _answer_one(reader, writer, chance, counts):
                await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(counts), flush=True)


async def _answer_one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chance: random.Random, counts: list[int]
) -> bool:
    """Answer one request of a connection; False where that ends it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    body = json.loads(await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0])))
    schema = body["response_format"]["json_schema"]["schema"]
    place = str(counts[0])
    text = (await NullModel().complete(Request(messages=(), schema=schema, place=place))).text
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    whole = json.dumps(
        {"id": "1", "object": "chat.completion", "created": 0, "model": "served-1b", "choices": [choice]}
    )
    if chance.random() >= FAULTY:
        counts[0] += 1
        writer.write(_http(200, whole))
        return True
    counts[1] += 1
    match chance.randrange(4):
        case 0:
            writer.write(_http(429, '{"error": {"message": "busy"}}'))
            return True
        case 1:
            writer.write(_http(500, '{"error": {"message": "oops"}}'))
            return True
        case 2:
            writer.transport.abort()
            return False
        case _:
            writer.write(_http(200, whole)[: -len(whole) // 2])
            return False


def _http(status: int, body: str) -> bytes:
    return (
        f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
    )


async def soak(runs: int, rounds: int, base_url: str, path: Path, samples: list[dict[str, Any]]) -> dict[str, Any]:
    """Play that many runs at once; what became of them."""
    scenario = Scenario(
        premise="Labs report, an office asks.",
        clock=Clock(end=rounds, step="round"),
        organisations=[Organisation(name=name) for name in PARTIES],
        max_statement_chars=300,
    )
    model = OpenAICompatibleModel("served-1b", base_url, timeout=30, retries=RetryPolicy(tries=TRIES, base=0.05))
    done = [0]

    async def one(store: Store, number: int) -> None:
        simulation = await Simulation.begin(store, scenario, seed=number, created=datetime.now(UTC), model=model)
        await simulation.play()
        done[0] += 1

    async with Store.open(path, make=True) as store:
        watching = asyncio.create_task(_watch(samples, done))
        ended = await asyncio.gather(*(one(store, number) for number in range(runs)), return_exceptions=True)
        watching.cancel()
        failed = [error for error in ended if error is not None]
        runs_there = store.register.runs()
        calls = sum(len(store.journal(run.id).places()) for run in runs_there)
        accepted = sum(call.accepted for run in runs_there for call in store.journal(run.id).calls())
        whole = sum(run.status == "finished" and run.statements == rounds * len(PARTIES) for run in runs_there)
    await model.close()
    return {"finished": whole, "failed": len(failed), "calls kept": calls, "accepted": accepted}


async def _watch(samples: list[dict[str, Any]], done: list[int]) -> None:
    began = time.monotonic()
    while True:
        samples.append({"seconds": time.monotonic() - began, "runs done": done[0], **_of_this_process()})
        await asyncio.sleep(1)


def _of_this_process() -> dict[str, Any]:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "MB": pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        "open files": len(list(Path("/proc/self/fd").iterdir())),
    }


async def main() -> None:
    """Soak, and show what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return await serve()
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.soak", "--serve",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if server.stdin is None or server.stdout is None:
        raise RuntimeError("the server has no pipes")
    port = int(await server.stdout.readline())
    samples: list[dict[str, Any]] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        figures = await soak(
            arguments.runs, arguments.rounds, f"http://127.0.0.1:{port}/v1", Path(folder) / "s.sqlite", samples
        )
    wall = time.monotonic() - began
    server.stdin.close()
    answers, faults = json.loads(await server.stdout.readline())
    await server.wait()
    settled = samples[len(samples) // 4 :]
    row = {
        "runs": arguments.runs,
        "turns each": arguments.rounds * len(PARTIES),
        **figures,
        "answered by the server": answers,
        "faults": faults,
        "MB after a quarter": settled[0]["MB"],
        "MB at the end": settled[-1]["MB"],
        "most open files": max(sample["open files"] for sample in samples),
        "seconds": wall,
    }
    show("Many runs at once, with faults", [row], out=arguments.out)
    return None


if __name__ == "__main__":
    asyncio.run(main())
