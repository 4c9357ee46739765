"""Runs as Markdown, tables and values for other programs, and back."""
