"""What a user's own project might hold: every public name, used as documented. Checked for its types, and run."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langgraph.graph import StateGraph

from converse_graph import (
    Action,
    Aggregate,
    Audit,
    Boolean,
    Budget,
    BudgetExceeded,
    Choice,
    Clock,
    Condition,
    Constant,
    ContextLengthExceeded,
    ContextWindowTooSmall,
    ConverseError,
    Debate,
    Effect,
    Ensemble,
    Estimate,
    Event,
    Example,
    Facts,
    Fork,
    Header,
    ImaginedDebate,
    IncompatibleStore,
    Integer,
    Interview,
    InvalidValue,
    Lognormal,
    Memory,
    Message,
    Model,
    ModelRegistry,
    ModelSettings,
    Motion,
    NotFound,
    NullModel,
    Number,
    Organisation,
    Origin,
    Percentiles,
    Persona,
    Pinned,
    Pledge,
    Policy,
    PolicyRule,
    Price,
    Prices,
    ProviderRefused,
    ProviderUnreachable,
    Quantiles,
    Recall,
    Request,
    Response,
    Rubric,
    Run,
    RunLocked,
    RunningList,
    RunPaused,
    RunSummary,
    Scenario,
    ScenarioChanged,
    ScenarioFunction,
    ScenarioTexts,
    ScheduledEvent,
    ScriptedModel,
    Simulation,
    Statement,
    StopOnEvent,
    StopOnSilence,
    StopWhen,
    Store,
    StoreFailure,
    Sweep,
    Term,
    Text,
    TextList,
    Tracing,
    Transcript,
    Uniform,
    UsageError,
    Variable,
    Verdict,
    World,
    WorldEvent,
    as_json,
    audit_run,
    begin,
    build_graph,
    build_tracing,
    by_party,
    cast_member,
    compare,
    contradictions,
    disagreement,
    drift,
    estimate,
    events,
    extend,
    find_scenario,
    fork,
    from_json,
    inject,
    interview,
    judge_run,
    list_runs,
    load_ensemble,
    load_facts,
    load_prices,
    load_rubric,
    load_run,
    load_world,
    render_markdown,
    replay,
    resume,
    rows,
    run,
    scenario,
    scenario_texts,
    stats_markdown,
)


class Parrot:
    """A model of one's own: it says what the null model says."""

    model = "parrot"
    profile = NullModel.profile
    window: int | None = None
    free = True

    def __init__(self) -> None:
        self._null: Model = NullModel()
        self.heard: list[Message] = []

    async def complete(self, request: Request) -> Response:
        self.heard.extend(request.messages)
        return await self._null.complete(request)

    async def close(self) -> None:
        await self._null.close()


def long_enough(statements: Sequence[dict[str, Any]]) -> bool:
    """A stop rule of one's own."""
    return len(statements) > 40


@scenario
def harbour(dues: float = 0.1, debated: bool = True) -> Scenario:
    """A port and a shipper talk about harbour dues.

    Args:
        dues: As a share of the cargo's worth.
        debated: Whether the port debates first.
    """
    clerk = Persona(name="Clerk", role="keeps the books", deliberation=ImaginedDebate(
        motion="Is it fair?", turns=2, members=(Persona(name="Purse"), Persona(name="Heart"))))  # fmt: skip
    board = Debate(motion="What do we ask?", turns=2, members=[Persona(name="Master"), clerk])
    talks = by_party({"Port": debated}, ("Port", "Shipper"), otherwise=False)
    fields = [
        Integer(name="ships", ask="how many ships call", minimum=0, maximum=90),
        Number(name="share", ask="dues as a share", minimum=0, maximum=1),
        Boolean(name="signed", ask="whether you sign"),
        Choice(name="mood", ask="your mood", options=["calm", "cross"]),
        Text(name="news", ask="what is new", max_length=80, optional=True),
        TextList(name="allies", ask="whom you trust"),
        Choice(name="pledge", ask="what you will do", options=["none", "catch", "wait"]),
        Percentiles(name="traffic", ask="ships next year", minimum=0, maximum=500),
    ]
    example = Example(topic="dues", statement="We ask a tenth.", fields={"ships": 3})
    return Scenario(
        premise=f"Dues are {dues:.0%}.",
        clock=Clock(start=2026, end=2028),
        organisations=[
            Organisation(name="Port", fields=fields, examples=[example], deliberation=board if talks["Port"] else None),
            Organisation(name="Shipper", fields=fields, model=Parrot()),
        ],
        events=[Event(name="deal", field="signed", parties=2), ScheduledEvent(at="2027", text="A storm.")],
        stop=[StopOnEvent(event="deal"), StopOnSilence(rounds=3), StopWhen(predicate=long_enough)],
        pinned=[Pinned(title="What was new", field="news")],
        running_lists=(
            RunningList(title="Dues in force", add_field="news", remove_field="allies", party_kind="party"),
        ),
        motion=Motion(question="Should dues be a tenth?", options=("yes", "no")),
        memory=Memory(recall=Recall(max_records=2)),
        world=sea(),
    )


def sea() -> World:
    """What code owns: a stock of fish, which catches take from, and which is gone below a bound."""
    catch = Action(
        name="catch",
        text="land fish",
        requires=[Condition(variable="stock", at_least=5)],
        effects=[Effect(variable="stock", amount=-5), Effect(variable="boats", formula="gain")],
    )
    variables = [
        Variable(name="stock", unit="kt", start=Uniform(low=20, high=30), maximum=50),
        Variable(name="boats", unit="boats", owner="party", start=Lognormal(p10=2, p90=4), maximum=90),
        Variable(name="price", unit="index", start=Quantiles(quantiles=[(0, 1), (0.5, 2), (1, 4)]), maximum=9),
        Variable(name="fleet", unit="boats", aggregate=Aggregate(function="sum", of="boats"), maximum=900),
    ]
    return World(
        constants=[Constant(name="yard", value=2, unit="boats")],
        terms=[Term(name="gain", formula="yard * price")],
        variables=variables,
        actions=[catch],
        events=[WorldEvent(name="gone", variable="stock", at_most=5)],
        policies=[Policy(name="greedy", rules=[PolicyRule(move="catch")])],
        pledges=[Pledge(field="pledge")],
    )


ERRORS: tuple[type[ConverseError], ...] = (
    BudgetExceeded, ContextLengthExceeded, ContextWindowTooSmall, IncompatibleStore, InvalidValue, NotFound,
    ProviderRefused, ProviderUnreachable, RunLocked, RunPaused, ScenarioChanged, StoreFailure, UsageError,
)  # fmt: skip


def play_in_one_call(folder: Path) -> None:
    """The shortest way, in a script or a notebook."""
    cool = ModelSettings(temperature=0.2)
    record: Transcript = run(
        harbour, model="null", options={"Port": cool}, dials={"dues": 0.2}, rounds=1, store=folder / "short.sqlite"
    )
    again = load_run(record.header.run, store=folder / "short.sqlite")
    listed: list[RunSummary] = list_runs(store=folder / "short.sqlite")
    print(record, again == record, listed[0].status)


def play_many(folder: Path) -> None:
    """Several runs of a bundled scenario, as data."""
    store = folder / "many.sqlite"
    played: Ensemble = Sweep(scenario="wage-talks", seeds=2, rounds=1, model="null", store=store, name="raises").play()
    outcomes = load_ensemble(played.name, store=store).outcomes()
    print(len(outcomes), len(rows(played.transcripts()[0])))
    facts: Facts = load_facts("training_compute")
    print(facts.title, len(load_world("ai").variables))


def read(record: Transcript) -> None:
    """A record as a file, back, and in figures."""
    header: Header = from_json(as_json(record, raw=True)).header
    print(header.seed, render_markdown(record.public())[:40], stats_markdown(record))
    print(disagreement(record), drift(record)[0].party, events(record), contradictions(record))


async def judge_and_ask(store: Store, name: str, made: Scenario) -> None:
    """What others make of a run, and what a party says of it."""
    rubric: Rubric = load_rubric("general")
    verdicts: tuple[Verdict, ...] = await judge_run(store, name, models=["null"])
    audited: Audit = await audit_run(store, name, scenario=made)
    told: Interview = await interview(store, name, party="Port", at="2026", question="Why?", scenario=made)
    costs: Estimate = await estimate(made, model="null", judge=False)
    print(len(verdicts), rubric.name, audited.is_private, told.answer, costs.calls)


async def main(folder: Path) -> None:
    """Play step by step, fork and read."""
    function: ScenarioFunction = harbour
    made: Scenario = function(dues=0.2)
    graph: StateGraph[Any, Any, Any, Any] = made.graph()
    graph.compile()
    build_graph(made).compile()
    prices = folder / "prices.yaml"
    prices.write_text("parrot: {input: 1, output: 2}\n")
    charged: Prices = load_prices(prices)
    tracing: Tracing | None = build_tracing({}, warn=print, now=lambda: datetime.now(UTC))
    async with Store.open(folder / "runs.sqlite", make=True) as store:
        models = ModelRegistry("null", prices=Prices({"parrot": Price(input=1, output=2)}))
        begun: Simulation = await begin(store, made, model=models, name="r", rounds=1, origin=Origin())
        played: Run = await begun.play(budget=Budget(turns=9), tracing=tracing)
        longer = await extend(store, played.name, rounds=2, scenario=made, prices=charged)
        await inject(store, played.name, ScheduledEvent(at="2027", text="Fog."), scenario=made)
        await (await resume(store, played.name, scenario=made)).play()
        left = await fork(store, played.name, at="2027:Port", say="We waive it.", new_name="f", scenario=made)
        await left.play()
        again = await replay(store, played.name, new_name="again", scenario=made)
        await again.play()
        first: Transcript = await longer.transcript()
        second: Transcript = await left.transcript()
        said: Statement = second.statements[2]
        left_at: Fork | None = second.header.fork
        print(said.speaker, said.text, left_at, compare(first, second).rows[0].same)
        await judge_and_ask(store, "f", made)
        read(second)
    try:
        find_scenario("nothing-of-that-name")
    except ERRORS as error:
        texts: ScenarioTexts = scenario_texts("ai-futures")
        print(error, texts.path.name)
        print(ScriptedModel([{"text": "x"}]).model, [person.name for person in cast_member("openai")[1]])


if __name__ == "__main__":
    play_in_one_call(Path.cwd())
    play_many(Path.cwd())
    asyncio.run(main(Path.cwd()))
