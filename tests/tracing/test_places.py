"""Which spans a call lies in, read from its path."""

import pytest

from converse_graph.record.call_paths import CallPath
from converse_graph.tracing.path_to_spans import enclosing_spans, task_name


@pytest.mark.parametrize(
    ("path", "keys", "task"),
    [
        ("12.0/OpenAI/statement", ["12.0/OpenAI"], "statement"),
        ("12.0/OpenAI/imagine", ["12.0/OpenAI"], "imagined debate"),
        ("0.3/supervisor/pick", ["0.3/supervisor"], "who speaks next"),
        ("4.2/A/summary.1.0-3", ["4.2/A"], "summary"),
        ("1.0/A/3.C E O/line", ["1.0/A", "1.0/A/debate", "1.0/A/debate/3.C E O"], "line"),
        ("1.0/A/ballot.B/ballot", ["1.0/A", "1.0/A/debate", "1.0/A/debate/ballot.B"], "ballot"),
        ("1.0/A/0.B/1.C/line",
         ["1.0/A", "1.0/A/debate", "1.0/A/debate/0.B", "1.0/A/debate/0.B/debate", "1.0/A/debate/0.B/debate/1.C"],
         "line"),
    ],
)  # fmt: skip
def test_a_call_lies_in_a_turn_and_in_every_debate_and_persona_on_its_way(
    path: str, keys: list[str], task: str
) -> None:
    parsed = CallPath.parse(path)

    assert ["/".join(span.key) for span in enclosing_spans(parsed)] == keys
    assert task_name(parsed) == task


def test_a_span_knows_whose_it_is_and_how_deep() -> None:
    last = enclosing_spans(CallPath.parse("1.0/A/0.B/1.C/line"))[-1]

    assert (last.path, last.depth, last.names) == ("A/B/C", 3, ("A", "debate", "B", "debate", "C"))
