"""A process that has everything loaded, from which others begin at once; light, so that it can be started first."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

PRELOADED = "converse_graph.ensembles.process_player"


def start_fork_server() -> ForkServerContext:
    """Start the process that others are forked from, which loads what they need while this one goes on.

    A process of its own is forked rather than this one, whose threads a fork would lose. Python ends it with this one.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", PRELOADED])
    forkserver.ensure_running()
    return context
