"""The graph of a scenario as a picture: whole, well-formed, and with every node and channel in it."""

import re
from xml.etree import ElementTree

from hypothesis import given, settings

from converse_graph import Organisation, Scenario
from converse_graph.export.graph_mermaid import as_mermaid
from converse_graph.export.graph_svg import as_svg
from converse_graph.graph.wiring import Conversation, wiring
from tests.support.planted_secrets import scenarios
from tests.support.property_search import example_count
from tests.support.small_scenarios import consciences, debate, table

SVG = "{http://www.w3.org/2000/svg}"


def shown(drawing: str) -> tuple[ElementTree.Element, str]:
    """A drawing as XML, and all the words in it."""
    root = ElementTree.fromstring(drawing)  # noqa: S314 - our own
    return root, " ".join(text.text or "" for text in root.iter(f"{SVG}text"))


def names(table: Conversation) -> set[str]:
    inner = [names(node.inside) for node in table.nodes if node.inside]
    return {*(node.name for node in table.nodes), *table.private, *table.shared}.union(*inner)


@settings(max_examples=example_count(20), deadline=None)
@given(scenario=scenarios(depth=3))
def test_every_node_and_channel_is_drawn_and_all_boxes_lie_within_the_picture(scenario: Scenario) -> None:
    drawn = wiring(scenario)
    root, words = shown(as_svg(drawn))

    assert all(name in words for name in names(drawn))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    boxes = [[float(box.attrib[name]) for name in ("x", "y", "width", "height")] for box in root.iter(f"{SVG}rect")]
    assert all(left >= 0 and top >= 0 and left + wide <= width and top + high <= height
               for left, top, wide, high in boxes)  # fmt: skip
    text = as_mermaid(drawn)
    assert all(name in text for name in names(drawn))
    lines = [line.strip() for line in text.splitlines()]
    assert sum(line.startswith("subgraph ") for line in lines) == lines.count("end")


def test_a_private_channel_is_drawn_with_its_only_reader() -> None:
    _, words = shown(as_svg(wiring(consciences())))
    assert "mind_Alpha: read by Alpha alone" in words
    text = as_mermaid(wiring(consciences()))
    key = re.search(r'(\w+)\[\("mind_Alpha"\)\]', text)
    assert key is not None
    assert re.findall(rf"{key[1]} -\.-> (\w+)", text) == ["t_0"]
    assert '"Alpha"]' in text.split("t_0[", 1)[1][:20]


def test_names_are_text_in_a_drawing_and_nothing_is_loaded_from_elsewhere() -> None:
    scenario = table(Organisation(name="R&D's A", deliberation=debate("Q&A", "B")), "Beta")
    drawing = as_svg(wiring(scenario))
    _, words = shown(drawing)
    assert "R&D's A" in words
    assert re.findall(r"https?://[^\"<]*", drawing) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<(script|image|foreignObject|a )|href|@import", drawing)
    assert '["R#38;D\'s A"]' in as_mermaid(wiring(scenario))
