"""How many examples a search for a counterexample takes: all where slow tests run, a part of them elsewhere."""

from hypothesis import settings

WHOLE, QUICK = "whole", "quick"
"""Names of hypothesis's profiles, of which the tests' configuration loads one."""

settings.register_profile(WHOLE, deadline=None)
settings.register_profile(QUICK, deadline=None, max_examples=15)


def example_count(whole: int) -> int:
    """Scale the number of examples of a costly search: as it stands where slow tests run, else a tenth of it."""
    return whole if settings.get_current_profile_name() == WHOLE else max(whole // 10, 2)
