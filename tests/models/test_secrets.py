import pytest
from hypothesis import given
from hypothesis import strategies as st

from converse_graph.models.base import Response
from converse_graph.models.redaction import redact_stream
from converse_graph.models.reply_reader import KEY_REMOVED_NOTE
from converse_graph.models.retries import Endpoint


@given(
    st.lists(st.sampled_from(["a", "ab", "abc", "c", "b", "abca", "x"]), max_size=12), st.sampled_from(["", "abcab"])
)
def test_a_secret_cut_anywhere_is_never_shown_and_nothing_else_is_lost(pieces: list[str], secret: str) -> None:
    told: list[str] = []
    take = redact_stream(secret, told.append)
    for piece in pieces:
        take(piece)
    take("")
    shown, whole = "".join(told), "".join(pieces)
    assert not secret or secret not in shown
    assert shown == (whole.replace(secret, "[key]") if secret else whole)


@pytest.mark.parametrize("key", ["test", "EMPTY", "1", "ollama", "lm-studio", "none", "x", "not-needed-for-local-use"])
def test_a_placeholder_for_a_key_changes_no_word_of_a_reply(key: str) -> None:
    reply = Response(text=f"None can test our latest x: 11 {key}", model="m")
    assert Endpoint(model="m", secret=key).without_key(reply) == reply


def test_a_real_key_is_cut_out_of_a_reply() -> None:
    key = "sk-real-key-0123456789"
    reply = Endpoint(model="m", secret=key).without_key(Response(text=f"It is {key}.", model="m"))
    assert reply.text == "It is [key]." + KEY_REMOVED_NOTE
