"""`converse fork`: a new run that shares a run's past up to a turn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from converse_graph.cli.exit_codes import Code
from converse_graph.cli.options import (
    Dials,
    EventDates,
    EventParties,
    Events,
    Fields,
    ForkAt,
    ModelOptions,
    PlayOptions,
    Rounds,
    RunArgument,
    RunName,
    Say,
    Seed,
    StorePath,
    Until,
)

if TYPE_CHECKING:
    from converse_graph.runs.simulation import Simulation
    from converse_graph.store import Run


async def fork(
    run: RunArgument,
    *,
    at: ForkAt,
    say: Say = None,
    fields: Fields = None,
    dials: Dials = None,
    events: Events = None,
    event_dates: EventDates = None,
    parties: EventParties = None,
    until: Until = None,
    rounds: Rounds = None,
    seed: Seed = None,
    name: RunName = None,
    model: ModelOptions,
    store: StorePath = None,
    play: PlayOptions,
) -> Code:
    """Make a run that shares another's past up to a turn.

    It goes on from there at once. With a change (--say, --set, --event, --model, --option) it keeps the seed,
    without one it draws another.

    Examples:
        converse fork race --at '2025 H2:OpenAI' --say 'We pause.' --name pause
        converse fork race --at 2025 --set openness=open --name open
        converse fork race --at 2025 --event 'A chip plant burns down.' --name fire
    """
    import secrets

    from converse_graph.cli.option_values import read_events, read_fields, read_model_options
    from converse_graph.cli.play import Session
    from converse_graph.runs.derived import fork
    from converse_graph.runs.simulation import SEEDS
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    session = Session(play)
    is_changed = bool(say is not None or dials or events or model.model or model.base_url or model.options)
    what_happens = read_events(events or (), event_dates or (), parties or (), at=at.partition(":")[0].strip())
    field_values = read_fields(fields or ())
    async with Store.open(store or DEFAULT_PATH) as open_store:
        parent = open_store.register.run(run)
        simulation = await fork(
            open_store,
            run,
            at=at,
            seed=secrets.randbelow(SEEDS) if seed is None and not is_changed else seed,
            say=say,
            fields=field_values,
            dials=_read_dials(parent, dials or ()),
            events=what_happens,
            until=until,
            rounds=rounds,
            new_name=name,
            model=model.model,
            base_url=model.base_url,
            options=read_model_options(model.options or ()),
            prices=session.prices,
        )
        session.output.say(_introduction(simulation, parent))
        return await session.play(simulation)


def _read_dials(parent: "Run", settings: Sequence[str]) -> dict[str, Any]:
    """The dials that are set otherwise, on top of the parent's."""
    from converse_graph.cli.option_values import read_settings
    from converse_graph.errors import InvalidValue
    from converse_graph.scenarios.catalogue import find_scenario

    if not settings:
        return {}
    if not parent.scenario:
        raise InvalidValue(
            f"Run {parent.name!r} was begun in Python and has no dials; fork it there, or without --set."
        )
    function = find_scenario(parent.scenario)
    return read_settings(function.preset(function.name, function.doc, **parent.header.dials), settings)


def _introduction(simulation: "Simulation", parent: "Run") -> str:
    run, header = simulation.run, simulation.run.header
    at = header.fork.at if header.fork else ""
    last = simulation.scenario.clock.period(run.horizon - 1).label
    whose = ", its parent's" if header.seed == parent.header.seed else ""
    made_from = f"fork of {parent.name} at {at} · seed {header.seed}{whose}"
    return f"Run {run.name} · {made_from} · model {header.model_in_words} · to {last}"
