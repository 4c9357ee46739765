"""What the framework leaves of a model's speed: the embedded model through it, against a bare client of its server.

The same prompts in the same order, with the same schemas and settings, to the same server in this process: first played
as runs, then read from their journals and sent again by an HTTP client that does nothing else. Again they begin with
one word more, so that the server's prompt cache holds none of them from the first time. A rate is of words written, in
tokens a second.

    python -m benchmarks.throughput             one run, then four at once; some minutes
    python -m benchmarks.throughput --rounds 2  a quick look
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.report import show
from benchmarks.served import served_at
from benchmarks.workload import conversation
from converse_graph import Simulation, Store
from converse_graph.models.base import Request
from converse_graph.models.capabilities import ServerCapabilities
from converse_graph.models.local import SERVED_AS, LocalModel
from converse_graph.models.settings import EMBEDDED
from converse_graph.store.journal import Call

AT_ONCE = (1, 4)
LENGTH = 240


async def through_framework(runs: int, rounds: int, seed: int) -> tuple[float, list[list[Call]]]:
    """Seconds that so many runs at once take, and their journals."""
    scenario = conversation(rounds, length=LENGTH)
    with tempfile.TemporaryDirectory() as folder:
        async with Store.open(Path(folder) / "store.sqlite", make=True) as store:
            model = LocalModel()
            simulations = [
                await Simulation.begin(store, scenario, seed=seed + number, created=datetime.now(UTC), model=model)
                for number in range(runs)
            ]
            start = time.perf_counter()
            await asyncio.gather(*(run.play() for run in simulations))
            seconds = time.perf_counter() - start
            await model.close()
            return seconds, [list(store.journal(run.run.id).calls()) for run in simulations]


async def by_bare_client(journals: Sequence[Sequence[Call]], seed: int) -> tuple[float, int]:
    """Seconds that the same calls take when nothing else is done, each run's one after another; and tokens written."""
    address, headers = served_at()
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=1800, trust_env=False) as client:

        async def replay(number: int, calls: Sequence[Call]) -> int:
            tokens = 0
            for call in calls:
                answer = await client.post("/v1/chat/completions", json=_body(call, seed + number))
                tokens += answer.raise_for_status().json()["usage"]["completion_tokens"]
            return tokens

        start = time.perf_counter()
        tokens_by_run = await asyncio.gather(*(replay(number, calls) for number, calls in enumerate(journals)))
        return time.perf_counter() - start, sum(tokens_by_run)


def _body(call: Call, seed: int) -> dict[str, Any]:
    """What our adapter sends for this call."""
    request = Request(messages=call.messages, schema=call.schema, place=call.place, attempt=call.attempt, seed=seed)
    dialect = ServerCapabilities()
    messages = dialect.messages(request)
    messages[0]["content"] = f"Again. {messages[0]['content']}"
    return {**dialect.body(request, EMBEDDED, hosted=False), "model": SERVED_AS, "messages": messages}


async def measure(runs: int, rounds: int, repeats: int) -> list[dict[str, Any]]:
    """Both rates, the median of so many repeats each, which take turns."""
    rates: dict[str, list[float]] = {"bare client": [], "converse-graph": []}
    tokens = calls = 0
    for repeat in range(repeats):
        seed = 1 + 100 * repeat + runs
        seconds, journals = await through_framework(runs, rounds, seed)
        tokens, calls = (
            sum(call.reply.output_tokens for journal in journals for call in journal),
            sum(map(len, journals)),
        )
        rates["converse-graph"].append(tokens / seconds)
        bare, bare_tokens = await by_bare_client(journals, seed)
        rates["bare client"].append(bare_tokens / bare)
    middle = {name: sorted(values)[len(values) // 2] for name, values in rates.items()}
    return [
        {"through": name, "runs at once": runs, "calls": calls, "tokens written": tokens, "tokens a second": rate,
         "ratio": rate / middle["bare client"], "wanted": 0.9 if name != "bare client" else ""}
        for name, rate in middle.items()
    ]  # fmt: skip


async def main(at_once: Sequence[int], rounds: int, repeats: int, out: Path | None) -> None:
    """Measure and print."""
    served_at()
    rows = [row for runs in at_once for row in await measure(runs, rounds, repeats)]
    show(f"The embedded model's rate, median of {repeats}", rows, out=out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--at-once", type=int, action="append", help="runs at once; default 1, then 4")
    parser.add_argument("--rounds", type=int, default=4, help="of three turns each")
    parser.add_argument("--repeats", type=int, default=3, help="of which the median counts")
    parser.add_argument("--out", type=Path, help="also write the figures there, as JSON")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.at_once or AT_ONCE, arguments.rounds, arguments.repeats, arguments.out))
