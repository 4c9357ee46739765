"""Numbers as people read them."""


def duration(seconds: float) -> str:
    """A time that has passed, such as "7 s", "3 min 20 s" or "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def rough(seconds: float) -> str:
    """A time that is guessed at, with no more digits than a guess has."""
    if seconds < 60:
        return f"{max(5, 5 * round(seconds / 5))} s"
    if seconds < 600:
        return duration(30 * round(seconds / 30))
    return duration(60 * round(seconds / 60) if seconds < 7200 else 600 * round(seconds / 600))


def money(usd: float) -> str:
    """A cost in US dollars, with the digits that matter."""
    return f"${usd:.2f}" if usd == 0 or usd >= 0.1 else f"${usd:.4f}"


def count(number: int, one: str) -> str:
    """A number of things, such as "1 statement" or "1,200 statements"."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"
