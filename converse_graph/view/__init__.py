"""Runs in a browser: pages served on loopback from a store, live and afterwards, and one page to send."""
