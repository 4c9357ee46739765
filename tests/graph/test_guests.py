"""Guests: a function, runnable, graph or whole scenario at the table or in a debate, journalled as one reply."""

import operator
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph.graph import END, START, StateGraph

from converse_graph import Boolean, Debate, Organisation, Percentiles, Persona, Request, Store
from converse_graph.errors import InvalidValue
from converse_graph.runs.simulation import Simulation
from tests.support.small_scenarios import CountingChat, begin, channels, debate, journal, played, table, until

Graphs = dict[str, Any]


class Echo(TypedDict, total=False):
    statements: Annotated[list[Any], operator.add]
    memos: Annotated[list[Any], operator.add]
    round: int
    party: str
    text: str


def compiled(text: str = "A graph speaks.") -> Any:
    graph = StateGraph(Echo)
    graph.add_node("think", lambda state: {"text": text, "statements": [{"text": "forged"}]})
    graph.add_edge(START, "think")
    graph.add_edge("think", END)
    return graph.compile()


async def _later(view: dict[str, Any]) -> dict[str, Any]:
    return {"text": f"Later, in {view['period']}."}


@pytest.mark.parametrize(
    ("guest", "says"),
    [
        (lambda view: f"{view['party']} in {view['period']}", "G in round 1"),
        (lambda view: {"text": "A dict."}, "A dict."),
        (lambda view: {"statement": "By its own name."}, "By its own name."),
        (lambda view: AIMessage("A message."), "A message."),
        (lambda view: {"messages": [AIMessage("Not me."), AIMessage("The last message.")]}, "The last message."),
        (_later, "Later, in round 1."),
        (RunnableLambda(lambda view: "A runnable."), "A runnable."),
        (
            RunnableLambda(lambda view: view["party"]) | RunnableLambda(lambda name: f"{name} in a chain."),
            "G in a chain.",
        ),
        (compiled(), "A graph speaks."),
    ],
)
async def test_anything_that_takes_a_view_and_returns_words_can_sit_at_the_table(
    store: Store, guest: Any, says: str
) -> None:
    simulation = await played(store, table("Host", Organisation(name="G", graph=guest), rounds=1))
    said = (await simulation.transcript()).statements
    assert (said[1].speaker, said[1].text, said[1].problem) == ("G", says, None)
    assert [place for place, *_ in journal(store, simulation)] == ["0.0/Host/statement", "0.1/G/graph"]


@pytest.mark.parametrize(
    "returned",
    [None, {}, [], 7, "", "  ", {"text": None}, {"text": 3}, {"transcript": ["x"]}, {"transcript": [{}]},
     {"transcript": [{"text": 4}]}, {"messages": [7]}, {"fields": [1], "text": "x"}, {"text": "x", "round": "first"},
     {"text": "x" * 901}],
)  # fmt: skip
async def test_a_guest_that_returns_nothing_of_use_is_recorded_as_silent_and_the_run_goes_on(
    store: Store, returned: Any
) -> None:
    party = Organisation(name="G", graph=lambda view: returned, fields=[Boolean(name="done", ask="?")])
    simulation = await played(store, table(party, "Host", rounds=1))
    said = (await simulation.transcript()).statements
    assert (said[0].text, said[0].fields) == ("", {})
    assert said[0].problem
    assert said[1].text
    assert [accepted for *_, accepted in journal(store, simulation)] == [False, True]


async def test_a_guest_that_echoes_what_it_was_given_adds_nothing_to_the_record(store: Store) -> None:
    def echo(view: dict[str, Any]) -> dict[str, Any]:
        view["statements"].append({"text": "forged", "speaker": "Host"})
        return {**view, "transcript": [], "floor": {"round": 9}, "ended": "now", "mind_Host": [1], "text": "Echo."}

    simulation = await played(store, table("Host", Organisation(name="G", graph=echo), rounds=3))
    values = await channels(store, simulation)
    assert [said["speaker"] for said in values["transcript"]] == ["Host", "G"] * 3
    assert [said["text"] for said in values["transcript"] if said["speaker"] == "G"] == ["Echo."] * 3
    assert all(set(said) == {"kind", "round", "turn", "speaker", "text", "fields"} for said in values["transcript"])
    assert len(values["mind_Host"]) == 3


async def test_a_guest_reports_fields_that_are_checked_like_anyones(store: Store) -> None:
    year = Percentiles(name="year", ask="?", minimum=2000, maximum=2100)
    reported = {"text": "x", "memo": "mine", "fields": {"year": {"p10": 2050, "p50": 2030, "p90": 2040}, "other": 1}}
    party = Organisation(name="G", graph=lambda view: reported, fields=[year])
    simulation = await played(store, table(party, rounds=1))
    said = (await simulation.transcript()).statements[0]
    assert said.fields == {"year": {"p10": 2030, "p50": 2040, "p90": 2050}}
    assert said.sorted_fields == ("year",)
    assert said.private is not None
    assert said.private.memo == "mine"


async def test_a_guest_sees_its_own_notes_and_what_is_public_and_no_more(store: Store) -> None:
    views: list[dict[str, Any]] = []

    def listen(view: dict[str, Any]) -> dict[str, Any]:
        views.append(view)
        return {"text": "heard", "memo": f"note {view['round']}"}

    boards = Organisation(name="Host", brief="HOST SECRET", deliberation=debate("One", "Two"))
    simulation = await played(store, table(boards, Organisation(name="G", brief="mine", graph=listen), rounds=2))
    assert [view["memos"] for view in views] == [[], ["note 0"]]
    assert "HOST SECRET" not in str(views)
    host = (await channels(store, simulation))["mind_Host"]
    for record in host:
        assert record["memo"] not in str(views)
        assert all(line["text"] not in str(views) for line in record["debate"]["lines"])


async def test_a_guest_is_not_called_again_for_what_it_has_said(store: Store) -> None:
    calls: list[int] = []

    def speak(view: dict[str, Any]) -> str:
        calls.append(view["round"])
        return f"round {view['round']}"

    scenario = table(Organisation(name="G", graph=speak), "Host", rounds=2, order="simultaneous")

    async def guest_was_heard(request: Request) -> None:
        await until(lambda: bool(journal(store, simulation)))

    simulation = await begin(store, scenario, model=CountingChat(stop_at=1, before=guest_was_heard))
    with pytest.raises(Exception, match="nobody answers"):
        await simulation.play()
    assert calls == [0]
    reopened = await Simulation.reopen(store, simulation.run.name, scenario=scenario, model=CountingChat())
    assert (await reopened.play()).status == "finished"
    assert calls == [0, 1]


async def test_a_scenario_sits_at_the_table_and_its_own_talk_stays_inside_it(store: Store) -> None:
    inner = table(Organisation(name="Host", brief="INNER", deliberation=debate("Host", "Other")), "Twin", rounds=2)
    scenario = table("Host", Organisation(name="G", graph=inner.graph(compiled=True)), rounds=2)
    events: list[dict[str, Any]] = []
    simulation = await begin(store, scenario)
    await simulation.play(events.append)
    said = (await simulation.transcript()).statements
    assert [entry.speaker for entry in said] == ["Host", "G"] * 2
    assert all(entry.text for entry in said)
    assert said[1].text != said[3].text, "two turns of one guest are two runs of its scenario"
    assert [place for place, *_ in journal(store, simulation)] == [
        "0.0/Host/statement",
        "0.1/G/graph",
        "1.0/Host/statement",
        "1.1/G/graph",
    ]
    run = store.register.run(simulation.run.name)
    assert (run.rounds, run.statements) == (2, 4), "the guest's own rounds are not counted as the run's"
    assert [event["speaker"] for event in events if event["event"] == "statement"] == ["Host", "G"] * 2
    assert {event["path"] for event in events if event["event"] == "line"} == set()
    assert "Twin" not in str(events)


async def test_a_scenario_at_the_table_says_the_same_with_the_same_seed(store: Store) -> None:
    scenario = table(Organisation(name="G", graph=table("A", "B", rounds=1).graph(compiled=True)), rounds=2)
    texts = []
    for seed in (5, 5, 6):
        simulation = await played(store, scenario, seed=seed)
        texts.append([said.text for said in (await simulation.transcript()).statements])
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


@pytest.mark.parametrize("options", [(), ("yes", "no")])
async def test_a_scenario_or_a_function_can_be_a_persona(store: Store, options: tuple[str, ...]) -> None:
    inner = table("A", "B", rounds=1).graph(compiled=True)
    board = Debate(
        motion="?",
        turns=4,
        options=options,
        members=[
            Persona(name="Table", graph=inner),
            Persona(name="Words", graph=lambda view: f"{len(view['lines'])} lines so far"),
            Persona(name="Votes", graph=lambda view: {"text": "I vote.", "position": "yes"}),
            Persona(name="Silent", graph=lambda view: None),
        ],
    )
    simulation = await played(store, table(Organisation(name="Host", deliberation=board), rounds=1))
    private = (await simulation.transcript()).statements[0].private
    assert private is not None
    assert private.deliberation is not None
    lines = private.deliberation.lines
    assert [line.speaker for line in lines] == ["Table", "Words", "Votes", "Silent"]
    assert lines[0].text
    assert (lines[1].text, lines[1].position) == ("1 lines so far", None)
    assert (lines[2].text, lines[2].position) == ("I vote.", "yes")
    assert (lines[3].text, bool(lines[3].problem)) == ("", True)
    assert private.deliberation.decision is not None
    assert private.deliberation.decision.votes == {"Votes": "yes"}


async def test_a_guest_in_a_debate_with_rules_is_told_and_asked_what_any_member_is(store: Store) -> None:
    views: list[dict[str, Any]] = []

    def argue(view: dict[str, Any]) -> dict[str, Any]:
        views.append(view)
        if view["asked"] != "line":
            return {"reason": f"my {view['asked']}", "position": "no"}
        if view["dissents"]:
            return {"text": f"Against {view['agreed']}.", "position": "no"}
        moved = "A leak was found." if view["lines"] else None
        return {"text": "I yield.", "position": "yes", "new_fact": moved}

    rules: dict[str, Any] = {"private_positions": True, "ballot": "secret", "justify_changes": True, "dissenter": True}
    consent = {"text": "Yes.", "position": "yes", "reason": "so"}
    members = [Persona(name="G", graph=argue), Persona(name="Mate", graph=lambda view: consent)]
    board = Debate(motion="Do we?", options=("yes", "no"), members=members, turns=5, **rules)
    simulation = await played(store, table(Organisation(name="Host", deliberation=board), rounds=1))
    private = (await simulation.transcript()).statements[0].private
    assert private is not None
    talk = private.deliberation
    assert talk is not None

    assert [view["asked"] for view in views] == ["position", "line", "line", "line", "ballot"]
    asked_for_lines = views[1:4]
    assert all(view["initial_stance"] == {"position": "no", "reason": "my position"} for view in asked_for_lines)
    assert all(set(view["rules"]) == set(talk.rules) == {"private_positions", "secret_ballot", "justify_changes",
               "dissenter"} for view in asked_for_lines)  # fmt: skip
    assert [(view["dissents"], view["agreed"]) for view in asked_for_lines] == [
        (False, None), (True, "yes"), (False, None)]  # fmt: skip
    own = [line for line in talk.lines if line.speaker == "G"]
    assert [(line.text, line.position, line.new_fact, line.dissents) for line in own] == [
        ("I yield.", "yes", None, False),
        ("Against yes.", "no", None, True),
        ("I yield.", "yes", "A leak was found.", False),
    ]
    assert [(kept.speaker, kept.position) for kept in talk.private_positions] == [("G", "no"), ("Mate", "yes")]
    assert talk.decision is not None
    assert talk.decision.votes == {"G": "no", "Mate": "yes"}


async def test_a_guest_with_a_board_room_of_its_own_is_told_what_was_decided(store: Store) -> None:
    views: list[dict[str, Any]] = []

    def speak(view: dict[str, Any]) -> str:
        views.append(view)
        return str(view["decision"]["position"])

    party = Organisation(name="G", graph=speak, deliberation=debate("One", "Two", options=("a", "b")))
    simulation = await played(store, table(party, rounds=1))
    said = (await simulation.transcript()).statements[0]
    assert said.text == views[0]["decision"]["position"]
    assert said.text in ("a", "b")


def test_what_cannot_be_called_cannot_sit_at_the_table() -> None:
    with pytest.raises(InvalidValue, match="cannot sit at the table; give a runnable, a compiled graph or a function"):
        table(Organisation(name="G", graph="not a graph")).graph()
