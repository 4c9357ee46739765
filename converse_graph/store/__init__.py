"""What is kept of runs: checkpoints, register and journal in one file, and a lock for each run."""

from converse_graph.store.journal import Call, RunJournal
from converse_graph.store.runs import Run, RunSummary, RunTable, Status, check_run_name
from converse_graph.store.store import Store

__all__ = ["Call", "Run", "RunJournal", "RunSummary", "RunTable", "Status", "Store", "check_run_name"]
