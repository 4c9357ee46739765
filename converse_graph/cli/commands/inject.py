"""`converse inject`: something happens at a date that a run has not come to."""

from converse_graph.cli.options import At, Event, QuietInject, RunArgument, StorePath, To


async def inject(
    run: RunArgument, at: At, event: Event, to: To = None, store: StorePath = None, quiet: QuietInject = False
) -> None:
    """Let something happen at a date that a run has not come to.

    Examples:
        converse inject race --at 2029 --event 'A leak.'
    """
    from converse_graph.cli.option_values import read_events
    from converse_graph.cli.output import Output
    from converse_graph.runs.derived import inject
    from converse_graph.scenarios.clock import Clock
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    output = Output(quiet=quiet)
    (what_happens,) = read_events([event], [at], [to] if to else [], at=at)
    async with Store.open(store or DEFAULT_PATH) as open_store:
        await inject(open_store, run, what_happens)
        entry = open_store.register.run(run)
    clock = Clock(**{part: entry.header.clock[part] for part in ("start", "end", "step")})
    round = clock.round_of(at)
    period, last = clock.period(round).label, clock.period(entry.horizon - 1).label
    output.say(f"Run {run}: in {period}, {to or 'everybody'} will hear: {event}")
    if round >= entry.horizon:
        output.say(f"The run plays to {last} only; for the event to happen, extend it: converse extend {run} --until …")
