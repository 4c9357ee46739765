"""Runs that are steered by forms of their page."""

import asyncio
import re

from converse_graph.runs.simulation import Origin, Simulation
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.store import Store
from converse_graph.view.control import Control
from converse_graph.view.live import LiveRuns
from converse_graph.view.records import Reader
from tests.support.small_scenarios import begin, until
from tests.view.conftest import Serve, Site, visible

NAME = "talks"


async def talks(store: Store, *, rounds: int = 2) -> None:
    scenario = find_scenario("wage-talks")()
    made = await begin(store, scenario, name=NAME, rounds=rounds, origin=Origin(scenario="wage-talks"))
    await made.play()


async def send(site: Site, action: str, *, once: str = "", run: str = NAME, **form: str) -> str:
    """Send a form of a run's page; returns where it leads, or what is said."""
    word = once or await form_word(site, run)
    path = f"/runs/{run}/control/{action}"
    answer = await site.client.post(path, data={"once": word, **form}, headers={"Origin": site.address})
    return answer.headers.get("location") or f"{answer.status_code} {visible(answer.text)}"


async def form_word(site: Site, run: str = NAME) -> str:
    words = re.findall(r'name="once" value="([^"]+)"', (await site.get(f"/runs/{run}")).text)
    assert words
    return words[0]


def is_over(store: Store, run: str) -> bool:
    return store.register.run(run).status == "finished"


async def test_a_fork_is_made_with_words_or_an_event_and_played_and_a_form_sent_twice_makes_one(
    store: Store, site: Serve
) -> None:
    await talks(store)
    opened = await site(control=True)
    once = await form_word(opened)
    form = {"at": "round 2:Employer", "say": "We offer nothing.", "name": "hard"}
    first = await send(opened, "fork", once=once, **form)
    again = await send(opened, "fork", once=once, **form)
    assert first == again
    assert first.startswith("/runs/hard?note=")
    await until(lambda: is_over(store, "hard"))
    said = store.transcript("hard").statements
    assert any(statement.text == "We offer nothing." and statement.round == 1 for statement in said)
    assert [run.name for run in store.register.runs() if run.parent == NAME] == ["hard"]
    await send(opened, "fork", at="round 2", event="The mill burns.", to="Union", name="fire")
    await until(lambda: is_over(store, "fire"))
    (event,) = store.register.run("fire").header.events
    assert (event.text, event.party, str(event.at)) == ("The mill burns.", "Union", "round 2")


async def test_a_run_is_extended_judged_and_asked(store: Store, site: Serve) -> None:
    await talks(store)
    opened = await site(control=True)
    assert (await send(opened, "extend", rounds="4")).startswith(f"/runs/{NAME}?")
    await until(lambda: is_over(store, NAME) and store.register.run(NAME).rounds == 4)
    answer = await send(opened, "interview", party="Union", at="round 1:Employer", question="What do you fear?")
    assert answer.startswith("200")
    assert "Union at the end of round 1" in answer
    assert "kept nowhere" in answer
    await send(opened, "judge", model="null")
    run = store.register.run(NAME).id
    await until(lambda: bool(store.verdicts(run).all()))
    assert opened.control is not None
    await until(lambda: opened.control is not None and not opened.control.is_judging(NAME))


async def test_a_run_is_paused_resumed_and_told_of_what_will_happen(store: Store, site: Serve) -> None:
    scenario = find_scenario("ai-futures")(end=2190, step="month")
    origin = Origin(scenario="ai-futures")
    await begin(store, scenario, name="endless", origin=origin)
    opened = await site(control=True)
    note = await send(opened, "inject", run="endless", at="2030", event="A leak.")
    assert "It+will+happen+in+2030" in note
    await send(opened, "resume", run="endless")
    await until(lambda: store.register.run("endless").statements > 3)
    assert "A leak." not in await opened.text("/runs/endless")
    await send(opened, "pause", run="endless")
    await until(lambda: store.register.run("endless").status == "paused")
    assert opened.control is not None
    await until(lambda: opened.control is not None and not opened.control.is_playing("endless"))


async def test_what_cannot_be_is_refused_in_words_and_may_be_sent_again(store: Store, site: Serve) -> None:
    await talks(store)
    opened = await site(control=True)
    rows = [
        ("pause", {}, "is not played from here"),
        ("extend", {"rounds": "1"}, "has come to the end"),
        ("extend", {"rounds": "many"}, "whole number from 1"),
        ("fork", {"at": "round 99:Union", "say": "x"}, "would have no past"),
        ("fork", {"at": "", "say": "x"}, ""),
        ("inject", {"at": "round 1", "event": "x"}, "would change what has been"),
        ("inject", {"at": "round 9", "event": " "}, "says nothing"),
        ("interview", {"party": "Nobody", "at": "round 1", "question": "x"}, "Nobody"),
        ("resume", {"max_usd": "-1"}, "a number above 0"),
        ("explode", {}, "is none of"),
    ]
    for action, form, words in rows:
        once = await form_word(opened)
        for _ in range(2):
            told = await send(opened, action, once=once, **form)
            assert told.startswith(("400", "404")), (action, told)
            assert words in told, (action, told)
    huge = await opened.client.post(
        f"/runs/{NAME}/control/fork", content=b"x" * 200_000, headers={"Origin": opened.address}
    )
    assert (huge.status_code, "bytes at most" in huge.text) == (400, True)
    assert len(store.register.runs()) == 1


async def test_a_page_that_is_only_read_has_no_forms(store: Store, site: Serve) -> None:
    await talks(store)
    opened = await site()
    assert "Control" not in await opened.text(f"/runs/{NAME}")
    answer = await opened.client.post(
        f"/runs/{NAME}/control/extend", data={"once": "x", "rounds": "9"}, headers={"Origin": opened.address}
    )
    assert answer.status_code == 404
    assert store.register.run(NAME).rounds == 2


async def test_what_is_left_to_do_at_the_end_is_done_and_the_run_counts_as_judged_meanwhile(
    store: Store, store_address: str
) -> None:
    await begin(store, find_scenario("wage-talks")(), name=NAME, rounds=1, origin=Origin(scenario="wage-talks"))
    go_on, ends = asyncio.Event(), []

    async def end(simulation: Simulation) -> None:
        ends.append((simulation.run.name, store.register.run(NAME).status))
        await go_on.wait()

    async with Reader.open(store_address) as reader, Control.open(store_address, LiveRuns(reader), end=end) as control:
        await control.act(NAME, "resume", {"once": "a"})
        await until(lambda: ends != [])
        assert (control.is_playing(NAME), control.is_judging(NAME)) == (False, True)
        go_on.set()
        await until(lambda: not control.is_judging(NAME))
    assert ends == [(NAME, "finished")]
