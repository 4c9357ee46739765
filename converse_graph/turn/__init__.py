"""The steps of a turn: what a speaker is told, remembers, debates and decides."""
