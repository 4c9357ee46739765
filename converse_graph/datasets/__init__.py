"""Turns runs into examples: of a dataset at LangSmith, or lines of a file."""
