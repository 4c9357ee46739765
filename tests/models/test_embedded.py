"""The real embedded model, in this process and in processes that are stopped in every way."""

import asyncio
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from converse_graph.errors import ProviderRefused
from converse_graph.models import local
from converse_graph.models.base import Message
from converse_graph.models.local import LocalModel
from tests.support.child_process import start_python
from tests.support.model_servers import ask

BUSY = """
import asyncio, json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that it is ignored
from converse_graph.models import local
from converse_graph.models import local as embedded
from converse_graph.models.base import Message, Request

schema = {"title": "S", "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
said = {"messages": (Message(role="user", text="Tell a story.", source="p"),), "schema": schema, "max_tokens": %d}

async def main():
    chat, shown = local.LocalModel(), []
    calls = [
        asyncio.create_task(chat.complete(Request(**said, place=str(n), on_delta=shown.append)))
        for n in range(3)
    ]
    while not shown:
        await asyncio.sleep(0.01)
    (served,) = local._served.values()
    print(served.address, flush=True)
    await asyncio.gather(*calls)
    for again in range(%d):  # a story may end by itself before anybody can break in
        await chat.complete(Request(**said, place=f"again {again}", on_delta=shown.append))
    await chat.close()

asyncio.run(main())
"""


def start(tokens: int, *, again: int = 0) -> tuple[subprocess.Popen[str], str]:
    program = start_python("-W", "error", "-c", BUSY % (tokens, again))
    assert program.stdout is not None
    return program, program.stdout.readline().strip()


def answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/health", timeout=2).close()  # noqa: S310 - loopback
    except OSError:
        return False
    return True


async def test_it_fills_a_schema_shows_its_words_and_reuses_the_prompt() -> None:
    chat, shown = LocalModel(), []
    first = await chat.complete(ask(on_delta=shown.append))
    again = await chat.complete(ask())
    await chat.close()
    said = json.loads(first.text)
    assert set(said) == {"text", "year"}
    assert 2024 <= said["year"] <= 2060
    assert "".join(shown) == first.text
    assert len(shown) > 3
    assert (first.model, first.usd, first.finish) == ("SmolLM2-135M-Instruct (Q4_1)", 0.0, "stop")
    assert again.cached_tokens >= again.input_tokens - 1 > 10
    assert again.text == first.text


@pytest.mark.slow
async def test_concurrent_chats_share_one_server() -> None:
    chats = [LocalModel() for _ in range(3)]
    replies = await asyncio.gather(*(chat.complete(ask(place=str(n))) for n, chat in enumerate(chats)))
    for chat in chats:
        await chat.close()
    assert len(local._served) == 1
    assert all(reply.output_tokens for reply in replies)


async def test_a_prompt_beyond_its_window_is_refused_with_numbers() -> None:
    chat = LocalModel()
    long = Message(role="user", text="policy lab year " * 2800, source="x")
    with pytest.raises(ProviderRefused, match=r"request \(\d{4} tokens\).*8192 tokens.*longer window"):
        await asyncio.wait_for(chat.complete(ask(messages=(long,))), 30)
    await chat.close()


async def test_nobody_without_the_key_of_this_process_may_use_it() -> None:
    served = await asyncio.to_thread(local._serve)
    address = f"{served.address}/v1/chat/completions"
    asked = urllib.request.Request(address, b"{}", {"content-type": "application/json"})  # noqa: S310 - loopback
    with pytest.raises(urllib.error.HTTPError, match="401") as caught:
        await asyncio.to_thread(urllib.request.urlopen, asked)
    caught.value.close()
    assert served.key not in repr(served)


@pytest.mark.slow
def test_a_process_that_used_it_ends_quietly() -> None:
    program, address = start(tokens=20)
    _, complaints = program.communicate(timeout=30)
    assert (program.returncode, complaints) == (0, "")
    assert not answers(address)


@pytest.mark.slow
def test_ctrl_c_in_the_midst_of_replies_ends_it_at_once() -> None:
    program, address = start(tokens=2000, again=50)
    assert answers(address)
    program.send_signal(signal.SIGINT)
    begun = time.monotonic()
    _, complaints = program.communicate(timeout=30)
    assert time.monotonic() - begun < 5
    assert program.returncode == -signal.SIGINT
    assert complaints.rstrip().endswith("KeyboardInterrupt")
    assert not answers(address)


@pytest.mark.slow
def test_a_killed_process_leaves_no_server_behind() -> None:
    program, address = start(tokens=2000)
    assert answers(address)
    os.kill(program.pid, signal.SIGKILL)
    program.communicate(timeout=30)
    assert not answers(address)
