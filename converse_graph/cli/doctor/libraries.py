"""Python and the libraries, against the bounds that the package itself declares."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from converse_graph.cli.doctor.finding import Finding

_OURS = "converse-graph"
_AREA = "versions"


def look_at_versions() -> Iterator[Finding]:
    """Python and every library, told together where they are in order and one by one where not."""
    yield Finding(area=_AREA, name=_OURS, outcome="ok", state=version(_OURS))
    yield _python(platform.python_version(), metadata(_OURS)["Requires-Python"] or "")
    findings = [_library(Requirement(line)) for line in requires(_OURS) or ()]
    right = ", ".join(finding.state for finding in findings if finding is not None and finding.outcome == "ok")
    yield Finding(area=_AREA, name="libraries", outcome="ok", state=right)
    yield from (finding for finding in findings if finding is not None and finding.outcome != "ok")


def _python(here: str, bounds: str) -> Finding:
    if SpecifierSet(bounds).contains(here, prereleases=True):
        return Finding(area=_AREA, name="python", outcome="ok", state=here)
    return Finding(
        area=_AREA, name="python", outcome="fail", state=f"{here}, but it takes {bounds}", way_out="Use a newer Python."
    )


def _library(requirement: Requirement) -> Finding | None:
    """What there is of a library; None where it belongs to an extra that is not installed, or to another platform."""
    optional = requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})
    try:
        here = version(requirement.name)
    except PackageNotFoundError:
        return None if optional else _wrong(requirement, "missing")
    if requirement.specifier.contains(here, prereleases=True):
        return Finding(area=_AREA, name=requirement.name, outcome="ok", state=f"{requirement.name} {here}")
    return _wrong(requirement, here)


def _wrong(requirement: Requirement, here: str) -> Finding:
    return Finding(
        area=_AREA,
        name=requirement.name,
        outcome="fail",
        state=f"{here}, but it takes {requirement.specifier}",
        way_out=f"pip install '{requirement.name}{requirement.specifier}'",
    )
