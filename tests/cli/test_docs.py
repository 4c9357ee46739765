"""What the documentation shows runs, as it stands and in its order; what is made from code is up to date."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import converse_graph
from tests.support.child_process import PATIENCE, Ended, end, environment, run_python
from tests.support.command_line import Converse, start

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
MADE = [f"reference/{page}.md" for page in ("cli", "python", "evaluators", "prompts")]
WRITTEN = [page for page in PAGES if page not in MADE]
SHORT = ("index.md",)
"""Pages whose snippets are run at every call of the tests; those of the others start many programs."""
_BLOCK = re.compile(r'^```(?P<language>\w+)(?: title="(?P<file>[\w./-]+)")?\n(?P<text>.*?)^```$', re.M | re.S)


def with_our_programs() -> dict[str, str]:
    """The environment with this Python's programs first, `converse` among them."""
    programs = str(Path(sys.executable).parent)
    return {**environment(), "PATH": os.pathsep.join([programs, os.environ["PATH"]])}


@pytest.mark.parametrize(
    "page", [page if page in SHORT else pytest.param(page, marks=pytest.mark.slow) for page in WRITTEN]
)
def test_every_snippet_of_a_page_runs_in_the_order_in_which_it_stands(
    page: str, tmp_path: Path, converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "true")  # a program that shows nothing
    for number, block in enumerate(_BLOCK.finditer((DOCS / page).read_text(encoding="utf-8"))):
        language, text = block["language"], block["text"]
        if block["file"]:
            path = tmp_path / block["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif language == "python":
            (tmp_path / f"snippet_{number}.py").write_text(text, encoding="utf-8")
            done = run_python(f"snippet_{number}.py", folder=tmp_path, environ=with_our_programs())
            assert done.code == 0, done.err
        else:
            assert language == "console", f"{page}: a block of {language} is neither a file nor run"
            for line in text.splitlines():
                assert line.startswith("$ converse "), f"{page}: {line!r} is no command"
                words = shlex.split(line, comments=True)[2:]
                ended = served(tmp_path, *words) if "# until Ctrl-C" in line else converse(*words)
                assert ended.code == (3 if "code 3" in line else 0), f"{line}: {ended.err}"


def served(folder: Path, *words: str) -> Ended:
    """Read the page of a command that serves until Ctrl-C, and end it by that."""
    process = start(folder, *words)
    assert process.stdout is not None
    told = ""
    while "Ctrl-C" not in told:
        line = process.stdout.readline()
        assert line, f"it ended before it said how: {told}"
        told += line
    address = re.search(r"http://\S+", told)
    assert address, told
    assert httpx.get(address[0], follow_redirects=True).status_code == 200
    process.send_signal(signal.SIGINT)
    return end(process)


def test_the_guest_of_the_docs_hears_what_was_said_before_it(tmp_path: Path, converse: Converse) -> None:
    block = next(block for block in _BLOCK.finditer((DOCS / "how-to/own-graph.md").read_text()) if block["file"])
    (tmp_path / block["file"]).write_text(block["text"], encoding="utf-8")
    assert converse("run", block["file"], "--model", "null", "--name", "guests", "--no-judge", "--quiet").code == 0
    said = converse("show", "guests").out
    assert "I have heard 1 statements." in said
    assert "I have heard 3 statements." in said


def test_a_page_says_nothing_in_a_fence_that_the_tests_pass_over() -> None:
    for page in WRITTEN:
        text = (DOCS / page).read_text(encoding="utf-8")
        assert len(re.findall(r"^ *```", text, re.M)) == 2 * len(_BLOCK.findall(text)), page


@pytest.mark.parametrize("page", PAGES)
def test_every_link_between_pages_leads_to_one(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", (DOCS / page).read_text(encoding="utf-8").replace("\n", " ")):
        assert ((DOCS / page).parent / target.strip()).exists(), f"{page} leads to {target}"


@pytest.mark.slow
def test_the_pictures_are_as_the_record_and_the_code_draw_them() -> None:
    done = run_python("-m", "docs.make_pictures", "--check", folder=PROJECT)
    assert done.code == 0, done.err


@pytest.mark.slow
def test_the_reference_is_as_the_code_is() -> None:
    done = run_python(DOCS / "make_reference.py", "--check", folder=PROJECT)
    assert done.code == 0, done.err


def test_the_reference_has_a_place_for_every_public_name() -> None:
    listed = re.findall(r"^### (\w+)$", (DOCS / "reference/python.md").read_text(), re.M)
    assert sorted(listed) == converse_graph.__all__


def test_every_page_is_in_the_menu_of_the_site() -> None:
    named = re.findall(r'"([\w/-]+\.md)"', (PROJECT / "zensical.toml").read_text(encoding="utf-8"))
    assert sorted(named) == PAGES


@pytest.mark.slow
def test_the_site_builds_with_no_warning_and_shows_what_docstrings_say(tmp_path: Path) -> None:
    uv = shutil.which("uv")
    assert uv, "the project is run with uv; install it with: pip install uv"
    for name in ("docs", "converse_graph"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "zensical.toml", tmp_path)
    command = [uv, "run", "--quiet", "--isolated", "--project", str(PROJECT), "--only-group", "docs", "zensical"]
    done = subprocess.run(
        [*command, "build", "--strict"], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "build" / "site" / "reference" / "python.html").read_text(encoding="utf-8")
    assert "What every party knows from the start." in page
    for name in converse_graph.__all__:
        assert re.search(rf'<h3 id="[\w-]*">{name}\b', page), name
