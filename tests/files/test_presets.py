"""Every preset does what it says, on the real demo model."""

from pathlib import Path

import pytest

from explorer.domain.errors import ExperimentError
from explorer.domain.experiments import Preset
from explorer.domain.genotype import Genotype
from explorer.domain.pair import PairUpdate
from explorer.files.presets import read_preset, read_presets
from explorer.files.recordings import Recordings
from explorer.files.settings import Settings
from explorer.generation.baseline import Baselines
from explorer.generation.pair import generate_pair
from explorer.model.loaded import LoadedModel

PRESETS = read_presets(Settings().presets_folder)
BASELINES = Baselines(4)
RECORDINGS = Recordings((Settings().recordings_folder,))
"""What the page shows of them before it computes; `make recordings` makes them anew."""


def _run(model: LoadedModel, preset: Preset, genotype: Genotype) -> PairUpdate:
    experiment = preset.experiment
    *_, update = generate_pair(model, experiment.prompt, experiment.decoding, genotype, BASELINES)
    return update


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.experiment.name)
def test_a_preset_says_what_its_file_says(demo: LoadedModel, preset: Preset) -> None:
    update = _run(demo, preset, demo.anatomy.read(preset.genotype))
    assert "".join(update.mutated).startswith(preset.says)
    assert update.is_silent == "".join(update.original).startswith(preset.says)
    assert update.measures is not None
    assert not update.measures.divergence_is_near_tie

    kept = RECORDINGS.find(
        demo.fingerprint, demo.precision, preset.genotype, preset.experiment.prompt, preset.experiment.decoding
    )
    assert kept is not None
    assert (kept.update.original_tokens, kept.update.mutated_tokens) == (update.original_tokens, update.mutated_tokens)
    assert kept.update.first_divergence == update.first_divergence
    assert kept.update.measures is not None
    assert kept.update.measures.mean_kl == pytest.approx(update.measures.mean_kl, rel=1e-3)
    assert [kept.moments[-1].original, kept.moments[-1].mutated] == [len(update.original), len(update.mutated)]


def test_there_is_one_of_each_sort() -> None:
    names = {preset.experiment.name for preset in PRESETS}
    assert len(PRESETS) >= 8
    assert names >= {"one-weight", "poem", "dialogue", "london", "french", "loop", "silent", "double"}
    assert all(preset.shows for preset in PRESETS)


def test_the_double_mutant_is_harmless_in_its_parts(demo: LoadedModel) -> None:
    preset = next(preset for preset in PRESETS if preset.experiment.name == "double")
    genotype = demo.anatomy.read(preset.genotype)
    assert len(genotype.mutations) == 2
    assert not _run(demo, preset, genotype).is_silent
    for mutation in genotype.mutations:
        assert _run(demo, preset, Genotype((mutation,))).is_silent


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('prompt = "a"', "'genotype' is missing"),
        ('prompt = "a"\ngenotype = "1.q"\nshows = "b"\nsays = "c"', "Expected an operation"),
        ('prompt = "a"\ngenotype = 3', "line 2: 'genotype' must be of type str"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExperimentError, match=words):
        read_preset(path)
