"""Tables for people who read a terminal."""

from collections.abc import Iterator, Sequence


def table_lines(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 2) -> Iterator[str]:
    """A table whose columns are as wide as they have to be, the first so many flush left."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (f"{cell:<{width}}" for cell, width in zip(row[:texts], widths[:texts], strict=True))
        numbers = (f"{cell:>{width}}" for cell, width in zip(row[texts:], widths[texts:], strict=True))
        yield "  ".join((*cells, *numbers)).rstrip()
