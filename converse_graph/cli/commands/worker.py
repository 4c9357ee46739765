"""`converse worker`: plays runs that a sweep has queued, on as many machines as there are."""

from typing import Annotated

import typer

from converse_graph.cli.options import Quiet, StorePath

WorkerJobs = Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="Runs that are on at once.")]
UntilDone = Annotated[bool, typer.Option("--until-done", help="Stop once nothing is left in the queue.")]


async def worker(
    jobs: WorkerJobs = 8, until_done: UntilDone = False, store: StorePath = None, quiet: Quiet = False
) -> None:
    """Play runs that are queued in a store on a Postgres server.

    Start as many as wanted, on any machine. Ctrl-C hands the runs over to the others; the runs of a worker that is
    killed are taken over within half a minute. CONVERSE_RPM bounds requests a minute over all workers.

    Examples:
        converse worker --store postgresql://user@host/database
    """
    import os

    from converse_graph.cli.output import Output
    from converse_graph.cli.workers_extra import load_workers

    output = Output(quiet=quiet)
    run_worker = load_workers("converse_graph.ensembles.worker").run_worker
    finished = await run_worker(
        str(store or ""), jobs=jobs, until_done=until_done, environ=dict(os.environ), watch=output.say
    )
    output.say(f"{finished} runs finished here")
