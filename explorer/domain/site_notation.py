"""Text to site and back: `14.down[0:64,1792:1856]`.

site      = LAYER | LAYER "." part | global | path, then an optional "[" index ["," index] "]"
part      = kind [ ".head" N | ".bias" ] | "attn" | "mlp" | "head" N | "kvhead" N | expert [ "." kind ] | path
global    = "layers" | "embed" | "position" | "norm" | "head"
expert    = "expert" N | "shared"
path      = names of modules and of a parameter, as the model's own code has them, below the layer or the model
index     = N | [N] ":" [N]                         half-open, as in Python
"""

import re
from typing import Literal

from explorer.domain.genotype import (
    ALL,
    ALL_LAYERS,
    ATTENTION_KINDS,
    LAYER_KINDS,
    Site,
    Slice,
    is_vector,
    is_whole_expert,
)
from explorer.domain.reader import Reader

SitePart = Literal["layer", "part", "head", "rows", "columns", "operation"]

_TARGET = re.compile(r"[A-Za-z0-9_.]+")
_HEAD = re.compile(r"(kvhead|head)([0-9]+)")
_EXPERT = re.compile(r"expert([0-9]+)(\.(?:gate|up|down)(?:\.bias)?)?")
_OWN_NAME = re.compile(r"(?=.*[._0-9])[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
"""A name from a model's own code, told from a slip of the pen by a dot, an underscore or a digit."""
_NUMBERED = re.compile(r"(?:head|kvhead|expert)[0-9]+")


def format_site(site: Site) -> str:
    """The canonical text of a site, such as `14.down[3,:]`."""
    return _format_target(site) + _format_indices(site)


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


def parse_site(text: str) -> Site:
    """A site by itself, such as `14.down[0:64,:]`. Raises NotationError."""
    reader = Reader(text)
    site = read_site(reader, {})
    if not reader.at_end():
        raise reader.fault("Expected the end of the site.")
    return site


def read_site(reader: Reader, positions: dict[SitePart, int]) -> Site:
    """The site at the cursor; where its parts begin is noted in `positions`."""
    reader.skip_blanks()
    start = reader.position
    target = reader.match(_TARGET)
    if target is None:
        raise reader.fault("Expected a site, such as 14.down[3,5], 7.head3, 11.mlp or 5.")
    site = _read_target(reader, target, start, positions)
    bracket = reader.position
    if not reader.take("["):
        return site
    is_group = site.part in (ALL_LAYERS, "layer", "attn", "mlp", "kvhead") or is_whole_expert(site.part)
    if is_group or site.head is not None:
        raise reader.fault("Rows and columns belong to one whole matrix, such as 14.down[3,5].", bracket)
    return _read_indices(reader, site, positions)


def _read_target(reader: Reader, target: str, start: int, positions: dict[SitePart, int]) -> Site:
    positions["layer"] = positions["part"] = positions["head"] = start
    first, *rest = target.split(".")
    if not first.isdigit():
        return Site(part=target)
    layer = reader.whole(first, start)
    if not rest:
        return Site(part="layer", layer=layer)
    positions["part"] = positions["head"] = start + len(first) + 1
    head = _HEAD.fullmatch(rest[0])
    if head and len(rest) == 1:
        return Site(part=head[1], layer=layer, head=reader.whole(head[2], positions["head"]))
    if len(rest) == 1 and rest[0] in ("attn", "mlp", "shared", *LAYER_KINDS):
        return Site(part=rest[0], layer=layer)
    expert = _EXPERT.fullmatch(".".join(rest))
    if expert:
        number = reader.whole(expert[1], positions["part"] + len("expert"))
        return Site(part=f"expert{number}{expert[2] or ''}", layer=layer)
    if len(rest) > 1 and rest[0] in ATTENTION_KINDS:
        positions["head"] = start + len(first) + 1 + len(rest[0]) + 1
        head = _HEAD.fullmatch(".".join(rest[1:]))
        if head and head[1] == "head":
            return Site(part=rest[0], layer=layer, head=reader.whole(head[2], positions["head"]))
        if rest[1:] == ["bias"]:
            return Site(part=".".join(rest), layer=layer)
        raise reader.fault(f"Expected a head, such as {layer}.{rest[0]}.head0.", positions["head"])
    if _OWN_NAME.fullmatch(".".join(rest)):
        return Site(part=".".join(rest), layer=layer)
    kinds = " ".join(LAYER_KINDS)
    raise reader.fault(
        f"A layer has no part '{'.'.join(rest)}'. It has: attn mlp headN kvheadN expertN {kinds}.", positions["part"]
    )


def _read_indices(reader: Reader, site: Site, positions: dict[SitePart, int]) -> Site:
    reader.skip_blanks()
    positions["rows"] = reader.position
    rows, columns = _read_slice(reader), ALL
    if is_vector(site.part) and (site.layer is not None or "." not in site.part):
        if reader.take(","):
            raise reader.fault("A norm has one index, such as 5.attn_norm[17]; so has a bias.", reader.position - 1)
    elif reader.take(","):
        reader.skip_blanks()
        positions["columns"] = reader.position
        columns = _read_slice(reader)
    elif site.part in (*LAYER_KINDS, "embed", "head", "position") or _EXPERT.fullmatch(site.part):
        raise reader.fault("Expected ',' and the columns: [row,column], [row,:] or [:,column].")
    if not reader.take("]"):
        raise reader.fault("Expected ']'.")
    return Site(part=site.part, layer=site.layer, rows=rows, columns=columns)


def is_own_name(part: str) -> bool:
    """Whether a path below a layer can be written as it is, and means nothing else."""
    first = part.split(".", maxsplit=1)[0]
    return _OWN_NAME.fullmatch(part) is not None and not _NUMBERED.fullmatch(first) and first not in LAYER_KINDS


def _read_slice(reader: Reader) -> Slice:
    reader.skip_blanks()
    begin = reader.position
    start = _read_index(reader)
    if not reader.take(":"):
        if start is None:
            raise reader.fault("Expected an index such as 17, a slice such as 0:64, or ':' for all.")
        return Slice(start, start + 1)
    stop = _read_index(reader)
    if stop is not None and stop <= (start or 0):
        raise reader.fault(f"The slice {start or 0}:{stop} is empty: its end is not part of it.", begin)
    return Slice(start or 0, stop)


def _read_index(reader: Reader) -> int | None:
    reader.skip_blanks()
    if reader.text.startswith("-", reader.position):
        raise reader.fault("An index counts from 0 and cannot be negative.")
    return reader.digits()
