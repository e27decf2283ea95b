"""Two checkpoints matrix by matrix: how far the weights of one are from a model's own."""

from collections.abc import Iterator

from explorer.domain.errors import ModelError
from explorer.domain.weights import Difference
from explorer.model.anatomy import Matrix
from explorer.model.donors import Donor, open_donor
from explorer.model.loaded import LoadedModel
from explorer.model.weights import weight_of

STEP = 8
"""Matrices that are compared before others have their turn."""


def differences(model: LoadedModel, donor: str) -> Iterator[list[Difference]]:
    """Of every matrix and norm that has a name, `STEP` at a time. Raises ModelError for a donor that is not here.

    A tensor that the donor has not, or has in another shape, is told with the reason.
    """
    opened = open_donor(donor)
    matrices = list(model.anatomy.matrices.values())
    for start in range(0, len(matrices), STEP):
        yield [_difference(model, opened, matrix) for matrix in matrices[start : start + STEP]]


def _difference(model: LoadedModel, donor: Donor, matrix: Matrix) -> Difference:
    stored = weight_of(model.causal_lm, matrix)
    own = stored.float()
    try:  # in the precision that a graft would have
        other = donor.weights(model, matrix).to(stored.device, stored.dtype).float()
    except ModelError as fault:
        return Difference(matrix=matrix.name, layer=matrix.layer, kind=matrix.kind, relative=None, largest=0.0,
                          changed=0.0, reason=str(fault))  # fmt: skip
    apart = other - own
    size = float(own.norm())
    return Difference(
        matrix=matrix.name,
        layer=matrix.layer,
        kind=matrix.kind,
        relative=float(apart.norm()) / size if size else float(apart.norm() > 0),
        largest=float(apart.abs().max()),
        changed=float((apart != 0).float().mean()),
    )
