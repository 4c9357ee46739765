"""Runs in a browser: pages served on loopback from a store, live and afterwards, and one page to send."""

from converse_graph.view.app import build_app
from converse_graph.view.records import Reader
from converse_graph.view.security import Access
from converse_graph.view.server import serve, serve_run
from converse_graph.view.table import Table

__all__ = ["Access", "Reader", "Table", "build_app", "serve", "serve_run"]
