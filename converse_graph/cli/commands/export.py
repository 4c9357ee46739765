"""`converse export`: a scenario as one YAML file."""

from converse_graph.cli.options import Dials, Out, ScenarioArgument


def export(scenario: ScenarioArgument, dials: Dials = None, out: Out = None) -> None:
    """Write a scenario as one YAML file.

    It has the dials as they are set, and runs like any other scenario. One that holds code is refused, and the part
    named.

    Examples:
        converse export wage-talks --set inflation=0.02 --out quiet.yaml
    """
    from converse_graph.cli.option_values import read_settings
    from converse_graph.cli.tables import write_or_print
    from converse_graph.scenarios.catalogue import find_scenario
    from converse_graph.scenarios.yaml_files import write_scenario

    function = find_scenario(scenario)
    write_or_print(write_scenario(function(**read_settings(function, dials or ()))), out)
