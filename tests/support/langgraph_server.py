"""The LangGraph server as a user starts it, on loopback and a free port, with no key, in a folder of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
GRAPHS: dict[str, Any] = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))["graphs"]

OWN = '''
"""Graphs of somebody's own: one takes its time, one waits for a file, one for a person, others say what is no use."""
import asyncio
from pathlib import Path

from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict


class Seen(TypedDict, total=False):
    party: str
    period: str
    statements: list
    text: str


class Thinking(MessagesState, total=False):
    text: str


class Said(TypedDict, total=False):
    text: str


def answer(state):
    return {"text": f"{state['party']} in {state['period']}, having heard {len(state['statements'])}."}


async def think(state):
    await asyncio.sleep(0.25)
    return {}


async def wait(state):
    await asyncio.to_thread(Path("begun").touch)
    while not await asyncio.to_thread(Path("go").exists):
        await asyncio.sleep(0.05)
    return answer(state)


def fail(state):
    raise RuntimeError("the far side\\nbroke")


def one_of(state_schema, *nodes, **more):
    graph = StateGraph(state_schema, **more)
    graph.add_sequence([(f"step{number}", node) for number, node in enumerate(nodes)])
    graph.add_edge(START, "step0")
    return graph.compile()


slow = one_of(Seen, think, think, think, answer)
waits = one_of(Seen, think, wait)
silent = one_of(Seen, lambda state: {"period": "?"})
fails = one_of(Seen, think, fail)
asks = one_of(Seen, lambda state: {"text": interrupt("what shall we say?")})
chats = one_of(MessagesState, lambda state: {"messages": [AIMessage("Words in a message.")]})
narrow = one_of(Thinking, lambda state: {"text": "Public.", "messages": [AIMessage("Private.")]}, output_schema=Said)
'''


class Server:
    """`langgraph dev` in a folder: every scenario of `langgraph.json`, and the graphs of `OWN`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "graphs").symlink_to(ROOT / "graphs")
        (folder / "own.py").write_text(OWN)
        own = {name: f"./own.py:{name}" for name in re.findall(r"^(\w+) = one_of", OWN, re.M)}
        (folder / "langgraph.json").write_text(json.dumps({"dependencies": ["."], "graphs": {**GRAPHS, **own}}))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        if self._process is not None:
            return
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("LANG", "OPENAI", "CONVERSE"))
        }
        asked = {"LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGSMITH_TRACING": "false", "CONVERSE_MODEL": "null"}
        command = [Path(sys.executable).with_name("langgraph"), "dev", "--no-browser", "--no-reload"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", str(self.port)],
                cwd=self.folder,
                env={**kept, **asked},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 120
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop(signal.SIGKILL)
                raise RuntimeError(self.log.read_text()[-4000:])
            time.sleep(0.1)

    def stop(self, by: signal.Signals = signal.SIGINT) -> int:
        """Stop it, as Ctrl+C does unless told otherwise, and say with which code it ended."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(by)
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ok", timeout=2) as answer:  # noqa: S310 - on loopback
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
