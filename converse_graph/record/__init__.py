"""What was said: the channels of a run, its transcript and its verdicts."""
