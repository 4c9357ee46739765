"""`converse export`: a scenario as one YAML file."""

from pathlib import Path

import typer

from converse_graph.cli.dial_options import read_settings
from converse_graph.export.atomic_files import write_whole
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.scenarios.yaml_files import write_scenario


def command(*, reference: str, dials: list[str], out: Path | None) -> None:
    """Write a scenario with its dials set; one that holds code is refused, and the part named."""
    function = find_scenario(reference)
    text = write_scenario(function(**read_settings(function, dials)))
    if out is not None:
        write_whole(out, text)
    else:
        typer.echo(text, nl=False)
