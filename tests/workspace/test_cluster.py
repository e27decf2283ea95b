"""A screen on a local Ray of two workers, one of which is killed midway."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from explorer.domain.errors import ClusterError
from explorer.domain.evolution import EvolutionOrder
from explorer.files.settings import Settings
from explorer.model.loading import load_model
from explorer.screen.job import job_of
from explorer.screen.order import Order
from explorer.screen.plan import Plan
from explorer.screen.recipe import ScreenRecipe
from explorer.screen.run import Screen
from explorer.store.database import opened
from explorer.workspace import cluster
from explorer.workspace.cluster import Cluster, connected
from explorer.workspace.workspace import Workspace
from tests.evolution.test_run import asked as evolution
from tests.screen.test_run import EXPERIMENT
from tests.tiny import tiny_tokenizer, tiny_transformer

PLAN = Plan(matrices="*.*", step=8, operations=("max", "zero"))
_ANSWERS = """
    SELECT m.matrix, m.down, m.across, m.operation, first_divergence, verified, tokens, p.ending, style
    FROM mutants m LEFT JOIN phenotypes p USING (screen, phenotype) ORDER BY ALL
"""


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """A screen of a tiny model that lies in a folder, where the workers find it."""
    folder = tmp_path / "tiny"
    tiny_transformer("llama").save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return Order(source=str(folder), experiment=EXPERIMENT, plan=PLAN, background="", mode="text")


def _answers(path: Path) -> list[tuple[Any, ...]]:
    with opened(path, read_only=True) as connection:
        return connection.execute(_ANSWERS).fetchall()


def test_a_worker_that_is_killed_costs_nothing(order: Order, tmp_path: Path) -> None:
    alone, shared = tmp_path / "alone.duckdb", tmp_path / "shared.duckdb"
    job = job_of(order, load_model(order.source, device="cpu"))
    screen = Screen(job)
    with opened(alone) as connection:
        for _ in screen.run(connection):
            pass
    recipe = ScreenRecipe(order=order, precision="float32", baseline_tokens=screen.worker.asked.baseline_tokens)
    with connected("local"), opened(shared) as connection:
        workers = Cluster(recipe, 2)
        victim, survivor = workers.processes()
        assert victim != survivor
        steps = Screen(job).run(connection, workers.execute)
        next(steps)
        os.kill(victim, signal.SIGKILL)
        *_, progress = steps
        assert workers.deaths == 1
        assert victim not in workers.processes()
        assert survivor in workers.processes()
    assert progress.done == progress.total
    assert progress.failed_controls == 0
    assert _answers(shared) == _answers(alone)


def test_an_evolution_over_workers_is_that_of_one_machine(order: Order, tmp_path: Path) -> None:
    asked = EvolutionOrder(source=order.source, evolution=evolution("likely:w7 w8", "says:w3", evaluations=24))
    verdicts = []
    for name, ray in (("alone", None), ("shared", "local")):
        page = Workspace(source=order.source, device="cpu", settings=Settings(database=tmp_path / f"{name}.duckdb"))
        with page.evolutions.running(asked, ray=ray, workers=2 if ray else None) as running:
            *_, progress = running.progress
            verdicts.append(running.stored().verdict)
        assert progress.phase == "done"
    assert verdicts[0] == verdicts[1]


def test_a_worker_with_another_baseline_is_refused(order: Order) -> None:
    recipe = ScreenRecipe(order=order, precision="float32", baseline_tokens=(1, 2, 3))
    with connected("local"), pytest.raises(ClusterError, match="another standard output"):
        list(Cluster(recipe, 1).execute(_one_batch(order)))


def _one_batch(order: Order) -> Iterator[Any]:
    from explorer.screen.plan import batches, matching  # noqa: PLC0415

    model = load_model(order.source, device="cpu")
    return batches(order.plan, matching(model.anatomy, order.plan.matrices), 8)


def test_without_ray_a_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    with pytest.raises(ClusterError, match="pip install"), connected("local"):
        pass


def test_an_address_that_nobody_answers_is_told() -> None:
    with pytest.raises(ClusterError, match="No Ray cluster answers at"), connected("127.0.0.1:9"):
        pass
