"""The same functions as tools of an MCP server, at an address of the page's own server.

Not gradio's MCP server: that answers with Python's notation instead of JSON, and its route asks for no login
(docs/decisions/0014-programs.md).
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import TypeAdapter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from explorer.ui.faults import told
from explorer.ui.programs.endpoints import Endpoint, Endpoints, Report, checked, described

_HERE = ["127.0.0.1", "localhost", "[::1]"]
_ON_THIS_MACHINE = TransportSecuritySettings(
    allowed_hosts=[f"{name}:*" for name in _HERE], allowed_origins=[f"http://{name}:*" for name in _HERE]
)
"""Refuses what a foreign page in the user's browser sends."""


def tools_of(endpoints: Endpoints) -> list[types.Tool]:
    """What each function is called, does and takes."""
    return [
        types.Tool(name=each.__name__, description=described(each), inputSchema=schema_of(each))
        for each in endpoints.all
    ]


def mcp_server(endpoints: Endpoints) -> Server[Any, Any]:
    """A server whose tools are the functions."""
    answers = {each.__name__: checked(each) for each in endpoints.all}
    server: Server[Any, Any] = Server("mutation-explorer")

    async def list_tools() -> list[types.Tool]:
        return tools_of(endpoints)

    async def call_tool(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        if name not in answers:
            return _told(f"There is no tool {name}.", is_error=True)
        tell = _telling(server)
        try:
            report = await anyio.to_thread.run_sync(lambda: _last(answers[name](**arguments), tell))
        except Exception as fault:  # noqa: BLE001  # told to the program, as on the page
            return _told(told(fault), is_error=True)
        return _told(json.dumps(report, ensure_ascii=False, allow_nan=False), report)

    server.list_tools()(list_tools)  # type: ignore[no-untyped-call]
    server.call_tool(validate_input=False)(call_tool)  # the functions refuse in sentences
    return server


def _last(answer: Report | Iterator[Report], tell: Callable[[Report], None]) -> Report:
    """The result; what comes before it is told."""
    if isinstance(answer, dict):
        return answer
    last: Report = {}
    for report in answer:
        if last:
            tell(last)
        last = report
    return last


def _telling(server: Server[Any, Any]) -> Callable[[Report], None]:
    """Sends how far a tool is to a caller who asked for that, from the thread that it works in."""
    context = server.request_context
    token = None if context.meta is None else context.meta.progressToken

    def tell(report: Report) -> None:
        if token is not None:
            anyio.from_thread.run(
                context.session.send_progress_notification, token, float(report["done"]), float(report["total"]),
                str(report["phase"]), str(context.request_id),
            )  # fmt: skip

    return tell


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

    async def schema(_request: Request) -> JSONResponse:
        """For the page "Use via API", which shows its tab on MCP if it finds this."""
        return JSONResponse([_as_gradio_tells(tool) for tool in tools_of(endpoints)])

    router = Router([Route("/schema", schema), Mount("/", app=manager.handle_request)])
    return {"routes": [Mount(route, app=router if login is None else behind_login(router, login))], "lifespan": running}


def _as_gradio_tells(tool: types.Tool) -> dict[str, Any]:
    meta = {"mcp_type": "tool", "file_data_present": False, "endpoint_name": tool.name}
    return {"name": tool.name, "description": tool.description, "inputSchema": tool.inputSchema, "meta": meta}


def behind_login(app: ASGIApp, login: tuple[str, str]) -> ASGIApp:
    """The application for those who send the login as HTTP's basic authentication."""
    wanted = b"Basic " + base64.b64encode(":".join(login).encode())

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        sent = Headers(scope=scope).get("authorization", "").encode("latin-1")
        if secrets.compare_digest(sent, wanted):
            await app(scope, receive, send)
            return
        # no WWW-Authenticate: the browser of a visitor who opens "Use via API" would ask him for a second login
        await PlainTextResponse("Send the login of --auth as basic authentication.", 401)(scope, receive, send)

    return guarded
