import io
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from converse_graph.cli.display import AGAIN, Display, Pace, Plan
from converse_graph.cli.formatting import duration, money, plain, plain_line, rough
from converse_graph.cli.screen import COLOURS, LiveScreen, PlainScreen, Prose, Screen, party_colours

Event = dict[str, Any]


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(
    events: Sequence[Event | float],
    *,
    parties: Sequence[str] = ("A", "B"),
    rounds: int = 2,
    statements: int = 0,
    simultaneous: bool = False,
    live: bool = False,
    width: int = 80,
) -> str:
    """What the display writes for these events; a number stands for seconds that pass."""
    stream, clock = io.StringIO(), Clock()
    plan = Plan(
        parties=parties,
        rounds=rounds,
        statements=statements,
        tokens=0,
        period=lambda number: str(2024 + number),
        simultaneous=simultaneous,
    )
    screen: Screen = PlainScreen(stream, width)
    if live:
        console = Console(file=stream, force_terminal=True, color_system=None, width=width, height=24, highlight=False)
        screen = LiveScreen(console, parties)
    display = Display(screen, plan, now=clock)
    for event in events:
        if isinstance(event, float):
            clock.now += event
            display.tick()
        else:
            display(event)
    screen.close()
    return stream.getvalue()


def turn(speaker: str, round: int = 0) -> Event:
    return {"event": "turn", "speaker": speaker, "period": str(2024 + round), "round": round}


def text(speaker: str, piece: str) -> Event:
    return {"event": "text", "speaker": speaker, "text": piece}


def call(place: str, tokens: int = 10) -> Event:
    return {"event": "call", "place": place, "tokens": tokens, "usd": None}


def statement(speaker: str, prose: str, round: int = 0, **more: Any) -> Event:
    return {"event": "statement", "round": round, "turn": 0, "speaker": speaker, "text": prose, "fields": {}, **more}


def whole_turn(speaker: str, round: int, prose: str, *, takes: float = 0.0) -> list[Event | float]:
    """All events of a turn without a debate."""
    place = f"{round}.0/{speaker}/statement"
    return [turn(speaker, round), takes, text(speaker, prose), call(place), statement(speaker, prose, round)]


def on_screen(written: str) -> list[str]:
    """The lines that a terminal is left with, of what was written to it, down to its cursor."""
    lines, row = [""], 0
    for piece in re.findall(r"\x1b\[\??\d*[a-zA-Z]|\r|\n|[^\x1b\r\n]+", re.sub(r"\x1b\[[\d;]*m", "", written)):
        match piece:
            case "\n":
                row += 1
                lines += [""] * (row == len(lines))
            case "\x1b[2K":
                lines[row] = ""
            case "\x1b[1A":
                row -= 1
            case "\r" | "\x1b[?25l" | "\x1b[?25h":
                pass
            case _:
                assert piece[0] != "\x1b", piece
                lines[row] += piece
    assert not any(lines[row + 1 :])
    return lines[: row + 1]


def test_a_turn_is_a_header_and_the_prose_and_its_fields() -> None:
    said = statement(
        "A", "We ship.", fields={"agi": {"p10": 2028, "p50": 2031}, "incident": None, "claimed_agi": False}
    )
    lines = shown([turn("A"), text("A", "We "), text("A", "ship."), call("0.0/A/statement"), said]).splitlines()
    assert lines == [
        "",
        "A · 2024 · turn 1 of 4 · 0 tokens · 0 s so far · estimating what is left",
        "  We ship.",
        "  agi p10 2028, p50 2031 · incident none · claimed agi no",
    ]


def test_what_is_left_is_estimated_only_once_a_whole_round_was_measured() -> None:
    events = [
        *whole_turn("A", 0, "a", takes=30.0),
        *whole_turn("B", 0, "b", takes=30.0),
        *whole_turn("A", 1, "c", takes=90.0),
        *whole_turn("B", 1, "d", takes=90.0),
        *whole_turn("A", 2, "e"),
    ]
    headers = [line for line in shown(events, rounds=4).splitlines() if " · turn " in line]
    assert [header.rpartition(" · ")[2] for header in headers] == [
        "estimating what is left",
        "estimating what is left",
        "about 3 min left",
        "about 2 min 30 s left",
        "about 2 to 6 min left",
    ]
    assert " · 40 tokens · 4 min so far · " in headers[-1]


def test_a_round_that_was_begun_in_an_earlier_session_measures_nothing() -> None:
    events = [*whole_turn("B", 0, "b", takes=1.0), *whole_turn("A", 1, "a", takes=50.0)]
    assert "about" not in shown(events, statements=1)
    assert "\nB · 2024 · turn 2 of 4 · " in shown(events, statements=1)


def test_a_private_debate_is_progress_and_never_words() -> None:
    debate = [
        turn("A"),
        {"event": "line", "path": "A/CEO", "line": 1, "of": 3},
        {"event": "line", "path": "A/CEO/Fox", "line": 2, "of": 4},
        call("0.0/A/0.CEO/1.Fox/line"),
        {"event": "line", "path": "A/CFO", "line": 2, "of": 3},
    ]
    written = shown([*debate, *whole_turn("A", 0, "Done.")[2:]])
    assert "  private debate · line 1 of 3\n" in written
    assert "  private debate · line 1 of 3, inside it line 2 of 4\n" in written
    assert "  private debate · line 2 of 3\n" in written
    live = shown([*debate, 0.5], live=True, width=120)
    assert "0/4 turns · 10 tokens · cost unknown · debate 2/3" in live
    assert on_screen(live) == ["", "A · 2024", ""]


def test_a_prose_that_is_begun_again_is_marked_and_shown_anew() -> None:
    for again in ({"event": "restart", "speaker": "A"}, call("0.0/A/statement")):
        events = [turn("A"), text("A", "Half a"), again, text("A", "Whole."), call("0.0/A/statement")]
        lines = shown([*events, statement("A", "Whole.")]).splitlines()
        assert lines[2:] == ["  Half a", f"  {AGAIN}", "  Whole."]


def test_a_record_that_differs_from_what_was_shown_is_shown_too() -> None:
    lines = shown([turn("A"), text("A", "Half a"), statement("A", "Whole.")]).splitlines()
    assert lines[2:] == ["  Half a", f"  {AGAIN}", "  Whole."]


def test_a_turn_without_a_statement_says_why() -> None:
    lines = shown([turn("A"), statement("A", "", problem="price is missing")]).splitlines()
    assert lines[2:] == ["  no statement: price is missing"]


def test_a_statement_whose_turn_was_taken_in_an_earlier_session_is_shown_whole() -> None:
    lines = shown([statement("B", "As I said.", round=1)], statements=3).splitlines()
    assert lines[1].startswith("B · 2025 · turn 4 of 4 · ")
    assert lines[2:] == ["  As I said."]


def test_parties_that_write_at_once_are_shown_one_at_a_time_in_listed_order() -> None:
    events = [
        turn("B"),
        turn("A"),
        text("B", "I am B, "),
        text("A", "I am A, "),
        text("B", "all of it."),
        call("0.1/B/statement"),
        text("A", "at last."),
        call("0.0/A/statement"),
        statement("A", "I am A, at last.", fields={"week": 3}),
        statement("B", "I am B, all of it.", fields={"week": 4}),
    ]
    lines = [line.partition(" · turn ")[0] for line in shown(events, simultaneous=True).splitlines()]
    assert lines == [
        "",
        "A · 2024",
        "  I am A, at last.",
        "",
        "B · 2024",
        "  I am B, all of it.",
        "  A: week 3",
        "  B: week 4",
    ]


def test_the_live_line_says_how_far_a_run_is_and_leaves_nothing_behind() -> None:
    events = [*whole_turn("A", 0, "One. " * 30, takes=3.0), *whole_turn("B", 0, "Two.", takes=3.0)]
    live, piped = shown(events, live=True, width=120), shown(events, width=120)
    assert "0/4 turns · 0 tokens · $0.00 · thinking" in live
    assert "1/4 turns · 10 tokens · cost unknown · " in live
    assert on_screen(live) == [line.partition(" · turn ")[0] for line in piped.split("\n")]


def test_a_cost_is_summed_and_one_that_is_not_known_is_never_nothing() -> None:
    priced = [turn("A"), {**call("0.0/A/statement"), "usd": 0.25}, {**call("0.0/A/statement"), "usd": 0.5}, 0.1]
    assert "20 tokens · $0.75" in shown(priced, live=True, width=120)
    assert "30 tokens · cost unknown" in shown([*priced, call("0.0/A/statement"), 0.1], live=True, width=120)


def test_a_sentence_is_read_as_it_is_written_and_broken_off_by_no_refresh() -> None:
    events = [turn("A"), text("A", "We ship in "), 0.1, text("A", "spring"), 0.1, text("A", "time."), 0.1]
    live = shown(events, live=True)
    assert [line for line in ("  We ship in", "  We ship in spring", "  We ship in springtime.") if line in live] != []
    assert on_screen(live) == ["", "A · 2024", "  We ship in springtime.", ""]


def test_fields_stand_beside_a_bar_on_a_terminal() -> None:
    said = statement("A", "We ship.", fields={"note": "long " * 30, "agi": False})
    lines = on_screen(shown([turn("A"), text("A", "We ship."), call("0.0/A/statement"), said], live=True))
    assert lines[:3] == ["", "A · 2024", "  We ship."]
    assert [line[:4] for line in lines[3:-1]] == ["  │ "] * 3
    assert lines[-2].endswith("agi no")


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_the_live_line_never_takes_two_lines(width: int) -> None:
    written = shown([turn("A"), 0.2, 0.2, text("A", "word " * 40), 0.2], parties=["A"], live=True, width=width)
    frames = [line for line in re.split(r"\r|\n|\x1b\[1A", re.sub(r"\x1b\[2K", "", written)) if " turns" in line]
    assert len(frames) >= 3
    assert all(cell_len(re.sub(r"\x1b\[\??\d*[a-zA-Z]", "", frame)) <= width for frame in frames)


def test_a_colour_goes_with_a_party_from_run_to_run_and_no_two_share_one_that_is_free() -> None:
    parties = ["OpenAI", "Anthropic", "DeepMind", "Meta", "xAI"]
    colours = party_colours(parties)
    assert colours == party_colours(parties)
    assert len(set(colours.values())) == len(parties)
    assert party_colours(["OpenAI"])["OpenAI"] == colours["OpenAI"]
    assert set(party_colours([f"Party {number}" for number in range(20)]).values()) == set(COLOURS)


@pytest.mark.parametrize("colour", COLOURS)
def test_a_colour_can_be_read_on_black_and_on_white(colour: str) -> None:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    assert min((luminance + 0.05) / 0.05, 1.05 / (luminance + 0.05)) >= 4


def test_a_reply_that_is_sent_back_says_why_even_where_none_of_it_was_shown() -> None:
    again = {"event": "restart", "speaker": "A", "reason": "price is missing"}
    unseen = shown([turn("A"), again, text("A", "Whole."), statement("A", "Whole.")]).splitlines()
    assert unseen[2:] == ["  ↻ that reply could not be used (price is missing) and is written again:", "  Whole."]
    lines = shown([turn("A"), text("A", "Half a"), again, text("A", "Whole."), statement("A", "Whole.")]).splitlines()
    assert lines[2:] == [
        "  Half a",
        "  ↻ that reply could not be used (price is missing) and is written again:",
        "  Whole.",
    ]


HOSTILE = {
    "colours": ("a\x1b[31mred\x1b[0m", "ared"),
    "a cleared screen": ("\x1b[2J\x1b[Hgone", "gone"),
    "a window title": ("\x1b]0;root\x07x", "x"),
    "a link": ("\x1b]8;;http://x\x1b\\click\x1b]8;;\x1b\\", "click"),
    "the clipboard": ("\x1b]52;c;cm0=\x07", ""),
    "eight-bit controls": ("\x9b31mred", "31mred"),
    "overwriting": ("safe\rno\x08\x7f", "safe no"),
    "a bidi override": ("\u202egnp\u2066x\u200f", "gnpx"),
    "hidden letters": ("a\U000e0041\u2060\ufeffb", "ab"),
    "half a character": ("a\ud800b", "ab"),
    "a line separator": ("a\u2028b", "a\nb"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_text_of_models_cannot_command_a_terminal(case: str) -> None:
    given_text, safe = HOSTILE[case]
    assert plain(given_text) == safe


@given(st.lists(st.text(st.characters() | st.sampled_from("\x1b[]m\x07\x9b\u202e\n "))))
def test_no_control_character_comes_through_however_a_text_is_cut(pieces: list[str]) -> None:
    events = [
        turn("A"),
        *(text("A", piece) for piece in pieces),
        statement("A", "".join(pieces), problem="".join(pieces)),
    ]
    written = set(shown(events)) - set("\n\u200c\u200d")
    assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & {unicodedata.category(letter) for letter in written}


@given(st.lists(st.text(st.characters(codec="utf-8") | st.sampled_from("  \n世界"))), st.integers(24, 120))
def test_prose_is_wrapped_within_the_width_and_keeps_every_word(pieces: list[str], width: int) -> None:
    prose = Prose(Console(file=io.StringIO()), width)
    lines = [line for piece in pieces for line in prose.feed(piece)] + prose.finish()
    assert all(cell_len(line) < width - 2 for line in lines)
    assert "".join("".join(lines).split()) == "".join(plain("".join(map(plain, pieces))).split())


TIMES: dict[tuple[Callable[[float], str], float], str] = {
    (duration, 0.4): "0 s",
    (duration, 59.6): "1 min",
    (duration, 200): "3 min 20 s",
    (duration, 7500): "2 h 5 min",
    (rough, 1): "5 s",
    (rough, 44): "45 s",
    (rough, 100): "1 min 30 s",
    (rough, 4000): "1 h 7 min",
    (rough, 50000): "13 h 50 min",
    (money, 0): "$0.00",
    (money, 0.00001): "under $0.0001",
    (money, 0.0123): "$0.0123",
    (money, 12.345): "$12.35",
}


@pytest.mark.parametrize("case", TIMES)
def test_numbers_read_as_people_write_them(case: tuple[Callable[[float], str], float]) -> None:
    say, number = case
    assert say(number) == TIMES[case]


def test_old_rounds_do_not_shape_an_estimate() -> None:
    pace, now = Pace(1), 0.0
    for number, seconds in enumerate([1000, *[60] * 6, 0]):
        pace.turn(number, now)
        now += seconds
    assert pace.left(5) == "about 5 min left"


def test_a_line_of_others_stays_one_line() -> None:
    assert plain_line("a\n\x1b[1mb\t c") == "a b c"
