"""Tracing of runs: one trace a round, made from the places of its calls, without a private word unless asked for."""
