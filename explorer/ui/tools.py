"""The same functions as tools of an MCP server, at an address of the page's own server.

Not gradio's MCP server: that answers with Python's notation instead of JSON, and its route asks for no login
(docs/decisions/0013-programs.md).
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import TypeAdapter
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Mount

from explorer.errors import ExplorerError
from explorer.ui.endpoints import Endpoint, Endpoints, checked, described

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_HERE = ["127.0.0.1", "localhost", "[::1]"]
_ON_THIS_MACHINE = TransportSecuritySettings(
    allowed_hosts=[f"{name}:*" for name in _HERE], allowed_origins=[f"http://{name}:*" for name in _HERE]
)
"""Refuses what a foreign page in the user's browser sends."""


def mcp_server(endpoints: Endpoints) -> Server[Any, Any]:
    """A server whose tools are the functions."""
    functions = {each.__name__: each for each in (*endpoints.of_the_model, *endpoints.of_the_screens)}
    answers = {name: checked(function) for name, function in functions.items()}
    tools = [
        types.Tool(name=name, description=described(each), inputSchema=schema_of(each))
        for name, each in functions.items()
    ]
    server: Server[Any, Any] = Server("mutation-explorer")

    async def list_tools() -> list[types.Tool]:
        return tools

    async def call_tool(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        if name not in answers:
            return _told(f"There is no tool {name}.", is_error=True)
        try:
            report = await anyio.to_thread.run_sync(lambda: answers[name](**arguments))
        except ExplorerError as fault:
            return _told(str(fault), is_error=True)
        return _told(json.dumps(report, ensure_ascii=False, allow_nan=False), report)

    server.list_tools()(list_tools)  # type: ignore[no-untyped-call]
    server.call_tool(validate_input=False)(call_tool)  # the functions refuse in sentences
    return server


def schema_of(function: Endpoint) -> dict[str, Any]:
    """The JSON schema of a function's arguments, by name."""
    return TypeAdapter(function).json_schema()  # type: ignore[arg-type]  # it takes functions too


def _told(text: str, report: dict[str, Any] | None = None, *, is_error: bool = False) -> types.CallToolResult:
    content = types.TextContent(type="text", text=text)
    return types.CallToolResult(content=[content], structuredContent=report, isError=is_error)


def serving_tools(endpoints: Endpoints, route: str, login: tuple[str, str] | None) -> dict[str, Any]:
    """What the page's server is made with so that it serves the tools too, behind the login if there is one."""
    manager = StreamableHTTPSessionManager(
        mcp_server(endpoints), stateless=True, security_settings=None if login else _ON_THIS_MACHINE
    )

    @asynccontextmanager
    async def running(_app: object) -> AsyncIterator[None]:
        async with manager.run():
            yield

    served = manager.handle_request if login is None else behind_login(manager.handle_request, login)
    return {"routes": [Mount(route, app=served)], "lifespan": running}


def behind_login(app: ASGIApp, login: tuple[str, str]) -> ASGIApp:
    """The application for those who send the login as HTTP's basic authentication."""
    wanted = b"Basic " + base64.b64encode(":".join(login).encode())

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        sent = Headers(scope=scope).get("authorization", "").encode("latin-1")
        if secrets.compare_digest(sent, wanted):
            await app(scope, receive, send)
            return
        refusal = PlainTextResponse("Send the login of --auth as basic authentication.", 401, _ASKING)
        await refusal(scope, receive, send)

    return guarded


_ASKING = {"WWW-Authenticate": 'Basic realm="Mutation Explorer"'}
