"""Text to operation and back: `=max`, `*0.5`, `=round(4)`, `~from(MODEL)*0.3`.

operation = "=" (NUMBER | "max" | "min" | "mean" | edit | "from" donor) | "*" NUMBER | "+" (NUMBER | noise)
          | "~from" donor "*" NUMBER | "+adapter" donor ["*" NUMBER]
edit      = noise | "shuffle" ["(" "seed" N ")"] | "round(" BITS ["," "group" N] ")"
          | "prune(" (SHARE | N ":" N) ")" | ("rank" | "unrank") "(" (N | NUMBER "%") ")"
          | "flip(" BIT ")" | "copy(" site ")"
noise     = "noise(" NUMBER ["," "seed" N] ")"
donor     = "(" (NAME | '"' NAME '"') ")"           a model or an adapter, as people name it
"""

import math

from explorer.domain.genotype import (
    HIGHEST_BIT,
    MAXIMUM,
    MEAN,
    MINIMUM,
    MOST_BITS,
    ROUND_GROUP,
    Operation,
    OperationKind,
)
from explorer.domain.reader import INFINITE, WORD, Reader
from explorer.domain.site_notation import format_site, read_site

_EDITS: dict[str | None, OperationKind] = {
    "noise": "noise", "shuffle": "shuffle", "round": "round", "prune": "prune", "rank": "rank", "unrank": "unrank",
    "flip": "flip", "copy": "copy",
}  # fmt: skip
"""What stands behind "=" and looks at the weights of its site, by name."""
_EXAMPLES: dict[OperationKind, str] = {
    "noise": "=noise(1)", "jitter": "+noise(0.1)", "shuffle": "=shuffle", "round": "=round(4)", "prune": "=prune(0.5)",
    "rank": "=rank(16)", "unrank": "=unrank(1)", "flip": "=flip(30)", "copy": "=copy(9.down)",
    "from": "~from(demo)*0.3", "adapter": "+adapter(FOLDER)*0.8",
}  # fmt: skip
_QUOTED = '();"'
"""What the name of a donor cannot have without quotation marks; the last not at all."""
_RANGES: dict[OperationKind, tuple[float, float]] = {
    "noise": (0, math.inf), "jitter": (0, math.inf), "round": (1, MOST_BITS), "prune": (0, 1), "rank": (0, math.inf),
    "unrank": (0, math.inf), "flip": (0, HIGHEST_BIT),
}  # fmt: skip
_SHARES = (0.0, 100.0)
_WHOLE = ("round", "rank", "unrank", "flip")


def format_operation(operation: Operation) -> str:
    """The canonical text of an operation, such as `=max` or `*0.5`."""
    match operation.kind:
        case "max" | "min" | "mean":
            return f"={operation.kind}"
        case "set":
            return f"={format_number(operation.value)}"
        case "scale":
            return f"*{format_number(operation.value)}"
        case "add":
            return f"+{format_number(operation.value)}"
    return _format_edit(operation)


def _format_edit(operation: Operation) -> str:
    value, seed = format_number(operation.value), operation.seed
    seeded = f"seed {seed}" if seed else ""
    match operation.kind:
        case "noise" | "jitter":
            sign = "=" if operation.kind == "noise" else "+"
            return f"{sign}noise({', '.join(filter(None, (value, seeded)))})"
        case "shuffle":
            return f"=shuffle({seeded})" if seeded else "=shuffle"
        case "round":
            group = "" if operation.group == ROUND_GROUP else f", group {operation.group}"
            return f"=round({value}{group})"
        case "prune" if operation.group:
            return f"=prune({value}:{operation.group})"
        case "copy":
            assert operation.source is not None
            return f"=copy({format_site(operation.source)})"
        case "from" if operation.value == 1:
            return f"=from({_format_donor(operation.donor)})"
        case "from":
            return f"~from({_format_donor(operation.donor)})*{value}"
        case "adapter":
            return f"+adapter({_format_donor(operation.donor)})" + (f"*{value}" if operation.value != 1 else "")
    return f"={operation.kind}({value}{'%' if operation.is_share else ''})"


def _format_donor(donor: str) -> str:
    return f'"{donor}"' if donor != donor.strip() or any(symbol in donor for symbol in _QUOTED) else donor


def format_number(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return repr(float(value)).removesuffix(".0")


def read_operation(reader: Reader) -> Operation:
    """The operation at the cursor."""
    reader.skip_blanks()
    start = reader.position
    if reader.take("="):
        return _read_setting(reader)
    if reader.take("*"):
        return Operation(kind="scale", value=reader.number())
    if reader.take("+"):
        return _read_added(reader)
    if reader.take("~"):
        return _read_mixed(reader)
    raise reader.fault(
        "Expected an operation: =NUMBER, =max, =min, *NUMBER, +NUMBER, or an edit such as =round(4).", start
    )


def _read_added(reader: Reader) -> Operation:
    reader.skip_blanks()
    start = reader.position
    word = reader.match(WORD)
    if word == "noise":
        return _read_edit(reader, "jitter")
    if word == "adapter":
        donor = _read_donor(reader, "adapter")
        return Operation(kind="adapter", donor=donor, value=reader.number() if reader.take("*") else 1.0)
    reader.position = start
    return Operation(kind="add", value=reader.number())


def _read_mixed(reader: Reader) -> Operation:
    reader.skip_blanks()
    start = reader.position
    if reader.match(WORD) != "from":
        raise reader.fault(f"Expected a model to mix in, such as {_EXAMPLES['from']}.", start)
    donor = _read_donor(reader, "from")
    if not reader.take("*"):
        raise reader.fault(f"Expected '*' and the share that is mixed in, such as {_EXAMPLES['from']}.")
    return Operation(kind="from", donor=donor, value=reader.number())


def _read_donor(reader: Reader, kind: OperationKind) -> str:
    example = _EXAMPLES[kind]
    if not reader.take("("):
        raise reader.fault(f"Expected its name in parentheses, such as {example}.")
    is_quoted = reader.take('"')
    start = reader.position
    donor = reader.typed_until('"' if is_quoted else _QUOTED)
    if is_quoted and not reader.take('"'):
        raise reader.fault("Expected the closing quotation mark.", start - 1)
    if not reader.take(")"):
        raise reader.fault(f"Expected ')', as in {example}; a name with ( ) ; or \" stands in quotation marks.")
    if not donor.strip():
        raise reader.fault(f"Expected the name of a model or a folder, such as {example}.", start)
    return donor if is_quoted else donor.strip()


def _read_setting(reader: Reader) -> Operation:
    reader.skip_blanks()
    start = reader.position
    word = reader.match(WORD)
    named: dict[str | None, Operation] = {"max": MAXIMUM, "min": MINIMUM, "mean": MEAN}
    if word in named:
        return named[word]
    if word == "from":
        return Operation(kind="from", donor=_read_donor(reader, "from"), value=1.0)
    if word in _EDITS:
        return _read_edit(reader, _EDITS[word])
    if word and word.lower() not in INFINITE:
        raise reader.fault(f"'{word}' is no number and no edit. Edits: {', '.join(_EXAMPLES.values())}.", start)
    reader.position = start
    return Operation(kind="set", value=reader.number())


def _read_edit(reader: Reader, kind: OperationKind) -> Operation:
    """The part of an edit behind its name."""
    if not reader.take("("):
        if kind == "shuffle":
            return Operation(kind=kind)
        raise reader.fault(f"Expected its number, such as {_EXAMPLES[kind]}.")
    if kind == "copy":
        operation = Operation(kind=kind, source=read_site(reader, {}))
    elif kind == "shuffle":
        operation = Operation(kind=kind, seed=_read_option(reader, "seed"))
    else:
        operation = _read_amount(reader, kind)
    if not reader.take(")"):
        raise reader.fault(f"Expected ')', as in {_EXAMPLES[kind]}.")
    return operation


def _read_amount(reader: Reader, kind: OperationKind) -> Operation:
    reader.skip_blanks()
    start = reader.position
    value = reader.number()
    is_share = kind in ("rank", "unrank") and reader.take("%")
    group = seed = 0
    if kind == "prune" and reader.take(":"):
        group = _read_whole(reader)
        if not (value.is_integer() and 0 <= value <= group):
            raise reader.fault(f"Of every {group} columns no more can be pruned, such as prune(2:4).", start)
    else:
        _check_range(reader, kind, value, start, is_share=is_share)
    if kind in ("noise", "jitter", "round") and reader.take(","):
        if kind == "round":
            group = _read_option(reader, "group", 1)
        else:
            seed = _read_option(reader, "seed")
    return Operation(kind=kind, value=value, seed=seed, group=group, is_share=is_share)


def _check_range(reader: Reader, kind: OperationKind, value: float, start: int, *, is_share: bool) -> None:
    low, high = _SHARES if is_share else _RANGES[kind]
    whole = kind in _WHOLE and not is_share
    if not low <= value <= high or (whole and not value.is_integer()):
        what = "a whole number" if whole else "a number"
        most = f" to {high:g}" if math.isfinite(high) else " on"
        raise reader.fault(f"{kind} takes {what} from {low:g}{most}, such as {_EXAMPLES[kind]}.", start)


def _read_option(reader: Reader, name: str, least: int = 0) -> int:
    reader.skip_blanks()
    start = reader.position
    if reader.match(WORD) != name:
        raise reader.fault(f"Expected '{name}' and a whole number.", start)
    reader.skip_blanks()
    start = reader.position
    number = _read_whole(reader)
    if number < least:
        raise reader.fault(f"Expected a whole number from {least} on.", start)
    return number


def _read_whole(reader: Reader) -> int:
    number = reader.digits()
    if number is None:
        raise reader.fault("Expected a whole number.")
    return number
