"""What a finished record shows of disagreement, drift, events and consistency: pure functions over a transcript."""
