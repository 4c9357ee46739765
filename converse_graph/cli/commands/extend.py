"""`converse extend`: a run, past its old horizon."""

from converse_graph.cli.exit_codes import Code
from converse_graph.cli.options import PlayOptions, Rounds, RunArgument, StorePath, Until


async def extend(
    run: RunArgument, *, until: Until = None, rounds: Rounds = None, store: StorePath = None, play: PlayOptions
) -> Code:
    """Go on with a run past its horizon, as one run.

    Examples:
        converse extend race --until 2027
    """
    from converse_graph.cli.play import Session
    from converse_graph.runs.derived import extend
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    session = Session(play)
    async with Store.open(store or DEFAULT_PATH) as open_store:
        before = open_store.register.run(run).horizon
        simulation = await extend(open_store, run, until=until, rounds=rounds, prices=session.prices)
        header, period = simulation.run.header, simulation.scenario.clock.period
        old, new = (period(horizon - 1).label for horizon in (before, simulation.run.horizon))
        session.output.say(
            f"Run {run} of {header.scenario} · model {header.model_in_words} · to {new}, before to {old}"
        )
        return await session.play(simulation)
