"""How much a server takes is learnt once: kept with the run, heeded by resume, fork and replay, forgotten when told."""

import asyncio
import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request as Received
from werkzeug import Response as Sent

from converse_graph import Budget, ModelRegistry, ModelSettings, Organisation, Store, fork, replay
from converse_graph.errors import BudgetExceeded, ContextWindowTooSmall, ProviderRefused
from converse_graph.models.base import Message, Request
from converse_graph.models.null import NullModel
from converse_graph.runs.simulation import Simulation
from tests.support.model_servers import PATH, completion
from tests.support.small_scenarios import table

NUMBERED = "This model's maximum context length is {limit} tokens."
WORDLESS = "Please reduce the length of the messages or completion."
LIMIT = 2600
"""Tokens, as the server counts them: four letters to each, and the reply that is asked for."""


class Server:
    """Fills every form, and refuses what is too long."""

    def __init__(self, server: HTTPServer, said: str) -> None:
        self.refused, self.answered, self.said = 0, 0, said
        self.base_url = server.url_for("/v1")
        self._null = NullModel()
        server.expect_request(PATH, method="POST").respond_with_handler(self.answer)

    def answer(self, received: Received) -> Sent:
        body = json.loads(received.get_data())
        letters = sum(len(message["content"]) for message in body["messages"])
        if letters / 4 + body["max_tokens"] > LIMIT:
            self.refused += 1
            failure = {"error": {"message": self.said.format(limit=LIMIT)}}
            return Sent(json.dumps(failure), 400, content_type="application/json")
        self.answered += 1
        schema = body["response_format"]["json_schema"]["schema"]
        parts = (Message(role="user", text=str(letters), source="prompt/task"),)
        asked = Request(messages=parts, schema=schema, place=f"{letters}")
        text = asyncio.run(self._null.complete(asked)).text
        return Sent(json.dumps(completion(text)), content_type="application/json")


def _talkative(rounds: int = 8) -> Any:
    guest = Organisation(name="G", graph=lambda view: "word " * 200)
    return table(guest, "Host", rounds=rounds, max_statement_chars=1200)


@pytest.mark.parametrize(
    ("said", "field"), [(NUMBERED, "shown_window"), (WORDLESS, "safe_window")], ids=["with a number", "without one"]
)
async def test_a_resume_a_fork_and_a_replay_heed_what_was_learnt(
    store: Store, httpserver: HTTPServer, said: str, field: str
) -> None:
    server, scenario = Server(httpserver, said), _talkative()
    begun = await Simulation.begin(store, scenario, model=ModelRegistry("large-70b", server.base_url), seed=1, name="r")
    with pytest.raises(BudgetExceeded):
        await begun.play(budget=Budget(turns=12))
    await begun.close()
    assert server.refused == 1
    assert getattr(store.register.run("r").header.models["large-70b"], field) is not None
    again = await Simulation.reopen(store, "r", scenario=scenario)
    assert (await again.play()).status == "finished"
    await again.close()
    forked = await fork(store, "r", at="7", new_name="f", scenario=scenario)
    assert (await forked.play()).status == "finished"
    await forked.close()
    assert server.refused == 1
    answered = server.answered
    replayed = await replay(store, "r", new_name="again", scenario=scenario)
    assert (await replayed.play()).status == "finished"
    assert server.answered == answered
    texts = [[said.text for said in store.transcript(name).statements] for name in ("r", "again")]
    assert texts[0] == texts[1]


async def test_what_was_learnt_is_forgotten_when_somebody_says_how_much_a_model_takes(
    store: Store, httpserver: HTTPServer
) -> None:
    server, scenario = Server(httpserver, NUMBERED), table(Organisation(name="A", brief="word " * 1400), rounds=1)
    begun = await Simulation.begin(store, scenario, model=ModelRegistry("large-70b", server.base_url), seed=1, name="r")
    with pytest.raises(ContextWindowTooSmall):
        await begun.play()
    await begun.close()
    again = await Simulation.reopen(store, "r", scenario=scenario)
    with pytest.raises(ContextWindowTooSmall, match=rf"has {LIMIT}\. .*context_window=N"):
        await again.play()
    await again.close()
    assert server.refused == 1, "a resume does not run into the same wall"
    told = await Simulation.reopen(store, "r", scenario=scenario, options=ModelSettings(context_window=9000))
    assert told.run.header.models["large-70b"].shown_window is None
    with pytest.raises(ContextWindowTooSmall):
        await told.play()
    await told.close()
    assert server.refused == 2


async def test_a_model_that_thinks_without_end_is_refused_with_numbers(store: Store, httpserver: HTTPServer) -> None:
    rooms: list[int] = []

    def think(received: Received) -> Sent:
        rooms.append(json.loads(received.get_data())["max_tokens"])
        thoughts = completion("", "length", reasoning_content="hm")
        return Sent(json.dumps(thoughts), content_type="application/json")

    httpserver.expect_request(PATH, method="POST").respond_with_handler(think)
    model = ModelRegistry("large-70b", httpserver.url_for("/v1"), window=3000)
    begun = await Simulation.begin(store, table("A", rounds=1), model=model, seed=1, name="r")
    with pytest.raises(ProviderRefused, match=r"no room to answer: .*the window of 3,000 gives it 2,\d+ at most.*thin"):
        await begun.play()
    await begun.close()
    assert rooms[0] == 1024
    assert len(rooms) == 2
    run = store.register.run("r")
    assert (run.status, run.tokens) == ("paused", 70), "what was thought is paid"
