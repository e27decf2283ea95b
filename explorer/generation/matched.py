"""Matched controls: what a genotype does beside what the same operations do at places drawn at random.

Each mutation is moved to another place of its own matrix, as large as its own, and the whole is measured alike. What is
special of a place then shows as a rank, and as the p-value of a permutation test; what any place would do does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from explorer.domain.effects import MATCHED, Finding, Matched, SizeRank
from explorer.domain.errors import StatisticsError
from explorer.domain.genotype import ALL, Genotype, Mutation, Site, Slice
from explorer.domain.site_notation import format_site
from explorer.generation.baseline import Baseline
from explorer.generation.effects import added_nll
from explorer.model.anatomy import Anatomy, Matrix
from explorer.model.loaded import LoadedModel
from explorer.model.weights import weight_of


def matched(model: LoadedModel, baseline: Baseline, genotype: Genotype, count: int = MATCHED, seed: int = 0) -> Matched:
    """A genotype among `count` matched ones. Raises StatisticsError where there is no other place to draw."""
    if not genotype:
        raise StatisticsError("Nothing is mutated yet: set a mutation, then ask how special it is.")
    places = [_places_of(model.anatomy, mutation.site) for mutation in genotype.mutations]
    drawn = _drawn(genotype, places, count, seed)
    own, *controls = added_nll(model, baseline, [genotype, *drawn])
    sizes = tuple(
        _size_rank(model, mutation.site, place)
        for mutation, place in zip(genotype.mutations, places, strict=True)
        if place.matrix is not None
    )
    return Matched(added_nll=own, controls=tuple(controls), sizes=sizes)


def with_controls(
    model: LoadedModel, baseline: Baseline, findings: Sequence[Finding], count: int = MATCHED, seed: int = 0
) -> tuple[Finding, ...]:
    """Findings of one level and operation, each with controls, which those of a matrix share.

    A control that happens to be the finding itself counts as one as strong.
    """
    shared: dict[tuple[str, int | None], list[float]] = {}
    told = []
    for finding in findings:
        site = finding.mutation.site
        key = (site.part, site.layer)
        try:
            if key not in shared:
                places = _places_of(model.anatomy, site)
                drawn = _drawn(Genotype((finding.mutation,)), [places], count, seed)
                shared[key] = added_nll(model, baseline, drawn)
            told.append(replace(finding, matched=Matched(added_nll=finding.verified, controls=tuple(shared[key]))))
        except StatisticsError:  # it is its whole matrix
            told.append(finding)
    return tuple(told)


# ---------------------------------------------------------------------------------------------- places


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a site could as well be: heads of its layer, or rectangles of its matrix, as large."""

    site: Site
    heads: tuple[int, ...] = ()
    matrix: Matrix | None = None
    height: int = 0
    width: int = 0
    down: int = 0
    """Rows from one place to the next: its height where it lies on the grid of such places, else 1."""
    across: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Places downwards and across."""
        assert self.matrix is not None
        return (self.matrix.rows - self.height) // self.down + 1, (self.matrix.columns - self.width) // self.across + 1

    @property
    def own(self) -> int:
        """The place of the site itself among them."""
        if self.matrix is None:
            return self.heads.index(self.site.head or 0)
        return self.site.rows.start // self.down * self.shape[1] + self.site.columns.start // self.across

    def __len__(self) -> int:
        return len(self.heads) if self.matrix is None else self.shape[0] * self.shape[1]

    def __getitem__(self, place: int) -> Site:
        if self.matrix is None:
            return replace(self.site, head=self.heads[place])
        down, across = divmod(place, self.shape[1])
        rows, columns = down * self.down, across * self.across
        return replace(
            self.site,
            rows=ALL if self.site.rows.is_all else Slice(rows, rows + self.height),
            columns=ALL if self.site.columns.is_all else Slice(columns, columns + self.width),
        )


def _places_of(anatomy: Anatomy, site: Site) -> _Places:
    """All places like a site, itself among them. Raises StatisticsError where there is none but its own."""
    if site.head is not None:
        heads: list[int] = []
        while anatomy.site_objection(replace(site, head=len(heads))) is None:
            heads.append(len(heads))
        found = _Places(site, heads=tuple(heads))
    else:
        targets = anatomy.targets(site)
        if len(targets) != 1:
            raise StatisticsError(f"{format_site(site)} is many matrices: ask about a part of one, or about a head.")
        (target,) = targets
        height, width = len(target.rows), len(target.columns)
        down = height if target.rows.start % height == 0 else 1
        across = width if target.columns.start % width == 0 else 1
        found = _Places(site, (), target.matrix, height, width, down, across)
    if len(found) == 1:
        raise StatisticsError(f"{format_site(site)} has no other place as large beside it: ask about a smaller part.")
    return found


def _drawn(genotype: Genotype, places: Sequence[_Places], count: int, seed: int) -> list[Genotype]:
    """Genotypes of which each mutation is somewhere else; each once, where it is but one."""
    random = np.random.default_rng(seed)
    if len(places) == 1:
        count = min(count, len(places[0]) - 1)
    columns = []
    for mutation, each in zip(genotype.mutations, places, strict=True):
        others = random.choice(len(each) - 1, size=count, replace=len(each) - 1 < count)
        others += others >= each.own
        columns.append([Mutation(each[int(other)], mutation.operation) for other in others])
    return [Genotype(mutations) for mutations in zip(*columns, strict=True)]


def _size_rank(model: LoadedModel, site: Site, places: _Places) -> SizeRank:
    """How large a site's weights are (root mean square) among all places like it."""
    assert places.matrix is not None
    squares = weight_of(model.causal_lm, places.matrix).float().square()
    sizes = torch.nn.functional.avg_pool2d(
        squares[None, None], (places.height, places.width), (places.down, places.across)
    ).flatten()
    larger = int((sizes > sizes[places.own]).sum())
    return SizeRank(site=site, rank=larger + 1, of=len(places))
