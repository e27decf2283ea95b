"""What is shown under a name: who may show it, who sees it, and what is sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer.ui import audience as rooms
from explorer.ui.audience import MOST_BYTES, Audience, Room


@pytest.fixture
def audience() -> Audience:
    """The rooms."""
    return Audience()


@pytest.fixture
def client(audience: Audience) -> Iterator[TestClient]:
    """A browser on a page without a login."""
    app: Any = Starlette(routes=audience.routes)
    app.auth = app.auth_dependency = None
    with TestClient(app) as opened:
        yield opened


def _show(client: TestClient, name: str, parts: object, token: str = "ada") -> Any:
    return client.post(f"/audience/{name}", json=parts, headers={"x-presenter": token})


def test_the_first_who_takes_a_name_has_it_while_he_shows_something(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _show(client, "hall", {"prompt": "Hello"}).json()
    assert first["followers"] == 0
    assert _show(client, "hall", {}).json()["room"] == first["room"]
    refused = _show(client, "hall", {"prompt": "Mine"}, "eve")
    assert (refused.status_code, refused.text) == (409, "hall is taken by another presenter: choose another name.")
    assert _show(client, "hall", {}).is_success
    monkeypatch.setattr(rooms, "FREE_SECONDS", -1.0)
    assert _show(client, "hall", {"prompt": "Mine"}, "eve").is_success
    assert _show(client, "none", {}, "").status_code == 409  # without a token there is no presenter


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("hall", b"no JSON", 400),
        ("hall", b"[1]", 400),
        ("a b", b"{}", 400),
        ("x" * 41, b"{}", 400),
        ("hall", b'{"a": "' + b"x" * MOST_BYTES + b'"}', 413),
        ("hall", b'{"prompt": "\\ud800"}', 400),
    ],
)
def test_what_is_not_shown_is_told(client: TestClient, name: str, content: bytes, status: int) -> None:
    answer = client.post(f"/audience/{name}", content=content, headers={"x-presenter": "ada"})
    assert answer.status_code == status
    assert answer.text.endswith(".")


def test_with_a_login_only_who_is_in_shows_something(audience: Audience) -> None:
    app: Any = Starlette(routes=audience.routes)
    app.auth, app.auth_dependency, app.cookie_id, app.tokens = {"ada": "x"}, None, "c", {"secret": "ada"}
    with TestClient(app) as client:
        assert _show(client, "hall", {}).status_code == 401
        assert client.get("/audience/hall/code.svg").status_code == 401
        client.cookies.set("access-token-unsecure-c", "guessed")
        assert _show(client, "hall", {}).status_code == 401
        client.cookies.set("access-token-unsecure-c", "secret")
        assert _show(client, "hall", {}).is_success
        assert client.get("/audience/hall/code.svg").is_success


def test_whoever_follows_nobody_asks_again_and_makes_no_room(client: TestClient, audience: Audience) -> None:
    answer = client.get("/audience/nobody")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("retry: 1000\n\n")
    assert audience._rooms == {}
    assert client.get("/audience/no.body").status_code == 404


def test_names_are_given_back_and_there_are_not_too_many(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "MOST_ROOMS", 2)
    assert [_show(client, name, {}).status_code for name in ("a", "b", "c")] == [200, 200, 409]
    monkeypatch.setattr(rooms, "FREE_SECONDS", -1.0)
    assert _show(client, "c", {}).is_success


def test_the_code_is_of_the_address_as_the_presenter_calls_it(client: TestClient) -> None:
    answer = client.get("/audience/hall/code.svg", headers={"host": "talk.example"})
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.text.startswith("<svg xmlns=")
    other = client.get("/audience/hall/code.svg", headers={"host": "elsewhere.example"})
    assert other.text != answer.text
    assert client.get("/audience/a.b/code.svg").status_code == 404


def _parts(words: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in words.decode().split("\n") if line.startswith("data: ")]


def test_what_is_heavy_is_sent_when_it_has_changed_and_not_before() -> None:
    room = Room("ada")
    room.show({"prompt": "Hello", "pair": {"original": ["Hi"]}, "readouts": "x" * 99})
    assert room.since(0).count(b"x") == 99
    first = room.version
    room.show({"pair": {"original": ["Hi", "!"]}})
    (told,) = _parts(room.since(first))
    assert told == {"prompt": "Hello", "pair": {"original": ["Hi", "!"]}}
    room.show({"curve": "c"})
    assert [set(each) for each in _parts(room.since(first + 1))] == [{"readouts", "curve"}]
    assert room.since(room.version) == b""


def test_a_follower_gets_the_last_state_and_every_change_with_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(rooms, "ALIVE_SECONDS", 0.05)

    async def follow() -> tuple[list[bytes], int, int]:
        room = Room("ada")
        room.show({"prompt": "one"})
        messages: AsyncIterator[bytes] = rooms._messages(room)
        got = [await anext(messages), await anext(messages)]
        there = room.followers
        for text in ("two", "three"):
            room.show({"prompt": text})
        got += [await anext(messages), await anext(messages)]
        await messages.aclose()  # type: ignore[attr-defined]
        return got, there, room.followers

    got, there, after = asyncio.run(follow())
    assert (there, after) == (1, 0)
    assert got[0] == b"retry: 1000\n\n"
    assert [part["prompt"] for words in got[1:3] for part in _parts(words)] == ["one", "three"]
    assert got[3].startswith(b":")  # still here


def test_what_is_no_part_of_a_page_is_not_kept(client: TestClient, audience: Audience) -> None:
    for number in range(5):
        assert _show(client, "hall", {f"a{number}": "x" * 9, "prompt": str(number)}).is_success
    (room,) = audience._rooms.values()
    assert room.shown == {"prompt": "4"}
    odd = client.post("/audience/other", json={}, headers={b"x-presenter": "é".encode()})
    assert odd.is_success
    assert _show(client, "other", {}).status_code == 409


def test_it_is_itself_when_gradio_copies_the_page(audience: Audience) -> None:
    import copy  # noqa: PLC0415

    assert copy.deepcopy(SimpleNamespace(held=audience)).held is audience
