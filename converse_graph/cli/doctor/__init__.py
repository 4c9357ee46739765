"""What is in order here and what is not: versions, places, models, surroundings; looked at, never changed."""

from converse_graph.cli.doctor.finding import Finding, Outcome
from converse_graph.cli.doctor.report import Examination, examine

__all__ = ["Examination", "Finding", "Outcome", "examine"]
