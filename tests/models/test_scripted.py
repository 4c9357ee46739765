import pytest

from converse_graph.models.scripted import ScriptedModel
from tests.support.model_servers import ask


async def test_lines_are_said_in_order_and_requests_kept() -> None:
    chat = ScriptedModel([{"text": "Nö"}, "raw"])
    shown: list[str] = []
    replies = [await chat.complete(ask(place="a", on_delta=shown.append)), await chat.complete(ask(place="b"))]
    assert [reply.text for reply in replies] == ['{"text": "Nö"}', "raw"]
    assert shown == ['{"text": "Nö"}']
    assert [request.place for request in chat.requests] == ["a", "b"]
    chat.assert_exhausted()


async def test_an_exception_among_the_lines_is_raised() -> None:
    with pytest.raises(TimeoutError):
        await ScriptedModel([TimeoutError()]).complete(ask())


async def test_asking_beyond_the_script_names_the_place() -> None:
    with pytest.raises(AssertionError, match=r"beyond the script at '3\.0/Union/statement'"):
        await ScriptedModel([]).complete(ask())
    with pytest.raises(AssertionError, match=r"there are lines for: \*/Employer/\*"):
        await ScriptedModel({"*/Employer/*": ["a"]}).complete(ask())


async def test_lines_left_unspoken_fail_and_are_named() -> None:
    chat = ScriptedModel(["said", "forgotten"])
    await chat.complete(ask())
    with pytest.raises(AssertionError, match=r"lines left unspoken: .*forgotten"):
        chat.assert_exhausted()


async def test_lines_go_to_the_place_they_were_written_for() -> None:
    chat = ScriptedModel({"*/Union/*": ["from the union"], "*": ["from anyone"]})
    assert (await chat.complete(ask(place="0.0/Employer/statement"))).text == "from anyone"
    assert (await chat.complete(ask(place="0.1/Union/statement"))).text == "from the union"
    chat.assert_exhausted()
