"""`converse workers`: who plays what, of the runs that are queued."""

import typer

from converse_graph.cli.options import Json, StorePath


async def workers(as_json: Json = False, store: StorePath = None) -> None:
    """List the workers of a store's queue, and what each plays.

    Examples:
        converse workers --store postgresql://user@host/database
    """
    import json
    from dataclasses import asdict

    from converse_graph.cli.tables import print_table
    from converse_graph.cli.workers_extra import load_workers

    async with load_workers("converse_graph.ensembles.queue").open_queue(str(store or "")) as queue:
        rows, counts = await queue.workers(), await queue.counts()
    if as_json:
        typer.echo(json.dumps({"workers": [asdict(row) for row in rows], "jobs": counts}, indent=2))
        return
    cells = [[str(row.worker), row.name or "-", f"{row.silent:.0f}", ", ".join(row.runs) or "-"] for row in rows]
    if cells:
        print_table(("worker", "machine", "seconds silent", "plays"), cells, numbers=("worker", "seconds silent"))
    else:
        typer.echo("No worker is on; `converse worker --store …` starts one.")
    typer.echo("Jobs: " + (", ".join(f"{status} {number}" for status, number in sorted(counts.items())) or "none"))
