"""Mutants for other programs: as patches, and as folders of safetensors."""

from pathlib import Path

from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype
from explorer.model.loaded import LoadedModel
from explorer.mutation.export import save_model
from explorer.mutation.patch import WeightPatch, make_patch, mutated_copy, patched_copy
from explorer.workspace.computing import Computing


class Exchange:
    """Makes what is taken elsewhere."""

    def __init__(self, computing: Computing) -> None:
        self._computing = computing

    def patch(self, model: LoadedModel, genotype: Genotype) -> WeightPatch:
        """What turns the model into the mutant; see `mutation.patch`. Raises ExchangeError if nothing does."""
        return self._computing.answer(make_patch, model, genotype, model.name)

    def save(self, model: LoadedModel, genotype: Genotype, folder: Path) -> int:
        """Write the mutant as a safetensors folder; its size in bytes. Raises ExchangeError."""
        mutant = self._computing.answer(mutated_copy, model, genotype)
        return save_model(model, mutant, format_genotype(genotype), folder)

    def save_patched(self, model: LoadedModel, patch: WeightPatch, folder: Path) -> int:
        """As `save`, for a patch. Raises ExchangeError, also if it was made from another model."""
        mutant = self._computing.answer(patched_copy, model, patch, model.name)
        return save_model(model, mutant, patch.genotype, folder)
