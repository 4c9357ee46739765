"""A scenario's graph as Mermaid text, with its channels: who reads a private one, and who writes it.

LangGraph's own drawing puts a debate in the place of the speaker that holds it, and knows no channels.
"""

from collections.abc import Iterator

from converse_graph.graph.wiring import Conversation, Node

_STYLES = (
    "classDef supervisor fill:#eceff3,stroke:#5b6675",
    "classDef speaker fill:#ffffff,stroke:#5b6675",
    "classDef private fill:#fbe9e7,stroke:#b3402f",
    "classDef shared fill:#e8f2ea,stroke:#3c7a4b",
)


def as_mermaid(table: Conversation) -> str:
    """The graph as a Mermaid flowchart: a frame for each conversation, dotted lines to what a node reads."""
    lines = ["flowchart TD", *(f"  {line}" for line in _conversation(table, "t"))]
    return "\n".join([*lines, *(f"  {style}" for style in _STYLES)]) + "\n"


def _conversation(table: Conversation, key: str) -> Iterator[str]:
    inner: list[str] = []
    yield f'subgraph {key}["{_quoted(table.name)}"]'
    supervisor, *seats = table.nodes
    yield f'  {key}_s(["{_quoted(supervisor.name)}"]):::supervisor'
    yield f'  {key}_open[("{_quoted(", ".join(table.shared))}")]:::shared'
    yield f"  {key}_s ==> {key}_open"
    for number, node in enumerate(seats):
        own = f"{key}_{number}"
        yield f'  {own}["{_quoted(_title(node))}"]:::speaker'
        yield f"  {key}_s --> {own}"
        yield f"  {own} --> {key}_s"
        yield f"  {key}_open -.-> {own}"
        if node.inside is not None:
            inner += [f"  {line}" for line in _conversation(node.inside, f"{own}d")]
            inner.append(f"  {own} --- {own}d_s")
    for number, channel in enumerate(table.private):
        yield f'  {key}_c{number}[("{_quoted(channel)}")]:::private'
        keys = {supervisor.name: f"{key}_s", **{node.name: f"{key}_{place}" for place, node in enumerate(seats)}}
        for node in table.nodes:
            if channel in node.writes:
                yield f"  {keys[node.name]} ==> {key}_c{number}"
            if channel in node.reads:
                yield f"  {key}_c{number} -.-> {keys[node.name]}"
    yield from inner
    yield "end"


def _title(node: Node) -> str:
    marks = [word for word, holds in (("imagines", node.imagines), ("guest", node.is_guest)) if holds]
    return f"{node.name} ({', '.join(marks)})" if marks else node.name


def _quoted(text: str) -> str:
    """Text between quotation marks, in which Mermaid reads no markup."""
    return "".join(f"#{ord(letter)};" if letter in '&"<>#;`' else letter for letter in text)
