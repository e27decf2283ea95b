"""Hands a file to the browser, which saves it (assets/saver.js)."""

from __future__ import annotations

import base64
import itertools
import json
from io import BytesIO

import polars as pl

from explorer.ui.components.scripted import Scripted


class Saver(Scripted):
    """`value` is what `file` returned last; nothing is shown."""

    _numbers = itertools.count(1)

    TEMPLATE = "<span hidden></span>"

    @classmethod
    def file(cls, name: str, content: bytes) -> str:
        """A value that saves this file, also if it is the same as the last."""
        held = {"name": name, "content": base64.b64encode(content).decode(), "number": next(cls._numbers)}
        return json.dumps(held)

    @classmethod
    def table(cls, name: str, frame: pl.DataFrame, kind: str) -> str:
        """As `file`, for a frame as `csv` or `parquet`, which its name ends in."""
        held = BytesIO()
        if kind == "csv":
            frame.write_csv(held)
        else:
            frame.write_parquet(held)
        return cls.file(f"{name}.{kind}", held.getvalue())
