"""What stands before gradio's page: a first picture, where a recording of just that run is there."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from explorer.files.settings import Settings
from explorer.ui.front import Front, Message, opened_with
from explorer.ui.links import parse_query
from explorer.workspace.workspace import Workspace
from tests.tiny import saved_model
from tests.ui.visit import ASKED

PAGE = b'<html><body style="margin: 0"\n><gradio-app></gradio-app></body></html>'
LINK = "genotype=1.down%5B3%2C5%5D%3D0&prompt=w5+w6+w7&chat=0&max_new_tokens=8"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A tiny model, of which one run is recorded."""
    folder = tmp_path_factory.mktemp("front")
    saved_model(folder / "tiny")
    settings = Settings(cache_folder=folder / "cache", database=folder / "own.duckdb")
    workspace = Workspace(source=str(folder / "tiny"), device="cpu", settings=settings)
    from explorer.ui.explore.form import Question  # noqa: PLC0415

    question = Question(*ASKED)  # type: ignore[arg-type]
    workspace.rehearsal_in().record(workspace.models.get(), "1.down[3,5]=0", question.asked(), question.decoding())
    return workspace


def _answer(workspace: Workspace, query: str, body: bytes = PAGE, *, path: str = "/", status: int = 200) -> bytes:
    """What a browser gets; the answer comes in two parts."""
    sent: list[Message] = []

    async def page(_scope: Message, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/html"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body[:9], "more_body": True})
        await send({"type": "http.response.body", "body": body[9:]})

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode()}
    asyncio.run(Front(page, workspace)(scope, None, send))
    whole = b"".join(message.get("body", b"") for message in sent)
    assert dict(sent[0]["headers"])[b"content-length"] == str(len(whole)).encode()
    return whole


def test_the_first_picture_stands_before_the_page(workspace: Workspace) -> None:
    answer = _answer(workspace, LINK)
    assert answer.startswith(b'<html><body style="margin: 0"\n>')
    assert answer.endswith(b"<gradio-app></gradio-app></body></html>")
    assert b'id="first-picture"' in answer
    for told in (b"w5 w6 w7", b"1.down[3,5]=0", b"recorded \xc2\xb7 run again", b"First divergence"):
        assert told in answer


@pytest.mark.parametrize(
    "query",
    [
        "",  # what it opens with is known of the demo model alone
        LINK.replace("5%5D", "6%5D"),
        LINK.replace("=8", "=9"),
        LINK + "&seed=1",
        LINK + "&model=demo",
        LINK + "&stats_view=Overview",
        LINK.replace("%3D0", "%3D"),
        LINK.replace("w5+w6+w7", "+"),
    ],
)
def test_of_anything_else_there_is_none(workspace: Workspace, query: str) -> None:
    assert _answer(workspace, query) == PAGE


def test_other_answers_stay_as_they_are(workspace: Workspace) -> None:
    assert _answer(workspace, LINK, path="/config") == PAGE
    login = PAGE.replace(b"</html>", b'<script>{"auth_required":true}</script></html>')
    assert _answer(workspace, LINK, login) == login
    assert _answer(workspace, LINK, status=503) == PAGE


def test_the_page_opens_with_the_demo_models_recording_before_that_is_read(tmp_path: Path) -> None:
    settings = Settings(cache_folder=tmp_path)
    closed = Workspace(settings=settings)
    opened = opened_with(closed, {})
    assert opened is not None
    assert (opened.genotype, opened.prompt.text) == ("11.down[507,1229]=0", "What is the capital of France?")
    link = "genotype=23.attn*0&prompt=What+is+the+capital+of+France%3F&max_new_tokens=48"
    assert opened_with(closed, parse_query(link)) is not None
    assert opened_with(Workspace(settings=settings, dtype="bfloat16"), {}) is None  # other weights
    shutil.copytree(settings.presets_folder, tmp_path / "none")
    bare = Workspace(settings=Settings(cache_folder=tmp_path, recordings_folder=tmp_path / "none"))
    assert opened_with(bare, {}) is None
