"""Two small screens whose statistics can be worked out by hand.

A model of two layers with the matrices `v` (8 × 8) and `gate` (8 × 4), in units of 4 × 4 and 4 × 2: two by two each.
Max and min are screened everywhere but in one unit; a mutant is written as (matrix, down, across, operation).
"""

import duckdb
import numpy as np
import polars as pl

from explorer.domain.decoding import Prompt
from explorer.domain.experiments import Experiment
from explorer.store.writer import MUTANT_TYPES, PHENOTYPE_TYPES, MatrixFacts, ModelFacts, ScreenFacts, ScreenWriter

MATRICES = ("0.v", "0.gate", "1.v", "1.gate")
BASELINE = "The sea is blue."
PROMPT = Prompt(text="Sea?", chat=False)
SKIPPED = ("1.gate", 1, 1)
"""The unit that nobody screened."""
LOUD: dict[str, dict[tuple[str, int, int, str], tuple[int, float, str]]] = {
    "a": {
        ("0.v", 0, 1, "max"): (0, 2.0, "waves <b>of</b> verse"),
        ("0.v", 1, 1, "max"): (3, 0.5, "The sea is red."),
        ("1.v", 0, 1, "max"): (1, 1.0, "The sea is red."),
        ("1.v", 0, 1, "min"): (2, 0.25, "The the the"),
        ("1.v", 0, 0, "min"): (2, 0.125, "The sea is red."),
        ("0.gate", 1, 0, "min"): (4, 4.0, "oh sea"),
    },
    "b": {
        ("0.v", 0, 1, "max"): (0, 2.0, "tides"),
        ("0.v", 0, 0, "max"): (0, 2.0, "tides"),
        ("0.gate", 1, 0, "min"): (1, 1.0, "foam"),
        ("1.v", 1, 1, "max"): (1, 1.0, "salt"),
    },
}
"""Non-silent mutants of both experiments: first divergence, mean KL, text."""
STYLES = {"waves <b>of</b> verse": "poem", "The the the": "loop", "oh sea": "poem"}
COSINES = {"waves <b>of</b> verse": 0.0, "The sea is red.": 0.75, "The the the": 0.25, "oh sea": 1.0}
TEXTS = list(dict.fromkeys(text for loud in LOUD.values() for *_, text in loud.values()))


def make_screens(connection: duckdb.DuckDBPyConnection, *, finished: bool = True) -> None:
    """Both of them, as screens 1 and 2."""
    for name in LOUD:
        make_screen(connection, name, finished=finished)


def make_screen(
    connection: duckdb.DuckDBPyConnection, name: str, *, finished: bool = True, prompt: Prompt = PROMPT
) -> None:
    """One of them."""
    model = ModelFacts(name="made", source="made", family="llama", fingerprint="made", layers=2, parameters=192)
    matrices = [
        MatrixFacts(
            name=each, layer=int(each[0]), kind=each[2:], rows=8, columns=8 if each.endswith("v") else 4,
            unit_rows=4, unit_columns=4 if each.endswith("v") else 2,
        )
        for each in MATRICES
    ]  # fmt: skip
    facts = ScreenFacts(
        plan={"matrices": "*.*", "unit": "block", "step": 4, "operations": ["max", "min"], "rate": 1.0, "seed": 0},
        background="", mode="text", version="made", device="none", dtype="none", mutants=34, baseline_tokens=(1, 2),
        baseline_text=BASELINE,
    )  # fmt: skip
    experiment = Experiment(name=name, title=name.upper(), prompt=prompt)
    writer = ScreenWriter(connection, model, experiment, facts, matrices, batch=lambda: 34)
    writer.write(0, _mutants(name), _answers(name), 1.0)
    if finished:
        estimates = {
            (place, operation): np.arange(4, dtype=np.float32).reshape(2, 2) + place
            for place in range(4)
            for operation in ("max", "min")
        }
        writer.finish(estimates)


def _mutants(name: str) -> pl.DataFrame:
    rows = []
    for place, matrix in enumerate(MATRICES):
        controls = [(0, 0, "control")]
        for down, across, operation in controls + [
            (down, across, operation) for down in (0, 1) for across in (0, 1) for operation in ("max", "min")
        ]:
            if (matrix, down, across) == SKIPPED:
                continue
            found = LOUD[name].get((matrix, down, across, operation))
            rows.append(
                {
                    "matrix": place, "down": down, "across": across, "operation": operation,
                    "first_divergence": found and found[0], "overflow": False, "mean_kl": found[1] if found else 0.0,
                    "added_nll": found[1] if found else 0.0, "verified": 8, "near_tie": False,
                    "phenotype": found and TEXTS.index(found[2]) + 1,
                }
            )  # fmt: skip
    return pl.DataFrame(rows, schema=MUTANT_TYPES)


def _answers(name: str) -> pl.DataFrame:
    own = dict.fromkeys(text for *_, text in LOUD[name].values())
    rows = [
        {
            "phenotype": TEXTS.index(text) + 1, "text": text, "tokens": [1], "ending": "stop",
            "cosine": COSINES.get(text, 0.5), "repetition": 0.0, "perplexity": 3.0,
            "style": STYLES.get(text, "prose"), "destructive": STYLES.get(text) == "loop",
            "score": f"{3 * TEXTS.index(text)}|{TEXTS.index(text)}",
        }
        for text in own
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=PHENOTYPE_TYPES)
