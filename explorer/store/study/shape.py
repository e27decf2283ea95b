"""The models of the study without their weights: their matrices, how large they are, and what the study calls them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from explorer.domain.errors import ModelError
from explorer.domain.genotype import MATRIX_KINDS
from explorer.store.study.names import model_in
from explorer.store.writer import MatrixFacts, ModelFacts


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes of a model of the Llama architecture."""

    name: str
    fingerprint: str
    """Never that of a model that was loaded."""
    family: str
    layers: int
    hidden: int
    mlp: int
    query: int
    """Output features of Q."""
    kv: int
    """Output features of K and of V."""
    vocabulary: int
    is_tied: bool = False
    """Whether the language-model head is the embedding."""
    aliases: tuple[str, ...] = ()
    """What the study calls it in names of sheets and files."""

    @cached_property
    def sizes(self) -> dict[str, tuple[int, int]]:
        """Rows and columns by matrix kind."""
        wide, narrow = (self.mlp, self.hidden), (self.kv, self.hidden)
        return {
            "q": (self.query, self.hidden),
            "k": narrow,
            "v": narrow,
            "o": (self.hidden, self.query),
            "gate": wide,
            "up": wide,
            "down": (self.hidden, self.mlp),
        }

    @property
    def facts(self) -> ModelFacts:
        """What is kept of the model."""
        of_layer = sum(rows * columns for rows, columns in self.sizes.values()) + 2 * self.hidden
        around = self.vocabulary * self.hidden * (1 if self.is_tied else 2) + self.hidden
        return ModelFacts(
            name=self.name,
            source="published",
            family=self.family,
            fingerprint=self.fingerprint,
            layers=self.layers,
            parameters=self.layers * of_layer + around,
        )

    def matrix(self, place: int, step: int) -> MatrixFacts:
        """The matrix at a place among all of the model, cut into blocks."""
        layer, number = divmod(place, len(MATRIX_KINDS))
        kind = MATRIX_KINDS[number]
        rows, columns = self.sizes[kind]
        return MatrixFacts(
            name=f"{layer}.{kind}",
            layer=layer,
            kind=kind,
            rows=rows,
            columns=columns,
            unit_rows=min(step, rows),
            unit_columns=min(step, columns),
        )

    def grid(self, step: int) -> pl.DataFrame:
        """Of every matrix `layer`, `kind`, its `place` in the model, and how many blocks: `downs`, `acrosses`."""
        places = range(self.layers * len(MATRIX_KINDS))
        facts = [self.matrix(place, step) for place in places]
        return pl.DataFrame(
            {
                "layer": [each.layer for each in facts],
                "kind": [each.kind for each in facts],
                "place": places,
                "downs": [-(-each.rows // step) for each in facts],
                "acrosses": [-(-each.columns // step) for each in facts],
            },
            schema={
                "layer": pl.Int64, "kind": pl.String, "place": pl.Int64, "downs": pl.Int64, "acrosses": pl.Int64
            },
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name


SHAPES = {
    "llama2-7b": Shape(
        name="Llama2-7b", fingerprint="published:llama2-7b", family="llama", vocabulary=32000,
        layers=32, hidden=4096, mlp=11008, query=4096, kv=4096,
        aliases=("llama2-7b", "llama-2-7b", "llama2", "llama-2"),
    ),
    "zephyr": Shape(
        name="Zephyr", fingerprint="published:zephyr", family="mistral", vocabulary=32000,
        layers=32, hidden=4096, mlp=14336, query=4096, kv=1024, aliases=("zephyr", "zph"),
    ),
}  # fmt: skip
"""The models of the study."""


def shape_in(name: str) -> Shape | None:
    """The model of the study that a name has in it."""
    return next((shape for shape in SHAPES.values() if model_in(name, shape.aliases)), None)


def read_shape(name: str) -> Shape:
    """One of `SHAPES`, or that of a config.json of Hugging Face. Raises ModelError."""
    if name in SHAPES:
        return SHAPES[name]
    path = Path(name)
    if not path.is_file():
        raise ModelError(f"There is no shape '{name}': name {', '.join(SHAPES)}, or the path of a model's config.json.")
    try:
        return _configured(json.loads(path.read_text(encoding="utf-8")), path.resolve().parent.name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise ModelError(
            f"{path} does not tell the sizes of a model: it needs num_hidden_layers, hidden_size, intermediate_size "
            f"and num_attention_heads, each a whole number above 0."
        ) from fault


def _configured(table: Mapping[str, Any], name: str) -> Shape:
    layers, hidden, mlp, heads = (
        _size(table[key]) for key in ("num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads")
    )
    width = _size(table.get("head_dim") or hidden // heads)
    kv = width * _size(table.get("num_key_value_heads") or heads)
    family = str(table.get("model_type", "llama"))
    return Shape(
        name=name,
        fingerprint=f"published:{name}:{family}-{layers}-{hidden}-{mlp}-{width * heads}-{kv}",
        family=family,
        layers=layers,
        hidden=hidden,
        mlp=mlp,
        query=width * heads,
        kv=kv,
        vocabulary=int(table.get("vocab_size") or 0),
        is_tied=bool(table.get("tie_word_embeddings", False)),
    )


def _size(value: object) -> int:
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"no size: {value}")
    return value
