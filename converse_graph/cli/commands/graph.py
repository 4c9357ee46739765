"""`converse graph`: the graph of a scenario, with its channels and who reads them."""

from typing import assert_never

from converse_graph.cli.options import Depth, Dials, GraphAs, Out, ScenarioArgument


def graph(
    scenario: ScenarioArgument, dials: Dials = None, depth: Depth = None, form: GraphAs = "mermaid", out: Out = None
) -> None:
    """Draw the graph of a scenario, with who reads what.

    It has the nodes, the debates inside them, and the channels with who reads and writes them.

    Examples:
        converse graph boardrooms
        converse graph agi-race --as svg --out race.svg
    """
    from converse_graph.cli.option_values import read_settings
    from converse_graph.cli.printing import write_or_print
    from converse_graph.export.formats import json_text
    from converse_graph.export.graph_mermaid import as_mermaid
    from converse_graph.export.graph_svg import as_svg
    from converse_graph.graph.wiring import wiring, wiring_json
    from converse_graph.scenarios.catalogue import find_scenario

    function = find_scenario(scenario)
    table = wiring(function(**read_settings(function, dials or ())), depth)
    match form:
        case "mermaid":
            write_or_print(as_mermaid(table), out)
        case "svg":
            write_or_print(as_svg(table), out)
        case "json":
            write_or_print(json_text(wiring_json(table), indent=2) + "\n", out)
        case _:
            assert_never(form)
