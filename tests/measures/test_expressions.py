"""Events that a reader defines: what an expression says of what parties reported and of a world."""

import pytest

from converse_graph.errors import InvalidValue
from converse_graph.measures.expressions import Expression, is_expression

STATE = {
    "world": {"stock": 80.0, "trust": 0.4},
    "Norland": {
        "agi_estimate": {"p10": 2027, "p50": 2030, "p90": 2041},
        "agreed": True,
        "money": 5.0,
        "pledge": "wait",
    },
    "Sudmark": {"agi_estimate": {"p10": 2030, "p50": 2036, "p90": 2050}, "agreed": False, "laws": ["Licence", "Ban"]},
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("agi_estimate.p50 <= 2030", True),
        ("agi_estimate <= 2030", True),
        ("Sudmark.agi_estimate.p50 <= 2030", False),
        ("agreed = yes", True),
        ("agreed == yes and laws = ban", False),  # of one party both
        ("count(agreed) >= 2", False),
        ("mean(agi_estimate.p50) < 2034", True),
        ("max(agi_estimate.p90) - min(agi_estimate.p10) > 20", True),
        ("stock < 100 and trust < 0.5", True),
        ("world.stock < 80", False),
        ("pledge = Wait", True),
        ("pledge != wait", False),
        ("not stock < 100", False),
        ("unheard_of > 3", False),
        ("stock / 0 > 1", False),
        ("agreed > 0", False),
        ("70 <= stock <= 90", True),
    ],
)
def test_an_expression_is_true_where_it_is_of_some_party(text: str, holds: bool) -> None:
    assert is_expression(text)
    assert Expression(text).holds(STATE) is holds


@pytest.mark.parametrize(
    "text",
    ["", "a <", "__import__('os').system('x') = 1", "[x for x in y] = 1", "f(x) > 1", "a if b else c", "a[0] > 1",
     "x is y", "lambda: 1", "mean(a, b) > 1", "~a = 1", "2 ** 9 > 1", "(" * 5000],
)  # fmt: skip
def test_what_is_no_expression_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidValue, match="is no expression; write one such as"):
        Expression(text)


def test_names_leave_words_that_are_compared_with() -> None:
    assert Expression("pledge = wait and mean(stock) > trust").names() == {"pledge", "stock"}
