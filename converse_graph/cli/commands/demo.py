"""`converse demo`: a minute of a run that comes with the package, private debates and all."""

from typing import Annotated

import typer

FAREWELL = """
That was a minute of a run of three labs and a government, played by hand.
Run one of your own, with the embedded model and no key:

  converse run wage-talks

or this one, with a model that you have a key for:

  converse run boardrooms --set fictional=true --model openai:gpt-4.1
"""


def demo(
    speed: Annotated[
        float, typer.Option("--speed", metavar="N", min=0.1, max=100, help="N times as fast as people read.")
    ] = 1.0,
) -> None:
    """Show a minute of a run, with no model and no key.

    What is coloured is private: no other party hears it. A key shows the rest of a scene at once, q ends. Into a pipe
    all of it is written at once.

    Examples:
        converse demo
        converse demo --speed 2
    """
    from converse_graph.cli.demo import SCENES, load_demo, scene_passages
    from converse_graph.cli.demo_player import Player, open_keys, wrap_passage
    from converse_graph.cli.terminal import is_terminal, terminal

    console, scenes = terminal(), scene_passages(load_demo(), SCENES)
    if not is_terminal():
        for scene in scenes:
            for passage in scene:
                for line in wrap_passage(console, passage):
                    typer.echo(line.plain)
        typer.echo(FAREWELL, nl=False)
        return
    try:
        with open_keys() as keys:
            Player(console, keys, speed=speed).play(scenes)
    except KeyboardInterrupt:
        console.print()
    console.print(FAREWELL, end="", soft_wrap=True)
