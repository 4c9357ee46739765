"""Evaluators of runs, as `langsmith.evaluate` and its pytest plugin take them; none needs LangSmith to be reached.

Each takes `inputs` and `outputs` as an example of `converse dataset` has them, and gives a list of results, each with
`key`, `score` and `comment`. Outputs may be the record of a run as JSON (`show --json`), the last state of a scenario's
graph, a `Transcript`, or outputs in the shape of an example.
"""

from converse_graph.evaluation.evaluators import coherence, disagreement, judged_by, privacy
from converse_graph.evaluation.jsonl import examples_in
from converse_graph.evaluation.target_record import outputs_of

__all__ = ["coherence", "disagreement", "examples_in", "judged_by", "outputs_of", "privacy"]
