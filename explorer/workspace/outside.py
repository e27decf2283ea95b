"""Whether a genotype takes weights from files that may change: what it says today is then not recorded for tomorrow."""

from explorer.domain.genotype import Genotype
from explorer.files.adapters import shipped_adapters
from explorer.files.settings import DEMO


def takes_from_outside(genotype: Genotype) -> bool:
    """Whether a donor is named that does not come along with the program."""
    own = {"from": [DEMO], "adapter": shipped_adapters()}
    operations = (mutation.operation for mutation in genotype.mutations)
    return any(each.donor not in own[each.kind] for each in operations if each.kind in own)
