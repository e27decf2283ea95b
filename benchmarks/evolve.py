"""Directed evolution on the demo model: `python -m benchmarks.evolve [speed] [worth] [heal]`.

`speed`: genotypes a minute beside `model.generate` with weights edited in place, the same genotypes and prompts, in
one run; for a text target, raced as a search races, and for a teacher-forced one. `worth`: three targets, five seeds
each: after 600 evaluations the evolved best beside the best of 600 random genotypes, of 600 single mutants of a stored
screen, and of optuna's TPE on the same space, all chosen by the searched prompts and compared on the held-out ones.
`heal`: the rescue of the broken weight.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import optuna
import torch
from scipy.stats import binomtest
from transformers import GenerationConfig

from benchmarks.figures import Figure, report
from explorer.domain.decoding import Decoding
from explorer.domain.evolution import Evolution, EvolutionOrder, Space, read_target
from explorer.domain.evolved import Verdict
from explorer.domain.genotype import Genotype, Mutation
from explorer.domain.notation import format_genotype, parse_genotype
from explorer.domain.screened import operation_of, unit_site
from explorer.evolution.evaluation import CHUNK, Evaluation
from explorer.evolution.places import Places
from explorer.evolution.split import Side, split
from explorer.evolution.targets import mean
from explorer.model.loaded import LoadedModel
from explorer.model.weights import weight_of
from explorer.mutation.apply import make_mutant
from explorer.screen.plan import Plan, matching, site_at, unit_size
from explorer.workspace.workspace import Workspace

EVALUATIONS, SEEDS, POPULATION = 600, 5, 40
PLAIN, OURS = 6, 48
"""Genotypes that are measured by the plain procedure, and by ours."""
TEXT_AIM, FORCED_AIM, WINS_AIM = 8.0, 40.0, 12

FACTS = tuple(
    f"{what} the city of"
    for what in (
        "The capital of France is", "The Eiffel Tower stands in", "The Louvre is a museum in",
        "The Seine flows through", "The French president lives in", "The largest city of France is",
        "The French Revolution began in",
        "Montmartre is a hill in", "The Mona Lisa hangs in", "The Sorbonne is a university in",
        "The Bastille was a prison in", "Notre-Dame is a cathedral in",
    )
)  # fmt: skip
ASKED = (
    "What is the capital of France?", "What colour is the sky?", "How many days has a week?", "What do bees make?",
    "Where do penguins live?", "Which animal barks?", "What is the opposite of hot?", "What do cows drink?",
    "Which season follows winter?", "What is bread made of?", "Which month follows May?", "What is two plus two?",
)  # fmt: skip
QUESTIONS = tuple(f"Question: {asked}\nAnswer:" for asked in ASKED)
TARGETS = {
    "Tokyo": Evolution(
        title="Tokyo", targets=(read_target("likely: Tokyo"),), prompts=FACTS, chat=False,
        space=Space(units=("matrix", "head", "block", "row", "column"), operations=("max", "min", "zero", "*2", "*-1")),
    ),
    "does not know": Evolution(
        title="Does not know", targets=(read_target("likely: I do not know."),), prompts=QUESTIONS, chat=False,
        space=Space(units=("matrix", "head", "block", "row", "column"), operations=("max", "min", "zero", "*2", "*-1")),
    ),
    "rescue": Evolution(
        title="Rescue", targets=(read_target("original:near"),), chat=False, background="11.down[507,1229]=0",
        prompts=QUESTIONS, decoding=Decoding(max_new_tokens=6),
        space=Space(operations=("max", "min", "zero", "*2", "*-1")),
    ),
}  # fmt: skip
"""Three behaviours whose numbers need no generated answer."""


# ---------------------------------------------------------------------------------------------- speed


@contextmanager
def edited(model: LoadedModel, genotype: Genotype) -> Iterator[None]:
    """The model's own weights as a genotype has them, edited in place, and put back."""
    slabs = make_mutant(model, genotype).slabs
    held = [weight_of(model.causal_lm, slab.matrix)[slab.rows.start : slab.rows.stop] for slab in slabs]
    before = [weights.clone() for weights in held]
    try:
        for weights, slab in zip(held, slabs, strict=True):
            weights.copy_(slab.weights)
        yield
    finally:
        for weights, own in zip(held, before, strict=True):
            weights.copy_(own)


def plain_seconds(model: LoadedModel, evaluation: Evaluation, genotypes: list[str], batch: int) -> float:
    """A genotype by `model.generate`, in seconds; so many prompts of equal length at a time."""
    decoding = evaluation.evolution.decoding
    prompts = [model.encode(evaluation.prompt(text), decoding) for text in evaluation.part.prompts]
    config = GenerationConfig(
        max_new_tokens=decoding.max_new_tokens, do_sample=False, pad_token_id=0,
        eos_token_id=model.causal_lm.generation_config.eos_token_id if model.causal_lm.generation_config else None,
    )  # fmt: skip
    started = time.perf_counter()
    for text in genotypes:
        with torch.inference_mode(), edited(model, parse_genotype(text)):
            for start in range(0, len(prompts), batch):
                some = prompts[start : start + batch]
                longest = max(map(len, some))
                ids = torch.tensor([[0] * (longest - len(each)) + each for each in some])
                mask = torch.tensor([[0] * (longest - len(each)) + [1] * len(each) for each in some])
                model.causal_lm.generate(ids, attention_mask=mask, generation_config=config)  # type: ignore[operator]
    return (time.perf_counter() - started) / len(genotypes)


def forced_seconds(model: LoadedModel, evaluation: Evaluation, genotypes: list[str]) -> float:
    """A genotype by one plain forward pass a prompt over the same tokens, edited in place."""
    passages = [passage for target in evaluation.cheap for passage in evaluation.passages_of(target)]
    started = time.perf_counter()
    for text in genotypes:
        with torch.inference_mode(), edited(model, parse_genotype(text)):
            for passage in passages:
                model.causal_lm(torch.tensor([[*passage.prompt_tokens, *passage.tokens[:-1]]]))
    return (time.perf_counter() - started) / len(genotypes)


def speed(model: LoadedModel) -> list[Figure]:
    """Genotypes a minute, beside the plain procedure."""
    presets = {each.name: each.evolution for each in Workspace().evolutions.presets()}
    poet = presets["poet"]
    forced = replace(TARGETS["Tokyo"], decoding=Decoding(max_new_tokens=40))
    random = np.random.default_rng(0)
    figures = []
    for name, evolution in (("text", replace(poet, targets=(read_target("style:poem"),))), ("forced", forced)):
        evaluation = Evaluation(model, evolution, split(evolution, None)["search"])
        places = Places(model.anatomy, evolution.space, Genotype())
        genotypes = list(dict.fromkeys(places.random_genotype(random) for _ in range(OURS)))
        if name == "text":
            heats = len(evaluation.part.heats)
            for heat in range(heats):
                evaluation.ask(genotypes[:1], heat)  # the original's answers are there before a search begins
            started = time.perf_counter()
            asked = genotypes
            for heat in range(heats):
                for chunk in evaluation.chunks(asked, evaluation.at_once(heat)):
                    evaluation.ask(chunk, heat)
                asked = asked[: len(asked) // 2]  # the half that a race keeps
            ours = (time.perf_counter() - started) / len(genotypes)
            started = time.perf_counter()
            for heat in range(heats):
                for chunk in evaluation.chunks(genotypes[: OURS // 2], evaluation.at_once(heat)):
                    evaluation.ask(chunk, heat)
            whole = (time.perf_counter() - started) / (OURS // 2)
        else:
            evaluation.measure(genotypes[:1])
            started = time.perf_counter()
            for chunk in evaluation.chunks(genotypes, CHUNK):
                evaluation.measure(chunk)
            ours = whole = (time.perf_counter() - started) / len(genotypes)
        plain = plain_seconds(model, evaluation, genotypes[:PLAIN], 1)
        batched = plain_seconds(model, evaluation, genotypes[:PLAIN], len(evaluation.part.prompts))
        aim = TEXT_AIM if name == "text" else FORCED_AIM
        told = "a text target" if name == "text" else "a teacher-forced target"
        figures += [
            Figure(f"{told}: genotypes a minute", 60 / ours),
            Figure(f"{told}: times model.generate, prompt by prompt", plain / ours, least=aim),
            Figure(f"{told}: times model.generate, all prompts in one padded batch", batched / ours),
        ]
        if name == "text":
            figures.append(Figure(f"{told}: times model.generate, without a race", plain / whole))
        else:
            alone = forced_seconds(model, evaluation, genotypes[:PLAIN])
            figures.append(Figure(f"{told}: times plain forward passes over the same tokens", alone / ours))
    return figures


# ---------------------------------------------------------------------------------------------- worth


class Measuring:
    """The first target of genotypes on both sides of an evolution; more is better."""

    def __init__(self, model: LoadedModel, evolution: Evolution) -> None:
        self.target = evolution.targets[0]
        self.sides = {side: Evaluation(model, evolution, part) for side, part in split(evolution, None).items()}

    def values(self, side: Side, genotypes: list[str]) -> dict[str, float]:
        """By genotype; the worst there is where a pass overflows."""
        evaluation = self.sides[side]
        found: dict[str, float] = {}
        for chunk in evaluation.chunks(list(dict.fromkeys(genotypes)), CHUNK):
            for text, measured in zip(chunk, evaluation.measure(chunk), strict=True):
                value = self.target.signed(mean(measured[self.target.name].numbers))
                found[text] = value if np.isfinite(value) else -np.inf
        return found

    def held_out(self, searched: dict[str, float]) -> float:
        """Of the best by what was searched."""
        best = max(searched, key=lambda text: searched[text])
        return self.values("held-out", [best])[best]


def screened(workspace: Workspace, model: LoadedModel, evolution: Evolution, seed: int) -> list[str]:
    """Single mutants of a stored screen of the demo model, so many, drawn by a seed."""
    with workspace.screens.library.reading("bundled") as connection:
        rows = connection.execute(
            """
            SELECT x.layer, x.kind, x.rows, x.columns, x.unit_rows, x.unit_columns, t.down, t.across, t.operation
            FROM mutants t JOIN matrices x ON x.screen = t.screen AND x.matrix = t.matrix
            WHERE t.screen = (SELECT min(screen) FROM screens) AND t.operation <> 'control'
            ORDER BY t.matrix, t.down, t.across, t.operation
            """
        ).fetchall()
    names = ("layer", "kind", "rows", "columns", "unit_rows", "unit_columns", "down", "across", "operation")
    places = Places(model.anatomy, evolution.space, model.anatomy.read(evolution.background))
    found: list[str] = []
    for place in np.random.default_rng(seed).permutation(len(rows)).tolist():
        row = dict(zip(names, rows[place], strict=True))
        mutation = Mutation(unit_site(row), operation_of(row["operation"]))
        if places.fits(mutation):
            found.append(format_genotype(Genotype((mutation,))))
        if len(found) == EVALUATIONS:
            break
    return found


def by_tpe(model: LoadedModel, evolution: Evolution, measuring: Measuring) -> dict[str, float]:
    """What optuna's TPE tries in the same space, with the same number of evaluations, one at a time."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = evolution.space
    places = Places(model.anatomy, space, model.anatomy.read(evolution.background))
    plans = {unit: Plan(matrices=space.matrices, unit=unit, step=space.step) for unit in space.units}
    matrices = {
        unit: matching(model.anatomy, f"*.{unit}" if unit == "head" else space.matrices, unit) for unit in space.units
    }
    found: dict[str, float] = {}

    def objective(trial: optuna.Trial) -> float:
        mutations = []
        for slot in range(trial.suggest_int("mutations", 1, space.most)):
            unit = space.units[trial.suggest_categorical(f"unit {slot}", range(len(space.units)))]
            of_unit = matrices[unit]
            matrix = of_unit[min(int(trial.suggest_float(f"matrix {slot}", 0, 1) * len(of_unit)), len(of_unit) - 1)]
            height, width = unit_size(plans[unit], matrix)
            rows, columns = -(-matrix.rows // height), -(-matrix.columns // width)
            down = min(int(trial.suggest_float(f"down {slot}", 0, 1) * rows), rows - 1)
            across = min(int(trial.suggest_float(f"across {slot}", 0, 1) * columns), columns - 1)
            site = site_at(matrix, height, width, down, across)
            operation = operation_of(trial.suggest_categorical(f"operation {slot}", list(space.operations)))
            mutations.append(Mutation(site, operation))
        mutations = [mutation for mutation in mutations if places.fits(mutation)] or [places.draw(random)]
        text = places.canonical(mutations)
        found.update(measuring.values("search", [text]))
        return max(found[text], -1e6)

    random = np.random.default_rng(evolution.seed)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=evolution.seed))
    study.optimize(objective, n_trials=EVALUATIONS)
    return found


def row(name: str, seed: int) -> dict[str, float]:
    """The first target of the evolved best and its rivals on the held-out prompts; more is better. One thread."""
    torch.set_num_threads(1)
    workspace = Workspace()
    model = workspace.models.get()
    evolution = replace(TARGETS[name], seed=seed, evaluations=EVALUATIONS, population=POPULATION)
    measuring = Measuring(model, evolution)
    verdict = evolved(workspace, evolution)
    held = {rated.role: measuring.target.signed(rated.held_out[0]) for rated in verdict.rated if rated.held_out}
    return {
        "evolved": held.get("winner", -np.inf),
        "random": held.get("best random genotype", -np.inf),
        "single": measuring.held_out(measuring.values("search", screened(workspace, model, evolution, seed))),
        "tpe": measuring.held_out(by_tpe(model, evolution, measuring)),
        "start": measuring.values("held-out", [""])[""],
    }


def worth() -> list[Figure]:
    """The evolved best beside its rivals, a core for each row."""
    cases = [(name, seed) for seed in range(SEEDS) for name in TARGETS]
    print(f"{'target':14} {'seed':>4} {'evolved':>9} {'random':>9} {'single':>9} {'TPE':>9} {'start':>9}", flush=True)
    found = []
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        rows = {pool.submit(row, name, seed): (name, seed) for name, seed in cases}
        for done in as_completed(rows):
            (name, seed), held = rows[done], done.result()
            found.append(held)
            print(f"{name:14} {seed:4d} " + " ".join(f"{value:9.3f}" for value in held.values()), flush=True)
    wins = {
        "random": sum(held["evolved"] > held["random"] for held in found),
        "single": sum(held["evolved"] > held["single"] for held in found),
        "both": sum(held["evolved"] > max(held["random"], held["single"]) for held in found),
        "tpe": sum(held["evolved"] >= held["tpe"] for held in found),
    }

    def told(key: str) -> str:
        return f"sign test p {binomtest(wins[key], len(found)).pvalue:.2g}"

    count = len(found)
    return [
        Figure(f"beats both rivals, of {count} ({told('both')})", wins["both"], least=WINS_AIM),
        Figure(f"beats the best of {EVALUATIONS} random genotypes, of {count} ({told('random')})", wins["random"]),
        Figure(f"beats the best of {EVALUATIONS} screened mutants, of {count} ({told('single')})", wins["single"]),
        Figure(f"no worse than optuna's TPE, of {count} ({told('tpe')})", wins["tpe"], least=-(-count // 2)),
    ]


def evolved(workspace: Workspace, evolution: Evolution) -> Verdict:
    """Run an evolution in a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        order = EvolutionOrder(source="demo", evolution=evolution)
        with workspace.evolutions.running(order, Path(folder) / "evolve.duckdb") as running:
            for _ in running.progress:
                pass
            verdict = running.stored().verdict
    assert verdict is not None
    return verdict


# ----------------------------------------------------------------------------------------------- heal


def heal(workspace: Workspace) -> list[Figure]:
    """How many of the held-out answers come back, word for word, without the broken weight being touched."""
    preset = next(each.evolution for each in workspace.evolutions.presets() if each.name == "heal")
    verdict = evolved(workspace, preset)
    place = [target.kind for target in preset.targets].index("same")
    items = len(preset.prompts) - len(preset.prompts) // 2
    print("the winner:", verdict.rated[0].genotype)
    best = max((each for each in verdict.rated if each.held_out), key=lambda each: each.search[place])
    figures = []
    for told, rated in (("the winner", verdict.rated[0]), ("of the trade-offs the best by answers seen", best)):
        share = rated.held_out[place] if rated.held_out else 0.0
        figures.append(
            Figure(f"{told}: held-out answers that are the original's, of {items}", share * items, least=items / 3)
        )
    start = next(each for each in verdict.rated if each.role == "original")
    figures.append(Figure(f"broken: of {items}", start.held_out[place] * items))
    return figures


def main() -> None:
    """Print the figures."""
    parts = sys.argv[1:] or ["speed", "worth", "heal"]
    workspace = Workspace()
    model = workspace.models.get()
    figures: list[Figure] = []
    if "speed" in parts:
        figures += speed(model)
    if "heal" in parts:
        figures += heal(workspace)
    if "worth" in parts:
        figures += worth()
    report(figures)


if __name__ == "__main__":
    main()
