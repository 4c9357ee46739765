"""How long the rest of a run may take, from the rounds that were measured in this session."""

from converse_graph.cli.humanize import rough

_RECENT = 6
"""Rounds that are looked back on: prompts grow and a model warms up, so that the first rounds mislead."""


class Pace:
    """Measures whole rounds, in seconds a turn."""

    def __init__(self, parties: int, *, in_mid_round: bool = False) -> None:
        """Measure rounds of `parties` turns each; one that was begun before this session does not count."""
        self._parties = parties
        self._partial = in_mid_round
        self._round: int | None = None
        self._since = 0.0
        self._measured: list[float] = []

    def turn(self, round: int, now: float) -> None:
        """Note that a turn of a round begins."""
        if round == self._round:
            return
        if self._round is not None:
            if not self._partial:
                self._measured.append((now - self._since) / self._parties)
            self._partial = False
        self._round, self._since = round, now

    def left(self, turns: int) -> str:
        """How long `turns` may take: a range from the fastest to the slowest of the recent rounds."""
        if not self._measured:
            return "estimating what is left"
        recent = self._measured[-_RECENT:]
        low, high = (rough(turns * per_turn) for per_turn in (min(recent), max(recent)))
        if low == high:
            return f"about {low} left"
        number, _, unit = low.partition(" ")
        if high.partition(" ")[2] == unit:  # "2 min" and "6 min" are "2 to 6 min"
            low = number
        return f"about {low} to {high} left"
