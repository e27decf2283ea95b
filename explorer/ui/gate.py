"""Who comes in: by which name the page is called, from which other pages, and with how many wrong passwords.

A page that answers to any name can be read by whatever site its visitor has open (DNS rebinding), and one that takes
requests from other origins can be made to act by it. Wrong passwords are answered slower and slower.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable, Collection
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

Next = Callable[[Request], Awaitable[Response]]

FREE, FIRST_SECONDS, MOST_SECONDS = 3, 0.5, 8.0
"""Wrong passwords that cost no time, what the next costs, and the most that one costs; each costs twice the last."""
FORGOTTEN_SECONDS = 900.0
"""After which wrong passwords of an address are forgotten."""
_FORM = (
    "",
    "/login",
    "/logout",
    "/favicon.ico",
    "/theme.css",
    "/robots.txt",
    "/manifest.json",
    "/gradio_api/startup-events",
)
_DRAWN_WITH = ("/assets/", "/static/", "/svelte/", "/pwa_icon", "/audience/")
"""What is answered before the login: the form that asks for it, what it is drawn with, the server's own start, and
what a presenter shows to an audience (`audience` itself asks who shows something)."""
_WRONG = (400, 401)
"""How gradio and the tools answer a wrong password."""
_MOST_ADDRESSES = 10_000
_SHARED = ".gradio.live"
"""What the public links of `--share` end in."""


def is_this_machine(host: str) -> bool:
    """Whether an address or name is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Gate:
    """Lets requests in, or refuses them with a sentence."""

    def __init__(
        self,
        host: str,
        *,
        names: Collection[str] = (),
        is_shared: bool = False,
        has_login: bool = False,
        takes_files: bool = False,
    ) -> None:
        """`host` is what the page listens on, `names` by which others call it."""
        self._has_login, self._takes_files = has_login, takes_files
        self._is_local = is_this_machine(host)
        self._names = {host.lower(), "localhost", *(name.lower() for name in names)}
        if not self._is_local:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
        self._is_shared = is_shared
        self._wrong: dict[str, tuple[int, float]] = {}
        """Of an address how many wrong passwords came from it, and when the last."""

    async def dispatch(self, request: Request, call_next: Next) -> Response:
        """Answer a request, as starlette's middleware does."""
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        if not self.knows(name):
            return PlainTextResponse(
                f"This page is not called {name[:100]}: start it with --name {name[:100]} if it is meant to be.", 421
            )
        origin = request.headers.get("origin")
        if origin is not None and request.method not in ("GET", "HEAD") and urlsplit(origin).hostname != name:
            return PlainTextResponse("Requests from other pages are refused.", 403)
        if not self._takes_files and any(part == "upload" for part in request.url.path.split("/")):
            return PlainTextResponse("This page takes no files.", 403)
        if self._has_login and not _may_be_in(request):
            return PlainTextResponse("Log in first.", 401)
        if not _is_attempt(request):
            return await call_next(request)
        await asyncio.sleep(self.delay(_address(request)))
        response = await call_next(request)
        if response.status_code in _WRONG:
            self.note_wrong(_address(request))
        return response

    def knows(self, name: str) -> bool:
        """Whether the page is called so: its names, and by number any address that it listens on."""
        if name.lower() in self._names or (self._is_shared and name.lower().endswith(_SHARED)):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self._is_local

    def delay(self, address: str) -> float:
        """Seconds that the next password from an address waits."""
        count, last = self._wrong.get(address, (0, 0.0))
        if count <= FREE or time.monotonic() - last > FORGOTTEN_SECONDS:
            return 0.0
        return min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** (count - FREE - 1))

    def note_wrong(self, address: str) -> None:
        """A wrong password came from an address."""
        now = time.monotonic()
        if len(self._wrong) >= _MOST_ADDRESSES:
            self._wrong.clear()
        count, last = self._wrong.get(address, (0, now))
        self._wrong[address] = (1 if now - last > FORGOTTEN_SECONDS else count + 1, now)


def _may_be_in(request: Request) -> bool:
    """Whether gradio is to say if a request is of somebody who is in; it guards most routes, and not all."""
    path = request.url.path
    is_of_the_form = path.rstrip("/") in _FORM or path.startswith(_DRAWN_WITH)
    has_token = any(name.startswith("access-token") for name in request.cookies)
    return is_of_the_form or has_token or "authorization" in request.headers


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _is_attempt(request: Request) -> bool:
    """Whether a password comes with a request. Nobody else waits: those of a proxy's visitors share its address."""
    is_login = request.method == "POST" and request.url.path.rstrip("/").endswith("/login")
    return is_login or "authorization" in request.headers
