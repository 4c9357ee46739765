"""Reads the public record of a run against a rubric, and answers in scores that can be looked up in it."""
