"""Prompts as they are sent: their beginning, where the clock stands, what a model of either profile is told."""

from itertools import pairwise
from pathlib import Path

import pytest

from converse_graph import Organisation, Scenario, find_scenario
from converse_graph.errors import InvalidValue
from converse_graph.models.base import PROFILES, PromptProfile
from converse_graph.prompting.descriptions import format_period, topic_for_round
from converse_graph.prompting.templates import TASKS, load_prompts
from converse_graph.scenarios.catalogue import catalogue
from tests.support.recording_model import ListeningChat, listened

BUNDLED = sorted(catalogue())


def statements_of(chat: ListeningChat, party: str) -> list[tuple[str, list[str]]]:
    """The prompts of a party's statements: the text of its parts by place."""
    return [
        (request.place, [part.text for part in request.messages])
        for request in chat.asked
        if request.place.endswith(f"/{party}/statement") and request.place.count("/") == 2
    ]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("task", sorted(TASKS))
def test_every_template_renders_with_what_code_offers_it(task: str, profile: PromptProfile) -> None:
    text = load_prompts().render(task, profile, {name: f"<{name}>" for name in TASKS[task]})
    assert text
    assert "$" not in text


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", BUNDLED)
async def test_every_bundled_scenario_asks_with_its_clock_in_the_last_message_alone(
    name: str, profile: PromptProfile
) -> None:
    made = find_scenario(name)()
    chat = await listened(made, profile, rounds=2)
    labels = [made.clock.period(round).label for round in range(made.clock.rounds)]
    asked = [request for request in chat.asked if "/supervisor/" not in request.place]
    assert asked
    for request in asked:
        now = labels[int(request.place.partition(".")[0])]
        before = [part.text for part in request.messages[:-1] if part.source.startswith("prompt/")]
        if len(now) > len("2024"):  # a bare year may be an estimate's in an example
            assert not any(now in text for text in before)
        assert not any(f"It is {now}" in text or f"It is now {now}" in text for text in before)
        assert request.messages[-1].source.startswith("prompt/")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", ["agi-race", "wage-talks"])
async def test_a_partys_prompts_begin_the_same_in_every_round(name: str, profile: PromptProfile) -> None:
    made = find_scenario(name)()
    chat = await listened(made, profile, rounds=3)
    for party in made.organisations:
        prompts = [parts for _, parts in statements_of(chat, party.name)]
        shown = 1 + (2 * len(party.examples) if profile == "small" else 0)
        assert len(prompts) == 3
        assert prompts[0][:shown] == prompts[1][:shown] == prompts[2][:shown]


async def test_a_large_models_history_grows_at_its_end_alone() -> None:
    chat = await listened(find_scenario("agi-race")(), "large", rounds=4)
    prompts = [parts[:-1] for _, parts in statements_of(chat, "DeepMind")]
    for earlier, later in pairwise(prompts):
        assert later[: len(earlier)] == earlier
        assert len(later) > len(earlier)


async def test_only_a_small_model_is_shown_examples_and_told_a_topic() -> None:
    made = find_scenario("agi-race")()
    topic = topic_for_round(made.party("OpenAI"), round=0, seed=3)
    for profile in PROFILES:
        parts = (await listened(made, profile, rounds=1)).of("0.0/OpenAI/statement")
        roles = [part.role for part in parts]
        assert (roles.count("assistant") == 3) is (profile == "small")
        assert (topic in parts[-1].text) is (profile == "small")


async def test_a_small_model_is_given_less_room() -> None:
    made = find_scenario("agi-race")()
    room = {}
    for profile in PROFILES:
        chat = await listened(made, profile, rounds=1)
        room[profile] = chat.asked[0].schema["properties"]["statement"]["maxLength"]
    assert room["large"] == made.max_statement_chars
    assert room["small"] < made.max_statement_chars


@pytest.mark.parametrize("profile", PROFILES)
async def test_an_event_changes_what_is_asked(profile: PromptProfile) -> None:
    made = find_scenario("agi-race")(world=False)
    asked = made.party("OpenAI").questions_after["agi_reached"]
    for seed in range(20):
        chat = await listened(made, profile, rounds=4, seed=seed)
        told = [asked in parts[-1] for _, parts in statements_of(chat, "OpenAI")]
        if told[-1]:
            break
    assert told[0] is False
    assert told[-1] is True


def seated(scenario: Scenario) -> list[Organisation]:
    return [party for party in scenario.organisations if party.topics]


@pytest.mark.parametrize("name", ["agi-race", "boardrooms", "wage-talks"])
def test_each_topic_comes_once_before_any_comes_again(name: str) -> None:
    for party in seated(find_scenario(name)()):
        count = len(party.topics)
        drawn = [topic_for_round(party, round=round, seed=5) for round in range(2 * count)]
        assert sorted(drawn[:count]) == sorted(drawn[count:]) == sorted(party.topics)


def test_topics_differ_by_seed_and_are_the_same_for_one() -> None:
    party = find_scenario("agi-race")().party("OpenAI")
    orders = {tuple(topic_for_round(party, round=round, seed=seed) for round in range(6)) for seed in range(8)}
    again = tuple(topic_for_round(party, round=round, seed=0) for round in range(6))
    assert len(orders) > 1
    assert again in orders


def test_parties_of_a_kind_do_not_report_on_the_same_topics_all_the_way() -> None:
    made = find_scenario("agi-race")()
    orders = {tuple(topic_for_round(party, round=round, seed=5) for round in range(6)) for party in seated(made)}
    assert len(orders) == len(seated(made))


def test_a_party_without_topics_is_asked_for_what_it_does() -> None:
    assert topic_for_round(Organisation(name="Alpha"), round=4, seed=1) == "what it does now"


@pytest.mark.parametrize(
    ("label", "words"),
    [("2026 H1", "the first half of 2026"), ("2026 H2", "the second half of 2026"), ("2026", "2026"),
     ("2026 Q3", "2026 Q3"), ("2026 M07", "2026 M07"), ("round 4", "round 4")],
)  # fmt: skip
def test_a_half_year_is_said_in_words(label: str, words: str) -> None:
    assert format_period(label) == words


async def test_a_persona_of_a_small_model_begins_with_who_it_is_and_hears_the_last_line() -> None:
    chat = await listened(find_scenario("boardrooms")(), "small", rounds=1)
    parts = chat.of("0.0/OpenAI/2.Head of Policy/line")
    assert parts[0].text.startswith("You are the Head of Policy of OpenAI: you deal with governments and the press. ")
    assert [part.source for part in parts if part.source.startswith("line/")] == ["line/0.0/OpenAI/1.Head of Alignment"]
    assert {part.owner for part in parts} == {"OpenAI/Head of Policy", "OpenAI"}


async def test_a_persona_of_a_large_model_hears_its_organisation_and_every_line() -> None:
    chat = await listened(find_scenario("boardrooms")(), "large", rounds=1)
    parts = chat.of("0.0/OpenAI/2.Head of Policy/line")
    assert parts[0].source == "prompt/organisation/brief"
    assert len([part for part in parts if part.source.startswith("line/")]) == 2


def write(folder: Path, task: str, text: str) -> None:
    path = folder / f"{task}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("It is $period.", "begins with a block between two lines of ---"),
        ("---\nvariables: period\n---\nNothing.", "declared and used variables differ in: period"),
        ("---\nvariables: weather\n---\n$weather", "no variable weather"),
        ("---\nvariables:\n---\nFive $ more.", "a lone $"),
        ("---\nvariables:\n---\nCaf\udce9.", "no text in UTF-8"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused_when_loaded(tmp_path: Path, text: str, complaint: str) -> None:
    write(tmp_path, "moderator/pick", text)
    with pytest.raises(InvalidValue) as refused:
        load_prompts([tmp_path], {"moderator/pick": TASKS["moderator/pick"]})
    assert complaint in str(refused.value)


def test_a_template_of_ones_own_goes_first(tmp_path: Path) -> None:
    write(tmp_path / "mine", "moderator/pick", "---\nvariables:\n---\nMine.")
    write(tmp_path / "theirs", "moderator/pick", "---\nvariables:\n---\nTheirs.")
    found = load_prompts([tmp_path / "mine", tmp_path / "theirs"], {"moderator/pick": TASKS["moderator/pick"]})
    assert found.render("moderator/pick", "large", {}) == "Mine."
