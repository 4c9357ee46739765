"""Debates in motion: who hears whom, what is decided, what is remembered, and how deep it may go."""

import json
from typing import Any

import pytest

from converse_graph import Boolean, Debate, Organisation, Percentiles, Persona, ScriptedModel, Store
from converse_graph.errors import InvalidValue
from tests.support.scripted_debate import held, line, private, prompt, said
from tests.support.small_scenarios import CountingChat, begin, debate, journal, nested, played, table


async def test_members_speak_in_turn_hear_what_was_said_and_the_statement_is_told_the_decision(store: Store) -> None:
    chat = ScriptedModel(
        [line("First words."), line("Second words.", "stay"), line("Third words."), said("In public.")], profile="large"
    )
    board = debate("One", "Two", turns=3, options=("go", "stay"))
    simulation = await played(store, table(Organisation(name="A", deliberation=board), rounds=1), model=chat)
    chat.assert_exhausted()
    one, two, again, statement = map(prompt, chat.requests)
    assert "First words." not in one
    assert "First words." in two
    assert "Second words." in again
    assert "Decided: go" in statement
    turn = await private(store, simulation)
    assert [entry.speaker for entry in held(turn).lines] == ["One", "Two", "One"]
    assert held(turn).decision is not None
    assert held(turn).decision.dissent == ("Two",)  # type: ignore[union-attr]
    assert (turn.position, turn.follows_decision) == ("go", True)


async def test_a_statement_that_takes_another_position_is_on_record_as_not_following(store: Store) -> None:
    chat = ScriptedModel([line("a"), line("b"), said(position="stay")])
    board = debate("One", "Two", options=("go", "stay"))
    simulation = await played(store, table(Organisation(name="A", deliberation=board), rounds=1), model=chat)
    assert (await private(store, simulation)).follows_decision is False


async def test_a_speaker_of_an_open_debate_may_take_any_position_voted_for_or_none(store: Store) -> None:
    chat = ScriptedModel([line("a", "raise pay"), line("b", "Raise pay."), said(position="something else")])
    simulation = await played(
        store, table(Organisation(name="A", deliberation=debate("One", "Two")), rounds=1), model=chat
    )
    chat.assert_exhausted()
    assert chat.requests[-1].schema["properties"]["position"]["enum"] == ["raise pay", "something else"]
    turn = await private(store, simulation)
    assert held(turn).decision.votes == {"One": "raise pay", "Two": "raise pay"}  # type: ignore[union-attr]
    assert turn.follows_decision is False


async def test_where_nobody_took_a_position_nothing_is_decided_and_no_position_is_asked_for(store: Store) -> None:
    chat = ScriptedModel([*["nonsense"] * 6, said(position=None)])
    simulation = await played(
        store, table(Organisation(name="A", deliberation=debate("One", "Two")), rounds=1), model=chat
    )
    chat.assert_exhausted()
    turn = await private(store, simulation)
    assert held(turn).decision is None
    assert [(entry.text, entry.repairs, bool(entry.problem)) for entry in held(turn).lines] == [("", 2, True)] * 2
    assert (turn.position, turn.follows_decision) == (None, None)


async def test_a_line_that_stays_broken_is_recorded_as_silence_and_the_debate_goes_on(store: Store) -> None:
    chat = ScriptedModel([*["nonsense"] * 3, line("I am here."), said()], profile="large")
    simulation = await played(
        store, table(Organisation(name="A", deliberation=debate("One", "Two")), rounds=1), model=chat
    )
    chat.assert_exhausted()
    lines = held(await private(store, simulation)).lines
    assert [(entry.speaker, entry.text) for entry in lines] == [("One", ""), ("Two", "I am here.")]
    assert "nonsense" in prompt(chat.requests[1]), "the model is shown what it wrote"
    assert "nonsense" not in prompt(chat.requests[3]), "nobody else is"


async def test_no_statement_after_two_repairs_and_the_run_goes_on(store: Store) -> None:
    good = {"statement": "Here.", "memo": ""}
    chat = ScriptedModel({"0.0/A/*": ["no", '{"statement": ""}', '{"memo": 1}'], "*": [good] * 3})
    simulation = await played(store, table("A", "B"), model=chat)
    chat.assert_exhausted()
    first, *others = (await simulation.transcript()).statements
    assert (first.text, first.repairs, bool(first.problem)) == ("", 2, True)
    assert all(entry.text == "Here." and entry.problem is None for entry in others)
    assert [place for place, *_, accepted in journal(store, simulation) if not accepted] == ["0.0/A/statement"] * 3


async def test_what_a_broken_statement_quoted_is_shown_to_nobody_but_its_author(store: Store) -> None:
    long_memo = {"statement": "x", "memo": "SECRET " * 200}
    chat = ScriptedModel({"0.0/A/*": [long_memo] * 3, "*": [{"statement": "Here.", "memo": ""}]})
    simulation = await begin(store, table("A", "B", rounds=1), model=chat)
    events: list[dict[str, Any]] = []
    await simulation.play(events.append)
    assert "SECRET" in prompt(chat.requests[1])
    assert "SECRET" not in (await simulation.transcript()).model_dump_json()
    assert "SECRET" not in json.dumps([event for event in events if event["event"] != "text"])
    assert "SECRET" not in prompt(chat.requests[-1])


async def test_a_statement_that_is_sent_back_begins_again_for_whoever_watches(store: Store) -> None:
    chat = ScriptedModel(['{"statement": "First draft.", "mem', {"statement": "Second draft.", "memo": "m"}])
    simulation = await begin(store, table("A", rounds=1), model=chat)
    events: list[dict[str, Any]] = []
    await simulation.play(events.append)
    shown = [
        (event["event"], event.get("text") or event.get("reason"))
        for event in events
        if event["event"] in ("text", "restart", "statement")
    ]
    assert shown == [
        ("text", "First draft."),
        ("restart", "the reply is not the object asked for"),
        ("text", "Second draft."),
        ("statement", "Second draft."),
    ]


async def test_percentiles_out_of_order_are_sorted_and_counted_on_the_record(store: Store) -> None:
    fields = [Percentiles(name="year", ask="?", minimum=2024, maximum=2200), Boolean(name="done", ask="?")]
    reply = {"statement": "x", "year": {"p10": 2060, "p50": 2040, "p90": 2050}, "done": False, "memo": ""}
    chat = ScriptedModel([reply])
    simulation = await played(store, table(Organisation(name="A", fields=fields), rounds=1), model=chat)
    entry = (await simulation.transcript()).statements[0]
    assert entry.fields == {"year": {"p10": 2040, "p50": 2050, "p90": 2060}, "done": False}
    assert entry.sorted_fields == ("year",)


@pytest.mark.parametrize("depth", [2, 3, 4])
async def test_a_debate_inside_a_debate_is_on_record_at_every_depth(store: Store, depth: int) -> None:
    simulation = await played(store, table(Organisation(name="A", deliberation=nested(depth)), rounds=2))
    for index in range(2):
        deliberation = (await private(store, simulation, index)).deliberation
        for level in range(1, depth):
            assert deliberation is not None
            assert [entry.speaker for entry in deliberation.lines] == [f"First{level}", f"Second{level}"]
            assert deliberation.lines[1].deliberation is None
            if level < depth - 1:
                assert deliberation.lines[0].follows_decision in (True, False)
            deliberation = deliberation.lines[0].deliberation
        assert deliberation is None


async def test_a_member_is_told_what_its_own_people_decided_and_none_of_the_others_is(store: Store) -> None:
    inner = debate("Angel", "Devil")
    chat = ScriptedModel(
        {
            "*.Angel/line": [line("INNER angel", "be good")],
            "*.Devil/line": [line("INNER devil", "be bad")],
            "*.Chief/line": [line("Chief speaks.", "Be good!")],
            "*.Second/line": [line("Second speaks.")],
            "*": [said(position="Be good!")],
        },
        profile="large",
    )
    board = debate("Chief", "Second", inside=inner)
    simulation = await played(store, table(Organisation(name="A", deliberation=board), rounds=1), model=chat)
    chat.assert_exhausted()
    _, devil, chief, second, statement = chat.requests
    assert "INNER angel" in prompt(devil)
    assert "Decided: be good" in prompt(chief)
    assert "INNER" not in prompt(second)
    assert "be bad" not in prompt(second)
    assert "INNER" not in prompt(statement)
    lines = held(await private(store, simulation)).lines
    assert lines[0].follows_decision is True, "in nearly the same words"
    assert lines[1].follows_decision is None


@pytest.mark.parametrize(("inside", "follows"), [(("go", "stay"), {True, False}), (("tell", "hide"), {None})])
async def test_a_decision_about_something_else_is_neither_followed_nor_not(
    store: Store, inside: tuple[str, ...], follows: set[bool | None]
) -> None:
    inner = debate("Angel", "Devil", options=inside)
    board = debate("Chief", "Second", inside=inner, options=("go", "stay"))
    simulation = await played(store, table(Organisation(name="A", deliberation=board), rounds=1))
    assert held(await private(store, simulation)).lines[0].follows_decision in follows


async def test_a_persona_remembers_its_own_words_of_the_round_before_and_no_siblings_inner_talk(store: Store) -> None:
    chat = ScriptedModel(
        {
            "0.0/A/0.Chief/*.Angel/line": [line("INNER angel zero")],
            "0.0/A/0.Chief/*.Devil/line": [line("INNER devil zero", "stay")],
            "0.0/A/0.Chief/line": [line("CHIEF zero")],
            "0.0/A/1.Second/line": [line("SECOND zero")],
            "*/line": [line("later")] * 4,
            "*": [said()] * 2,
        },
        profile="large",
    )
    board = debate("Chief", "Second", inside=debate("Angel", "Devil"))
    await played(store, table(Organisation(name="A", deliberation=board), rounds=2), model=chat)
    chat.assert_exhausted()
    asked = {request.place: prompt(request) for request in chat.requests}
    assert "CHIEF zero" in asked["1.0/A/0.Chief/line"]
    assert "SECOND zero" in asked["1.0/A/1.Second/line"]
    assert "INNER angel zero" in asked["1.0/A/0.Chief/0.Angel/line"]
    assert "INNER devil zero" not in asked["1.0/A/0.Chief/0.Angel/line"], "it remembers its own words, not a fellow's"
    for place in ("1.0/A/1.Second/line", "1.0/A/statement"):
        assert "INNER" not in asked[place]


async def test_each_speaker_is_asked_of_its_own_model_or_of_its_owners(store: Store) -> None:
    run, own, chief = CountingChat(), CountingChat(), CountingChat()
    board = Debate(
        motion="?",
        turns=2,
        members=[Persona(name="Chief", model=chief, deliberation=debate("X", "Y")), Persona(name="Z")],
    )
    scenario = table(Organisation(name="A", model=own, deliberation=board), "B", rounds=1)
    await played(store, scenario, model=run)
    assert [place for place, _ in run.places] == ["0.1/B/statement"]
    assert [place for place, _ in own.places] == ["0.0/A/1.Z/line", "0.0/A/statement"]
    assert [place for place, _ in chief.places] == [
        "0.0/A/0.Chief/0.X/line",
        "0.0/A/0.Chief/1.Y/line",
        "0.0/A/0.Chief/line",
    ]


@pytest.mark.parametrize(("depth", "limit"), [(3, 2), (7, 6), (2, 1)])
def test_conversations_nested_too_deeply_are_refused_with_their_chain(depth: int, limit: int) -> None:
    chain = " > ".join(["A", *[f"First{level}" for level in range(1, limit)]])
    with pytest.raises(InvalidValue) as refused:
        table(Organisation(name="A", deliberation=nested(depth)), max_depth=limit).graph()
    assert f"at {chain}; the limit is {limit}" in str(refused.value)


@pytest.mark.parametrize("depth", [6, 8])
async def test_conversations_as_deep_as_the_limit_are_held(store: Store, depth: int) -> None:
    scenario = table(Organisation(name="A", deliberation=nested(depth)), max_depth=depth, rounds=1)
    simulation = await played(store, scenario)
    assert len(journal(store, simulation)) == 2 * (depth - 1) + 1
