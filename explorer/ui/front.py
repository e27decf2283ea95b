"""What the address of the page is answered with: gradio's page, with a first picture before it; or an audience's."""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.responses import HTMLResponse

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ExplorerError
from explorer.domain.notation import format_genotype, parse_genotype
from explorer.domain.placement import Placement
from explorer.domain.recording import Recording
from explorer.files.settings import DEMO
from explorer.ui.audience import NAME
from explorer.ui.links import PREFIXES, Said, parse_query, read_link
from explorer.ui.model.handlers import OPENING_GENOTYPE, beginning, opening_question
from explorer.ui.standalone.first_picture import first_picture_html
from explorer.ui.standalone.follow_page import follow_html
from explorer.workspace.workspace import Workspace

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Any, Send], Awaitable[None]]
_BODY = re.compile(rb"<body[^>]*>")
_LOGIN = b'"auth_required":true'
"""What gradio's page says of itself where it asks for a login."""


class Front:
    """Stands before gradio, and changes its page alone."""

    def __init__(self, app: Application, workspace: Workspace) -> None:
        self._app, self._workspace = app, workspace
        self._titles = tuple(step.title for step in workspace.programme.steps)

    async def __call__(self, scope: Message, receive: Any, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        is_page = scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in ("/", "")
        parameters = parse_query(scope["query_string"].decode("latin-1")) if is_page else {}
        if NAME.fullmatch(parameters.get("follow", "")):
            await HTMLResponse(follow_html(parameters["follow"]))(scope, receive, send)
            return
        picture = self._picture(parameters) if is_page else b""
        if not picture:
            await self._app(scope, receive, send)
            return
        start: Message = {}
        parts: list[bytes] = []

        async def put_in(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(parts)
            place = None if _LOGIN in body or start["status"] != HTTPStatus.OK else _BODY.search(body)
            if place is not None:
                body = body[: place.end()] + picture + body[place.end() :]
            kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            await send({**start, "headers": [*kept, (b"content-length", str(len(body)).encode())]})
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, put_in)

    def _picture(self, parameters: dict[str, str]) -> bytes:
        """The first picture of an address; nothing where no recording is of it."""
        recording = opened_with(self._workspace, parameters)
        return b"" if recording is None else _drawn(recording, self._titles)


@functools.lru_cache(maxsize=32)
def _drawn(recording: Recording, titles: tuple[str, ...]) -> bytes:
    return first_picture_html(recording, titles).encode()


def opened_with(workspace: Workspace, parameters: dict[str, str]) -> Recording | None:
    """The recorded run that an address opens the tab Explore with, of the very model that the page runs.

    While the demo model is being read the one that comes with the program stands for it; what the page then draws
    itself is checked.
    """
    said = Said(parameters)
    link = beginning(workspace, read_link(said))
    if any(name.startswith(PREFIXES) for name in parameters) or link.model not in (None, workspace.source):
        return None
    try:
        question = opening_question(link)
        prompt, decoding = question.asked(), question.decoding()
        return _found(workspace, link.genotype, prompt, decoding)
    except ExplorerError:
        return None


def _found(workspace: Workspace, text: str | None, prompt: Prompt, decoding: Decoding) -> Recording | None:
    """Raises NotationError."""
    model = workspace.models.peek()
    if workspace.source != DEMO and (text is None or model is None):
        return None
    genotype = OPENING_GENOTYPE if text is None else text
    if model is not None:
        canonical = format_genotype(model.anatomy.read(genotype))
        return workspace.recordings.find(model.fingerprint, model.precision, canonical, prompt, decoding)
    if workspace.placement != Placement():
        return None
    return workspace.recordings.shipped(format_genotype(parse_genotype(genotype)), prompt, decoding)
