"""The pages of finished runs: what they say, a page at a time, and what they answer to nonsense."""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from converse_graph.ensembles.design import Design
from converse_graph.errors import IncompatibleStore, NotFound, StoreFailure
from converse_graph.runs.derived import fork
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.store import Store
from converse_graph.view import Reader
from converse_graph.view.charts import chart_specs, charts_of, draw, still_values
from converse_graph.view.formatting import measure, movement
from converse_graph.view.run_list import PAGE as RUNS_ON_A_PAGE
from converse_graph.view.series import Point, Series
from converse_graph.view.templating import environment
from converse_graph.view.timeline import PAGE
from tests.support.small_scenarios import CREATED, begin, consciences, played, table
from tests.view.conftest import Serve, visible


def numbers(html: str) -> list[int]:
    """The turns on a page, from 0."""
    return [int(number) for number in re.findall(r'data-number="(\d+)"', html)]


async def test_a_run_shows_what_was_said_and_folds_what_was_private_to_any_depth(store: Store, site: Serve) -> None:
    made = await played(store, consciences(), name="nested")
    record = await made.transcript()
    opened = await site()
    page = await opened.text("/runs/nested")
    for statement in record.statements:
        assert statement.text in page
        assert statement.private is not None
        assert statement.private.memo not in page
    first = record.statements[0]
    private = await opened.text("/runs/nested/turns/1/private")
    assert first.private is not None
    assert first.private.deliberation is not None
    assert first.private.memo in private
    talk, depth = first.private.deliberation, 0
    while talk is not None:  # the first member of each debate holds another
        depth += 1
        assert all(line.text in private for line in talk.lines)
        talk = talk.lines[0].deliberation
    assert depth == 2
    assert "Inside First2" not in private  # each level is named by its owner
    assert "Inside First1, before line 1" in private


async def test_a_page_shows_votes_the_world_and_what_is_in_force(store: Store, site: Serve) -> None:
    await played(store, find_scenario("fishery")(), name="fish", rounds=2)
    opened = await site()
    page = await opened.text("/runs/fish")
    assert "World as the run began" in page
    assert page.count("World after") == 2
    assert "What nobody, or one party alone, knew of it" in page
    assert re.search(r"Stock [\d.]+ kt Trust [\d.]+ index", await opened.text("/runs/fish/standing?turn=6"))
    charts = (await opened.get("/runs/fish/charts")).text
    titles = [visible(title) for title in re.findall(r"<figcaption>.*?</figcaption>", charts)]
    assert {"Stock kt", "Money million"} <= set(titles)
    assert "style=" not in charts  # the policy of a page refuses it


async def test_long_runs_come_a_page_at_a_time_with_every_turn_once(store: Store, site: Serve) -> None:
    await played(store, table("A", "B", "C", rounds=50), name="long")
    opened = await site()
    middle = await opened.get("/runs/long?at=76")
    seen = numbers(middle.text)
    assert len(seen) == PAGE
    assert 75 in seen
    while seen[0] > 0:
        answer = await opened.get(f"/runs/long/turns?before={seen[0]}")
        seen = [*numbers(answer.text), *seen]
    while seen[-1] + 1 < 150:
        answer = await opened.get(f"/runs/long/turns?after={seen[-1] + 1}")
        seen += numbers(answer.text)
        assert answer.headers["X-Total"] == "150"
    assert seen == list(range(150))


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/runs/nobody", 404, "No run 'nobody'"),
        ("/runs/..%2F..%2Fetc%2Fpasswd", 404, "Nothing is at"),
        ("/runs/talk?at=x", 400, "at='x' is no number"),
        ("/runs/talk?at=99999", 200, "turn"),
        ("/runs/talk/turns?before=-1", 400, "is no number"),
        ("/runs/talk/turns/99/private", 404, "there is no turn 99"),
        ("/runs/talk/live?after=1.2", 400, "is no place in a run"),
        ("/runs/talk/call?place=9.9/X/statement", 404, "asked nothing at"),
        ("/runs?page=999", 200, "Page 1 of 1"),
        ("/compare?first=talk&second=nobody", 404, "No run 'nobody'"),
        ("/sets/nobody", 404, "No ensemble 'nobody'"),
        ("/nowhere", 404, "Nothing is at /nowhere"),
        ("/runs/talk/control/pause", 404, "Nothing is at"),
        ("/static/../app.py", 404, ""),
    ],
)
async def test_nonsense_is_answered_in_words(store: Store, site: Serve, path: str, code: int, words: str) -> None:
    await played(store, table("A", "B"), name="talk")
    answer = await (await site()).get(path)
    assert answer.status_code == code
    if code != 200:
        assert words.replace("'", "&#39;") in answer.text
        assert "Traceback" not in answer.text


async def test_any_call_shows_its_prompt_part_by_part_with_owners(store: Store, site: Serve) -> None:
    made = await played(store, consciences(rounds=1), name="nested")
    opened = await site()
    listed = await opened.get("/runs/nested/calls")
    addresses = re.findall(r'href="(/runs/nested/call\?[^"]*)"', listed.text)
    calls = list(store.journal(made.run.id).calls())
    assert len(addresses) == len(calls)
    deep = next(call for call in calls if "/0.First1/0.First2/line" in call.place)
    page = await opened.text(f"/runs/nested/call?place={deep.place}")
    assert all(" ".join(message.text.split()) in page for message in deep.messages)
    assert "Alpha/First1/First2" in page
    assert f"{deep.reply.input_tokens} tokens" in page


async def test_two_runs_lie_side_by_side_where_the_fork_left(store: Store, site: Serve) -> None:
    await played(store, table("A", "B", rounds=3), name="parent")
    scenario = table("A", "B", rounds=3)
    made = await fork(store, "parent", at="round 2:B", say="We do otherwise.", scenario=scenario, new_name="child")
    await made.play()
    opened = await site()
    page = await opened.text("/compare?runs=parent&runs=child")
    assert "child leaves parent at round 2:B" in page
    assert "We do otherwise." in page
    only = await opened.text("/compare?first=parent&second=child&only=differences")
    assert "the same" not in only
    assert "We do otherwise." in only
    child = (await opened.get("/runs/child")).text
    assert "fork of parent" in visible(child)
    assert child.count("Here it leaves") == 1
    assert child.index('id="turn-3"') < child.index("Here it leaves") < child.index('id="turn-4"')
    assert "Here it leaves" not in await opened.text("/runs/parent")
    runs = (await opened.get("/runs")).text
    assert runs.index('data-run="parent"') < runs.index('data-run="child"')
    assert 'class="depth d1"' in runs


async def test_a_comparison_tells_what_came_of_two_runs_and_where_their_worlds_differ(
    store: Store, site: Serve
) -> None:
    for name, seed in (("low", 1), ("high", 2)):
        await played(store, find_scenario("fishery")(), name=name, rounds=3, seed=seed)
    page = await (await site()).text("/compare?first=low&second=high")
    assert re.search(r"their worlds differ from (the start|\d{4}) on", page)
    assert re.search(r"World after \d{4}, where it differs .*? kt ", page)
    assert "seed 1 2" in page


async def test_runs_are_found_by_words_status_and_scenario_a_page_at_a_time(store: Store, site: Serve) -> None:
    await played(store, table("A", rounds=1, name="one"), name="done")
    for number in range(RUNS_ON_A_PAGE + 3):
        await begin(store, table("A", rounds=1, name="other"), name=f"waiting-{number}")
    opened = await site()

    def names(html: str) -> list[str]:
        return re.findall(r'<tr data-run="([^"]*)"', html)

    async def found(query: str) -> list[str]:
        return names((await opened.get(f"/runs?{query}")).text)

    assert await found("q=DON") == ["done"]
    assert await found("status=finished") == ["done"]
    assert await found("scenario=one") == ["done"]
    assert await found("q=nothing-like-it") == []
    first, second = await found("status=paused"), await found("status=paused&page=2")  # begun, and nobody plays them
    assert (len(first), len(second)) == (RUNS_ON_A_PAGE, 3)
    assert not set(first) & set(second)
    drift = (await opened.get("/runs/drift?run=done")).json()
    assert drift == {"done": 0}


async def test_a_set_shows_its_arms_with_how_far_each_is(store: Store, site: Serve) -> None:
    design = Design(scenario="wage-talks", vary={"inflation": (0.02, 0.08)}, seeds=2, model="null", rounds=1)
    await store.ensembles.save("raises", design.model_dump_json(), created=CREATED)
    cells = list(design.cells("raises"))
    await played(store, find_scenario("wage-talks")(inflation=0.02), name=cells[0].run, seed=0, rounds=1)
    opened = await site()
    assert "1 of 4" in await opened.text("/sets")
    page = await opened.text("/sets/raises")
    assert "inflation=0.02 1 of 2 finished" in page
    assert "inflation=0.08 0 of 2 finished" in page


async def test_a_large_set_is_shown_a_page_at_a_time(store: Store, site: Serve) -> None:
    many = tuple(round(0.001 * number, 3) for number in range(1, 61))
    for name, vary, seeds in (("wide", {"inflation": many}, 3), ("deep", {"inflation": (0.02,)}, 3000)):
        design = Design(scenario="wage-talks", vary=vary, seeds=seeds, model="null", rounds=1)
        await store.ensembles.save(name, design.model_dump_json(), created=CREATED)
    for seed in (0, 2999):
        cell = [cell for cell in design.cells("deep") if cell.seed == seed]
        await played(store, find_scenario("wage-talks")(inflation=0.02), name=cell[0].run, seed=seed, rounds=1)
    opened = await site()
    assert "inflation: 0.001, 0.002, 0.003, 0.004, 0.005 … 0.06 (60 values)" in await opened.text("/sets")
    pages = [await opened.text(f"/sets/wide?page={number}") for number in (1, 2, 3, 4)]
    assert [page.count("0 of 3 finished") for page in pages] == [25, 25, 10, 10]
    assert "60 arms" in pages[0]
    assert "inflation=0.06 0 of 3" in pages[2]
    deep = await opened.text("/sets/deep")
    assert "2 of 3,000 finished" in deep
    assert "and 1,800 runs more" in deep


@pytest.mark.slow
async def test_a_set_tells_when_an_event_comes(store: Store, site: Serve) -> None:
    design = Design(scenario="wage-talks", seeds=1, model="null", rounds=1)
    await store.ensembles.save("raises", design.model_dump_json(), created=CREATED)
    (cell,) = design.cells("raises")
    await played(store, find_scenario("wage-talks")(), name=cell.run, seed=0, rounds=1)
    opened = await site()
    assert "Probability that it has come by" in await opened.text("/sets/raises?event=settled")


async def test_the_first_page_of_a_run_waits_for_no_template(store: Store, site: Serve) -> None:
    await played(store, table("A"), name="talk")
    environment.cache_clear()
    opened = await site()
    cache = environment().cache
    assert cache is not None
    compiled = {name for _, name in cache.keys()}  # noqa: SIM118 - it is jinja's own kind of dict
    await opened.text("/runs/talk")
    assert {name for _, name in cache.keys()} == compiled  # noqa: SIM118


async def test_a_search_finds_turns_by_their_words(store: Store, site: Serve) -> None:
    made = await played(store, table("A", "B", rounds=6), name="talk")
    record = await made.transcript()
    word = record.statements[3].text.split()[0]
    wanted = [at for at, said in enumerate(record.statements) if word in f"{said.speaker}: {said.text}"]
    html = (await (await site()).get("/runs/talk/search", params={"q": word.upper()})).text
    assert [int(number) - 1 for number in re.findall(r"#turn-(\d+)", html)] == wanted
    assert f"<mark>{word}</mark>" in html


async def test_a_store_that_is_gone_or_none_is_told_in_words(store: Store, site: Serve, tmp_path: Path) -> None:
    await played(store, table("A"), name="talk")
    opened = await site()
    store_path = Path(store.address)
    await asyncio.to_thread(store_path.rename, tmp_path / "away")
    answer = await opened.get("/runs/talk")
    assert (answer.status_code, "is gone" in answer.text) == (503, True)
    await asyncio.to_thread((tmp_path / "away").rename, store_path)
    assert (await opened.get("/runs/talk")).status_code == 200
    for name, error in (("missing.sqlite", NotFound), ("foreign.sqlite", IncompatibleStore)):
        if name.startswith("foreign"):
            (tmp_path / name).write_text("no store")
        with pytest.raises(error):
            async with Reader.open(tmp_path / name):
                pass


@pytest.mark.every_store
async def test_every_kind_of_store_is_read_and_no_page_shows_its_password(
    store: Store, store_address: str, site: Serve
) -> None:
    await played(store, table("A", "B"), name="talk")
    opened = await site()
    with pytest.raises(StoreFailure, match=r"read-?only"):
        await opened.reader.store.register.mark(store.register.run("talk").id, "failed")
    assert store.register.run("talk").status == "finished"
    password = urlsplit(store_address).password or "no password at all"
    for path in ("/runs", "/runs/talk", "/runs/talk/calls", "/compare?first=talk&second=talk", "/sets"):
        answer = await opened.get(path)
        assert answer.status_code == 200, path
        assert password not in answer.text, path


def test_numbers_of_a_world_have_their_unit_and_flags_are_yes_or_no() -> None:
    rows = [
        (measure(1, "cap", "flag"), "yes"),
        (measure(0.0, "cap", "flag"), "no"),
        (measure(244.21834, "stock", "kt"), "244.2 kt"),
        (measure(123456.7, "stock", "kt"), "123,457 kt"),
        (measure(3, "progress", "progress"), "3"),
        (measure(-15, "shown_frontier", "progress"), "-15 progress"),
        (movement(-0.15, "effort", "share"), "-0.15 share"),
        (movement(2, "progress", "progress"), "+2"),
        (movement(-1, "cap", "flag"), "to no"),
    ]
    assert [is_so for is_so, _ in rows] == [wanted for _, wanted in rows]


def test_a_flag_has_an_axis_of_no_and_yes_and_what_never_changes_is_said_and_not_drawn() -> None:
    def series(name: str, unit: str, *values: float) -> Series:
        points = [
            Point(when=2024.0 + at, round=at, period=str(2024 + at), value=value, who="")
            for at, value in enumerate(values)
        ]
        return Series(name=name, kind="world", points=tuple(points), unit=unit)

    cap, law = series("Cap", "flag", 0, 1, 1), series("Law", "flag", 1, 1)
    stock = series("Stock", "kt", 300, 301, 302)
    specs = chart_specs([cap, stock], (), {}, link="#turn-{turn}")
    charts = charts_of([cap, stock], draw(specs))
    assert re.findall(r">(yes|no|0|1)</text>", charts[0].svg) == ["no", "yes"]
    assert (charts[0].unit, charts[0].summary) == ("", "Cap, 2024 to 2026: from no to yes")
    labels = re.findall(r">(3\d\d[.\d]*)</text>", charts[1].svg)
    assert len(labels) == len(set(labels)) > 2
    assert [(one.name, one.value) for one in still_values([cap, stock, law])] == [("Law", "yes")]
