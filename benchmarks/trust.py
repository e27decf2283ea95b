"""Load and faults: `python -m benchmarks.trust`, minutes on two cores.

Eight visitors of one server run mutants at once, with a screen behind them; some stop in the middle. Every text must be
the one that the same run gives alone. Then random texts are put where genotypes, addresses and calls stand, and a
writer of the database is killed twenty times. `python -m benchmarks.trust kill random` leaves the load out.
"""

import contextlib
import functools
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil
from gradio_client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.figures import Figure, report
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ExplorerError
from explorer.domain.notation import parse_genotype
from explorer.files.settings import Settings
from explorer.reports.explore import mutate_report
from explorer.screen.order import Order
from explorer.screen.plan import Plan
from explorer.ui.compare import form as compare
from explorer.ui.gallery import form as gallery
from explorer.ui.links import Said, parse_query, read_link
from explorer.ui.page import build_page
from explorer.ui.programs.endpoints import Endpoints, checked
from explorer.ui.serving import _free_port
from explorer.ui.statistics import form as statistics_form
from explorer.ui.tasks.writers import form as writers
from explorer.workspace.workspace import Workspace
from tests.workspace.test_kept import kill_and_look

VISITORS, RUNS, TOKENS = 8, 50, 6
GENOTYPES = ("11.down[507,1229]=0", "9.mlp*0", "3.head2*0", "20.v=max", "5.gate[0:96,0:96]=min", "29.attn*1.5", "")
PROMPTS = ("What is the capital of France?", "How many days are in a week?", "Tell me of the sea.", "Hello.")
STOPPED = 0.1
"""Share of the runs that are stopped or whose page is closed before they end."""
RANDOM_TEXTS = 10_000
KILLS = 20
PAGES = 200


class Asked(NamedTuple):
    """One run of a visitor."""

    genotype: str
    prompt: str
    temperature: float
    seed: int
    is_stopped: bool

    def call(self) -> list[Any]:
        """As the endpoint takes it."""
        return [self.genotype, self.prompt, True, TOKENS, self.temperature, 1.0, self.seed, False]


def load_figures(workspace: Workspace) -> list[Figure]:
    """Visitors at once, beside a screen, against the same runs alone."""
    draw, model = random.Random(0), workspace.models.get()
    asked = [[_draw(draw) for _ in range(RUNS)] for _ in range(VISITORS)]
    alone: dict[Asked, tuple[str, str]] = {}
    seconds = []
    for each in sorted({run for runs in asked for run in runs}):
        begun = time.perf_counter()
        decoding = Decoding(max_new_tokens=TOKENS, temperature=each.temperature, seed=each.seed)
        told = mutate_report(
            workspace, model, model.anatomy.read(each.genotype), Prompt(text=each.prompt, chat=True), decoding
        )
        seconds.append(time.perf_counter() - begun)
        alone[each] = (told["original"], told["mutated"])

    waits: list[float] = []
    memory: list[float] = []
    differing: list[Asked] = []
    lock = threading.Lock()
    with _serving() as (url, server):

        def visit(runs: list[Asked]) -> None:
            client = Client(url, verbose=False, analytics_enabled=False)
            for each in runs:
                begun = time.perf_counter()
                job = client.submit(*each.call(), api_name="/mutate")
                if each.is_stopped:
                    job.cancel()
                    continue
                told = job.result()
                with lock:
                    waits.append(time.perf_counter() - begun)
                    memory.append(server.memory_info().rss / 2**20)
                    if (told["original"], told["mutated"]) != alone[each]:
                        differing.append(each)

        begun = time.perf_counter()
        with ThreadPoolExecutor(VISITORS) as visitors:
            for visited in [visitors.submit(visit, runs) for runs in asked]:
                visited.result()
        lasted = time.perf_counter() - begun
    done, settled, last = len(waits), statistics.median(memory[25:75]), statistics.median(memory[-50:])
    longest = ", ".join(f"{each:.1f}" for each in sorted(waits)[-4:])
    print(f"  {done} runs of {VISITORS} visitors in {lasted:.0f} s; alone one takes {statistics.median(seconds):.2f} s")
    print(f"  waits: {statistics.median(waits):.2f} s at the median, the longest {longest} s")
    print(f"  memory of the server: {settled:.0f} MB at the 50th run, {last:.0f} MB at the end")
    return [
        Figure("texts that differ from the run alone", len(differing), 0, ""),
        Figure("longest wait, in turns of all visitors", max(waits) / (VISITORS * lasted / done), 2.0, "×"),
        Figure("memory at the end, over the 50th run", 100 * (last / settled - 1), 5.0, "%"),
    ]


@contextlib.contextmanager
def _serving() -> Iterator[tuple[str, psutil.Process]]:
    """A server in a process of its own, with a screen behind its visitors."""
    command = [sys.executable, "-m", "benchmarks.trust", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        lines = iter(server.stdout.readline, "")
        url = next(line for line in lines if line.startswith("http")).strip()
        try:
            yield url, psutil.Process(server.pid)
        finally:
            server.kill()


def _serve() -> None:
    """Serve the page, and screen behind it, until killed."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(settings=Settings(database=Path(folder) / "own.duckdb"))
        workspace.models.get()
        port, quietly = _free_port("127.0.0.1"), {"quiet": True, "run_history": False, "_frontend": False}
        _, url, _ = build_page(workspace).launch(server_port=port, prevent_thread_lock=True, **quietly)  # type: ignore[arg-type]
        steps = _screen(workspace)
        next(steps)
        print(url, flush=True)
        for _ in steps:
            pass


def page_figures() -> list[Figure]:
    """Open pages that nobody looks at, and one more: how long it takes, and what each costs."""
    with (
        _serving() as (url, server),
        httpx.Client(base_url=url, timeout=60) as browser,
        contextlib.ExitStack() as pages,
    ):
        events = browser.get("/config").json()["dependencies"]
        opening = next(
            each["id"] for each in events if each["queue"] and any(kind == "load" for _, kind in each["targets"])
        )

        def opened(session: str) -> float:
            begun = time.perf_counter()
            browser.get("/")
            asked = {"data": [], "fn_index": opening, "session_hash": session, "trigger_id": None}
            browser.post("/gradio_api/queue/join", json=asked)
            with browser.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as told:
                next(line for line in told.iter_lines() if "process_completed" in line)
            return time.perf_counter() - begun

        first = statistics.median(opened(f"first{number}") for number in range(5))
        before = server.memory_info().rss / 2**20
        for number in range(PAGES):
            opened(f"page{number}")
            held = httpx.Client(base_url=url, timeout=None)
            pages.enter_context(held)
            pages.enter_context(held.stream("GET", f"/gradio_api/heartbeat/page{number}"))
        last = statistics.median(opened(f"last{number}") for number in range(5))
        each = (server.memory_info().rss / 2**20 - before) / PAGES
    print(f"  a page opens in {first:.2f} s; beside {PAGES} open ones in {last:.2f} s; each costs {each:.2f} MB")
    return [
        Figure(f"a page beside {PAGES} open ones, to one alone", last / first, 2.0, "×"),
        Figure("memory of an open page", each, 2.0, "MB"),
    ]


def _draw(draw: random.Random) -> Asked:
    temperature = draw.choice((0.0, 0.0, 0.7, 1.5))
    return Asked(draw.choice(GENOTYPES), draw.choice(PROMPTS), temperature, draw.randrange(3), draw.random() < STOPPED)


def _screen(workspace: Workspace) -> Iterator[object]:
    """A screen behind the visitors."""
    experiment = next(each for each in workspace.experiments() if each.task is None)
    plan = Plan(matrices="*.*", unit="block", step=96)
    order = Order(source=workspace.source, experiment=experiment, plan=plan, background="", mode="text")
    with workspace.screens.running(order, is_behind=True) as running:
        yield from running.progress


def _fingerprint(workspace: Workspace) -> str:
    from explorer.model.weights import checksum

    return checksum(workspace.models.get().causal_lm)


def random_figures(workspace: Workspace) -> list[Figure]:
    """Random texts where genotypes, addresses and calls stand: sentences alone, and the weights as they were."""
    anatomy, answers = workspace.models.get().anatomy, checked(Endpoints(workspace).mutate)
    faults: list[str] = []
    before, tried = _fingerprint(workspace), 0
    signs = st.sampled_from(list("0123456789.,:;[]=*+-−×eE maxinqkvogtudwhl\x00\n\t🔥ä")) | st.characters()
    texts = st.text(signs, max_size=60) | st.binary(max_size=40).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
    readers: tuple[Callable[[Said], object], ...] = (
        read_link,
        gallery.linked,
        statistics_form.linked,
        functools.partial(compare.linked, question_sets=()),
        writers.linked,
    )
    prefixes = ("", "gallery_", "stats_", "compare_", "tasks_")

    def attempt(act: Any, *arguments: Any) -> None:
        nonlocal tried
        tried += 1
        try:
            act(*arguments)
        except ExplorerError as fault:
            if not str(fault).strip():
                faults.append("an empty sentence")
        except Exception as fault:  # noqa: BLE001  # that is what is looked for
            faults.append(f"{type(fault).__name__}: {fault} for {arguments!r}"[:300])

    quiet = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}

    @settings(max_examples=RANDOM_TEXTS // 4, **quiet)  # type: ignore[arg-type]
    @given(texts, texts)
    def put(left: str, right: str) -> None:
        attempt(parse_genotype, left)
        attempt(anatomy.read, left)
        for prefix, read in zip(prefixes, readers, strict=True):
            attempt(_read, read, prefix, f"?{left}={right}&{right}")
        attempt(lambda: answers(genotype=left, prompt="hi", max_new_tokens=right))

    put()
    for fault in dict.fromkeys(faults):
        print(f"  {fault}")
    print(f"  {tried:,} attempts")
    return [
        Figure("random texts that end in a traceback", len(faults), 0, ""),
        Figure("random texts that change the weights", float(_fingerprint(workspace) != before), 0, ""),
    ]


def _read(read: Callable[[Said], object], prefix: str, query: str) -> None:
    said = Said(parse_query(query), prefix)
    read(said)
    said.told()


def kill_figures() -> list[Figure]:
    """A writer that is killed: what it had reported as kept is there, and nothing is there by half."""
    with tempfile.TemporaryDirectory() as folder:
        counted = kill_and_look(Path(folder) / "own.duckdb", KILLS)
    print(f"  {counted['reported']} runs, votes and tags reported as kept by {KILLS} writers that were killed")
    return [
        Figure("reported as kept, and lost", counted["lost"], 0, ""),
        Figure("rows by half", counted["broken"], 0, ""),
    ]


def main() -> None:
    """Print every figure with its limit; exit 1 if one is missed."""
    if sys.argv[1:] == ["serve"]:
        _serve()
    parts = sys.argv[1:] or ["load", "pages", "random", "kill"]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(settings=Settings(database=Path(folder) / "own.duckdb"))
        figures += load_figures(workspace) if "load" in parts else []
        figures += page_figures() if "pages" in parts else []
        figures += random_figures(workspace) if "random" in parts else []
        figures += kill_figures() if "kill" in parts else []
        report(figures)


if __name__ == "__main__":
    main()
