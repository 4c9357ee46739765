"""`converse replay`: a run again, from its journal, with no model."""

from converse_graph.cli.exit_codes import Code
from converse_graph.cli.options import Quiet, RecordAsJson, RunArgument, RunName, StorePath


async def replay(
    run: RunArgument,
    name: RunName = None,
    store: StorePath = None,
    as_json: RecordAsJson = False,
    quiet: Quiet = False,
) -> Code:
    """Play a run again from its journal, with no model.

    Examples:
        converse replay race --name again
    """
    from converse_graph.cli.output import Output
    from converse_graph.cli.play import play
    from converse_graph.runs.derived import replay
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    output = Output(quiet=quiet, as_json=as_json)
    async with Store.open(store or DEFAULT_PATH) as open_store:
        simulation = await replay(open_store, run, new_name=name)
        try:
            output.say(f"Run {simulation.run.name} · replay of {run} from its journal · no model is called")
            return await play(simulation, output)
        finally:
            await simulation.close()
