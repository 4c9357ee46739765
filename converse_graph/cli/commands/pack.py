"""`converse pack`: runs in a store of their own, to be sent."""

from pathlib import Path
from typing import Annotated

import typer

from converse_graph.cli.options import Quiet, StorePath

Names = Annotated[list[str], typer.Argument(metavar="NAME", help="Runs, and ensembles for all of their runs.")]
PackFile = Annotated[Path, typer.Option("--out", metavar="FILE", help="The store to write; there may be none yet.")]
WithPrivate = Annotated[
    bool, typer.Option("--private", help="Put in what is private too: minds, debates, prompts, replies.")
]


async def pack(
    names: Names, *, out: PackFile, private: WithPrivate = False, store: StorePath = None, quiet: Quiet = False
) -> None:
    """Write runs into a store of their own, to be sent.

    Every command reads it with --store FILE. Without --private it has what the parties said, what judges made of it
    and what it took: it shows, measures and forecasts the same, and nobody can go on with it.

    Examples:
        converse pack race --out race.sqlite
        converse pack raises --private --out raises.sqlite
    """
    from converse_graph.cli.formatting import count
    from converse_graph.cli.output import Output
    from converse_graph.ensembles.pack import pack_runs
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    output = Output(quiet=quiet)
    async with Store.open(store or DEFAULT_PATH) as open_store:
        packed = await pack_runs(open_store, names, out, private=private)
    ensembles = f" and {count(len(packed.ensembles), 'ensemble')}" if packed.ensembles else ""
    parts = "with all that is private in them" if private else "without what is private"
    output.say(f"{count(len(packed.runs), 'run')}{ensembles}, {parts}; read it with --store {packed.path}")
    output.result(str(packed.path))
