"""Arguments and options, each declared once: a command names those that it takes.

A dataclass is a group of options that several commands take together.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from converse_graph.cli.completion import complete_dials, complete_runs, complete_scenarios

ScenarioArgument = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="A name from `converse list`, file.py, file.py:function, file.yaml, or file.yaml:preset.",
        autocompletion=complete_scenarios,
    ),
]
ScenarioToShow = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="Show this scenario or scenario file alone, with all there is to it.",
        autocompletion=complete_scenarios,
    ),
]
ScenarioToCopy = Annotated[
    str | None,
    typer.Option("--from", metavar="SCENARIO", help="Write this scenario.", autocompletion=complete_scenarios),
]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A name from `converse runs`.", autocompletion=complete_runs)
]
RunArguments = Annotated[
    list[str], typer.Argument(metavar="RUN", help="Names from `converse runs`.", autocompletion=complete_runs)
]
NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="What the scenario is called: a-z, 0-9, _ and -; with .yaml for a file without code."
    ),
]

Dials = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="DIAL=VALUE",
        help="Set a dial; may be given several times.",
        autocompletion=complete_dials,
    ),
]
ModelChoice = Annotated[
    str | None,
    typer.Option(metavar="MODEL", help="The model, such as openai:gpt-4.1, embedded or null; see `converse models`."),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="An OpenAI-compatible server to reach the model at.")
]
ModelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="A setting of the model: temperature=0.7, OpenAI.temperature=1; may be given several times.",
    ),
]
HumanOption = Annotated[
    list[str] | None,
    typer.Option(
        "--human",
        metavar="PARTY",
        help="Who is played by a person, at the terminal or, with --view, at a page; may be repeated.",
    ),
]
HumanDeadline = Annotated[
    float | None,
    typer.Option("--human-deadline", metavar="SECONDS", help="How long a person has before the model speaks."),
]
AnswerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        metavar="[WHO=]VALUE",
        help="The answer to what the run waits for, as JSON or text; where several ask, one for each.",
    ),
]
Seed = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Of all that is left to chance; drawn and shown if not given.")
]
Until = Annotated[int | None, typer.Option(metavar="YEAR", help="The last year, all of it included.")]
Rounds = Annotated[
    int | None,
    typer.Option(min=1, max=1_000_000, metavar="N", help="How many rounds to play in all; goes before --until."),
]
RunName = Annotated[str | None, typer.Option(metavar="RUN", help="What the new run is called: a-z, 0-9, _ and -.")]

StorePath = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="STORE",
        help="Where runs are kept: a file, or postgresql://user@host/database.  [default: .converse/runs.sqlite]",
    ),
]
Shared = Annotated[
    bool,
    typer.Option("--shared", help="Let others read the store as the umask has it; else it is yours alone."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print the result alone, such as the path of the transcript.")]
QuietInject = Annotated[bool, typer.Option("--quiet", help="Print nothing.")]
QuietInterview = Annotated[bool, typer.Option("--quiet", help="Print the answer alone.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where in the code an error comes from.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RecordAsJson = Annotated[
    bool, typer.Option("--json", help="Print the public record as JSON at the end, and nothing else.")
]

MaxUsd = Annotated[float | None, typer.Option(metavar="USD", help="Pause once the run has cost that much, in all.")]
MaxTokens = Annotated[int | None, typer.Option(metavar="N", help="Pause once the run has used so many, in all.")]
MaxTurns = Annotated[int | None, typer.Option(metavar="N", help="Pause after so many turns from now.")]
MaxMinutes = Annotated[float | None, typer.Option(metavar="N", help="Pause after so many minutes from now.")]
PricesFile = Annotated[
    Path | None,
    typer.Option("--prices", metavar="FILE", help="Your own prices, MODEL: {input: 2, output: 8} in USD a million."),
]

TracePrivate = Annotated[
    bool,
    typer.Option("--trace-private", help="Where the run is traced, send what is private too: prompts and replies."),
]

AllowChanged = Annotated[
    bool,
    typer.Option(
        "--allow-changed", help="Go on though scenario, prompts or the record have changed; the header says so."
    ),
]

Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="TRANSCRIPT|DIGEST",
        help="A transcript, or the head of its chains, that was kept elsewhere.",
    ),
]

NoJudge = Annotated[bool, typer.Option("--no-judge", help="Leave out the verdict at the end of the run.")]
JudgeModels = Annotated[
    list[str] | None,
    typer.Option("--judge-model", metavar="MODEL", help="Who judges, if not the run's model; may be given again."),
]
Judges = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="MODEL", help="Who judges, if not the run's model; may be given again."),
]
Rubric = Annotated[
    str | None, typer.Option(metavar="NAME", help="What is asked: a name in prompts/rubrics, or a .yaml file.")
]
Repeats = Annotated[int, typer.Option(min=1, max=100, metavar="N", help="How often each judge judges.")]

Raw = Annotated[bool, typer.Option("--raw", help="Include what each party kept to itself.")]
RawWorld = Annotated[bool, typer.Option("--raw", help="Include what their worlds kept hidden.")]
Stats = Annotated[
    bool, typer.Option("--stats", help="Show disagreement, drift, events and contradictions in figures instead.")
]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Draw its world over time into a file: .svg, .png or .html."),
]
ExampleOf = Literal["run", "round", "statement"]
By = Annotated[ExampleOf, typer.Option("--by", help="What one example stands for.")]
Private = Annotated[
    bool, typer.Option("--private", help="Put in what is private too: deliberations, memos and ballots.")
]
DatasetName = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="Send to a dataset of that name at LangSmith.")
]
Format = Literal["markdown", "html", "json", "jsonl", "csv"]
As = Annotated[Format | None, typer.Option("--as", help="The format.  [default: markdown]")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write to a file, whole or not at all.")]
SchemaName = Literal[
    "scenario", "show", "runs", "stats", "diff", "explain", "interview", "audit", "dataset", "graph", "doctor"
]
SchemaOf = Annotated[
    SchemaName,
    typer.Option(
        "--of",
        metavar="WHAT",
        help=f"Of a scenario file, or of what a command prints as JSON: {', '.join(get_args(SchemaName))}.",
    ),
]

Say = Annotated[str | None, typer.Option(metavar="TEXT", help="What the party named in --at says instead.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="NAME=VALUE", help="What it reports otherwise; may be given several times."),
]
ForkAt = Annotated[
    str,
    typer.Option("--at", metavar="WHEN[:PARTY]", help="The first turn that is the fork's own: 2027, '2027 H2:OpenAI'."),
]
At = Annotated[str, typer.Option(metavar="WHEN", help="A period, such as '2027 H2', or a year for its first.")]
Event = Annotated[str, typer.Option(metavar="TEXT", help="What happens, in words.")]
Events = Annotated[
    list[str] | None,
    typer.Option("--event", metavar="TEXT", help="What happens from then on, whatever they do; may be given again."),
]
EventDates = Annotated[
    list[str] | None, typer.Option("--event-at", metavar="WHEN", help="When, if not in the fork's first period.")
]
To = Annotated[str | None, typer.Option(metavar="PARTY", help="Who alone learns of it; everybody if not given.")]
EventParties = Annotated[list[str] | None, typer.Option("--to", metavar="PARTY", help="Who alone learns of the event.")]
PartyName = Annotated[str, typer.Option("--party", metavar="PARTY", help="Who is asked.")]
QuestionArgument = Annotated[str, typer.Argument(metavar="QUESTION", help="What it is asked.")]
GraphFormat = Literal["mermaid", "svg", "json"]
GraphAs = Annotated[GraphFormat, typer.Option("--as", help="The format.")]
Depth = Annotated[int | None, typer.Option(min=1, help="How many conversations deep; 1 is the table alone.")]
DiffFormat = Literal["text", "markdown", "json"]
DiffAs = Annotated[DiffFormat | None, typer.Option("--as", help="The format.  [default: text]")]


View = Annotated[
    bool, typer.Option("--view", help="Show the run in a browser as it goes; the page stays until Ctrl-C.")
]
Port = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, metavar="N", help="Where pages are served.  [default: 8420, or the next that is free]"
    ),
]
NoOpen = Annotated[bool, typer.Option("--no-open", help="Print the address of the page, and open no browser.")]


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Which model is asked, where, and by which settings."""

    model: ModelChoice = None
    base_url: BaseUrl = None
    options: ModelOption = None


@dataclass(frozen=True, kw_only=True)
class PlayOptions:
    """How a run is played: whether it is judged, what it may spend, and what is shown of it."""

    human_deadline: HumanDeadline = None
    no_judge: NoJudge = False
    judge_models: JudgeModels = None
    max_usd: MaxUsd = None
    max_tokens: MaxTokens = None
    max_turns: MaxTurns = None
    max_minutes: MaxMinutes = None
    prices: PricesFile = None
    trace_private: TracePrivate = False
    as_json: RecordAsJson = False
    quiet: Quiet = False
    view: View = False
    port: Port = None
    no_open: NoOpen = False

    def __post_init__(self) -> None:
        """Refuse options that cannot both be had."""
        if self.no_judge and self.judge_models:
            raise typer.BadParameter("--no-judge and --judge-model cannot both be had")
        if (self.port or self.no_open) and not self.view:
            raise typer.BadParameter("--port and --no-open are for pages; say --view too")
