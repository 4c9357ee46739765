import asyncio
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from converse_graph.errors import ProviderRefused, ProviderUnreachable
from converse_graph.models.base import Response
from converse_graph.models.failures import IncompleteResponse, classify_failure
from converse_graph.models.retries import Endpoint
from tests.support.model_servers import Waits

ORIGIN = Endpoint(model="m", base_url="http://127.0.0.1:1/v1", secret="hush-hush")  # noqa: S106


IN_HALF_AN_HOUR = datetime.now(UTC) + timedelta(minutes=30)
"""From when this module is loaded, a good while before its last test: the cap is what is waited."""
DATE = "%a, %d %b %Y %H:%M:%S"
EAST = timezone(timedelta(hours=9))


class Answered(Exception):
    """An error as any provider's client raises it."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(f"status {status} for hush-hush")
        self.status_code = status
        self.response = type("R", (), {"headers": {name.replace("_", "-"): value for name, value in headers.items()}})()


class TransportError(Exception):
    """Named as the clients name it."""


class Tries:
    def __init__(self, *outcomes: Exception | str) -> None:
        self.outcomes = list(outcomes)

    async def __call__(self) -> Response:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, str):
            return Response(text=outcome, model="m")
        raise outcome


@pytest.mark.parametrize(
    "passing",
    [*(Answered(status) for status in (408, 409, 425, 429, 500, 502, 503, 529)), TransportError("cut"), TimeoutError(),
     IncompleteResponse("empty")],
    ids=repr,
)  # fmt: skip
async def test_what_may_pass_is_tried_again(waits: Waits, passing: Exception) -> None:
    restarts: list[int] = []
    reply = await waits.retries().run(Tries(passing, "yes"), ORIGIN, on_restart=lambda: restarts.append(1))
    assert reply.text == "yes"
    assert restarts == [1]
    assert waits.asked == [1.0]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 501])
async def test_what_will_not_pass_is_tried_once(waits: Waits, status: int) -> None:
    tries = Tries(Answered(status), "yes")
    with pytest.raises(ProviderRefused, match=f"HTTP {status}") as caught:
        await waits.retries().run(tries, ORIGIN)
    assert len(tries.outcomes) == 1
    assert "hush" not in str(caught.value)


async def test_waits_double_with_full_jitter_up_to_the_cap(waits: Waits) -> None:
    tries = Tries(*[IncompleteResponse("empty")] * 6)
    with pytest.raises(ProviderUnreachable, match="after 6 tries"):
        await waits.retries(tries=6, cap=5.0, chance=lambda: 0.5).run(tries, ORIGIN)
    assert waits.asked == [0.5, 1.0, 2.0, 2.5, 2.5]


async def test_a_date_to_come_back_at_is_honoured(waits: Waits) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    await waits.retries().run(Tries(Answered(503, retry_after=at), "yes"), ORIGIN)
    assert 20 < waits.asked[0] <= 30


WAITS = {
    "seconds": ({"retry_after": "7"}, 7, 7),
    "a fraction": ({"retry_after": "0.25"}, 0.25, 0.25),
    "milliseconds": ({"retry_after_ms": "3000"}, 3, 3),
    "milliseconds first": ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5, 1.5),
    "a span": ({"retry_after": "20s"}, 20, 20),
    "a span of minutes": ({"retry_after": "1m3s"}, 60, 60),
    "a span in milliseconds": ({"retry_after": "350ms"}, 0.35, 0.35),
    "a date without a zone": ({"retry_after": IN_HALF_AN_HOUR.strftime("%a, %d %b %Y %H:%M:%S")}, 60, 60),
    "a date in no zone": ({"retry_after": IN_HALF_AN_HOUR.strftime("%a, %d %b %Y %H:%M:%S -0000")}, 60, 60),
    "a date in another zone": ({"retry_after": IN_HALF_AN_HOUR.astimezone(EAST).strftime(f"{DATE} %z")}, 60, 60),
    "a date that is past": ({"retry_after": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0, 0),
    "before now": ({"retry_after": "-5"}, 0, 0),
    "for ever": ({"retry_after": "inf"}, 60, 60),
    "ages": ({"retry_after": "99999999999999999999"}, 60, 60),
    "a year beyond all": ({"retry_after": "Fri, 31 Dec 99999 23:59:59 GMT"}, 1, 1),
    "no number": ({"retry_after": "nan"}, 1, 1),
    "a word": ({"retry_after": "soon"}, 1, 1),
    "blank": ({"retry_after": " "}, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "least", "most"), WAITS.values(), ids=WAITS.keys())
async def test_a_wait_is_read_however_it_is_said_and_is_never_longer_than_the_cap(
    waits: Waits, headers: dict[str, str], least: float, most: float
) -> None:
    await waits.retries().run(Tries(Answered(503, **headers), "yes"), ORIGIN)
    assert least <= waits.asked[0] <= most


async def test_a_wait_that_makes_no_sense_is_ignored(waits: Waits) -> None:
    await waits.retries().run(Tries(Answered(503, retry_after="soon"), "yes"), ORIGIN)
    assert waits.asked == [1.0]


async def test_a_mistake_in_our_own_code_is_neither_hidden_nor_repeated(waits: Waits) -> None:
    for mistake in (ZeroDivisionError("ours"), BrokenPipeError("display"), FileNotFoundError("file")):
        with pytest.raises(type(mistake)):
            await waits.retries().run(Tries(mistake, "yes"), ORIGIN)
    assert waits.asked == []


async def test_a_cancellation_passes_through(waits: Waits) -> None:
    async def cancelled() -> Response:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await waits.retries().run(cancelled, ORIGIN)
    assert waits.asked == []


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"code": 503}, 503),
        ({"response": {"ResponseMetadata": {"HTTPStatusCode": 403}}}, 403),
        ({"response": type("R", (), {"status_code": 429})()}, 429),
    ],
)
async def test_the_status_is_found_wherever_a_client_keeps_it(fields: dict[str, Any], status: int) -> None:
    error = RuntimeError("no")
    vars(error).update(fields)
    failure = classify_failure(error)
    assert failure is not None
    assert failure.status == status


async def test_long_words_of_a_server_are_shortened() -> None:
    assert len(ORIGIN.redact("word\n" * 1000)) < 250
    assert "\n" not in ORIGIN.redact("word\n" * 1000)
    assert "secret" not in repr(ORIGIN)
