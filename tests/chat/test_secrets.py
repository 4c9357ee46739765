from hypothesis import given
from hypothesis import strategies as st

from converse_graph.chat.secrets import without_secret


@given(
    st.lists(st.sampled_from(["a", "ab", "abc", "c", "b", "abca", "x"]), max_size=12), st.sampled_from(["", "abcab"])
)
def test_a_secret_cut_anywhere_is_never_shown_and_nothing_else_is_lost(pieces: list[str], secret: str) -> None:
    told: list[str] = []
    take = without_secret(secret, told.append)
    for piece in pieces:
        take(piece)
    take("")
    shown, whole = "".join(told), "".join(pieces)
    assert not secret or secret not in shown
    assert shown == (whole.replace(secret, "[key]") if secret else whole)
