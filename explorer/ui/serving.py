"""Serving the page: address, login, and the rule that no request leaves the machine."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response

from explorer.domain.errors import ExplorerError
from explorer.domain.placement import Placement
from explorer.domain.programme import Programme
from explorer.files.settings import DEMO
from explorer.ui.audience import Audience
from explorer.ui.faults import told
from explorer.ui.front import Front
from explorer.ui.gate import Gate, is_this_machine
from explorer.ui.page import build_page
from explorer.ui.programs.endpoints import Endpoints
from explorer.ui.theme import STYLE_SHEET, make_theme
from explorer.workspace.loading import Loading
from explorer.workspace.workspace import Workspace

MCP_ROUTE = "/gradio_api/mcp"
"""Where the tools are: gradio has its own there, so it compresses no streams at that place."""

# gradio compiles its HTML templates in the page, hence 'unsafe-eval'.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How to serve the page."""

    model: str = DEMO
    placement: Placement = field(default_factory=Placement)
    host: str = "127.0.0.1"
    port: int = 7860
    share: bool = False
    auth: str | None = None
    """`USER:PASSWORD`; needed for any host but this machine."""
    mmlu: Path | None = None
    """A folder in MMLU's layout, whose questions are offered too."""
    programme: Programme | None = None
    """What is shown step by step, in place of the presets."""
    open_browser: bool = False
    names: tuple[str, ...] = ()
    """Other names by which the page is called, such as that of a proxy before it."""
    console: bool | None = None
    """Whether visitors may ask the database in SQL; None: where only this machine reaches the page."""
    mcp: bool = False
    """Whether the functions for programs are tools of an MCP server too."""
    announce: Callable[[dict[str, Any]], None] = field(default=print)
    """Told the page's address when it answers, and later whether the model is ready."""
    when_open: Callable[[], object] = field(default=lambda: None)
    """Called when the page answers, before anything is loaded."""


MOST_UPLOADED = "500mb"
"""Of one file."""


def run(serving: Serving) -> None:
    """Serve until interrupted. Raises ExplorerError if the address cannot be used."""
    login = _login(serving)
    _check_port(serving)
    workspace = Workspace(
        source=serving.model, **serving.placement.given, mmlu=serving.mmlu, programme=serving.programme
    )
    workspace.behaviour.question_sets()  # a faulty folder is told before the page opens
    page = build_page(workspace, has_console=_has_console(serving), takes_files=_is_own(serving))
    _, url, public_url = page.launch(
        server_name=serving.host,
        server_port=serving.port or _free_port(serving.host),
        share=serving.share,
        auth=login,
        inbrowser=serving.open_browser,
        theme=make_theme(),
        css_paths=STYLE_SHEET,
        footer_links=["api"],
        run_history=False,
        max_file_size=MOST_UPLOADED,
        quiet=True,
        prevent_thread_lock=True,
        _frontend=False,  # else a machine so busy that the page takes three seconds, or a proxy, ends it in a traceback
        app_kwargs=options_of(serving, workspace, login),
    )
    serving.when_open()
    address = public_url or url
    tools = {"mcp": f"{address.rstrip('/')}{MCP_ROUTE}/"} if serving.mcp else {}
    serving.announce({"url": address, "model": serving.model, **tools})
    loading = workspace.models.load()  # only now, so that the page answers before PyTorch is imported
    loading.when_done(lambda: _ready(serving, workspace, loading))
    page.block_thread()


def _ready(serving: Serving, workspace: Workspace, loading: Loading) -> None:
    """Tell that the model is there; and warm its programme up, so that each step is there before it is needed."""
    serving.announce({"ready": loading.model is not None, "fault": _fault_of(loading)})
    if serving.programme is None or loading.model is None:
        return
    rehearsal, count = workspace.rehearsal_in(), 0
    for step in serving.programme.steps:
        try:
            rehearsal.step(loading.model, step)
            count += 1
        except Exception as fault:  # noqa: BLE001  # whatever it is, the others are warmed up
            serving.announce({"programme": told(fault)})
    serving.announce(
        {"programme": f"The programme is warm: {count} of {len(serving.programme.steps)} steps are shown at once."}
    )


def options_of(serving: Serving, workspace: Workspace, login: tuple[str, str] | None) -> dict[str, Any]:
    """What stands before the page: the gate, the rule that nothing leaves, and the tools if they are asked for.

    Raises ExplorerError if the extra for the tools is not installed.
    """
    gate = Gate(
        serving.host, names=serving.names, is_shared=serving.share, has_login=login is not None,
        takes_files=_is_own(serving),
    )  # fmt: skip
    guards = [Middleware(BaseHTTPMiddleware, dispatch=dispatch) for dispatch in (_keep_at_home, gate.dispatch)]
    guards.append(Middleware(Front, workspace=workspace))
    tools = _tools(workspace, login) if serving.mcp else {}
    routes = [*Audience().routes, *tools.pop("routes", [])]
    return {"middleware": guards, "openapi_url": None, "routes": routes, **tools}


def _tools(workspace: Workspace, login: tuple[str, str] | None) -> dict[str, Any]:
    """Raises ExplorerError if the extra is not installed."""
    try:
        from explorer.ui.programs.mcp_tools import serving_tools
    except ModuleNotFoundError as fault:
        if (fault.name or "").partition(".")[0] != "mcp":
            raise
        raise ExplorerError(
            "--mcp needs the package mcp: install it with pip install 'mutation-explorer[mcp]'."
        ) from fault
    return serving_tools(Endpoints(workspace), MCP_ROUTE, login)


async def _keep_at_home(request: Request, call_next: Any) -> Response:
    """Let the browser itself refuse any request to another host."""
    response: Response = await call_next(request)
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def _fault_of(loading: Loading) -> str | None:
    return None if loading.fault is None else str(loading.fault)


def _login(serving: Serving) -> tuple[str, str] | None:
    if serving.auth is None:
        if serving.share or not is_this_machine(serving.host):
            raise ExplorerError(
                f"Anyone who reaches {'the public link' if serving.share else serving.host} could use this machine: "
                "add --auth USER:PASSWORD."
            )
        return None
    user, colon, password = serving.auth.partition(":")
    if not (user and colon and password):
        raise ExplorerError("--auth takes USER:PASSWORD, such as --auth ada:enchantress.")
    if serving.share or not is_this_machine(serving.host):
        print("Warning: the page can be reached from other machines.", file=sys.stderr)  # noqa: T201
    return user, password


def _has_console(serving: Serving) -> bool:
    if serving.console is None:
        return is_this_machine(serving.host) and not serving.share
    return serving.console


def _is_own(serving: Serving) -> bool:
    """Whether only this machine reaches the page: its visitor is who started it."""
    return is_this_machine(serving.host) and not serving.share and not serving.names


def _check_port(serving: Serving) -> None:
    with socket.socket(socket.AF_INET6 if ":" in serving.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((serving.host, serving.port))
        except OSError as fault:
            raise ExplorerError(
                f"The page cannot listen on {serving.host}:{serving.port} ({fault.strerror or fault}). "
                "Choose another with --host or --port; --port 0 takes a free one."
            ) from fault


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
