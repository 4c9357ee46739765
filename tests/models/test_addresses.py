"""Addresses, keys and surroundings that are wrong: one line names the fault, before anything is sent."""

import pytest

from converse_graph.errors import InvalidValue, ProviderUnreachable, UsageError
from converse_graph.models.addresses import check_key, validate_base_url
from converse_graph.models.openai_compatible import OpenAICompatibleModel
from converse_graph.models.registry import ModelRegistry
from tests.support.model_servers import Waits, ask

KEY = "sk-0123456789abcdef"
ADDRESSES = {
    "http://127.0.0.1:99999/v1": "out of range",
    "http://127.0.0.1:0/v1": "port is 0",
    "http://127.0.0.1:port/v1": "port",
    "http://[::1:9/v1": "IPv6",
    "http://a b/v1": "blank",
    "http://a\nb/v1": "blank",
    "127.0.0.1:11434": "neither http:// nor https://",
    "ftp://a/v1": "neither http:// nor https://",
    "http:///v1": "names no server",
}
KEYS = {
    f"{KEY}\r": "a carriage return at its end",
    f"{KEY}\n": "a line break at its end",
    f" {KEY}": "a space at its beginning",
    f"{KEY} {KEY}": "a space in it",
    f"“{KEY}”": "a quotation mark at its beginning",
    f"'{KEY}'": "a quotation mark",
    f"{KEY}…": "U+2026",
    f"\ufeff{KEY}": "a byte order mark",
    f"{KEY}\u200b": "U+200B",
}


@pytest.mark.parametrize(("address", "fault"), ADDRESSES.items())
def test_an_address_that_is_none_is_refused_with_its_fault(address: str, fault: str) -> None:
    with pytest.raises(InvalidValue, match="is no base URL") as refused:
        validate_base_url(address)
    assert fault in str(refused.value)
    with pytest.raises(InvalidValue):
        OpenAICompatibleModel("m", address)
    with pytest.raises(InvalidValue):
        ModelRegistry("m", address, environ={})


def test_blanks_around_an_address_are_left_off() -> None:
    assert validate_base_url(" http://[::1]:9/v1\n") == "http://[::1]:9/v1"
    assert ModelRegistry("m", environ={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1 "}).get().model == "m"


def test_the_password_of_an_address_is_not_repeated() -> None:
    with pytest.raises(InvalidValue) as refused:
        validate_base_url("http://user:hunter2@host:99999/v1")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(("key", "fault"), KEYS.items(), ids=KEYS.values())
def test_a_key_that_cannot_be_one_is_refused_with_its_fault_and_not_shown(key: str, fault: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_key("OPENAI_API_KEY", key)
    assert fault in str(refused.value)
    assert KEY not in str(refused.value)
    with pytest.raises(UsageError):
        OpenAICompatibleModel("m", "http://127.0.0.1:9/v1", key)


def test_a_key_of_another_provider_is_looked_at_too() -> None:
    with pytest.raises(UsageError, match="AZURE_OPENAI_API_KEY has a carriage return"):
        ModelRegistry("azure_openai:gpt", environ={"AZURE_OPENAI_API_KEY": f"{KEY}\r"}).get()


SURROUNDINGS = {
    "socks": ({"ALL_PROXY": "socks://127.0.0.1:9/"}, "check ALL_PROXY in the environment"),
    "a proxy of OpenAI's": ({"OPENAI_PROXY": "nonsense://127.0.0.1:9/"}, "check OPENAI_PROXY in the environment"),
    "certificates": ({"SSL_CERT_FILE": "/nowhere/ca.pem"}, "check SSL_CERT_FILE"),
}


@pytest.mark.parametrize(("environ", "way_out"), SURROUNDINGS.values(), ids=SURROUNDINGS.keys())
async def test_a_client_that_cannot_be_made_pauses_with_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, waits: Waits, environ: dict[str, str], way_out: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    chat = OpenAICompatibleModel("m", "http://models.invalid/v1", KEY, retries=waits.retries())
    with pytest.raises(ProviderUnreachable, match=way_out):
        await chat.complete(ask())
    await chat.close()
