"""The embedded model's server in this process, for a client that is none of ours."""

from converse_graph.models import local


def served_at() -> tuple[str, dict[str, str]]:
    """Its address, and the headers that it wants to see; it is started if need be."""
    served = local._serve()
    return served.address, {"Authorization": f"Bearer {served.key}"}
