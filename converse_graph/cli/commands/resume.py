"""`converse resume`: a run, from where it stands."""

from converse_graph.cli.exit_codes import Code
from converse_graph.cli.options import AllowChanged, AnswerOption, ModelOption, PlayOptions, RunArgument, StorePath


async def resume(
    run: RunArgument,
    *,
    answer: AnswerOption = None,
    options: ModelOption = None,
    store: StorePath = None,
    allow_changed: AllowChanged = False,
    play: PlayOptions,
) -> Code:
    """Go on with a run that was paused or killed.

    Its scenario, dials and model are those it began with; what --option sets otherwise goes on record.

    Examples:
        converse resume race
        converse resume race --max-turns 6
        converse resume loan --answer "Ten per cent."
    """
    from converse_graph.calls.answers import TypedAnswer
    from converse_graph.cli.formatting import count
    from converse_graph.cli.option_values import read_model_options
    from converse_graph.cli.play import Session
    from converse_graph.runs.simulation import Simulation
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    session = Session(play)
    async with Store.open(store or DEFAULT_PATH) as open_store:
        simulation = await Simulation.reopen(
            open_store,
            run,
            prices=session.prices,
            allow_changed=allow_changed,
            options=read_model_options(options or ()),
        )
        simulation.answers = tuple(TypedAnswer(text=text) for text in answer or ())
        header, status = simulation.run.header, simulation.run.status
        state = f"going on after {count(simulation.run.statements, 'statement')}"
        if status == "finished":
            state = "finished already"
        session.output.say(f"Run {run} of {header.scenario} · model {header.model_in_words} · {state}")
        return await session.play(simulation)
