"""How scenarios, runs and transcripts show themselves where Python prints them and in a notebook."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from converse_graph import Clock, Debate, Organisation, Persona, Scenario, Simulation, Store, Transcript, find_scenario
from converse_graph.record.transcript import Statement
from converse_graph.summary_repr import Summary

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m"


def scenario() -> Scenario:
    board = Debate(
        motion="Say what?", turns=2, members=[Persona(name="Ann", aim="SECRET AIM"), Persona(name="Bob", role="chair")]
    )
    party = Organisation(name="Employer", brief="SECRET BRIEF", deliberation=board)
    return Scenario(
        name="talks", title="A & B", premise="x", clock=Clock(start=2026, end=2028), organisations=[party],
        dials={"inflation": 0.03},
    )  # fmt: skip


class Tags(HTMLParser):
    """The tags that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)


def tags(page: str) -> set[str]:
    parser = Tags()
    parser.feed(page)
    return parser.seen


def test_a_scenario_is_one_line_and_a_table_of_its_parties_without_their_briefs() -> None:
    shown = scenario()
    assert repr(shown) == "<Scenario talks: title A & B, parties Employer, rounds 3 from 2026 to 2028, " \
        "dials inflation=0.03>"  # fmt: skip
    page = shown._repr_html_()
    assert "A &amp; B" in page
    assert ">debate<" in page
    assert "SECRET" not in page + repr(shown)


@pytest.mark.parametrize("name", ["boardrooms-long", "wage-talks", "alignment-debate"])
def test_the_line_of_every_large_scenario_stays_short(name: str) -> None:
    assert len(repr(find_scenario(name)())) < 350


async def test_a_run_and_its_simulation_say_how_far_they_are(store: Store) -> None:
    simulation = await Simulation.begin(
        store, scenario(), model="null", seed=1, created=datetime.now(UTC), name="r", rounds=2
    )
    assert repr(simulation.run).startswith("<Run r: status running, scenario talks, rounds 0 of 2, statements 0")
    run = await simulation.play()
    assert repr(run).startswith("<Run r: status finished (horizon), scenario talks, rounds 2 of 2, statements 2")
    assert repr(simulation) == f"<Simulation of {run!r}>"
    assert simulation._repr_html_() == run._repr_html_()
    transcript = await simulation.transcript()
    private = transcript.statements[0].private
    assert private is not None
    assert private.deliberation is not None
    page = transcript._repr_html_()
    assert page == transcript.public()._repr_html_()
    assert private.deliberation.lines[0].text not in page
    assert repr(transcript) == "<Transcript r: title A & B, status finished, statements 2, model null>"


def said(text: str, number: int = 0) -> Statement:
    return Statement(round=number, turn=0, period=str(2026 + number), speaker="Employer", text=text)


async def test_what_a_model_wrote_is_text_in_a_notebook_never_markup(store: Store) -> None:
    simulation = await Simulation.begin(store, scenario(), model="null", seed=1, created=datetime.now(UTC), name="r")
    begun = await simulation.transcript()
    page = begun.model_copy(update={"statements": (said(HOSTILE), said("", 1))})._repr_html_()
    assert tags(page) <= {"div", "p", "strong", "br", "table", "tr", "th", "td"}
    assert not {"\u202e", "\x1b"} & set(page)


async def test_a_long_transcript_shows_twenty_statements_and_how_many_more_there_are(store: Store) -> None:
    simulation = await Simulation.begin(store, scenario(), model="null", seed=1, created=datetime.now(UTC), name="r")
    begun = await simulation.transcript()
    long: Transcript = begun.model_copy(update={"statements": tuple(said("word " * 900, n) for n in range(25))})
    page = long._repr_html_()
    assert page.count("<td") == 60
    assert "… and 5 more" in page
    assert len(page) < 10_000


def test_facts_without_a_value_are_left_out() -> None:
    assert Summary(kind="Run", name="r", facts=(("usd", ""), ("seed", "7"))).line() == "<Run r: seed 7>"
