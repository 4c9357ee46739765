"""`converse world`: a scenario's world by its rules alone, over many seeds."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from converse_graph.cli.options import Dials, Json, Out, Rounds, ScenarioArgument, Until

if TYPE_CHECKING:
    from converse_graph.scenarios.scenario import Scenario

Seeds = Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How many worlds, a seed each.")]
FirstSeed = Annotated[int, typer.Option("--first-seed", min=0, metavar="N", help="Of the first world.")]
PolicyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="PARTY=POLICY",
        help="How a party, a kind of parties or others choose: random, wait, always:MOVE, never:MOVE, "
        "tit_for_tat:MOVE/REPLY, one of the file's, or file.py:function; may be given again.",
    ),
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
        converse world fishery --policy Norland=always:fish_much --as csv --out course.csv
    """
    from converse_graph.cli.option_values import read_settings
    from converse_graph.cli.tables import print_page, write_or_print
    from converse_graph.errors import UsageError
    from converse_graph.scenarios.catalogue import find_scenario

    try:
        from converse_graph.ensembles import rules_alone
    except ImportError as error:
        raise UsageError(
            f"Worlds by their rules alone take an extra ({error.name} is missing): "
            "pip install 'converse-graph[forecast]'."
        ) from None
    if as_json and form not in (None, "json"):
        raise typer.BadParameter(f"--json and --as {form} cannot both be had")
    function = find_scenario(scenario)
    made = function(**read_settings(function, dials or ()))
    policies = rules_alone.assign_policies(made, policy or ())
    batch = rules_alone.play_rules(
        made, policies, seeds=seeds, first_seed=first_seed, rounds=made.clock.horizon(until, rounds)
    )
    summary = rules_alone.course(made, batch, policies)
    match "json" if as_json else form or "markdown":
        case "json":
            write_or_print(summary.model_dump_json(indent=2) + "\n", out)
        case "csv":
            write_or_print(rules_alone.course_csv(summary), out)
        case _ if out is not None:
            write_or_print(rules_alone.course_markdown(summary), out)
        case _:
            print_page(rules_alone.course_markdown(summary))
