"""A node that waits for a person: it takes the answer that was given, or interrupts the graph until there is one."""

from __future__ import annotations

from typing import Any

from langgraph.types import interrupt

from converse_graph.calls.answers import OpenQuestion


def ask_person(answers: dict[str, Any], question: OpenQuestion) -> Any:
    """Take the answer to a question, or pause the graph until there is one.

    Args:
        answers: Those that were given, by speaker; the one that is taken is taken out.
        question: What is asked.

    Raises:
        GraphInterrupt: There is none. Under somebody else's checkpointer `Command(resume=…)` gives it.
    """
    if question.speaker in answers:
        return answers.pop(question.speaker)
    return interrupt(question.as_value())
