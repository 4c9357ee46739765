"""What a user's own project might hold: every public name, used as documented. Checked for its types, and run."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langgraph.graph import StateGraph

from converse_graph import (
    Budget,
    Chat,
    Choice,
    Clock,
    ConverseError,
    Dated,
    Debate,
    Event,
    Example,
    Flag,
    Imagined,
    Kept,
    Memory,
    Motion,
    Names,
    NullChat,
    Number,
    OnEvent,
    OnSilence,
    Organisation,
    Part,
    Percentiles,
    Persona,
    Price,
    Prices,
    Recall,
    Reply,
    Request,
    Run,
    Scenario,
    ScenarioFunction,
    ScenarioTexts,
    ScriptedChat,
    Simulation,
    Standing,
    Statement,
    Store,
    Text,
    Transcript,
    When,
    Whole,
    by_party,
    cast_member,
    compare,
    extend,
    find_scenario,
    fork,
    inject,
    render_markdown,
    replay,
    scenario,
    scenario_texts,
    stats_markdown,
)


class Parrot:
    """A model of one's own: it says what the null model says."""

    model = "parrot"
    profile = NullChat.profile
    window: int | None = None
    free = True

    def __init__(self) -> None:
        self._null: Chat = NullChat()
        self.heard: list[Part] = []

    async def complete(self, request: Request) -> Reply:
        self.heard.extend(request.parts)
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
    clerk = Persona(name="Clerk", role="keeps the books", deliberation=Imagined(
        motion="Is it fair?", turns=2, members=(Persona(name="Purse"), Persona(name="Heart"))))  # fmt: skip
    board = Debate(motion="What do we ask?", turns=2, members=[Persona(name="Master"), clerk])
    talks = by_party({"Port": debated}, ("Port", "Shipper"), otherwise=False)
    fields = [
        Whole(name="ships", ask="how many ships call", minimum=0, maximum=90),
        Number(name="share", ask="dues as a share", minimum=0, maximum=1),
        Flag(name="signed", ask="whether you sign"),
        Choice(name="mood", ask="your mood", options=["calm", "cross"]),
        Text(name="news", ask="what is new", max_length=80, optional=True),
        Names(name="allies", ask="whom you trust"),
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
        events=[Event(name="deal", field="signed", parties=2), Dated(at="2027", text="A storm.")],
        stop=[OnEvent(event="deal"), OnSilence(rounds=3), When(predicate=long_enough)],
        kept=[Kept(title="What was new", field="news")],
        standing=(Standing(title="Dues in force", adds="news", ends="allies", to="party"),),
        motion=Motion(question="Should dues be a tenth?", options=("yes", "no")),
        memory=Memory(recall=Recall(most=2)),
    )


async def main(folder: Path) -> None:
    """Play, fork and read."""
    function: ScenarioFunction = harbour
    made: Scenario = function(dues=0.2)
    graph: StateGraph[Any, Any, Any, Any] = made.graph()
    graph.compile()
    async with Store.open(folder / "runs.sqlite", make=True) as store:
        prices = Prices({"parrot": Price(input=1, output=2)})
        begun = await Simulation.begin(
            store, made, model="null", seed=1, created=datetime.now(UTC), name="r", rounds=1, prices=prices
        )
        run: Run = await begun.play(budget=Budget(turns=9))
        longer = await extend(store, run.name, rounds=2, scenario=made)
        await inject(store, run.name, Dated(at="2027", text="Fog."), scenario=made)
        run = await longer.play()
        left = await fork(
            store, run.name, at="2027:Port", say="We waive it.", created=datetime.now(UTC), new_name="f", scenario=made
        )
        await left.play()
        again = await replay(store, run.name, created=datetime.now(UTC), new_name="again", scenario=made)
        await again.play()
        first: Transcript = await longer.transcript()
        second: Transcript = await left.transcript()
        said: Statement = second.statements[2]
        print(said.speaker, said.text, compare(first, second).rows[0].same)
        print(render_markdown(first.public()), stats_markdown(second))
    try:
        find_scenario("nothing-of-that-name")
    except ConverseError as error:
        texts: ScenarioTexts = scenario_texts("ai-futures")
        print(error, texts.path.name)
        print(ScriptedChat([{"text": "x"}]).model, [person.name for person in cast_member("openai")[1]])


if __name__ == "__main__":
    asyncio.run(main(Path.cwd()))
