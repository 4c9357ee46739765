"""What is known of the turns under way, folded from a run's events."""

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Draft:
    """A turn that has begun and is not on record yet."""

    speaker: str
    period: str
    text: str = ""
    """Its prose as far as it is written."""
    shown: int = 0
    """How many characters of that have been shown."""
    headed: bool = False
    """Whether its header line has been shown."""
    complete: bool = False
    """Whether the reply came to its end; a repair may still begin it again."""
    inner: list[tuple[int, int]] = field(default_factory=list)
    """Its private debates, the outermost first: the line being spoken, and of how many."""

    def begin_again(self) -> bool:
        """Forget the prose; whether any of it had been shown."""
        had_shown = self.shown > 0
        self.text, self.shown, self.complete = "", 0, False
        return had_shown

    def debate(self, path: str, line: int, of: int) -> None:
        """Note a line of a private debate, at the depth that the speaker's path tells."""
        depth = path.count("/") - 1
        self.inner = [*self.inner[:depth], (line, of)]

    @property
    def progress(self) -> str:
        """How far its private debates are; empty when there is none."""
        if not self.inner:
            return ""
        outer, *nested = [f"line {line} of {of}" for line, of in self.inner]
        return f"private debate · {outer}" + "".join(f", inside it {step}" for step in nested)


def same_prose(one: str, other: str) -> bool:
    """Whether two texts differ in white space alone."""
    return one.split() == other.split()
