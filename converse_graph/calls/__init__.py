"""The one way to call a model within a run: prompts fitted, replies checked, spending counted, answers kept."""
