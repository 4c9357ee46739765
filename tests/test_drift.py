"""Signs of drift: found where they are, and not where a party speaks as it should."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converse_graph.measures.drift import year_of
from converse_graph.measures.drift_patterns import LOOKBACK, Sign, SpeakerContext, claims_in, find_drift, past_estimates
from tests.support.markdown_reader import read_markdown

KEPT = sorted(path for path in (Path(__file__).parents[1] / "transcripts").glob("*.md") if path.name != "README.md")
OTHERS = ("Anthropic", "DeepMind", "UK Government", "Union", "Union of Bakers", "OpenAI Europe")
OPENAI = SpeakerContext(name="OpenAI", others=OTHERS, year=2029)
REPORT = "We trained Atlas 3 on twice the compute of last year, and three auditors read the report before we did."


def signs(text: str, *earlier: str, by: SpeakerContext = OPENAI, past: dict[str, int] | None = None) -> list[Sign]:
    return [found.sign for found in find_drift(text, by, past=past or {}, earlier=earlier)]


DRIFTING: list[tuple[Sign, str]] = [
    ("other_year", "It is now 2031, and all is well."),
    ("other_year", "Labs must report every incident; it is the second half of 2018."),
    ("other_year", "This week a policy came; it's also the second half of 2019."),
    ("other_year", "A step in the right direction; it is the second half of 2017, with a report about it."),
    ("other_year", "It\u2019s January 2035. We ship."),
    ("other_year", "We are already in 2030 and have shipped."),
    ("other_year", "The current year is 2024."),
    ("other_year", "Today, in 2033, we stand by it."),
    ("other_year", "This year (2027) we doubled."),
    ("other_year", "We at OpenAI agree.\nHere in 2040 nobody does."),
    ("other_label", "DeepMind: We shall follow."),
    ("other_label", "We agree.\nUK Government: So do we."),
    ("other_label", "**Anthropic:** We pause.\n**OpenAI:** We do not."),
    ("other_label", "[Anthropic] : We pause."),
    ("other_label", "OPENAI EUROPE: We pause."),
    ("other_person", "As the UK Government, we introduce a law."),
    ("other_person", "Today, as DeepMind, we announce a model."),
    ("other_person", "As UK Government our first duty is to keep order."),
    ("other_person", "We at Anthropic welcome it."),
    ("other_person", "Here at DeepMind nobody doubts it."),
    ("other_person", "I am Anthropic, and I pause."),
    ("other_person", "We are DeepMind. We pause."),
    ("other_person", "On behalf of the UK Government, I repeal the act."),
    ("other_person", "Speaking for the Union of Bakers, we strike."),
    ("other_person", "We, Anthropic and DeepMind, pause."),
    ("other_person", "As OpenAI Europe, we pause."),
    ("refusals", "As an AI language model, I have no view on it."),
    ("refusals", "As an AI, I cannot say."),
    ("refusals", "I'm just an AI model, and I cannot speak for a company."),
    ("refusals", "I\u2019m sorry, but I can\u2019t help with that."),
    ("refusals", "I cannot fulfill your request."),
    ("refusals", "My knowledge cutoff forbids it."),
    ("repeated", REPORT.replace("twice", "three times")),
]


@pytest.mark.parametrize(("sign", "text"), DRIFTING, ids=[text[:40] for _, text in DRIFTING])
def test_a_sign_is_found_where_it_is_and_no_other(sign: Sign, text: str) -> None:
    assert signs(text, REPORT) == [sign]


FAITHFUL = [
    "It is now 2029, and it's early 2029 in all our labs.",
    "In 2031 we expect a model that does research; by 2035, two.",
    "As of 2031 every lab must report, by this law.",
    "Our target is now 2031.",
    "The deadline was 2030. It is now 2031, for want of chips.",
    "The release, which was planned for 2027, is now in 2030.",
    "By the time it is 2031, we shall have shipped.",
    "If it is 2031 and nobody has reported, we act.",
    "Imagine the scene. It is 2040, and nobody works.",
    "It is 2031 that we plan for.",
    "Ask how many work here: it is 1500.",
    "We have 2031 chips. It is 2,031 more than in 2024.",
    "The budget is 2030.5 million; it is 2030.5 because of a law.",
    "OpenAI: We agree.",
    "OpenAI Europe and OpenAI: one company, two houses.",
    'DeepMind: "We shall follow." We doubt that.',
    "We ask this of others:\n- DeepMind: publish the report\n* Anthropic: share it\n1. UK Government: read it",
    "DeepMind said that it follows: we doubt it.",
    'DeepMind wrote: "As DeepMind, we pause. We at DeepMind are sorry." We do not pause.',
    "The Government told us “we are DeepMind” in jest.",
    "We, like DeepMind, test before we ship.",
    "Just as DeepMind, we test before we ship.",
    "Labs such as Anthropic, we believe, test before they ship.",
    "As DeepMind has shown, tests help.",
    "As OpenAI, we test. We at OpenAI test. I am OpenAI. On behalf of OpenAI, I agree.",
    "We, OpenAI and Anthropic, agree. As OpenAI and DeepMind, we agree.",
    "We are DeepMind's partner, and we are Union members.",
    "We do not speak for DeepMind, and cannot speak for Anthropic.",
    "Speaking for DeepMind, its head of research denied it.",
    "We are with DeepMind. We are for the Union of Bakers.",
    "As an AI lab, we test. As an AI company, we ship. As an AI model developer, we publish.",
    "I am sorry that the incident happened, and I am unable to disclose the weights.",
    "We cannot comply with your request, for the law forbids it.",
    "We cannot help with that project this year.",
    "Our training data is licensed.",
    "We support the moratorium.",
    "We support it. " + " ".join(f"word{number}" for number in range(60)),
]


@pytest.mark.parametrize("text", FAITHFUL, ids=[text[:40] for text in FAITHFUL])
def test_a_party_that_speaks_as_itself_shows_no_sign(text: str) -> None:
    assert signs(text, REPORT, "We support the moratorium.", f'They said: "{REPORT}"') == []


def test_of_the_transcripts_that_come_with_the_project_few_statements_are_accused() -> None:
    """Each hit was read by eye as these were made, in two makings: nine hits in 244 statements, nine true."""
    found, total = [], 0
    for page in KEPT:
        transcript = read_markdown(page.read_text(encoding="utf-8"))
        names = [party.name for party in transcript.header.cast]
        for number, said in enumerate(transcript.statements):
            others = tuple(name for name in names if name != said.speaker)
            by = SpeakerContext(name=said.speaker, others=others, year=year_of(said))
            earlier = [before.text for before in transcript.statements[:number]]
            past = past_estimates(said.fields, by.year)
            found += [
                (page.stem, said.period, shown.feedback)
                for shown in find_drift(said.text, by, past=past, earlier=earlier)
            ]
            total += 1
    assert total > 100
    assert len(found) <= 0.05 * total, found


@given(
    words=st.lists(
        st.sampled_from(("we", "test", "models,", "reports.", "and", "parties:", "read", "them;", "now", "2029"))
    ),
    name=st.sampled_from(OTHERS),
)
def test_no_random_talk_of_others_and_of_the_own_year_is_drift(words: list[str], name: str) -> None:
    assert signs(" ".join(words) + f" {name} and OpenAI differ.") == []


@given(text=st.text(), names=st.lists(st.text(min_size=1), max_size=4, unique=True), year=st.integers(0, 9999))
def test_what_is_told_is_one_line_whatever_was_said(text: str, names: list[str], year: int) -> None:
    others = tuple(name for name in names if name != "Alpha")
    by = SpeakerContext(name="Alpha", others=others, year=year)
    for prose in (text, *(f"{name}: {text}\nWe at {name} agree. It is {year + 1}." for name in others)):
        for found in find_drift(prose, by, past={}, earlier=[text]):
            assert len(found.feedback.splitlines()) == 1, found.feedback
            quoted = found.feedback.partition("“")[2].rpartition("”")[0]
            assert not set('“”"<>\x1b\x9b\u202e') & set(quoted), (
                "what is quoted ends neither its quotation nor its line"
            )


@given(st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon"]), min_size=8, max_size=40))
def test_whoever_says_the_same_again_repeats_it_and_whoever_quotes_it_does_not(words: list[str]) -> None:
    text = " ".join(words)
    assert signs(text, "Nothing.", text) == ["repeated"]
    assert signs(f'It was said: "{text}"', text) == []


def test_only_the_last_statements_are_compared_so_that_a_turn_costs_the_same_at_the_end_of_a_run() -> None:
    fillers = [f"Statement {number} says nothing of what the others say this time." for number in range(LOOKBACK)]
    assert signs(REPORT, REPORT, *fillers[:-1]) == ["repeated"]
    assert signs(REPORT, REPORT, *fillers) == []

    longest = [" ".join(f"word{number}x{place}" for place in range(80)) for number in range(400)]
    signs(REPORT, *longest)
    start = time.process_time()
    for number in range(50):
        signs(f"We report {number}. {REPORT}", *longest)
    assert (time.process_time() - start) / 50 < 0.005, "about 0.1 ms on an idle machine"


def test_an_estimate_is_past_once_its_year_is_unless_what_it_estimates_has_come() -> None:
    fields = {"agi_estimate": {"p10": 2020, "p50": 2026, "p90": 2040}, "share": {"p10": 1, "p50": 4, "p90": 9}}
    assert past_estimates(fields, 2029) == {"agi_estimate": 2026}
    assert past_estimates(fields, 2026) == {}
    assert past_estimates(fields, None) == {}
    assert past_estimates(fields, 2029, claims={"agi"}) == {}
    assert past_estimates({**fields, "agi_claimed": True}, 2029) == {}
    assert past_estimates({**fields, "agi_claimed": False}, 2029) == {"agi_estimate": 2026}
    assert list(claims_in({"agi_claimed": True, "cure_claimed": "yes", "other": True})) == ["agi"]
    assert signs("We hold to it.", past=past_estimates(fields, 2029)) == ["past_estimate"]


def test_what_is_told_names_what_was_wrong_and_what_is_allowed() -> None:
    text = 'It is now 2031. UK Government of "all" things.\nDeepMind: We at DeepMind agree, as an AI.'
    told = [found.feedback for found in find_drift(text, OPENAI, past={"agi_estimate": 2026}, earlier=[])]
    assert told == [
        "it says “It is now 2031”, but it is 2029: speak of no other year as now.",
        "a line begins with “DeepMind:”: write what OpenAI says alone, with no name before it.",
        "it says “We at DeepMind”, but you are OpenAI: speak as OpenAI, and of others by their names.",
        "agi_estimate has p50 2026, which is past, for it is 2029: give 2029 or later.",
        "it says “as an AI”: speak as OpenAI, which answers for itself.",
    ]
