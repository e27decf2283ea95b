"""The original and a mutant on tasks of lm-evaluation-harness: its installed ones, or YAML files of one's own.

Needs the extra `lm-eval`; imports it, and datasets, which take seconds, only when something is evaluated. The harness
computes by itself, on a plain transformers model: it neither knows nor needs to know that the model is mutated.
"""

from __future__ import annotations

import copy
import difflib
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from explorer.domain.errors import HarnessError
from explorer.domain.genotype import Genotype
from explorer.model.loaded import LoadedModel

_BOOTSTRAP = 1000
"""Resamplings for the standard error of a metric that has no formula for it."""

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be evaluated, and how."""

    tasks: tuple[str, ...]
    """Names, patterns such as `mmlu_*`, or paths of YAML files."""
    include_path: Path | None = None
    """A folder of further YAML files, whose tasks go by name."""
    limit: int | None = None
    """The most documents of a task; None: all."""
    num_fewshot: int | None = None
    """Answered examples before each document; None: as the task says."""
    batch_size: int = 8
    as_chat: bool = False
    """Whether documents are put in the model's chat template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One metric of one task. None: the harness gives no number."""

    task: str
    metric: str
    """With the harness's filter, where it has one: `exact_match,strict`."""
    documents: int | None
    original: float | None
    mutant: float | None
    original_stderr: float | None
    mutant_stderr: float | None
    difference_stderr: float | None
    """Of mutant − original, from the same documents in pairs; None where a metric is no mean over documents."""

    @property
    def difference(self) -> float | None:
        """Mutant − original."""
        return None if self.original is None or self.mutant is None else self.mutant - self.original


def check_installed() -> None:
    """Raises HarnessError if the extra is missing."""
    if find_spec("lm_eval") is None:
        raise HarnessError(
            "lm-evaluation-harness is not installed: type  pip install 'mutation-explorer[lm-eval]'  and try again."
        )


def check_order(order: Order) -> None:
    """Refuse, before a model is loaded, files that are not there. Raises HarnessError."""
    if not order.tasks:
        raise HarnessError("Name a task with --tasks, such as --tasks arc_easy, or the path of a YAML file.")
    missing = [task for task in order.tasks if _is_file_name(task) and not Path(task).is_file()]
    if missing:
        raise HarnessError(f"There is no file {missing[0]}: check the path of the task.")
    if order.include_path is not None and not order.include_path.is_dir():
        raise HarnessError(f"There is no folder {order.include_path}: check --include-path.")


def evaluate(model: LoadedModel, genotype: Genotype, order: Order) -> tuple[Scored, ...]:
    """Evaluate the model and its mutant. Raises HarnessError for tasks that are unknown or cannot be run."""
    check_installed()
    check_order(order)
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    manager, tasks = _find(order)
    original = _run(model, Genotype(), order, manager, tasks)
    mutant = _run(model, genotype, order, manager, tasks)
    return tuple(_scores(original, mutant))


def _find(order: Order) -> tuple[Any, list[str]]:
    """The harness's index of tasks, and those that are meant. Its own thousands are read only if one is named."""
    from lm_eval.tasks import TaskManager

    folder = None if order.include_path is None else str(order.include_path)
    manager = TaskManager(include_path=folder, include_defaults=False)
    if not all(_named(manager, task) for task in order.tasks):
        manager = TaskManager(include_path=folder)
    found = [_named(manager, task) or _fail(manager, task) for task in order.tasks]
    return manager, list(dict.fromkeys(name for names in found for name in names))


def _named(manager: Any, task: str) -> list[str]:
    """The tasks that a name, a pattern or a path stands for; none if it is unknown."""
    return [task] if _is_file_name(task) else list(manager.match_tasks([task]))


def _fail(manager: Any, task: str) -> list[str]:
    near = difflib.get_close_matches(task, manager.all_tasks, n=3, cutoff=0.5)
    meant = f"did you mean {' or '.join(near)}?" if near else "name one that it lists, or the path of a YAML file."
    raise HarnessError(f"lm-evaluation-harness has no task '{task}': {meant}")


def _is_file_name(task: str) -> bool:
    return task.endswith(_SUFFIXES)


def _run(model: LoadedModel, genotype: Genotype, order: Order, manager: Any, tasks: list[str]) -> dict[str, Any]:
    """What the harness finds out about one genotype."""
    import datasets
    import jinja2
    import torch
    import yaml
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM

    from explorer.mutation.patch import mutated_copy

    causal_lm, tokenizer = mutated_copy(model, genotype), copy.deepcopy(model.tokenizer)
    try:
        found = simple_evaluate(
            HFLM(pretrained=causal_lm, tokenizer=tokenizer, batch_size=order.batch_size),
            tasks=tasks,
            task_manager=manager,
            num_fewshot=order.num_fewshot,
            limit=order.limit,
            apply_chat_template=order.as_chat,
            bootstrap_iters=_BOOTSTRAP,
        )
    except torch.OutOfMemoryError:
        raise
    except (
        *(OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, ImportError, AssertionError),
        *(datasets.exceptions.DatasetsError, jinja2.TemplateError, yaml.YAMLError),
    ) as fault:
        raise HarnessError(_sentence(tasks, fault)) from fault
    assert found is not None  # none comes back from other processes than the first alone
    return dict(found)


def _sentence(tasks: list[str], fault: BaseException) -> str:
    cause = " ".join(str(fault).split()) or type(fault).__name__
    cause = cause if len(cause) < 300 else cause[:300] + " …"  # noqa: PLR2004
    return (
        f"lm-evaluation-harness could not run {', '.join(tasks)}: {cause} — Its data must be on this machine or within "
        "reach, and a YAML file must be one of its tasks."
    )


def _scores(original: dict[str, Any], mutant: dict[str, Any]) -> Iterator[Scored]:
    for task, values in original["results"].items():
        for key in values:
            metric, comma, kind = key.partition(",")
            if not comma or metric.endswith("_stderr"):
                continue
            both = (values, mutant["results"][task])
            scores, errors = ([_number(each.get(name)) for each in both] for name in (key, f"{metric}_stderr,{kind}"))
            yield Scored(
                task=task,
                metric=metric if kind == "none" else key,
                documents=original["n-samples"].get(task, {}).get("effective"),
                original=scores[0],
                mutant=scores[1],
                original_stderr=errors[0],
                mutant_stderr=errors[1],
                difference_stderr=_paired_error(original, mutant, task, metric, kind),
            )


def _paired_error(original: dict[str, Any], mutant: dict[str, Any], task: str, metric: str, kind: str) -> float | None:
    """Standard error of the mean difference over documents: deviation (n − 1) over √n."""
    before, after = (_by_document(found, task, metric, kind) for found in (original, mutant))
    if before.keys() != after.keys() or len(before) < 2:  # noqa: PLR2004  # one document has no deviation
        return None
    differences = [after[document] - before[document] for document in before]
    mean = math.fsum(differences) / len(differences)
    variance = math.fsum((each - mean) ** 2 for each in differences) / (len(differences) - 1)
    return math.sqrt(variance / len(differences))


def _by_document(found: dict[str, Any], task: str, metric: str, kind: str) -> dict[int, float]:
    """The values of a metric, of the documents where it is a number."""
    samples = [each for each in found["samples"].get(task, ()) if each["filter"] == kind]
    values = {each["doc_id"]: _number(each.get(metric)) for each in samples}
    return {document: value for document, value in values.items() if value is not None}


def _number(value: object) -> float | None:
    """None for what is no finite number: the harness writes `N/A`, or pairs where a mean is not over documents."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
