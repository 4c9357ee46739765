import pytest

from converse_graph.judge.quotations import find_quotation, sentences
from converse_graph.record.transcript import Statement

SAID = (
    Statement(
        round=0, turn=0, period="2026 H1", speaker="OpenAI",
        text="We shipped Atlas 3.5 — it plans\nby itself. “Nobody” was hurt, we`re told.",
        fields={"capabilities": ["folds proteins overnight"], "incident": "A valve was left open"},
    ),
    Statement(round=0, turn=1, period="2026 H1", speaker="DeepMind", text="Nothing went wrong in our labs."),
)  # fmt: skip


@pytest.mark.parametrize(
    ("quotation", "source"),
    [
        ("it plans by itself", "2026 H1, OpenAI"),
        ('"nobody" was hurt, we\'re told', "2026 H1, OpenAI"),
        ("Atlas 3.5 - it plans", "2026 H1, OpenAI"),
        ("folds proteins overnight...", "2026 H1, OpenAI"),
        ("a valve was left open", "2026 H1, OpenAI"),
        ("Nothing went wrong in our labs.", "2026 H1, DeepMind"),
        ("Something went wrong in our labs.", None),
        ("othing went wrong", None),
        ("told. Nothing went wrong", None),
        ("wrong", None),
        ("", None),
        ("...", None),
    ],
)
def test_a_quotation_is_found_whatever_its_marks_and_spaces_and_only_if_every_word_was_said(quotation, source):
    assert find_quotation(quotation, SAID) == source


def test_sentences_to_choose_from_are_whole_and_spread_over_the_statements():
    many = [
        SAID[0].model_copy(update={"text": f"Number {number} was quite a year. And so on."}) for number in range(30)
    ]
    assert sentences(SAID, most=5, longest=160) == (
        "We shipped Atlas 3.5 — it plans by itself.",
        "Nothing went wrong in our labs.",
    )
    chosen = sentences(many, most=10, longest=160)
    assert chosen[0] == "Number 0 was quite a year."
    assert chosen[-1] == "Number 27 was quite a year."
    assert len(chosen) == 10
    assert all(find_quotation(sentence, many) for sentence in chosen)
