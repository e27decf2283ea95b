"""Patches as JSON files: a header to read, values that are exact to the bit, and a digest of it all.

Values that are all the same are one number, which for a finite one is exact in decimal; others are the tensor's bytes,
row by row, little-endian, deflated, in base64. docs/integration.md describes the format.
"""

import base64
import hashlib
import json
import math
import zlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from explorer.domain.errors import ExchangeError
from explorer.files.folders import check_new_file, replacing
from explorer.files.versions import PROGRAM
from explorer.model.loaded import Specimen
from explorer.model.widened import stored_dtype
from explorer.mutation.patch import Block, WeightPatch, bits_of

FORMAT = 1
"""The version of the files."""

_KIND = "patch"
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16, "float64": torch.float64}
_LEVEL = 6
_INDENT = 1


def format_patch(patch: WeightPatch) -> str:
    """The text of a patch's file."""
    table: dict[str, Any] = {
        "application": PROGRAM,
        "kind": _KIND,
        "format": FORMAT,
        "program": patch.program,
        "genotype": patch.genotype,
        "model": {"name": patch.model, "dtype": patch.dtype, "fingerprint": patch.fingerprint},
        "blocks": [_block_table(block, patch.dtype) for block in patch.blocks],
    }
    table["digest"] = _digest(table)
    return json.dumps(table, ensure_ascii=False, indent=_INDENT, allow_nan=False) + "\n"


def parse_patch(text: str, name: str) -> WeightPatch:
    """The patch of a file's text; `name` is the file's. Raises ExchangeError."""
    table = _read_table(text, name)
    if table.get("format") != FORMAT:
        raise ExchangeError(
            f"{name} has version {table.get('format')} of the format, and this program reads version {FORMAT}: "
            "use the program that wrote it."
        )
    if table.pop("digest", None) != _digest(table):
        raise ExchangeError(f"{name} was changed after it was written: get the file once more from where it came from.")
    try:
        return _patch(table)
    except (LookupError, TypeError, ValueError, AttributeError, zlib.error) as fault:
        raise ExchangeError(f"{name} is no whole patch: write it again with `python -m explorer patch`.") from fault


def read_patch(path: Path) -> WeightPatch:
    """The patch in a file. Raises ExchangeError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ExchangeError(f"{path} cannot be read as a patch: {fault}.") from fault
    return parse_patch(text, str(path))


def write_patch(patch: WeightPatch, path: Path) -> int:
    """Write a file that appears only when complete; its size in bytes. Raises ExchangeError, also if it is there."""
    check_new_file(path)
    content = format_patch(patch).encode()
    try:
        with replacing(path) as growing:
            growing.write_bytes(content)
    except OSError as fault:
        raise ExchangeError(f"The patch could not be written to {path}: {fault}.") from fault
    return len(content)


def patch_bytes(model: Specimen, count: int) -> int:
    """The most that the file of so many values takes, old and new, where nothing can be deflated."""
    return count * stored_dtype(model.causal_lm).itemsize * 2 * 4 // 3


def _block_table(block: Block, dtype: str) -> dict[str, Any]:
    own = str(block.new.dtype).removeprefix("torch.")
    return {
        **({} if own == dtype else {"dtype": own}),  # of a checkpoint of several precisions
        "matrix": block.matrix,
        "rows": f"{block.rows.start}:{block.rows.stop}",
        "columns": f"{block.columns.start}:{block.columns.stop}",
        "old": _values_table(block.old),
        "new": _values_table(block.new),
    }


def _values_table(values: Tensor) -> dict[str, Any]:
    """`{"all": number}` or `{"deflated": base64}`."""
    values = values.detach().cpu().contiguous()
    bits, first = bits_of(values), float(values[0, 0])
    if math.isfinite(first) and bool((bits == bits[0, 0]).all()):
        return {"all": first}
    deflated = zlib.compress(values.view(torch.uint8).numpy().tobytes(), _LEVEL)
    return {"deflated": base64.b64encode(deflated).decode()}


def _read_table(text: str, name: str) -> dict[str, Any]:
    elsewhere = f"{name} is no patch of this program: write one with `python -m explorer patch`."
    try:
        table = json.loads(text)
    except json.JSONDecodeError as fault:
        raise ExchangeError(f"{name}, line {fault.lineno}: this is no patch of this program ({fault.msg}).") from fault
    except (RecursionError, ValueError) as fault:
        raise ExchangeError(elsewhere) from fault
    if not isinstance(table, dict) or (table.get("application"), table.get("kind")) != (PROGRAM, _KIND):
        raise ExchangeError(elsewhere)
    return table


def _digest(table: dict[str, Any]) -> str:
    """SHA-256 of the table in its shortest form, sorted."""
    return hashlib.sha256(json.dumps(table, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _patch(table: dict[str, Any]) -> WeightPatch:
    model = table["model"]
    dtype = _DTYPES[model["dtype"]]
    return WeightPatch(
        genotype=str(table["genotype"]),
        model=str(model["name"]),
        fingerprint=str(model["fingerprint"]),
        dtype=model["dtype"],
        program=str(table["program"]),
        blocks=tuple(_block(block, dtype) for block in table["blocks"]),
    )


def _block(table: dict[str, Any], dtype: torch.dtype) -> Block:
    rows, columns = _span(table["rows"]), _span(table["columns"])
    dtype = _DTYPES[table["dtype"]] if "dtype" in table else dtype
    old, new = (_values(table[name], len(rows), len(columns), dtype) for name in ("old", "new"))
    return Block(matrix=str(table["matrix"]), rows=rows, columns=columns, old=old, new=new)


def _span(text: str) -> range:
    start, stop = map(int, text.split(":"))
    if not 0 <= start < stop:
        raise ValueError(f"no range of rows or columns: {start} to {stop}")
    return range(start, stop)


def _values(table: dict[str, Any], rows: int, columns: int, dtype: torch.dtype) -> Tensor:
    if "all" in table:  # one number however large the block, since whether it fits the model is not known yet
        return torch.tensor([[float(table["all"])]], dtype=dtype).expand(rows, columns)
    size = rows * columns * dtype.itemsize
    content = zlib.decompressobj().decompress(base64.b64decode(table["deflated"], validate=True), size + 1)
    if len(content) != size:
        raise ValueError(f"{len(content)} bytes of values instead of {size}")
    return torch.frombuffer(bytearray(content), dtype=dtype).view(rows, columns)
