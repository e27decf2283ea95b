"""An audience: what a presenter shows under a name is shown to whoever follows that name, a few times a second.

The presenter's browser sends what it shows; each change is put into words once, whoever many follow. Followers need no
login, for they see that alone, and cost the presenter next to nothing: benchmarks/stage.py measures it.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import segno
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from explorer.ui.components.figure_panel import plotly_js

PATH = "/audience/"
PLOTLY = f"{PATH}plotly.js"
"""Where followers fetch what draws curves: gradio's own files may lie behind a login."""
NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""What an audience can be called."""
PAUSE_SECONDS = 0.25
"""Between two messages to the same follower."""
ALIVE_SECONDS = 15.0
"""After which a follower is told that nothing has changed."""
FREE_SECONDS = 60.0
"""After which a presenter who sends nothing has lost the name."""
MOST_BYTES = 4_000_000
"""Of what is shown at a time."""
MOST_ROOMS = 100
MOST_LETTERS = 500
"""Of the page's place on its server."""
MOST_FOLLOWERS = 2_000
LIGHT = ("prompt", "change", "pair", "slider", "address")
HEAVY = ("readouts", "curve")
"""Parts that are large and change rarely: they are sent alone, when they have changed. Other parts there are none."""


@dataclass(slots=True, eq=False)
class Room:
    """What is shown under a name, and to how many."""

    token: str
    """The presenter's."""
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    """By which the presenter knows that it is still the same."""
    shown: dict[str, Any] = field(default_factory=dict)
    seen: float = field(default_factory=time.monotonic)
    """When the presenter sent something last."""
    version: int = 0
    words: dict[bool, tuple[int, bytes]] = field(default_factory=dict)
    """Of the heavy and of the light parts: the version that changed them last, and how they are sent."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    followers: int = 0

    def show(self, parts: dict[str, Any]) -> None:
        """Show other parts from now on; those that are not named stay. Raises ValueError for what is no text."""
        self.seen = time.monotonic()
        known = {name: value for name, value in parts.items() if name in (*LIGHT, *HEAVY)}
        shown = self.shown | known
        words = {}
        for is_heavy in {name in HEAVY for name in known}:
            told = {name: value for name, value in shown.items() if (name in HEAVY) is is_heavy}
            words[is_heavy] = self.version + 1, _message(told)
        self.shown = shown
        self.version += 1
        self.words |= words
        before, self.changed = self.changed, asyncio.Event()
        before.set()

    def since(self, version: int) -> bytes:
        """What a follower needs who has seen that version."""
        return b"".join(words for changed, words in self.words.values() if changed > version)


class Audience:
    """The rooms of one server. All is done in its one thread of events."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def __deepcopy__(self, _memo: object) -> Audience:
        """Itself, as with `Workspace`."""
        return self

    @property
    def routes(self) -> list[Route]:
        """What is answered below `PATH`."""
        return [
            Route(PLOTLY, _plotly, methods=["GET"]),
            Route(f"{PATH}{{name}}", self.follow, methods=["GET"]),
            Route(f"{PATH}{{name}}", self.show, methods=["POST"]),
            Route(f"{PATH}{{name}}/code.svg", code, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """The presenter's browser sends what it shows, as JSON; the first who takes a name has it."""
        name = request.path_params["name"]
        if not NAME.fullmatch(name):
            return _refusal("A name of an audience has letters, digits, _ and - alone, 40 at most.", 400)
        if not _may_present(request):
            return _refusal("Log in first.", 401)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return _refusal("That is more than can be shown at a time.", 413)
        try:
            parts = json.loads(body)
        except ValueError:
            parts = None
        if not isinstance(parts, dict):
            return _refusal("What is shown is a JSON object.", 400)
        room = self._taken(name, request.headers.get("x-presenter", ""))
        if room is None:
            return _refusal(f"{name} is taken by another presenter: choose another name.", 409)
        try:
            room.show(parts)
        except ValueError:  # half a character, which no text has
            return _refusal("What is shown is a JSON object of texts.", 400)
        return JSONResponse({"followers": room.followers, "room": room.name})

    def _taken(self, name: str, token: str) -> Room | None:
        """The presenter's room; None where another has the name."""
        now = time.monotonic()
        room = self._rooms.get(name)
        if room is None:
            gone = [key for key, each in self._rooms.items() if now - each.seen > FREE_SECONDS and not each.followers]
            for key in gone:
                del self._rooms[key]
            if not token or len(self._rooms) >= MOST_ROOMS:
                return None
            room = self._rooms[name] = Room(token)
        elif not secrets.compare_digest(room.token.encode(), token.encode()):
            if now - room.seen <= FREE_SECONDS:
                return None
            room.token = token
        return room

    async def follow(self, request: Request) -> Response:
        """A stream of what is shown under a name, from now on; who comes before the presenter asks again."""
        name = request.path_params["name"]
        if not NAME.fullmatch(name):
            return _refusal("There is no such audience.", 404)
        room = self._rooms.get(name)
        if sum(room.followers for room in self._rooms.values()) >= MOST_FOLLOWERS:
            return _refusal("There are too many followers here: try again later.", 503)
        words = _nobody() if room is None else _messages(room)
        return StreamingResponse(words, media_type="text/event-stream", headers={"cache-control": "no-store"})


async def _nobody() -> AsyncIterator[bytes]:
    """What a follower is sent where nobody presents: to ask again."""
    yield b"retry: 1000\n\n: nobody presents under that name yet\n\n"


async def _messages(room: Room) -> AsyncIterator[bytes]:
    """What a follower is sent."""
    version = 0
    room.followers += 1
    try:
        yield b"retry: 1000\n\n"
        while True:
            changed = room.changed
            if room.version > version:
                words, version = room.since(version), room.version
                yield words
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            try:
                await asyncio.wait_for(changed.wait(), ALIVE_SECONDS)
            except TimeoutError:
                yield b": still here\n\n"
    finally:
        room.followers -= 1


async def code(request: Request) -> Response:
    """The address of an audience as a QR code."""
    name = request.path_params["name"]
    if not NAME.fullmatch(name):
        return _refusal("There is no such audience.", 404)
    if not _may_present(request):
        return _refusal("Log in first.", 401)
    place = request.query_params.get("at", "/")
    place = place if place.startswith("/") and len(place) <= MOST_LETTERS else "/"
    address = f"{_origin(request)}{place}?follow={name}"
    made = segno.make(address, error="m").svg_inline(scale=8, border=2, dark="#0f172a", light="#ffffff")
    return Response(made.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1), media_type="image/svg+xml")


async def _plotly(_request: Request) -> Response:
    return FileResponse(plotly_js(), media_type="text/javascript", headers={"cache-control": "max-age=86400"})


def _origin(request: Request) -> str:
    """As the presenter's browser calls the page; that of a proxy may be https."""
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme).split(",")[0].strip()
    return f"{scheme}://{request.headers.get('host', '')}"


def _may_present(request: Request) -> bool:
    """Where the page asks for a login, those alone who have one."""
    app = request.app
    if app.auth is None and app.auth_dependency is None:
        return True
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return any(app.tokens.get(request.cookies.get(name)) for name in names)


def _message(told: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


def _refusal(sentence: str, status: int) -> Response:
    return PlainTextResponse(sentence, status)
