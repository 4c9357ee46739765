"""Who may ask for a page, and what a page may do."""

import httpx
import pytest

from converse_graph.store import Store
from converse_graph.view import Access
from converse_graph.view.security import HEADERS
from tests.support.small_scenarios import played, table
from tests.view.conftest import Serve


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:8420"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "192.168.1.7:8420"}, 421),
        ({"Host": "localhost@evil.example"}, 421),
        ({"Host": ""}, 421),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, 200),
    ],
)
async def test_only_requests_for_this_machine_by_its_own_pages_are_answered(
    store: Store, site: Serve, headers: dict[str, str], code: int
) -> None:
    await played(store, table("A"), name="talk")
    answer = await (await site()).get("/runs/talk", headers=headers)
    assert answer.status_code == code
    assert ("#1" in answer.text) == (code == 200)


async def test_every_answer_says_what_a_page_may_do(store: Store, site: Serve) -> None:
    await played(store, table("A"), name="talk")
    opened = await site()
    for path in ("/runs", "/runs/talk", "/nowhere", "/static/view.css", "/runs/talk/turns/1/private"):
        answer = await opened.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS), path
        assert "<style" not in answer.text, path
        assert " style=" not in answer.text, path
        assert "<script>" not in answer.text, path
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


async def test_with_a_token_nothing_is_given_without_it(store: Store, site: Serve) -> None:
    await played(store, table("A"), name="talk")
    access = Access.for_host(None, with_token=True)
    assert access.token is not None
    opened = await site(access=access)
    other = access.token[:-1] + ("y" if access.token.endswith("x") else "x")
    for path in ("/runs/talk", "/static/view.css", "/runs/talk/live", f"/runs/talk?token={other}"):
        answer = await opened.get(path)
        assert answer.status_code == 401, path
        assert access.token not in answer.text
    first = await opened.get(f"/runs/talk?at=1&token={access.token}")
    assert (first.status_code, first.headers["location"]) == (303, "/runs/talk?at=1")
    cookie = first.headers["set-cookie"].casefold()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await opened.get("/runs/talk")).status_code == 200  # the client has the cookie now
    escape = await opened.client.get(f"//evil.example/?token={access.token}", headers={"Cookie": "none=1"})
    assert not escape.headers.get("location", "").startswith("//")


@pytest.mark.parametrize(
    ("host", "asked", "known"),
    [
        (None, "127.0.0.1:8420", True),
        (None, "10.0.0.7", False),
        ("10.0.0.7", "10.0.0.7:8420", True),
        ("10.0.0.7", "10.0.0.8", False),
        ("0.0.0.0", "10.0.0.7", True),  # noqa: S104 - the option of a user, listened on by nobody here
        ("0.0.0.0", "evil.example", False),  # noqa: S104
    ],
)
def test_a_server_beyond_loopback_has_a_token_and_its_own_names(host: str | None, asked: str, known: bool) -> None:
    access = Access.for_host(host)
    assert access.knows(asked) is known
    assert (access.token is not None) == (host is not None)
    assert str(access.token) not in repr(access) or access.token is None


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "https://{host}"])
async def test_a_form_is_taken_from_pages_of_this_server_alone(store: Store, site: Serve, origin: str | None) -> None:
    opened = await site(control=True)
    host = httpx.URL(opened.address).netloc.decode()
    headers = {} if origin is None else {"Origin": origin.format(host=host)}
    answer = await opened.client.post("/runs/talk/control/pause", data={"once": "x"}, headers=headers)
    assert answer.status_code == 403
