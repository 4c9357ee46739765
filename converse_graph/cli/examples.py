"""What each command is called like, shown at the end of its help. In this order they all run, one after another."""

from collections.abc import Mapping

import typer

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "list": ("converse list", "converse list --json"),
    "run": (
        "converse run agi-race --until 2026 --seed 7 --name race",
        "converse run wage-talks --set inflation=0.08",
        "converse run boardrooms --model openai:gpt-4.1 --max-usd 2",
        "converse run boardrooms --model gemma --base-url http://localhost:11434/v1",
    ),
    "estimate": (
        "converse estimate wage-talks --rounds 2",
        "converse estimate boardrooms-long --model openai:gpt-4.1",
    ),
    "resume": ("converse resume race", "converse resume race --max-turns 6"),
    "judge": (
        "converse judge race --repeats 2",
        "converse judge race --judge-model openai:gpt-4.1 --rubric general",
    ),
    "runs": ("converse runs", "converse runs --json"),
    "show": (
        "converse show race",
        "converse show race --raw --out race.md",
        "converse show race --stats",
        "converse show race --as csv --out race.csv",
    ),
    "extend": ("converse extend race --until 2027",),
    "fork": (
        "converse fork race --at '2025 H2:OpenAI' --say 'We pause.' --name pause",
        "converse fork race --at 2025 --set openness=open --name open",
        "converse fork race --at 2025 --event 'A chip plant burns down.' --name fire",
    ),
    "replay": ("converse replay race --name again",),
    "inject": ("converse inject race --at 2029 --event 'A leak.'",),
    "diff": ("converse diff race pause", "converse diff race open --as markdown"),
    "interview": ("converse interview race --party OpenAI --at 2025 'What do you fear?'",),
    "audit": ("converse audit race", "converse audit race --json"),
    "dataset": (
        "converse dataset race pause --out race.jsonl",
        "converse dataset race --by statement --out statements.jsonl",
    ),
    "new": ("converse new harbour",),
    "schema": ("converse schema", "converse schema --of show"),
    "export": ("converse export wage-talks --set inflation=0.02 --out quiet.yaml",),
    "graph": ("converse graph boardrooms", "converse graph agi-race --as svg --out race.svg"),
    "doctor": ("converse doctor", "converse doctor --json"),
    "models": ("converse models",),
}


def add_examples(app: typer.Typer) -> None:
    """Show them at the end of each command's help, a line each.

    Args:
        app: With the commands.
    """
    for command in app.registered_commands:
        name = command.name or str(getattr(command.callback, "__name__", ""))
        if lines := EXAMPLES.get(name):
            # After \b the lines are shown as they are, not filled into a paragraph.
            command.epilog = "\n".join(
                ["\b", "Example:" if len(lines) == 1 else "Examples:", *(f"  {x}" for x in lines)]
            )
