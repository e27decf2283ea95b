"""Recorded runs on the disk: found by what was asked and by the model alone."""

from dataclasses import replace
from pathlib import Path

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.effects import Alternative
from explorer.domain.pair import Measures, PairUpdate, Readout
from explorer.domain.recording import Moment, Recording, lean
from explorer.files.recordings import Recordings

READOUT = Readout("Ha", (Alternative("Ha", 0.123456),), ())
RECORDING = Recording(
    model="tiny",
    fingerprint="f" * 64,
    genotype="1.q=0",
    prompt=Prompt(text="Hello"),
    decoding=Decoding(max_new_tokens=2),
    change="All of 1.q → 0",
    update=PairUpdate(
        original=("Ha", ""),
        mutated=("<Ho", "!"),
        original_tokens=(1, 2),
        mutated_tokens=(3, 4),
        original_end="stop",
        mutated_end="length",
        first_divergence=0,
        elapsed_seconds=0.5,
        baseline_was_cached=False,
        is_final=True,
        measures=Measures(
            share_changed=1.0,
            cosine=0.0,
            mean_kl=None,
            perplexity=2.5,
            divergence_is_near_tie=False,
            near_ties=0,
            original_gaps=(0.1, 0.2),
            original_readouts=(READOUT, READOUT),
            mutated_readouts=(READOUT, READOUT),
        ),
    ),
    moments=(Moment(0.1, 1, 0), Moment(0.5, 2, 2)),
)


def test_what_is_kept_is_found_as_it_was(tmp_path: Path) -> None:
    recordings = Recordings((tmp_path / "bundled", tmp_path / "own"))
    path = recordings.keep(RECORDING)
    assert path.parent.name == "own"
    asked = ("1.q=0", RECORDING.prompt, Decoding(max_new_tokens=2))
    assert recordings.find(RECORDING.fingerprint, "float32", *asked) == RECORDING
    assert recordings.find(RECORDING.fingerprint, "bfloat16/float32", *asked) is None  # counted in another precision
    assert Recordings((tmp_path / "own",)).shipped(*asked) == RECORDING


def test_of_anything_else_there_is_none(tmp_path: Path) -> None:
    recordings = Recordings((tmp_path,))
    path = recordings.keep(RECORDING)
    asked = ("1.q=0", RECORDING.prompt, RECORDING.decoding)
    for other in (
        ("e" * 64, *asked),
        ("f" * 63 + "e", *asked),  # the same in what the file's name has of it
        ("f" * 64, "1.q=1", *asked[1:]),
        ("f" * 64, asked[0], replace(asked[1], chat=False), asked[2]),
        ("f" * 64, *asked[:2], replace(asked[2], seed=1)),
        ("f" * 64, *asked[:2], replace(asked[2], temperature=1e-9)),
    ):
        assert recordings.find(other[0], "float32", *other[1:]) is None
    path.rename(path.with_stem("0" * 16 + "-" + "f" * 16))
    assert Recordings((tmp_path,)).find("f" * 64, "float32", *asked) is None


def test_a_file_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    recordings = Recordings((tmp_path,))
    path = recordings.keep(RECORDING)
    whole = path.read_text(encoding="utf-8")
    for text in ("", "{}", whole[:-9], whole.replace("1.q=0", "2.q=0")):
        path.write_text(text, encoding="utf-8")
        assert recordings.find("f" * 64, "float32", "1.q=0", RECORDING.prompt, RECORDING.decoding) is None


def test_what_the_page_does_not_show_is_left_out() -> None:
    measures = lean(RECORDING.update).measures
    assert measures is not None
    assert measures.original_gaps == ()
    assert measures.original_readouts[0].original[0].probability == 0.1235
    stopped = replace(RECORDING.update, measures=None)
    assert lean(stopped) is stopped
