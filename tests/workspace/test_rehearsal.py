"""Programmes rehearsed on a tiny model: each step with its texts, its curves and its maps."""

from dataclasses import replace
from pathlib import Path

import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError, ProgrammeError
from explorer.domain.programme import Look, Programme, Step
from explorer.files.settings import Settings
from explorer.workspace.workspace import Workspace
from tests.tiny import saved_model

STEP = Step(
    name="step-1", title="A row", genotype="0.q*0;1.down[3,:]=0", prompt=Prompt(text="w5 w6 w7", chat=False),
    decoding=Decoding(max_new_tokens=8),
)  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A tiny model, and folders of its own."""
    folder = tmp_path_factory.mktemp("rehearsal")
    saved_model(folder / "tiny")
    settings = Settings(cache_folder=folder / "cache", database=folder / "own.duckdb", screens_folder=folder / "none")
    return Workspace(source=str(folder / "tiny"), device="cpu", settings=settings)


def test_a_recording_is_the_run_itself_and_is_made_once(workspace: Workspace) -> None:
    model = workspace.models.get()
    asked = (STEP.prompt, STEP.decoding)
    made = workspace.rehearsal_in().record(model, "1.down[3,:]=0", *asked)
    *_, update = workspace.pairs.stream(model, *asked, model.anatomy.read("1.down[3,:]=0"))
    assert (made.update.original, made.update.mutated) == (update.original, update.mutated)
    assert made.fingerprint == model.fingerprint
    assert [moment.seconds for moment in made.moments] == sorted(moment.seconds for moment in made.moments)
    assert made.moments[-1][1:] == (len(update.original), len(update.mutated))
    assert workspace.recordings.find(model.fingerprint, model.precision, "1.down[3,:]=0", *asked) == made
    assert workspace.rehearsal_in().record(model, " 1.down[ 3 , : ] = 0.0 ", *asked) == made


def test_a_curve_has_what_is_said_at_each_value(workspace: Workspace, tmp_path: Path) -> None:
    model = workspace.models.get()
    looks = (Look("dose"), Look("dose", "0.v[2,3]"))
    programme = Programme(title="x", model=workspace.source, steps=(replace(STEP, looks=looks),))
    (shown,) = workspace.rehearsal_in(tmp_path).steps(model, programme)
    own, other = shown.curves
    assert (own.site, other.site) == ("1.down[3,:]", "0.v[2,3]")
    for curve, before in ((own, "0.q*0"), (other, "0.q*0;1.down[3,:]=0")):
        assert len(curve.doses) == len(curve.recordings) > 10
        for dose, recording in zip(curve.doses, curve.recordings, strict=True):
            assert recording.update.first_divergence == dose.first_divergence
            *_, update = workspace.pairs.stream(
                model, STEP.prompt, STEP.decoding, model.anatomy.read(f"{before};{curve.site}={dose.value!r}")
            )
            assert recording.update.mutated == update.mutated
    assert len(list(tmp_path.glob("*.json"))) >= len(own.recordings)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"genotype": "9.q=0"}, "The step “A row”: "),
        ({"genotype": "", "looks": (Look("dose"),)}, "needs its site: write dose SITE"),
        ({"genotype": "", "looks": (Look("map"),)}, "needs its matrix: write map MATRIX"),
        ({"looks": (Look("map"),)}, "has the matrix 1.down"),
        ({"looks": (Look("map", "0.q", "week"),)}, "no stored screen of week on tiny has the matrix 0.q"),
        ({"looks": (Look("dose", "5"),)}, "The step “A row”: "),
    ],
)
def test_a_step_that_cannot_be_shown_is_named(workspace: Workspace, changes: dict[str, object], told: str) -> None:
    programme = Programme(title="x", model="", steps=(replace(STEP, **changes),))  # type: ignore[arg-type]
    with pytest.raises(ProgrammeError) as fault:
        list(workspace.rehearsal_in().steps(workspace.models.get(), programme))
    assert told in str(fault.value)


def test_a_run_that_is_stopped_is_not_kept(workspace: Workspace) -> None:
    model = workspace.models.get()
    with pytest.raises(ModelError):
        workspace.rehearsal_in().record(model, "0.o=0", STEP.prompt, STEP.decoding, cancelled=lambda: True)
    assert workspace.recordings.find(model.fingerprint, model.precision, "0.o=0", STEP.prompt, STEP.decoding) is None
