"""Figures on records made by hand, whose right answers are counted by eye."""

from typing import Any

import pytest

from converse_graph.export.markdown import render_markdown
from converse_graph.export.stats import stats_json, stats_markdown
from converse_graph.measures.consistency import contradictions
from converse_graph.measures.disagreement import disagreement, entropy, spread
from converse_graph.measures.drift import drift
from converse_graph.measures.events import events
from converse_graph.record.transcript import Deliberation, Line, Party, PrivateNotes, Statement, Transcript
from tests.support.sample_transcripts import HEADER, SMALL


def record(*statements: Statement) -> Transcript:
    cast = (Party(name="Alpha", kind="lab"), Party(name="Beta", kind="lab"))
    return Transcript(header=HEADER.model_copy(update={"cast": cast}), statements=statements)


def said(year: int, speaker: str, text: str = "We work.", **fields: Any) -> Statement:
    return Statement(round=year - 2026, turn=0, period=str(year), speaker=speaker, text=text, fields=fields)


def debated(*positions: tuple[str, str], options: tuple[str, ...] = ("a", "b", "c")) -> Statement:
    lines = tuple(Line(speaker=who, text="x", position=position) for who, position in positions)
    talk = Deliberation(motion="?", options=options, lines=lines)
    return said(2026, "Alpha").model_copy(update={"private": PrivateNotes(deliberation=talk)})


def test_entropy_and_spread_are_those_of_the_textbook() -> None:
    assert entropy(["a", "a"]) == 0.0
    assert entropy(["a", "b"]) == pytest.approx(1.0)
    assert spread(["a", "c"], ["a", "b", "c"]) == pytest.approx(2.0)
    assert spread(["a", "b"], ["a", "b", "c"]) == pytest.approx(1.0)


def test_a_debate_that_began_divided_and_ended_as_one_has_collapsed() -> None:
    found = disagreement(
        record(
            debated(("X", "a"), ("Y", "c"), ("X", "c")),
            debated(("X", "a"), ("Y", "c"), ("X", "a")),
            debated(("X", "b"), ("Y", "b")),
        )
    )
    assert found is not None
    assert (found.began_divided, found.collapsed, found.unanimous, found.changes) == (2, 1, 1, 1)
    assert found.collapse_rate == 0.5
    assert [step.debates for step in found.passes] == [3, 2]
    assert found.passes[0].spread == pytest.approx(4 / 3)
    assert found.unjustified is None, "no debate asked for a new fact"


def test_a_run_that_only_agrees_is_said_to_on_its_page_and_in_its_figures() -> None:
    alike = [debated(("X", "a"), ("Y", "a")) for _ in range(3)]
    assert "only agree" in render_markdown(record(*alike))
    assert "only agree" in stats_markdown(record(*alike))
    divided = [debated(("X", "a"), ("Y", "b")) for _ in range(3)]
    assert "only agree" not in render_markdown(record(*divided))


def test_a_record_without_debates_has_no_disagreement_to_measure() -> None:
    assert disagreement(SMALL.public()) is None
    assert stats_json(SMALL.public())["disagreement"] is None


@pytest.mark.parametrize(
    ("sign", "text"),
    [
        ("other_year", "It is now 2031 and all is well."),
        ("other_label", "We agree.\nBeta: so do we."),
        ("other_person", "Speaking for Beta, we say that all is well."),
        ("refusals", "As an AI language model, I have no view."),
    ],
)
def test_each_sign_of_drift_is_counted_where_it_shows_and_nowhere_else(sign: str, text: str) -> None:
    shown, clean = drift(record(said(2026, "Alpha", text), said(2026, "Beta", "It is now 2026. Alpha and we differ.")))
    assert {name for name, value in shown.model_dump().items() if value and name not in ("party", "turns")} == {sign}
    assert not any(value for name, value in clean.model_dump().items() if name not in ("party", "turns"))


def test_a_text_that_says_an_earlier_one_again_is_a_repetition_whoever_said_it_first() -> None:
    first, second = drift(
        record(
            said(2026, "Alpha", "We build a larger model this year, and we publish how it was tested."),
            said(2026, "Beta", "We build a larger model this year, and we publish how it did."),
        )
    )
    assert (first.repeated, second.repeated) == (0, 1)


def test_every_item_of_a_list_is_an_event_and_no_answer_is_none() -> None:
    found = events(record(said(2026, "Alpha", capabilities=["Atlas 1", "Juno"], incident=None, agi_claimed=False)))
    assert [(event.field, event.value) for event in found] == [("capabilities", "Atlas 1"), ("capabilities", "Juno")]


def test_contradictions_are_found_by_rule() -> None:
    later = {"p10": 2030, "p50": 2035, "p90": 2040}
    past = {"p10": 2020, "p50": 2024, "p90": 2029}
    found = contradictions(
        record(
            said(2026, "Alpha", capabilities=["Atlas 3"], agi_claimed=True),
            said(2026, "Alpha", incident="Atlas 1 failed in a hospital"),
            said(2026, "Beta", capabilities=["Atlas 2"], instruments=["Repeal of the Chip Act"]),
            said(2027, "Alpha", capabilities=["Atlas 2"], agi_estimate=later),
            said(2027, "Beta", agi_estimate=past),
        )
    )
    assert [(row.party, row.rule) for row in found] == [
        ("Alpha", "version out of order"),
        ("Alpha", "claimed, then estimated"),
        ("Beta", "estimate already past"),
        ("Beta", "repealed, never in force"),
    ]


def test_a_law_that_was_in_force_may_be_repealed() -> None:
    told = [said(2026, "Beta", instruments=["Chip Act"]), said(2027, "Beta", instruments=["Repeal of the Chip Act"])]
    assert contradictions(record(*told)) == ()
