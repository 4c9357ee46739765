"""The command line, `converse`: a command parses, calls one function, prints."""

from converse_graph.cli.app import main

__all__ = ["main"]
