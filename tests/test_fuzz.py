"""Whatever a file holds, reading it ends in a value or in one line that says what is wrong; nothing else, ever."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.markdown_reader import read_markdown

from converse_graph.errors import ConverseError
from converse_graph.export.formats import from_json
from converse_graph.export.markdown import render_markdown
from converse_graph.judge.rubric import load_rubric
from converse_graph.models.prices import load_prices
from converse_graph.prompting.templates import TASKS, load_prompts
from converse_graph.scenarios.catalogue import catalogue
from converse_graph.scenarios.yaml_files import read_scenario, write_scenario
from tests.support.property_search import example_count
from tests.support.random_transcripts import MARKS
from tests.support.sample_transcripts import SMALL

ROOT = Path(__file__).parents[1]
SCENARIOS = [
    write_scenario(function()) for name, function in catalogue().items() if name in ("boardrooms", "wage-talks")
]
PAGES = [render_markdown(SMALL), render_markdown(SMALL.public())]
TEMPLATES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "prompts" / "organisation").glob("*.md"))]
RUBRICS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "prompts" / "rubrics").glob("*.yaml"))]
PRICES = ["gpt-4.1: {input: 2, cached: 0.5, output: 8}\nmine:\n  input: 1\n  output: 0\n"]

_PIECES = st.sampled_from(
    [*MARKS, "\n", ": ", "- ", "  ", "{", "}", "[", "]", "&a", "*a", "!!python/object:os.system x", "<<: *a", "|", ">-",
     "'", "#", "%YAML 1.2", "...", "${x}", "$", "$$", "$name", "\ufffe", "0x1f", "1e999", "null", "9" * 400,
     "version: 1"]
) | st.text(max_size=6)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, documents: list[str]) -> str:
    """A document of the right sort, with some of it cut out, doubled, moved, or replaced."""
    text = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 60)))
        put = draw(st.sampled_from(["", text[start:end] * 2]) | _PIECES)
        text = text[:start] + put + text[end:]
    return text


def ends_well(read: Callable[[], Any]) -> None:
    try:
        read()
    except ConverseError as error:
        told = str(error)
    else:
        return
    assert told.strip()
    assert "\n" not in told


BOUNDED = settings(
    max_examples=example_count(150),
    deadline=timedelta(seconds=5),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@BOUNDED
@given(mutated(PAGES) | st.text(max_size=60))
def test_a_transcript(text: str) -> None:
    ends_well(lambda: read_markdown(text))


@BOUNDED
@given(mutated(SCENARIOS) | st.text(max_size=60))
def test_a_scenario(text: str) -> None:
    ends_well(lambda: read_scenario(text))


@BOUNDED
@given(mutated(TEMPLATES) | st.text(max_size=60), st.sampled_from(sorted(TASKS)))
def test_a_prompt_template(text: str, task: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{task}.md"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8", errors="surrogatepass")

        def read() -> None:
            prompts = load_prompts([Path(folder)], {task: TASKS[task]})
            prompts.render(task, "large", dict.fromkeys(TASKS[task], "$x ${y} {z}"))

        ends_well(read)


@BOUNDED
@given(mutated(RUBRICS))
def test_a_rubric(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rubric.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    ends_well(lambda: load_rubric(str(path)))


@BOUNDED
@given(mutated(PRICES))
def test_a_list_of_prices(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    ends_well(lambda: load_prices(path))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["version", "header", "statements", "verdicts", "run", "round", "text", "fields"]), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@BOUNDED
@given(st.dictionaries(st.sampled_from(["version", "header", "statements", "verdicts"]), _JSON | st.just(1)))
def test_a_transcript_as_json(shown: dict[str, Any]) -> None:
    ends_well(lambda: from_json(json.loads(json.dumps(shown))))


def test_what_is_mutated_here_is_valid_as_it_stands(tmp_path: Path) -> None:
    for text in PAGES:
        read_markdown(text)
    for text in SCENARIOS:
        read_scenario(text)
    for number, text in enumerate((*RUBRICS, *PRICES)):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        load_prices(path) if text in PRICES else load_rubric(str(path))
