"""Who comes in: a knock on every route without the login, other names and origins, and wrong passwords."""

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from explorer.ui import gate as gates
from explorer.ui.gate import FREE, MOST_SECONDS, Gate
from explorer.ui.page import build_page
from explorer.ui.serving import Serving, options_of
from explorer.workspace.workspace import Workspace

LOGIN = ("ada", "enchantress")
OPEN = {
    "/",
    "",
    "/gradio_api/startup-events",
    "/login",
    "/login/",
    "/logout",
    "/favicon.ico",
    "/theme.css",
    "/robots.txt",
    "/manifest.json",
    "/audience/plotly.js",
    "/audience/x",
}
"""What is answered before the login: the form that asks for it, what it is drawn with, and an audience's streams."""
ASKED = {"path": "etc/passwd", "path_or_url": "/etc/passwd", "url_path": "etc/passwd", "api_name": "screens"}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, list[Any]]]:
    """The address of a page with a login and tools, and its routes."""
    serving = Serving(model="/nowhere", auth=":".join(LOGIN), mcp=True)
    workspace = Workspace(source="/nowhere")
    page = build_page(workspace)
    app, url, _ = page.launch(
        server_port=0 or None, auth=LOGIN, prevent_thread_lock=True, quiet=True, _frontend=False, run_history=False,
        app_kwargs=options_of(serving, workspace, LOGIN),
    )  # fmt: skip
    yield url.rstrip("/"), list(_routes(app.routes))
    page.close()


def _routes(routes: list[Any], before: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        path = before + getattr(route, "path", getattr(route, "prefix", ""))
        inner = getattr(route, "routes", None) or getattr(getattr(route, "router", None), "routes", None)
        inner = inner or getattr(getattr(route, "original_router", None), "routes", None)
        if inner and not isinstance(route, Route):
            yield from _routes(list(inner), path)
        for method in getattr(route, "methods", None) or ():
            if method not in ("HEAD", "OPTIONS"):
                yield method, path


def test_no_route_is_open_without_the_login(served: tuple[str, list[Any]]) -> None:
    url, routes = served
    assert len(routes) > 40
    answered = []
    with httpx.Client(base_url=url, timeout=5) as client:
        for method, path in dict.fromkeys(routes):
            asked = re.sub(r"\{(\w+)(:\w+)?\}", lambda part: ASKED.get(part[1], "x"), path)
            with client.stream(method, asked, json={} if method == "POST" else None) as response:
                if response.is_success and asked not in OPEN:
                    answered.append((method, asked))
    assert answered == [], answered


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../etc/passwd", "pyproject.toml", "explorer/ui/gate.py"])
def test_files_outside_are_never_served_not_even_to_who_is_in(served: tuple[str, list[Any]], path: str) -> None:
    url, _ = served
    with httpx.Client(base_url=url, timeout=20) as client:
        assert client.post("/login", data={"username": LOGIN[0], "password": LOGIN[1]}).is_success
        assert client.get("/gradio_api/info").is_success
        for form in (f"/gradio_api/file={path}", f"/gradio_api/file/{path}", f"/static/{path}", f"/assets/{path}"):
            assert not client.get(form).is_success, form


def test_other_names_and_origins_are_refused(served: tuple[str, list[Any]]) -> None:
    url, _ = served
    for headers, status in (
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ):
        response = httpx.post(f"{url}/login", data={"username": "x", "password": "y"}, headers=headers)
        assert (response.status_code, response.text.count(".")) == (status, response.text.count("."))
    assert "--name evil.example" in httpx.get(url, headers={"Host": "evil.example"}).text
    assert httpx.get(url, headers={"Host": "localhost"}).is_success


def test_files_are_left_by_who_is_in_and_only_where_this_machine_alone_reaches_the_page(
    served: tuple[str, list[Any]],
) -> None:
    url, _ = served
    with httpx.Client(base_url=url, timeout=20) as client:
        refused = client.post("/gradio_api/upload", files={"files": ("a.txt", b"x")})
        assert (refused.status_code, refused.text) == (401, "Log in first.")
        assert client.post("/login", data={"username": LOGIN[0], "password": LOGIN[1]}).is_success
        assert client.post("/gradio_api/upload", files={"files": ("a.txt", b"x")}).is_success


@pytest.mark.parametrize("asked", [{"host": "0.0.0.0"}, {"share": True}, {"names": ("lab.example",)}])
def test_a_page_that_others_reach_takes_no_files(asked: dict[str, Any]) -> None:
    serving = Serving(auth="ada:enchantress", **asked)
    options = options_of(serving, Workspace(source="/nowhere"), LOGIN)
    app = Starlette(middleware=options["middleware"])
    with TestClient(app, base_url="http://localhost") as client:
        sent = client.post("/gradio_api/upload", files={"files": ("a.txt", b"x")})
        assert (sent.status_code, sent.text) == (403, "This page takes no files.")


def test_names_by_where_a_page_listens() -> None:
    local, public = Gate("127.0.0.1"), Gate("0.0.0.0", names=["lab.example"])
    assert [local.knows(name) for name in ("localhost", "127.0.0.1", "::1", "10.0.0.7", "evil.example")] == [
        True, True, True, False, False
    ]  # fmt: skip
    assert [public.knows(name) for name in ("10.0.0.7", "lab.example", "LAB.example", "evil.example")] == [
        True, True, True, False
    ]  # fmt: skip
    assert Gate("127.0.0.1", is_shared=True).knows("abc.gradio.live")
    assert not local.knows("abc.gradio.live")


def test_wrong_passwords_are_answered_slower_and_slower(
    served: tuple[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = served
    monkeypatch.setattr(gates, "FIRST_SECONDS", 0.2)
    seconds = []
    for guess in range(FREE + 3):
        begun = time.perf_counter()
        assert httpx.post(f"{url}/login", data={"username": "ada", "password": str(guess)}).status_code == 400
        seconds.append(time.perf_counter() - begun)
    assert seconds[-1] > 0.2
    assert seconds[-1] > seconds[0]
    begun = time.perf_counter()
    assert httpx.get(url).is_success  # who tries no password does not wait, whatever another at his address does
    assert time.perf_counter() - begun < seconds[-1]


def test_the_delay_doubles_has_a_limit_and_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    gate = Gate("127.0.0.1")
    delays = []
    for _ in range(12):
        gate.note_wrong("a")
        delays.append(gate.delay("a"))
    assert delays[:6] == [0, 0, 0, 0.5, 1.0, 2.0]
    assert delays[-1] == MOST_SECONDS
    assert gate.delay("b") == 0
    now[0] += gates.FORGOTTEN_SECONDS + 1
    assert gate.delay("a") == 0
