"""Text to genotype and back: `14.down[0:64,1792:1856]=max; 7.head3*0`.

Owns the grammar and where each part of a text stands; does not know which sites a model has.

    genotype  = mutation { ";" mutation }
    mutation  = site operation
    site      = LAYER | LAYER "." part | global | path, then an optional "[" index ["," index] "]"
    part      = kind [ ".head" N | ".bias" ] | "attn" | "mlp" | "head" N | "kvhead" N | expert [ "." kind ] | path
    expert    = "expert" N | "shared"
    path      = names of modules and of a parameter, as the model's own code has them, below the layer or the model
    index     = N | [N] ":" [N]                         half-open, as in Python
    operation = "=" (NUMBER | "max" | "min" | "mean" | edit) | "*" NUMBER | "+" (NUMBER | noise)
    edit      = noise | "shuffle" ["(" "seed" N ")"] | "round(" BITS ["," "group" N] ")"
              | "prune(" (SHARE | N ":" N) ")" | ("rank" | "unrank") "(" (N | NUMBER "%") ")"
              | "flip(" BIT ")" | "copy(" site ")"
    noise     = "noise(" NUMBER ["," "seed" N] ")"

The signs − and × of sentences and figures are taken for - and *, so that what is printed can be pasted.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NoReturn

from explorer.domain.errors import NotationError
from explorer.domain.genotype import (
    ALL,
    ATTENTION_KINDS,
    HIGHEST_BIT,
    LAYER_KINDS,
    MAXIMUM,
    MEAN,
    MINIMUM,
    MOST_BITS,
    ROUND_GROUP,
    Genotype,
    Mutation,
    Operation,
    OperationKind,
    Site,
    Slice,
    is_vector,
    is_whole_expert,
)

SitePart = Literal["layer", "part", "head", "rows", "columns", "operation"]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TARGET = re.compile(r"[A-Za-z0-9_.]+")
_HEAD = re.compile(r"(kvhead|head)([0-9]+)")
_EXPERT = re.compile(r"expert([0-9]+)(\.(?:gate|up|down)(?:\.bias)?)?")
_OWN_NAME = re.compile(r"(?=.*[._0-9])[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
"""A name from a model's own code, told from a slip of the pen by a dot, an underscore or a digit."""
_NUMBERED = re.compile(r"(?:head|kvhead|expert)[0-9]+")
_MOST_DIGITS = 12
_INFINITE = ("inf", "infinity", "nan")
EDITS: dict[str | None, OperationKind] = {
    "noise": "noise", "shuffle": "shuffle", "round": "round", "prune": "prune", "rank": "rank", "unrank": "unrank",
    "flip": "flip", "copy": "copy",
}  # fmt: skip
"""What stands behind "=" and looks at the weights of its site, by name."""
_EXAMPLES: dict[OperationKind, str] = {
    "noise": "=noise(1)", "jitter": "+noise(0.1)", "shuffle": "=shuffle", "round": "=round(4)", "prune": "=prune(0.5)",
    "rank": "=rank(16)", "unrank": "=unrank(1)", "flip": "=flip(30)", "copy": "=copy(9.down)",
}  # fmt: skip
_RANGES: dict[OperationKind, tuple[float, float]] = {
    "noise": (0, math.inf), "jitter": (0, math.inf), "round": (1, MOST_BITS), "prune": (0, 1), "rank": (0, math.inf),
    "unrank": (0, math.inf), "flip": (0, HIGHEST_BIT),
}  # fmt: skip
_SHARES = (0.0, 100.0)
_WHOLE = ("round", "rank", "unrank", "flip")
_WORD = re.compile(r"[A-Za-z]+")
PRINTED_SIGNS = str.maketrans("−×", "-*")
"""Signs as they are printed, one for one, so that positions stay."""


@dataclass(frozen=True, slots=True)
class ParsedMutation:
    """A mutation with the character positions at which the parts of its site begin."""

    mutation: Mutation
    positions: dict[SitePart, int]


# ---------------------------------------------------------------------------------------- formatting


def format_genotype(genotype: Genotype) -> str:
    """The canonical text of a genotype; the original model's is empty."""
    return ";".join(format_mutation(mutation) for mutation in genotype.mutations)


def format_mutation(mutation: Mutation) -> str:
    """The canonical text of one mutation."""
    return format_site(mutation.site) + format_operation(mutation.operation)


def format_site(site: Site) -> str:
    """The canonical text of a site, such as `14.down[3,:]`."""
    return _format_target(site) + _format_indices(site)


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
    return f"={operation.kind}({value}{'%' if operation.is_share else ''})"


def format_number(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return repr(float(value)).removesuffix(".0")


def _format_target(site: Site) -> str:
    if site.layer is None:
        return site.part
    if site.part == "layer":
        return str(site.layer)
    if site.part in ("head", "kvhead"):
        return f"{site.layer}.{site.part}{site.head}"
    head = "" if site.head is None else f".head{site.head}"
    return f"{site.layer}.{site.part}{head}"


def _format_indices(site: Site) -> str:
    if site.rows.is_all and site.columns.is_all:
        return ""
    if is_vector(site.part):
        return f"[{_format_slice(site.rows)}]"
    return f"[{_format_slice(site.rows)},{_format_slice(site.columns)}]"


def _format_slice(indices: Slice) -> str:
    if indices.is_all:
        return ":"
    if indices.is_single:
        return str(indices.start)
    return f"{indices.start}:{'' if indices.stop is None else indices.stop}"


# ------------------------------------------------------------------------------------------- parsing


def parse_genotype(text: str) -> Genotype:
    """The genotype that a text names; blank text names the original model.

    Raises NotationError, with the text and a caret, where the text does not follow the grammar.
    """
    return Genotype(tuple(parsed.mutation for parsed in parse_mutations(text)))


def parse_site(text: str) -> Site:
    """A site by itself, such as `14.down[0:64,:]`. Raises NotationError."""
    reader = _Reader(text)
    site = _read_site(reader, {})
    if not reader.at_end():
        reader.fail("Expected the end of the site.")
    return site


def parse_mutations(text: str) -> tuple[ParsedMutation, ...]:
    """As `parse_genotype`, keeping where in the text each site's parts stand."""
    reader = _Reader(text)
    if reader.at_end():
        return ()
    mutations = [_read_mutation(reader)]
    while reader.take(";"):
        if reader.at_end():  # a trailing semicolon is forgiven
            break
        mutations.append(_read_mutation(reader))
    if not reader.at_end():
        reader.fail("Expected ';' before another mutation, or the end.")
    return tuple(mutations)


class _Reader:
    """A cursor over the text that skips blanks and fails with its own position."""

    def __init__(self, text: str) -> None:
        self.text = text.translate(PRINTED_SIGNS)
        self.position = 0
        self._typed = text

    def skip_blanks(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def at_end(self) -> bool:
        self.skip_blanks()
        return self.position >= len(self.text)

    def take(self, symbol: str) -> bool:
        self.skip_blanks()
        if not self.text.startswith(symbol, self.position):
            return False
        self.position += len(symbol)
        return True

    def match(self, pattern: re.Pattern[str]) -> str | None:
        self.skip_blanks()
        found = pattern.match(self.text, self.position)
        if found is None:
            return None
        self.position = found.end()
        return found.group()

    def fail(self, reason: str, position: int | None = None) -> NoReturn:
        raise NotationError(self._typed, self.position if position is None else position, reason)


def _read_mutation(reader: _Reader) -> ParsedMutation:
    positions: dict[SitePart, int] = {}
    site = _read_site(reader, positions)
    reader.skip_blanks()
    positions["operation"] = reader.position
    operation = _read_operation(reader)
    return ParsedMutation(Mutation(site, operation), positions)


def _read_site(reader: _Reader, positions: dict[SitePart, int]) -> Site:
    reader.skip_blanks()
    start = reader.position
    target = reader.match(_TARGET)
    if target is None:
        reader.fail("Expected a site, such as 14.down[3,5], 7.head3, 11.mlp or 5.")
    site = _read_target(reader, target, start, positions)
    bracket = reader.position
    if not reader.take("["):
        return site
    is_group = site.part in ("layer", "attn", "mlp", "kvhead") or is_whole_expert(site.part)
    if is_group or site.head is not None:
        reader.fail("Rows and columns belong to one whole matrix, such as 14.down[3,5].", bracket)
    return _read_indices(reader, site, positions)


def _read_target(reader: _Reader, target: str, start: int, positions: dict[SitePart, int]) -> Site:
    positions["layer"] = positions["part"] = positions["head"] = start
    first, *rest = target.split(".")
    if not first.isdigit():
        return Site(part=target)
    layer = _whole(reader, first, start)
    if not rest:
        return Site(part="layer", layer=layer)
    positions["part"] = positions["head"] = start + len(first) + 1
    head = _HEAD.fullmatch(rest[0])
    if head and len(rest) == 1:
        return Site(part=head[1], layer=layer, head=_whole(reader, head[2], positions["head"]))
    if len(rest) == 1 and rest[0] in ("attn", "mlp", "shared", *LAYER_KINDS):
        return Site(part=rest[0], layer=layer)
    expert = _EXPERT.fullmatch(".".join(rest))
    if expert:
        number = _whole(reader, expert[1], positions["part"] + len("expert"))
        return Site(part=f"expert{number}{expert[2] or ''}", layer=layer)
    if len(rest) > 1 and rest[0] in ATTENTION_KINDS:
        positions["head"] = start + len(first) + 1 + len(rest[0]) + 1
        head = _HEAD.fullmatch(".".join(rest[1:]))
        if head and head[1] == "head":
            return Site(part=rest[0], layer=layer, head=_whole(reader, head[2], positions["head"]))
        if rest[1:] == ["bias"]:
            return Site(part=".".join(rest), layer=layer)
        reader.fail(f"Expected a head, such as {layer}.{rest[0]}.head0.", positions["head"])
    if _OWN_NAME.fullmatch(".".join(rest)):
        return Site(part=".".join(rest), layer=layer)
    kinds = " ".join(LAYER_KINDS)
    reader.fail(
        f"A layer has no part '{'.'.join(rest)}'. It has: attn mlp headN kvheadN expertN {kinds}.", positions["part"]
    )


def _read_indices(reader: _Reader, site: Site, positions: dict[SitePart, int]) -> Site:
    reader.skip_blanks()
    positions["rows"] = reader.position
    rows, columns = _read_slice(reader), ALL
    if is_vector(site.part) and (site.layer is not None or "." not in site.part):
        if reader.take(","):
            reader.fail("A norm has one index, such as 5.attn_norm[17]; so has a bias.", reader.position - 1)
    elif reader.take(","):
        reader.skip_blanks()
        positions["columns"] = reader.position
        columns = _read_slice(reader)
    elif site.part in (*LAYER_KINDS, "embed", "head", "position") or _EXPERT.fullmatch(site.part):
        reader.fail("Expected ',' and the columns: [row,column], [row,:] or [:,column].")
    if not reader.take("]"):
        reader.fail("Expected ']'.")
    return Site(part=site.part, layer=site.layer, rows=rows, columns=columns)


def is_own_name(part: str) -> bool:
    """Whether a path below a layer can be written as it is, and means nothing else."""
    first = part.split(".", maxsplit=1)[0]
    return _OWN_NAME.fullmatch(part) is not None and not _NUMBERED.fullmatch(first) and first not in LAYER_KINDS


def _read_slice(reader: _Reader) -> Slice:
    reader.skip_blanks()
    begin = reader.position
    start = _read_index(reader)
    if not reader.take(":"):
        if start is None:
            reader.fail("Expected an index such as 17, a slice such as 0:64, or ':' for all.")
        return Slice(start, start + 1)
    stop = _read_index(reader)
    if stop is not None and stop <= (start or 0):
        reader.fail(f"The slice {start or 0}:{stop} is empty: its end is not part of it.", begin)
    return Slice(start or 0, stop)


def _read_index(reader: _Reader) -> int | None:
    reader.skip_blanks()
    if reader.text.startswith("-", reader.position):
        reader.fail("An index counts from 0 and cannot be negative.")
    start = reader.position
    digits = reader.match(re.compile(r"[0-9]+"))
    return None if digits is None else _whole(reader, digits, start)


def _whole(reader: _Reader, digits: str, position: int) -> int:
    if len(digits) > _MOST_DIGITS:
        reader.fail(f"No model has an index of {len(digits):,} digits.", position)
    return int(digits)


def _read_operation(reader: _Reader) -> Operation:
    reader.skip_blanks()
    start = reader.position
    if reader.take("="):
        return _read_setting(reader)
    if reader.take("*"):
        return Operation(kind="scale", value=_read_number(reader))
    if reader.take("+"):
        return _read_added(reader)
    reader.fail("Expected an operation: =NUMBER, =max, =min, *NUMBER, +NUMBER, or an edit such as =round(4).", start)


def _read_added(reader: _Reader) -> Operation:
    reader.skip_blanks()
    start = reader.position
    if reader.match(_WORD) == "noise":
        return _read_edit(reader, "jitter")
    reader.position = start
    return Operation(kind="add", value=_read_number(reader))


def _read_setting(reader: _Reader) -> Operation:
    reader.skip_blanks()
    start = reader.position
    word = reader.match(_WORD)
    named: dict[str | None, Operation] = {"max": MAXIMUM, "min": MINIMUM, "mean": MEAN}
    if word in named:
        return named[word]
    if word in EDITS:
        return _read_edit(reader, EDITS[word])
    if word and word.lower() not in _INFINITE:
        reader.fail(f"'{word}' is no number and no edit. Edits: {', '.join(_EXAMPLES.values())}.", start)
    reader.position = start
    return Operation(kind="set", value=_read_number(reader))


def _read_edit(reader: _Reader, kind: OperationKind) -> Operation:
    """The part of an edit behind its name."""
    if not reader.take("("):
        if kind == "shuffle":
            return Operation(kind=kind)
        reader.fail(f"Expected its number, such as {_EXAMPLES[kind]}.")
    if kind == "copy":
        operation = Operation(kind=kind, source=_read_site(reader, {}))
    elif kind == "shuffle":
        operation = Operation(kind=kind, seed=_read_option(reader, "seed"))
    else:
        operation = _read_amount(reader, kind)
    if not reader.take(")"):
        reader.fail(f"Expected ')', as in {_EXAMPLES[kind]}.")
    return operation


def _read_amount(reader: _Reader, kind: OperationKind) -> Operation:
    reader.skip_blanks()
    start = reader.position
    value = _read_number(reader)
    is_share = kind in ("rank", "unrank") and reader.take("%")
    group = seed = 0
    if kind == "prune" and reader.take(":"):
        group = _read_whole(reader)
        if not (value.is_integer() and 0 <= value <= group):
            reader.fail(f"Of every {group} columns no more can be pruned, such as prune(2:4).", start)
    elif kind in ("noise", "jitter", "round") and reader.take(","):
        if kind == "round":
            group = _read_option(reader, "group", 1)
        else:
            seed = _read_option(reader, "seed")
    else:
        low, high = _SHARES if is_share else _RANGES[kind]
        whole = kind in _WHOLE and not is_share
        if not low <= value <= high or (whole and not value.is_integer()):
            what = "a whole number" if whole else "a number"
            most = f" to {high:g}" if math.isfinite(high) else " on"
            reader.fail(f"{kind} takes {what} from {low:g}{most}, such as {_EXAMPLES[kind]}.", start)
    return Operation(kind=kind, value=value, seed=seed, group=group, is_share=is_share)


def _read_option(reader: _Reader, name: str, least: int = 0) -> int:
    reader.skip_blanks()
    start = reader.position
    if reader.match(_WORD) != name:
        reader.fail(f"Expected '{name}' and a whole number.", start)
    reader.skip_blanks()
    start = reader.position
    number = _read_whole(reader)
    if number < least:
        reader.fail(f"Expected a whole number from {least} on.", start)
    return number


def _read_whole(reader: _Reader) -> int:
    reader.skip_blanks()
    start = reader.position
    digits = reader.match(re.compile(r"[0-9]+"))
    if digits is None:
        reader.fail("Expected a whole number.", start)
    return _whole(reader, digits, start)


def _read_number(reader: _Reader) -> float:
    reader.skip_blanks()
    start = reader.position
    digits = reader.match(_NUMBER)
    if digits is not None and math.isfinite(float(digits)):
        return float(digits)
    if digits is not None:
        reader.fail(f"{digits} is infinite here: a weight needs a finite number.", start)
    sign = reader.match(re.compile(r"[+-]?"))
    word = reader.match(_WORD)
    if word and word.lower() in _INFINITE:
        reader.fail(f"'{sign}{word}' is refused: a weight needs a finite number.", start)
    reader.fail("Expected a number, such as 0, -3.2 or 1e-4.", start)


def check_mutations(
    parsed: tuple[ParsedMutation, ...], text: str, check: Callable[[Mutation], tuple[SitePart, str] | None]
) -> None:
    """Raise NotationError for the first mutation to which `check` objects with a part and a reason."""
    for item in parsed:
        objection = check(item.mutation)
        if objection is not None:
            part, reason = objection
            raise NotationError(text, item.positions[part], reason)
