"""`converse world`: a scenario's world by its rules alone, over many seeds."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from converse_graph.cli.options import Dials, Json, Out, Rounds, ScenarioArgument, Until

if TYPE_CHECKING:
    from converse_graph.scenarios.scenario import Scenario
    from converse_graph.scenarios.value import FrozenModel

Seeds = Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How many worlds, a seed each.")]
FirstSeed = Annotated[int, typer.Option("--first-seed", min=0, metavar="N", help="Of the first world.")]
PolicyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="PARTY=POLICY",
        help="How a party, a kind of parties or others choose: random, wait, always:MOVE, never:MOVE, "
        "tit_for_tat:MOVE/REPLY, one of the world's own, or file.py:function; may be given again.",
    ),
]
Policies = Annotated[
    str | None,
    typer.Option(
        "--policies",
        metavar="A,B,…",
        help="Play each policy of a party against each of the others of its kind; with --outcome.",
    ),
]
PartyOption = Annotated[
    str | None, typer.Option("--party", metavar="PARTY", help="With --policies: whose outcome counts; the first.")
]
Outcome = Annotated[
    str | None,
    typer.Option("--outcome", metavar="NAME", help="What counts: an event of the world, or a variable at the end."),
]
Screen = Annotated[
    bool, typer.Option("--screen", help="Find which dial moves an outcome most, by Morris's method; with --outcome.")
]
Range = Annotated[
    list[str] | None,
    typer.Option("--range", metavar="DIAL=LOW:HIGH", help="With --screen: from where to where a number is varied."),
]
Trajectories = Annotated[
    int, typer.Option(min=2, max=1000, metavar="N", help="With --screen: how many paths through the settings.")
]
WorldFormat = Literal["markdown", "json", "csv"]
WorldAs = Annotated[WorldFormat | None, typer.Option("--as", help="The format.  [default: markdown]")]


async def world(
    scenario: ScenarioArgument,
    *,
    seeds: Seeds = 1000,
    first_seed: FirstSeed = 0,
    dials: Dials = None,
    policy: PolicyOption = None,
    policies: Policies = None,
    party: PartyOption = None,
    screen: Screen = False,
    ranges: Range = None,
    trajectories: Trajectories = 10,
    outcome: Outcome = None,
    until: Until = None,
    rounds: Rounds = None,
    form: WorldAs = None,
    as_json: Json = False,
    out: Out = None,
) -> None:
    """Play a scenario's world by its rules alone.

    No model is asked and nothing is said: parties choose among their legal moves by chance,
    or by a policy. It takes the extra `forecast`.

    Examples:
        converse world fishery
        converse world fishery --policy Norland=always:fish_much --as csv
        converse world fishery --policies always:fish_much,wait --outcome money
    """
    from converse_graph.cli.option_values import read_settings
    from converse_graph.errors import UsageError
    from converse_graph.scenarios.catalogue import find_scenario

    _check(policies, screen, outcome, as_json, form)
    try:
        from converse_graph.ensembles import policy_table, rules_alone

        if screen:
            from converse_graph.ensembles import screening
    except ImportError as error:
        raise UsageError(
            f"Worlds by their rules alone take an extra ({error.name} is missing): "
            "pip install 'converse-graph[forecast]'."
        ) from None
    function = find_scenario(scenario)
    settings = read_settings(function, dials or ())
    of_dials = function(**settings)
    result: FrozenModel

    def horizon(scenario: "Scenario") -> int:
        return scenario.clock.horizon(until, rounds)

    if screen:
        result = screening.screen(
            function,
            settings,
            outcome=outcome or "",
            ranges=_read_ranges(ranges or ()),
            policies=policy or (),
            trajectories=trajectories,
            seeds=seeds,
            first_seed=first_seed,
            rounds=horizon,
        )
        _print(result, screening.screening_markdown, "effects", form, as_json, out)
        return
    policy_of = rules_alone.assign_policies(of_dials, policy or ())
    if policies:
        result = policy_table.policy_table(
            of_dials,
            [name.strip() for name in policies.split(",")],
            outcome=outcome or "",
            party=party,
            policy_of=policy_of,
            seeds=seeds,
            first_seed=first_seed,
            rounds=horizon(of_dials),
        )
        _print(result, policy_table.policy_table_markdown, "cells", form, as_json, out)
        return
    batch = rules_alone.play_rules(of_dials, policy_of, seeds=seeds, first_seed=first_seed, rounds=horizon(of_dials))
    result = rules_alone.course(of_dials, batch, policy_of)
    _print(result, rules_alone.course_markdown, "bands", form, as_json, out)


def _check(policies: str | None, screen: bool, outcome: str | None, as_json: bool, form: WorldFormat | None) -> None:
    """Refuse options that do not go together."""
    if as_json and form not in (None, "json"):
        raise typer.BadParameter(f"--json and --as {form} cannot both be had")
    if policies and screen:
        raise typer.BadParameter("--policies and --screen cannot both be had")
    if (policies or screen) and not outcome:
        raise typer.BadParameter("--outcome is missing; name an event of the world, or a variable")
    if outcome and not (policies or screen):
        raise typer.BadParameter("--outcome goes with --policies or --screen")


def _read_ranges(texts: Sequence[str]) -> dict[str, tuple[float, float]]:
    from converse_graph.errors import InvalidValue

    ranges: dict[str, tuple[float, float]] = {}
    for text in texts:
        dial, _, bounds = text.partition("=")
        try:
            low, high = map(float, bounds.split(":"))
        except ValueError:
            raise InvalidValue(f"--range takes DIAL=LOW:HIGH, such as labs=1:5, not {text!r}.") from None
        if not low < high:
            raise InvalidValue(f"--range {text}: {low:g} must lie below {high:g}.")
        ranges[dial.strip().replace("-", "_")] = (low, high)
    return ranges


def _print(
    result: "FrozenModel",
    as_page: Callable[[Any], str],
    rows: str,
    form: WorldFormat | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """Print what came of it: a page, all of it as JSON, or its rows as CSV."""
    from converse_graph.cli.printing import print_page, write_or_print
    from converse_graph.export.formats import rows_csv

    match "json" if as_json else form or "markdown":
        case "json":
            write_or_print(result.model_dump_json(indent=2) + "\n", out)
        case "csv":
            write_or_print(rows_csv([row.model_dump() for row in getattr(result, rows)]), out)
        case _ if out is not None:
            write_or_print(as_page(result), out)
        case _:
            print_page(as_page(result))
