"""What is shown at once later: recorded runs of presets and of a programme's steps, with their pictures."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture
from explorer.atlas.pictures.drawing import draw
from explorer.domain.amounts import amount_of, at_value
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ExplorerError, ModelError, ProgrammeError
from explorer.domain.genotype import Genotype, Mutation, Operation
from explorer.domain.notation import format_genotype
from explorer.domain.programme import Look, Programme, Step
from explorer.domain.recording import Moment, Recording, lean
from explorer.domain.screens import StoredScreen
from explorer.domain.site_notation import format_site
from explorer.figures.marks import mark_of
from explorer.files.recordings import Recordings
from explorer.model.loaded import LoadedModel
from explorer.statistics.filters import Filter
from explorer.workspace.instruments import Instruments
from explorer.workspace.outside import takes_from_outside
from explorer.workspace.pairs import Pairs
from explorer.workspace.rehearsed import Curve, Mapped, Rehearsed
from explorer.workspace.weights import Weights

MOST_CELLS = 4_000
"""Of a map, behind which a text is kept."""


class Rehearsal:
    """Records pairs, curves and maps."""

    def __init__(
        self, recordings: Recordings, pairs: Pairs, weights: Weights, instruments: Instruments, atlas: Atlas
    ) -> None:
        self._recordings, self._pairs, self._weights = recordings, pairs, weights
        self._instruments, self._atlas = instruments, atlas

    def steps(self, model: LoadedModel, programme: Programme) -> Iterator[Rehearsed]:
        """The steps of a programme, one after the other, with all that each shows. Raises ProgrammeError."""
        return (self.step(model, step) for step in programme.steps)

    def step(self, model: LoadedModel, step: Step) -> Rehearsed:
        """One of them. Raises ProgrammeError, which names it."""
        try:
            return self._step(model, step)
        except ExplorerError as fault:
            raise ProgrammeError(f"The step “{step.title}”: {fault}") from fault

    def _step(self, model: LoadedModel, step: Step) -> Rehearsed:
        self._pairs.forget(model)  # so that both texts are recorded as they grow
        recording = self.record(model, step.genotype, step.prompt, step.decoding)
        curves = tuple(self._curve(model, step, look) for look in step.looks if look.kind == "dose")
        maps = tuple(self.map(model, step, look) for look in step.looks if look.kind == "map")
        return Rehearsed(step=step, recording=recording, curves=curves, maps=maps)

    def record(
        self,
        model: LoadedModel,
        genotype: str,
        prompt: Prompt,
        decoding: Decoding,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Recording:
        """The recording of a genotype, made unless there is one.

        Raises NotationError, PromptError, DecodingError and ModelError, as a run does.
        """
        read = model.anatomy.read(genotype)
        canonical = format_genotype(read)
        known = self._recordings.find(model.fingerprint, model.precision, canonical, prompt, decoding)
        if known is not None and not takes_from_outside(read):
            return known
        moments: list[Moment] = []
        started = time.perf_counter()
        last = None
        for update in self._pairs.stream(model, prompt, decoding, read, cancelled):
            moment = Moment(round(time.perf_counter() - started, 3), len(update.original), len(update.mutated))
            if not moments or moment[1:] != moments[-1][1:]:
                moments.append(moment)
            last = update
        if last is None or last.measures is None:
            raise ModelError("There is nothing to record: the run was stopped, or the original itself overflows.")
        recording = Recording(
            model=model.name,
            fingerprint=model.fingerprint,
            precision=model.precision,
            genotype=canonical,
            prompt=prompt,
            decoding=decoding,
            change=self._weights.describe(model, read),
            update=lean(last),
            moments=tuple(moments),
        )
        with contextlib.suppress(OSError):  # what cannot be kept is recorded anew next time
            self._recordings.keep(recording)
        return recording

    def _curve(self, model: LoadedModel, step: Step, look: Look) -> Curve:
        """Raises NotationError for a place that is no site, ProgrammeError where there is none."""
        mutations = model.anatomy.read(step.genotype).mutations
        operation: Operation | None = None
        if look.place:
            site = model.anatomy.read(f"{look.place}=0").mutations[0].site
            stacked = tuple(mutation for mutation in mutations if mutation.site != site)
        elif mutations:
            site, stacked, operation = mutations[-1].site, mutations[:-1], mutations[-1].operation
        else:
            raise ProgrammeError("a dose–response curve of the original needs its site: write dose SITE.")
        doses = self._instruments.dose_response(model, step.prompt, step.decoding, Genotype(stacked), site, operation)
        facts = self._weights.facts(model, site)
        amount = amount_of(operation, facts)
        recordings = []
        for dose in doses:
            mutation = Mutation(site, at_value(operation, facts, dose.value))
            genotype = format_genotype(Genotype((*stacked, mutation)))
            recordings.append(self.record(model, genotype, step.prompt, step.decoding))
        present = facts.present if amount is None else None
        return Curve(
            site=format_site(site),
            present=present,
            doses=doses,
            recordings=tuple(recordings),
            unit=amount.unit if amount else "value",
        )

    def map(self, model: LoadedModel, step: Step, look: Look) -> Mapped:
        """A step's map. Raises StoreError, StatisticsError; ProgrammeError where no screen has the matrix."""
        screen, matrix, picture = self.picture(model, step, look)
        drawn = picture.figure.layout.meta["maps"][0]
        places = _cells(picture)
        with self._atlas.held():
            behind = {
                _place_told(x, y): self._atlas.behind(screen, mark_of(drawn, x, y), Filter())
                for x, y in places[:MOST_CELLS]
            }
        loud = [_place_told(x, y) for x, y in places]
        return Mapped(screen=screen, matrix=matrix, picture=picture, behind=behind, loud=loud)

    def picture(self, model: LoadedModel, step: Step, look: Look) -> tuple[StoredScreen, str, Picture]:
        """Screen, matrix and picture of a step's map, without what lies behind its cells; raises as `map`."""
        matrix = look.place or _matrix_of(model, step)
        screens = [screen for screen in self._atlas.stored()[0] if screen.model == model.name and screen.has_mutants]
        if look.experiment:
            screens = [screen for screen in screens if look.experiment in (screen.experiment, screen.key)]
        screen = next((each for each in screens if self._atlas.telling(each, matrix) == matrix), None)
        if screen is None:
            of = f" of {look.experiment}" if look.experiment else ""
            raise ProgrammeError(f"no stored screen{of} on {model.name} has the matrix {matrix}.")
        return screen, matrix, draw("nsm_map", self._atlas, Asked(screen=screen, matrix=matrix))


def _matrix_of(model: LoadedModel, step: Step) -> str:
    """The matrix of a step's last mutation. Raises ProgrammeError."""
    mutations = model.anatomy.read(step.genotype).mutations
    if not mutations:
        raise ProgrammeError("a map needs its matrix: write map MATRIX, such as map 11.down.")
    return model.anatomy.targets(mutations[-1].site)[0].matrix.name


def _place_told(x: float, y: float) -> str:
    """A cell as a browser writes its place."""
    return ",".join(str(int(value)) if float(value).is_integer() else repr(float(value)) for value in (x, y))


def _cells(picture: Picture) -> list[tuple[float, float]]:
    """The places of a map's cells in which a mutant is non-silent, as its axes have them."""
    drawn = picture.figure.layout.meta["maps"][0]
    cell = int(drawn["cell"])
    loud = picture.data.filter(pl.col("shown") > 0).select("down", "across").unique(maintain_order=True)
    middles = [tuple(place * cell + (cell - 1) / 2 for place in places) for places in loud.iter_rows()]
    return [(down, across) if drawn["transposed"] else (across, down) for down, across in middles]
