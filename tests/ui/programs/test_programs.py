"""What a program meets at a running dashboard: named endpoints, tools, and the examples of docs/programs.md."""

import asyncio
import base64
import contextlib
import io
import json
import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from mcp.types import CallToolResult, TextContent
from typer.testing import CliRunner

from explorer.cli import app
from explorer.ui.programs.endpoints import Endpoints
from explorer.ui.programs.mcp_tools import schema_of
from explorer.ui.programs.named_endpoints import descriptions
from explorer.ui.serving import MCP_ROUTE
from explorer.workspace.workspace import Workspace
from tests.browser.page import serving
from tests.checkout import ROOT

FRANCE = "What is the capital of France?"
NAMES = ["mutate", "compare", "anatomy", "evolve", "screens", "stats", "gallery"]
GUIDE = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8")
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}},
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a dashboard with an MCP server."""
    with serving("--device", "cpu", "--mcp") as address:
        yield address.rstrip("/")


@pytest.fixture(scope="module")
def client(url: str) -> Client:
    """A program's connection to it."""
    return Client(url, verbose=False, analytics_enabled=False)


def _printed(*arguments: str) -> dict[str, Any]:
    """What the command line prints of the same."""
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.stderr
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def _timeless(report: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in report.items() if name != "elapsed_seconds"}


def test_exactly_the_functions_are_listed_with_what_they_take(client: Client) -> None:
    listed: Any = client.view_api(return_format="dict", print_info=False)
    assert listed["unnamed_endpoints"] == {}
    assert list(listed["named_endpoints"]) == [f"/{name}" for name in NAMES]
    functions = Endpoints(Workspace())
    for name in NAMES:
        endpoint = listed["named_endpoints"][f"/{name}"]
        told = {each["parameter_name"]: each["python_type"]["description"] for each in endpoint["parameters"]}
        assert told == descriptions(getattr(functions, name))
        assert endpoint["description"] == getattr(functions, name).__doc__
        told_type = "Any" if name == "evolve" else "dict(str, Any)"  # it answers several times
        assert [each["python_type"]["type"] for each in endpoint["returns"]] == [told_type]
    (view, *_) = listed["named_endpoints"]["/stats"]["parameters"]
    assert "'overview'" in view["python_type"]["type"]


def test_endpoints_answer_what_the_command_line_prints(client: Client) -> None:
    genotype, cpu = "11.mlp*0", ("--device", "cpu")
    mutated = client.predict(genotype, FRANCE, api_name="/mutate")
    assert _timeless(mutated) == _timeless(_printed("mutate", genotype, "--prompt", FRANCE, *cpu))
    assert mutated["original"] == "The capital of France is Paris."
    compared = client.predict([genotype], [FRANCE], max_new_tokens=8, api_name="/compare")
    assert compared == _printed("compare", genotype, "--prompt", FRANCE, "--max-new-tokens", "8", *cpu)
    assert client.predict(layer=3, api_name="/anatomy") == _printed("anatomy", "3", *cpu)
    first = client.predict(api_name="/screens")["screens"][0]["key"]
    shown = client.predict("kinds", screen=first, layers=[4, 5], api_name="/stats")
    assert shown == {"key": "bundled:1", **_printed("stats", "kinds", "--layers", "4-5")}
    poems = client.predict(styles=["poem"], words="you", limit=5, api_name="/gallery")
    assert poems == _printed("gallery", "--style", "poem", "--search", "you", "--limit", "5")


def test_a_mistake_arrives_as_its_sentence(client: Client) -> None:
    for values, words in (
        ({"genotype": "11.dwon=0", "prompt": "x", "api_name": "/mutate"}, "no part 'dwon'"),
        ({"view": "beauty", "api_name": "/stats"}, "view: Input should be 'overview'"),
    ):
        with pytest.raises(AppError, match=words):
            client.predict(**values)


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)


def test_the_python_example_prints_what_is_said(url: str) -> None:
    (code,), (said, *_) = _blocks("python"), _blocks("text")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code.replace("http://127.0.0.1:7860", url), "docs/programs.md", "exec"), {})
    assert printed.getvalue() == said


def test_the_example_of_curl(url: str) -> None:
    (code,) = _blocks("sh")
    ((address, body),) = re.findall(r"curl -s http://127.0.0.1:7860(\S+) .*-d '(.*)'", code)
    begun = httpx.post(f"{url}{address}", json=json.loads(body)).json()
    answer = httpx.get(f"{url}{address}/{begun['event_id']}", timeout=300).text
    _, _, data = answer.partition("event: complete\ndata: ")
    assert json.loads(data)[0]["original"] == "The capital of France is Paris."


def _with_tools(url: str, ask: Callable[[ClientSession], Awaitable[Any]], headers: dict[str, str] | None = None) -> Any:
    async def visit() -> Any:
        async with (
            streamablehttp_client(f"{url}{MCP_ROUTE}/", headers=headers) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await ask(session)

    with ThreadPoolExecutor(1) as pool:  # the browser of the tests, where it is open, keeps a loop in this thread
        return pool.submit(asyncio.run, visit()).result()


def _text(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def test_the_tools_are_the_same_functions(url: str) -> None:
    tools = _with_tools(url, lambda session: session.list_tools()).tools
    functions = Endpoints(Workspace())
    assert [tool.name for tool in tools] == NAMES
    for tool in tools:
        function = getattr(functions, tool.name)
        assert tool.description == function.__doc__
        assert tool.inputSchema == schema_of(function)
        told = {name: each["description"] for name, each in tool.inputSchema["properties"].items()}
        assert told == descriptions(function)


def test_the_page_of_the_api_finds_the_tools(url: str) -> None:
    told = httpx.get(f"{url}{MCP_ROUTE}/schema").json()
    assert [tool["name"] for tool in told] == NAMES
    assert "genotype" in told[0]["inputSchema"]["properties"]


def test_a_tool_answers_as_the_endpoint_does(url: str, client: Client) -> None:
    asked = {"genotype": "11.mlp*0", "prompt": FRANCE, "max_new_tokens": 12}
    result = _with_tools(url, lambda session: session.call_tool("mutate", asked))
    assert not result.isError
    assert json.loads(_text(result)) == result.structuredContent
    assert _timeless(result.structuredContent) == _timeless(client.predict(**asked, api_name="/mutate"))


@pytest.mark.parametrize(
    ("name", "asked", "words"),
    [
        ("mutate", {"genotype": "11.dwon=0", "prompt": "x"}, "no part 'dwon'"),
        ("mutate", {"prompt": "x"}, "genotype is missing."),
        ("stats", {"view": "map", "colour": 1}, "There is no colour here."),
        ("dream", {}, "There is no tool dream."),
    ],
)
def test_a_tool_refuses_in_a_sentence(url: str, name: str, asked: dict[str, Any], words: str) -> None:
    result = _with_tools(url, lambda session: session.call_tool(name, asked))
    assert result.isError
    assert words in _text(result)


def test_a_foreign_page_reaches_no_tool(url: str) -> None:
    accept = {"Accept": "application/json, text/event-stream"}
    for headers, status in (({}, 200), ({"Origin": "http://evil.example"}, 403), ({"Host": "evil.example"}, 421)):
        response = httpx.post(f"{url}{MCP_ROUTE}/", json=INITIALIZE, headers={**accept, **headers})
        assert response.status_code == status, headers
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]


def test_a_login_guards_endpoints_and_tools() -> None:
    with serving("--device", "cpu", "--mcp", "--auth", "ada:enchantress") as address:
        url = address.rstrip("/")
        for auth in (None, ("ada", "guess")):
            assert httpx.post(f"{url}{MCP_ROUTE}/", json=INITIALIZE, auth=auth).status_code == 401
            assert httpx.get(f"{url}{MCP_ROUTE}/schema", auth=auth).status_code == 401
        assert httpx.post(f"{url}/gradio_api/call/v2/screens", json={}).status_code == 401
        basic = base64.b64encode(b"ada:enchantress").decode()
        ask: Callable[[ClientSession], Awaitable[Any]] = lambda session: session.call_tool("screens", {})  # noqa: E731
        seen = _with_tools(url, ask, {"Authorization": f"Basic {basic}"}).structuredContent
        known = Client(url, auth=("ada", "enchantress"), verbose=False, analytics_enabled=False)
        assert seen == known.predict(api_name="/screens")


def test_without_the_extra_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "explorer.ui.programs.mcp_tools", raising=False)
    monkeypatch.setitem(sys.modules, "mcp", None)
    result = CliRunner().invoke(app, ["serve", "--mcp", "--port", "0"])
    assert result.exit_code == 2
    assert result.stderr == "--mcp needs the package mcp: install it with pip install 'mutation-explorer[mcp]'.\n"
