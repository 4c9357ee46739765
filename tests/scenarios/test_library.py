"""Finding scenarios: by name, in a file, in a file that holds several, in one that is broken."""

from pathlib import Path

import pytest

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.scenarios.catalogue import catalogue, find_scenario

ONE = '''from converse_graph import Clock, Organisation, Scenario, scenario

@scenario
def {name}(labs: int = 1) -> Scenario:
    """Says {name}."""
    return Scenario(premise="p", clock=Clock(end=1), organisations=[Organisation(name="A")])
'''


def _write(folder: Path, *names: str, file: str = "mine.py") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file
    path.write_text("".join(ONE.format(name=name) for name in names), encoding="utf-8")
    return path


def test_a_bundled_scenario_is_found_by_either_spelling_of_its_name() -> None:
    assert find_scenario("agi-race") is find_scenario("agi_race") is catalogue()["agi-race"]


def test_an_unknown_name_is_refused_with_all_names_there_are() -> None:
    with pytest.raises(NotFound) as refused:
        find_scenario("agi-rase")
    assert "No scenario 'agi-rase'" in str(refused.value)
    assert all(name in str(refused.value) for name in catalogue())


def test_a_name_that_a_file_here_has_is_refused_with_how_to_name_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _write(tmp_path, "river", file="river.py")
    with pytest.raises(NotFound, match=r"There is a file river\.py here; name it as river\.py\.$"):
        find_scenario("river")
    assert find_scenario("river.py").name == "river"


def test_the_only_scenario_of_a_file_needs_no_name(tmp_path: Path) -> None:
    assert find_scenario(str(_write(tmp_path, "lonely"))).name == "lonely"


def test_one_of_several_in_a_file_is_named_in_either_spelling(tmp_path: Path) -> None:
    path = _write(tmp_path, "first_talks", "second")
    assert find_scenario(f"{path}:first_talks") is find_scenario(f"{path}:first-talks")
    with pytest.raises(InvalidValue, match=r"holds first-talks, second; name one as .*mine.py:function"):
        find_scenario(str(path))
    with pytest.raises(NotFound, match="'third'; there is: first-talks, second"):
        find_scenario(f"{path}:third")


def test_a_file_that_is_not_there_or_holds_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="No file"):
        find_scenario(str(tmp_path / "none.py"))
    empty = tmp_path / "empty.py"
    empty.write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(InvalidValue, match="holds no scenario"):
        find_scenario(str(empty))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def broken(:\n", "SyntaxError"),
        ("import no_such_package_at_all\n", "ModuleNotFoundError"),
        ("1 / 0\n", r"ZeroDivisionError: division by zero \(line 1\)"),
        ("raise SystemExit(3)\n", "SystemExit"),
    ],
)
def test_a_file_that_cannot_be_loaded_says_why_and_can_be_loaded_once_mended(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidValue, match=says):
        find_scenario(str(path))
    _write(tmp_path, "mended_at_last")
    assert find_scenario(str(path)).name == "mended-at-last"


def test_a_function_that_ends_the_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "leaves.py"
    path.write_text(
        "from converse_graph import Scenario, scenario\n@scenario\ndef leaves() -> Scenario:\n    exit(7)\n",
        encoding="utf-8",
    )
    with pytest.raises(InvalidValue, match=r"leaves made no scenario and ended the program \(code 7\)"):
        find_scenario(str(path))()


def test_a_file_that_may_not_be_read_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path, "locked")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InvalidValue, match=r"mine\.py cannot be loaded: PermissionError"):
        find_scenario(str(path))


def test_a_file_that_was_changed_within_a_second_is_read_anew(tmp_path: Path) -> None:
    path = _write(tmp_path, "open_door")
    first = find_scenario(str(path))
    assert find_scenario(str(path)) is first, "one that is as it was is loaded once"
    _write(tmp_path, "shut_door")
    assert find_scenario(str(path)).name == "shut-door"


def test_a_scenario_of_the_working_directory_goes_before_a_bundled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path / "graphs", "agi_race", "home_made")
    monkeypatch.chdir(tmp_path)
    found = catalogue()
    assert found["agi-race"].doc == "Says agi_race."
    assert "home-made" in found
    assert "wage-talks" in found, "the bundled ones are still there"
    assert list(found) == sorted(found)
