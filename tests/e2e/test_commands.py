"""Commands: what they answer, how they fail, and that they end when they are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from lsprotocol import types
from PIL import Image
from pygls.exceptions import JsonRpcException

from e2e.editor import INLINE, Editor
from fakes.faces.image import Drawing
from fakes.faces.ollama import Ollama
from fakes.host import FakeHost, refused_url

SHOWS_PROGRESS = types.ClientCapabilities(
    text_document=INLINE, window=types.WindowClientCapabilities(work_done_progress=True)
)


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host that draws."""
    with FakeHost(Drawing()) as host:
        yield host


@pytest.fixture
async def drawing(editor: Editor, host: FakeHost) -> Editor:
    """An editor whose server knows that host."""
    await editor.begin({"image": {"url": host.url}}, SHOWS_PROGRESS)
    return editor


def image(editor: Editor, **argument: object) -> asyncio.Future[object]:
    """Send the command `infill-ls.image`."""
    params = types.ExecuteCommandParams("infill-ls.image", [argument])
    return asyncio.ensure_future(editor.workspace_execute_command_async(params))


async def test_the_commands_are_announced(editor: Editor) -> None:
    """An editor knows from `initialize` which commands there are, and that they tell progress."""
    answer = await editor.begin()

    provider = answer.capabilities.execute_command_provider
    assert provider is not None
    assert provider.work_done_progress
    assert provider.commands == (
        "infill-ls.image",
        "infill-ls.models",
        "infill-ls.chat.send",
        "infill-ls.chat.retry",
        "infill-ls.chat.stop",
        "infill-ls.chat.clear",
        "infill-ls.chat.sent",
        "infill-ls.chat.export",
        "infill-ls.action.run",
    )


async def test_a_picture_is_drawn_by_a_command(
    drawing: Editor, host: FakeHost, tmp_path: Path
) -> None:
    """The path that was written to is the answer, and progress was shown meanwhile."""
    host.answers(gate=(gate := host.gate()))

    asked = image(drawing, prompt="a fox", path=str(tmp_path / "fox"), seed=3, width=72)
    await drawing.until(lambda: any(drawing.progress_reports.values()))
    gate.open()
    answer = await asked

    assert answer == {"path": str(tmp_path / "fox.png")}
    with Image.open(tmp_path / "fox.png") as picture:
        assert (picture.size, picture.getpixel((0, 0))) == ((72, 64), (3, 0, 0))
    [(begin, end)] = drawing.progress_reports.values()
    assert isinstance(begin, types.WorkDoneProgressBegin)
    assert isinstance(end, types.WorkDoneProgressEnd)


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ({"prompt": "a fox"}, "`path`"),
        ({"path": "fox.png"}, "`prompt`"),
        ({"prompt": "a fox", "path": "fox.png", "width": 100}, "`$.width`"),
        ({"prompt": "a fox", "path": "fox.png", "steps": 5}, "`steps`"),
        ({"prompt": ["a fox"], "path": "fox.png"}, "`$.prompt`"),
    ],
)
async def test_a_wrong_argument_is_named(
    drawing: Editor, argument: dict[str, object], says: str
) -> None:
    """What is missing, unknown or out of range is told by its name."""
    with pytest.raises(JsonRpcException) as raised:
        await image(drawing, **argument)

    assert raised.value.code == types.ErrorCodes.InvalidParams
    assert says in raised.value.message


async def test_a_failure_is_one_sentence(drawing: Editor, host: FakeHost, tmp_path: Path) -> None:
    """The editor shows what the host said, and what to do."""
    host.fail(503, json={"error": "loading", "estimated_time": 20.0})

    with pytest.raises(JsonRpcException) as raised:
        await image(drawing, prompt="a fox", path=str(tmp_path / "fox.png"))

    assert raised.value.code == types.LSPErrorCodes.RequestFailed
    assert raised.value.message == (
        f"{host.url} is not ready yet (loading): try again in about 20 s"
    )


async def test_the_models_of_a_host_are_named(editor: Editor) -> None:
    """An editor can offer them, and knows which one is set."""
    with FakeHost(Ollama(models=("a:7b", "b:1b"))) as ollama:
        await editor.begin({"backend": {"url": ollama.url, "model": "b:1b"}})

        answer = await models(editor)

    assert answer == {"model": "b:1b", "models": ["a:7b", "b:1b"]}


async def test_a_host_that_is_not_there_names_no_model(editor: Editor) -> None:
    """One sentence says why, as of any command."""
    with refused_url() as url:
        await editor.begin({"backend": {"url": url}})

        with pytest.raises(JsonRpcException, match=url):
            await models(editor)


def models(editor: Editor) -> asyncio.Future[object]:
    """Send the command `infill-ls.models`."""
    params = types.ExecuteCommandParams("infill-ls.models")
    return asyncio.ensure_future(editor.workspace_execute_command_async(params))


async def test_no_such_command(drawing: Editor) -> None:
    """A command that is not there is an error that names it."""
    params = types.ExecuteCommandParams("infill-ls.dance")

    with pytest.raises(JsonRpcException, match=r"infill-ls\.dance"):
        await drawing.workspace_execute_command_async(params)


async def test_cancelling_the_progress_ends_the_command(
    drawing: Editor, host: FakeHost, tmp_path: Path
) -> None:
    """The host is left, and nothing is written."""
    host.hang()
    asked = image(drawing, prompt="a fox", path=str(tmp_path / "fox.png"))
    await host.wait_async(lambda host: len(host.open_exchanges) == 1)
    await drawing.until(lambda: any(drawing.progress_reports.values()))
    [token] = drawing.progress_reports

    drawing.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))

    with pytest.raises(JsonRpcException):
        await asked
    await host.wait_async(lambda host: not host.open_exchanges)
    assert not (tmp_path / "fox.png").exists()


async def test_cancelling_the_request_ends_the_command(
    drawing: Editor, host: FakeHost, tmp_path: Path
) -> None:
    """`$/cancelRequest` reaches the host."""
    host.hang()
    params = types.ExecuteCommandParams(
        "infill-ls.image", [{"prompt": "a fox", "path": str(tmp_path / "fox.png")}]
    )
    asked = asyncio.ensure_future(
        drawing.protocol.send_request_async(types.WORKSPACE_EXECUTE_COMMAND, params, "draw")
    )
    await host.wait_async(lambda host: len(host.open_exchanges) == 1)

    drawing.cancel_request(types.CancelParams("draw"))

    with pytest.raises(JsonRpcException):
        await asked
    await host.wait_async(lambda host: not host.open_exchanges)
