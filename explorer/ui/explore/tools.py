"""What can be done to a site, as the page offers it: tools, each with a number for the slider and words of its own.

Which tool is at work is what the present operation says, or the one that was chosen where it has none yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from explorer.domain.errors import ExplorerError
from explorer.domain.genotype import Mutation, Operation, Site
from explorer.domain.weights import SiteFacts
from explorer.model.anatomy import Anatomy
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.selection import site_of

MORE = "more"
"""The choice that shows all tools."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of a tool."""

    label: str
    begun: Operation
    """The operation with the number that it begins with; what depends on the site is filled in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One thing to do."""

    name: str
    label: str
    number: str
    """What its number is called."""
    variants: tuple[Variant, ...] = ()
    """None: it sets the weights' own values."""
    is_first: bool = False
    """Whether a newcomer sees it."""
    needs_many: bool = False
    """Whether it does nothing to a single weight."""
    donors: str = ""
    """What it takes weights from, if it does: `model` or `adapter`."""


def _only(operation: Operation) -> tuple[Variant, ...]:
    return (Variant("", operation),)


SET = Tool(name="set", label="Set", number="Value", is_first=True)
TOOLS = (
    SET,
    Tool(name="scale", label="Scale", number="Factor", variants=_only(Operation(kind="scale", value=2)), is_first=True),
    Tool(name="add", label="Add", number="Added", variants=_only(Operation(kind="add"))),
    Tool(
        name="noise",
        label="Noise",
        number="Deviations",
        variants=(
            Variant("added", Operation(kind="jitter", value=0.5)),
            Variant("instead", Operation(kind="noise", value=1)),
        ),
    ),
    Tool(
        name="round",
        label="Round",
        number="Bits",
        variants=(
            Variant("groups of 32", Operation(kind="round", value=3)),
            Variant("groups of 128", Operation(kind="round", value=3, group=128)),
        ),
        is_first=True,
        needs_many=True,
    ),
    Tool(
        name="prune",
        label="Prune",
        number="Share",
        variants=(
            Variant("a share", Operation(kind="prune", value=0.5)),
            Variant("of every 4", Operation(kind="prune", value=2, group=4)),
        ),
        is_first=True,
        needs_many=True,
    ),
    Tool(
        name="rank",
        label="Rank",
        number="Components",
        variants=(
            Variant("percent", Operation(kind="rank", value=10, is_share=True)),
            Variant("components", Operation(kind="rank", value=16)),
            Variant("without the largest", Operation(kind="unrank", value=1)),
        ),
        is_first=True,
        needs_many=True,
    ),
    Tool(name="shuffle", label="Shuffle", number="Seed", variants=_only(Operation(kind="shuffle")), needs_many=True),
    Tool(name="copy", label="Copy", number="From layer", variants=_only(Operation(kind="copy"))),
    Tool(name="from", label="Graft", number="Share", variants=_only(Operation(kind="from", value=1)), donors="model"),
    Tool(
        name="adapter",
        label="Adapter",
        number="Strength",
        variants=_only(Operation(kind="adapter", value=1)),
        donors="adapter",
    ),
    Tool(name="flip", label="Flip a bit", number="Bit", variants=_only(Operation(kind="flip", value=30))),
)
_BY_NAME = {tool.name: tool for tool in TOOLS}


def tool_at_work(exploration: Exploration) -> tuple[Tool, int]:
    """The tool of an exploration, and which of its variants."""
    operation = exploration.operation
    if operation is None:
        return _BY_NAME.get(exploration.tool, SET), 0
    for tool in TOOLS:
        for place, variant in enumerate(tool.variants):
            if _shape(variant.begun) == _shape(operation):
                return tool, place
    kinds = {"unrank": "rank"}  # a share of them
    return _BY_NAME.get(kinds.get(operation.kind, operation.kind), SET), 0


def _shape(operation: Operation) -> tuple[object, ...]:
    return operation.kind, operation.is_share, bool(operation.group) and operation.group


def tools_shown(exploration: Exploration) -> list[tuple[str, str]]:
    """Label and name of the tools to choose from: the first ones and that at work, and a way to all others."""
    at_work, _ = tool_at_work(exploration)
    shown = [tool for tool in TOOLS if exploration.shows_all or tool.is_first or tool is at_work]
    more = [] if len(shown) == len(TOOLS) else [("more …", MORE)]
    return [*((tool.label, tool.name) for tool in shown), *more]


def taken_up(
    exploration: Exploration, name: str, place: int, anatomy: Anatomy, facts: SiteFacts, donor: str
) -> Exploration:
    """The exploration with a tool begun, in one of its variants; "more" shows them all. Raises ExplorerError."""
    if name == MORE:
        return replace(exploration, shows_all=True)
    tool = _BY_NAME[name]
    if tool.needs_many and exploration.selection.level == "weight":
        exploration = exploration.pointed_at(replace(exploration.selection, level="matrix"), anatomy)
    begun = _begun(tool, place, site_of(exploration.selection, anatomy), anatomy, facts, donor)
    if begun is not None:
        objection = anatomy.objection(Mutation(site_of(exploration.selection, anatomy), begun))
        if objection is not None:
            raise ExplorerError(objection[1])
    return replace(exploration, operation=begun, tool=name if tool.donors and begun is None else "")


def _begun(tool: Tool, place: int, site: Site, anatomy: Anatomy, facts: SiteFacts, donor: str) -> Operation | None:
    """What a tool does first; None if it waits for a value or a donor."""
    if not tool.variants or (tool.donors and not donor):
        return None
    operation = tool.variants[place if place < len(tool.variants) else 0].begun
    if tool.name == "copy":
        return replace(operation, source=_neighbour(site, anatomy))
    if tool.name == "flip":
        return replace(operation, value=float(facts.bits - 2))
    if operation.kind == "rank" and not operation.is_share:
        return replace(operation, value=min(operation.value, facts.full_rank))
    return replace(operation, donor=donor) if tool.donors else operation


def _neighbour(site: Site, anatomy: Anatomy) -> Site:
    """The same site of the nearest layer that has one of its shape, the next before the last. Raises ExplorerError."""
    layers = (
        []
        if site.layer is None
        else sorted(range(anatomy.layer_count), key=lambda layer: (abs(layer - (site.layer or 0)), -layer))
    )
    for layer in layers:
        other = replace(site, layer=layer)
        if layer != site.layer and anatomy.objection(Mutation(site, Operation(kind="copy", source=other))) is None:
            return other
    raise ExplorerError("No other layer has a site of this shape to copy: choose a matrix, a head or a layer.")
