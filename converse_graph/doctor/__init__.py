"""What is in order here and what is not: versions, places, models, surroundings; looked at, never changed."""

from converse_graph.doctor.examining import Examination, examine
from converse_graph.doctor.finding import Finding, Outcome

__all__ = ["Examination", "Finding", "Outcome", "examine"]
