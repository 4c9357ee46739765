"""`converse inject`: something happens at a date that a run has not come to."""

import asyncio
from pathlib import Path

from converse_graph.cli.event_options import read_events
from converse_graph.cli.output import Output
from converse_graph.runs.derived import inject
from converse_graph.scenarios.clock import Clock
from converse_graph.store import Store
from converse_graph.store.store import DEFAULT_PATH


def command(*, run: str, at: str, event: str, to: str | None, store: str | None, quiet: bool) -> None:
    """Put an event into a run's future."""
    asyncio.run(_inject(run, at, event, to, store or DEFAULT_PATH, Output(quiet=quiet)))


async def _inject(name: str, at: str, text: str, to: str | None, path: Path | str, output: Output) -> None:
    (event,) = read_events([text], [at], [to] if to else [], at=at)
    async with Store.open(path) as store:
        await inject(store, name, event)
        run = store.register.run(name)
    clock = Clock(**{part: run.header.clock[part] for part in ("start", "end", "step")})
    round = clock.round_of(at)
    period, last = clock.period(round).label, clock.period(run.horizon - 1).label
    output.say(f"Run {name}: in {period}, {to or 'everybody'} will hear: {text}")
    if round >= run.horizon:
        output.say(
            f"The run plays to {last} only; for the event to happen, extend it: converse extend {name} --until …"
        )
