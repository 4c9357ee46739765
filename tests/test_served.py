"""Every scenario under `langgraph dev`, driven by its client: assistants, forms, runs, breakpoints, forks, refusals."""

import os
import re
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import BadRequestError

from converse_graph import find_scenario
from converse_graph.scenarios.catalogue import catalogue
from tests.support.child_process import run_python
from tests.support.langgraph_server import GRAPHS, ROOT, Server

DIALS = {"rounds": 3, "inflation": 0.08}
SETTINGS = ("model", "human", "model_temperature", "model_top_p", "model_max_tokens", "model_thinking", "seed")
"""What every scenario's form offers beside its dials."""

CHANCE: dict[str, Any] = {"model": "null", "seed": 4}
Said = list[dict[str, Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("server"))
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=server.url, api_key=None) as opened:
        yield opened


async def assistant(client: LangGraphClient, graph: str = "wage-talks", **settings: Any) -> str:
    made = await client.assistants.create(graph, config={"configurable": settings})
    return str(made["assistant_id"])


async def thread(client: LangGraphClient) -> str:
    return str((await client.threads.create())["thread_id"])


async def bare(**dials: Any) -> Said:
    graph: Any = find_scenario("wage-talks")(**dials).graph(compiled=True)
    said: Said = (await graph.ainvoke({"horizon": None}, {"configurable": CHANCE}))["transcript"]
    return said


def test_langgraph_json_names_every_scenario_with_what_it_shows() -> None:
    described = {name: entry["description"] for name, entry in GRAPHS.items()}
    assert described == {name: function.doc for name, function in catalogue().items()}


@pytest.mark.slow
async def test_every_scenario_is_an_assistant_and_has_a_form_and_a_graph(client: LangGraphClient) -> None:
    listed = {str(found["graph_id"]): found for found in await client.assistants.search(limit=100)}
    assert set(GRAPHS) <= set(listed)
    for name, function in catalogue().items():
        known = str(listed[name]["assistant_id"])
        form = (await client.assistants.get_schemas(known))["context_schema"]
        assert form is not None
        assert set(form["properties"]) == {*(dial.name for dial in function.dials), *SETTINGS}
        assert all(asked["title"] and asked["description"] for asked in form["properties"].values())
        drawn = {node["id"] for node in (await client.assistants.get_graph(known))["nodes"]}
        assert {party.name for party in function().organisations} <= drawn


@pytest.mark.slow
async def test_a_form_says_what_each_dial_takes_and_nothing_of_private_channels(client: LangGraphClient) -> None:
    schemas = await client.assistants.get_schemas(await assistant(client, "agi-race"))
    form, start, public = schemas["context_schema"], schemas["input_schema"], schemas["output_schema"]
    assert form
    assert start
    assert public
    labs, regulation = form["properties"]["labs"], form["properties"]["regulation"]
    assert (labs["minimum"], labs["maximum"], labs["default"]) == (1, 6, 3)
    assert (regulation["enum"], regulation["default"]) == (["none", "light", "strict"], "none")
    assert list(start["properties"]) == ["horizon"]
    assert "rounds to play" in start["properties"]["horizon"]["description"]
    assert start.get("required", []) == []
    assert set(public["properties"]) == {"transcript", "events", "summaries", "votes", "floor", "horizon", "ended"}
    assert all(shown.get("description") for name, shown in public["properties"].items())
    assert "mind_" not in str((form, start, public))


async def test_dials_of_an_assistant_change_its_graph(client: LangGraphClient) -> None:
    async def nodes(**settings: Any) -> set[str]:
        drawn = await client.assistants.get_graph(await assistant(client, "boardrooms", **settings), xray=True)
        return {str(node["id"]) for node in drawn["nodes"]}

    boards, no_boards = await nodes(), await nodes(labs=1, uk=False, deliberation="none")
    assert {"DeepMind", "UK Government"} <= {node.partition(":")[0] for node in boards}
    assert len(boards) > len(no_boards) == 5, "supervisor, world, one lab, and LangGraph's own start and end"


async def test_a_run_is_streamed_and_ends_as_the_same_graph_run_bare(client: LangGraphClient) -> None:
    known = await assistant(client, **DIALS, **CHANCE)
    seen: list[Any] = []
    last: Any = None
    started = client.runs.stream(await thread(client), known, input={"horizon": None}, stream_mode=["values", "custom"])
    async for chunk in started:
        if chunk.event == "custom" and chunk.data["event"] == "statement":
            seen.append(chunk.data["text"])
        last = chunk.data if chunk.event == "values" else last
    expected = await bare(**DIALS)
    assert last["transcript"] == expected
    assert seen == [said["text"] for said in expected]
    assert len(expected) == 6


async def test_it_stops_before_a_party_and_goes_on_as_if_it_had_not(client: LangGraphClient) -> None:
    known, place = await assistant(client, **DIALS, **CHANCE), await thread(client)
    stopped: Any = await client.runs.wait(place, known, input={"horizon": None}, interrupt_before=["Union"])
    state = await client.threads.get_state(place)
    assert (len(stopped["transcript"]), state["next"]) == (1, ["Union"])
    again: Any = await client.runs.wait(place, known, input=None, interrupt_before=["Union"])
    assert len(again["transcript"]) == 3
    ended: Any = await client.runs.wait(place, known, input=None)
    assert ended["transcript"] == await bare(**DIALS)


async def test_a_person_sits_at_a_served_table_and_is_asked_again_until_the_answer_fits(
    client: LangGraphClient,
) -> None:
    known = await assistant(client, boardroom=False, human="Union", **DIALS, **CHANCE)
    place = await thread(client)

    async def asked() -> dict[str, Any]:
        [waits] = (await client.threads.get_state(place))["interrupts"]
        value: dict[str, Any] = waits["value"]
        return value

    await client.runs.wait(place, known, input={"horizon": 1})
    first = await asked()
    assert {**first, "question": None} == {"speaker": "Union", "place": "0.1/Union/statement", "question": None}
    question = first["question"]
    assert set(question) == {"prompt", "form", "asks", "attempt"}
    prompt = "\n".join(part["text"] for part in question["prompt"])
    assert "You speak for 3,000 workers" in prompt
    assert "Orders are good, margins are thin" not in prompt
    assert list(question["form"]["properties"]) == list(question["asks"])
    await client.runs.wait(place, known, command={"resume": {"statement": "Six percent."}})
    again = (await asked())["question"]
    assert (again["attempt"], "raise_percent is missing" in again["prompt"][-1]["text"]) == (1, True)
    answer = {"statement": "Six percent.", "raise_percent": 6, "accepts": False}
    ended: Any = await client.runs.wait(place, known, command={"resume": answer})
    assert [said["speaker"] for said in ended["transcript"]] == ["Employer", "Union"]
    assert (ended["transcript"][1]["text"], ended["transcript"][1]["fields"]["raise_percent"]) == ("Six percent.", 6)


async def test_a_run_forks_at_a_checkpoint_and_shares_the_past_up_to_it(client: LangGraphClient) -> None:
    known, place = await assistant(client, **DIALS, **CHANCE), await thread(client)
    first: Any = await client.runs.wait(place, known, input={"horizon": None})
    history = await client.threads.get_history(place, limit=100)
    [at] = [past for past in history if past["next"] == ["Union"] and len(past["values"]["transcript"]) == 3]  # type: ignore[call-overload]
    other: Any = await client.runs.wait(
        place,
        known,
        input=None,
        checkpoint_id=at["checkpoint"]["checkpoint_id"],
        config={"configurable": {"seed": 9}},
    )
    assert other["transcript"][:3] == first["transcript"][:3]
    assert [said["speaker"] for said in other["transcript"]] == [said["speaker"] for said in first["transcript"]]
    changed, before = ([said["text"] for said in run["transcript"][3:]] for run in (other, first))
    assert set(changed).isdisjoint(before)


async def test_a_copied_thread_goes_on_by_itself(client: LangGraphClient) -> None:
    known, place = await assistant(client, boardroom=False, **DIALS, **CHANCE), await thread(client)
    await client.runs.wait(place, known, input={"horizon": None}, interrupt_before=["Union"])
    copied: Any = await client.threads.copy(place)
    ended: Any = await client.runs.wait(copied["thread_id"], known, input=None)
    assert ended["transcript"] == await bare(boardroom=False, **DIALS)
    assert len((await client.threads.get_state(place))["values"]["transcript"]) == 1  # type: ignore[call-overload]


async def test_the_state_endpoint_shows_minds_and_a_runs_result_does_not(client: LangGraphClient) -> None:
    known, place = await assistant(client, rounds=1, **CHANCE), await thread(client)
    result: Any = await client.runs.wait(place, known, input={"horizon": None})
    values: Any = (await client.threads.get_state(place))["values"]
    assert not any(name.startswith("mind_") for name in result)
    assert values["mind_Employer"][0]["debate"]["lines"], "what docs/how-to/serve.md warns of: the private debate"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"boardrom": False}, "No dial of wage-talks 'boardrom'. Did you mean 'boardroom'? There is: inflation, "
                              f"strike_fund, rounds, boardroom, world, {', '.join(SETTINGS)}."),
        ({"rounds": 99}, "Dial rounds takes whole number 1 to 50, not 99: it takes at most 50."),
        ({"base_url": "http://127.0.0.1:1/v1"}, "Set OPENAI_BASE_URL where the server runs."),
    ],
)  # fmt: skip
async def test_a_wrong_dial_is_one_line_for_whoever_asks(
    client: LangGraphClient, settings: dict[str, Any], told: str
) -> None:
    wrong = await assistant(client, **settings)
    for refused in (client.assistants.get_schemas(wrong), client.assistants.get_graph(wrong)):
        with pytest.raises(BadRequestError) as error:
            await refused
        assert told in str(error.value).replace("Input", "input")
    streamed = client.runs.stream(await thread(client), wrong, input={"horizon": None})
    failures: list[Any] = [chunk.data async for chunk in streamed if chunk.event == "error"]
    assert [told in failure["message"].replace("Input", "input") for failure in failures] == [True]
    assert "\n" not in failures[0]["message"]


async def test_a_model_that_there_is_not_is_one_line(client: LangGraphClient) -> None:
    known = await assistant(client, model="nonsense")
    streamed = client.runs.stream(await thread(client), known, input={"horizon": None})
    failures: list[Any] = [chunk.data async for chunk in streamed if chunk.event == "error"]
    assert [failure["message"].startswith("No model 'nonsense'; there is: ") for failure in failures] == [True]


@pytest.mark.slow
def test_the_program_in_the_how_to_does_what_it_says(server: Server) -> None:
    page = (ROOT / "docs/how-to/serve.md").read_text(encoding="utf-8")
    [program] = re.findall(r'^```python title="client.py"\n(.*?)^```$', page, re.M | re.S)
    done = run_python("-c", program, environ={**os.environ, "SERVER": server.url})
    assert done.code == 0, done.err
    *told, ended, fork = done.out.splitlines()
    assert any("'event': 'statement', " in line and "'speaker': 'Employer'" in line for line in told)
    assert not any("'speaker': 'Union'" in line for line in told), "it stopped before the union"
    assert ended == "ended: horizon ['Employer', 'Union', 'Employer', 'Union']"
    assert fork == "as before the fork: [True, True, True, False]"


def test_it_stops_when_told_to_leaves_its_port_and_was_never_held_up(server: Server) -> None:
    assert server.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))
    assert "BlockingError" not in server.log.read_text()
