"""What is said of a mutant that was written: plain values, and their lines for people."""

from collections.abc import Iterator
from typing import Any

_STEP = 1000


def saved_lines(report: dict[str, Any]) -> Iterator[str]:
    """Where a model was written, for people, and how it is loaded."""
    what = report["genotype"] or "nothing mutated"
    yield f"{report['model']} with {what}: {report['folder']}, {size_text(report['bytes'])}"
    yield f"AutoModelForCausalLM.from_pretrained({report['folder']!r}) loads it."


def patch_lines(report: dict[str, Any]) -> Iterator[str]:
    """Where a patch was written, for people, and what it belongs to."""
    count = "1 value" if report["values"] == 1 else f"{report['values']:,} values"
    yield f"{report['genotype']}: {count}, old and new, in {report['file']}, {size_text(report['bytes'])}"
    yield f"For {report['model']} in {report['dtype']} alone, fingerprint {report['fingerprint'][:12]}."


def size_text(size: float) -> str:
    """A size in bytes for people, in decimal units."""
    for unit in ("B", "kB", "MB"):
        if size < _STEP:
            return f"{_three_digits(size)} {unit}"
        size /= _STEP
    return f"{_three_digits(size)} GB"


def _three_digits(number: float) -> str:
    return f"{number:,.0f}" if number >= _STEP / 10 else f"{number:.3g}"
