"""What is read of the study's files, and what is told of lines that cannot be used."""

import json
from pathlib import Path

import pytest

from explorer.domain.errors import ModelError, StoreError
from explorer.store.study.files import read_files
from explorer.store.study.shape import SHAPES, read_shape
from explorer.store.study.texts import decoded, read_codes, read_logs

CONFIG = {
    "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 8, "intermediate_size": 12,
    "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 100,
}  # fmt: skip


def test_the_models_of_the_study_have_their_sizes() -> None:
    grids = {name: shape.grid(64) for name, shape in SHAPES.items()}
    blocks = {name: (grid["downs"] * grid["acrosses"]).sum() for name, grid in grids.items()}
    assert blocks == {"llama2-7b": 1_581_056, "zephyr": 1_703_936}
    assert SHAPES["llama2-7b"].facts.parameters == 6_738_415_616
    assert SHAPES["zephyr"].facts.parameters == 7_241_732_096
    assert SHAPES["zephyr"].sizes["v"] == (1024, 4096)
    assert SHAPES["llama2-7b"].matrix(7 * 12 + 6, 64).name == "12.down"


def test_a_shape_is_read_from_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "tiny" / "config.json"
    path.parent.mkdir()
    path.write_text(json.dumps({**CONFIG, "head_dim": 6}), encoding="utf-8")
    shape = read_shape(str(path))
    assert (shape.sizes["q"], shape.sizes["k"], shape.sizes["o"]) == ((12, 8), (6, 8), (8, 12))
    assert shape.facts.fingerprint.startswith("published:tiny:")
    for content in (
        "[]",
        "{",
        "{}",
        json.dumps({**CONFIG, "hidden_size": "wide"}),
        json.dumps({**CONFIG, "head_dim": -1}),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ModelError, match="does not tell the sizes"):
            read_shape(str(path))
    with pytest.raises(ModelError, match=r"There is no shape 'big': name llama2-7b, zephyr, or"):
        read_shape("big")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("it ord(8217)s", "it \N{RIGHT SINGLE QUOTATION MARK}s"),
        ("ord(28779)ord(29702)ord(128512)", "火理\N{GRINNING FACE}"),
        ("ord(c) - ord('a') ord( ord() ord(-1) ord(8217", "ord(c) - ord('a') ord( ord() ord(-1) ord(8217"),
        ("ord(97) ord(1114112) ord(55357) ord(99999999999999)", "ord(97) ord(1114112) ord(55357) ord(99999999999999)"),
        ("ord(ord(233))", "ord(é)"),
    ],
)
def test_characters_beyond_ascii_are_decoded_and_nothing_else(written: str, text: str) -> None:
    assert decoded(written) == text


def test_every_line_of_a_log_that_is_no_mutation_is_told() -> None:
    v = "model.layers.0.self_attn.v_proj.weight"
    lines = [
        f"max {v}:0,64:1",
        "%%%%%%",
        "",
        f"mix {v}:0,64:1",
        f"max {v}:0,6",
        "max model.layers.32.mlp.up_proj.weight:0,0:1",
        f"min {v}:0,65:1",
        f"min {v}:4096,0:1",
        f"min {v}:0,0:99999999999999999999",
        f"  min {v}:4032,4032:2  ",
        f"zero {v}:0,0:2",
    ]
    log = read_logs([("a.log", "\n".join(lines))], SHAPES["llama2-7b"].grid(64), 64, ["max", "min"])
    assert log.mutations.select("place", "down", "across", "operation", "code").rows() == [
        (2, 0, 1, "max", 1),
        (2, 63, 63, "min", 2),
    ]
    assert [(line, reason.split(" is ")[0]) for _, line, reason in log.faults.rows()] == [
        (4, f"'mix {v}:0,64:1'"),
        (5, f"'max {v}:0,6'"),
        (6, "The model has no matrix model.layers.32.mlp.up_proj.weight."),
        (7, "The offset 0,65"),
        (8, f"The offset 4096,0 lies outside {v}."),
        (9, f"'min {v}:0,0:99999999999999999999'"),
        (11, "The operation zero"),
    ]


def test_a_code_file_is_read_text_by_text() -> None:
    lines = [
        *("seed:0 step: 64", "standard output:", "First line,", "second ord(8220)line.", "%%%%%%"),
        *("M:1", "One", "", "two", "%%%%%%"),
        *("M:2", "", "%%%%%%"),
        *("", "M:3", "%%%%%%"),
        *("no heading", "lost", "%%%%%%"),
        *("seed:0 step: 64", "First line.", "%%%%%%"),
        *("M:4", "cut"),
    ]
    codes = read_codes([("a.code", "\n".join(lines))])
    assert [tuple(heading) for heading in codes.headings] == [
        ("a.code", 1, 0, 64, "First line,\nsecond “line.", False),
        ("a.code", 20, 0, 64, "", False),
    ]
    assert codes.texts.rows() == [
        ("a.code", 6, "M", 1, "One\n\ntwo", None, None),
        ("a.code", 11, "M", 2, "", None, None),
        ("a.code", 23, "M", 4, "cut", None, None),
    ]
    assert [(line, reason.split(":")[0]) for _, line, reason in codes.faults.rows()] == [
        (15, "The code M"),
        (17, "'no heading' is no heading of a text"),
        (21, "The line 'standard output"),
        (23, "No line %%%%%% ends this text"),
    ]


def test_files_are_known_by_what_they_hold(tmp_path: Path) -> None:
    inner = tmp_path / "more"
    inner.mkdir()
    (tmp_path / "a.txt").write_text("%%%%%%\nmax model.layers.0.mlp.up_proj.weight:0,0:1\n", encoding="utf-8")
    (inner / "b").write_bytes(b"\xef\xbb\xbfseed:0 step: 64\r\nstandard output:\r\nyes\r\n%%%%%%\r\n")
    (inner / "c").write_text("mid; Java\nx;1\n", encoding="utf-8")
    (inner / "broken.xlsx").write_text("no", encoding="utf-8")
    (inner / "letter.csv").write_text("Dear reader,\nmax\n", encoding="utf-8")
    (inner / "empty").write_text("", encoding="utf-8")
    (inner / "picture.log").write_bytes(b"\x89PNG\0\0")
    (inner / "latin.log").write_bytes(b"max model.layers.0.mlp.up_proj.weight:0,0:1\n\xe9\n")
    files = read_files([tmp_path, tmp_path / "a.txt"])
    assert [each.path for each in files.of("log")] == [tmp_path / "a.txt"]
    (code,) = files.of("code")
    assert (code.path, code.text()) == (inner / "b", "seed:0 step: 64\nstandard output:\nyes\n%%%%%%\n")
    assert [table.columns for table in files.tables] == [("mid", " Java")]
    skipped = {Path(each["file"]).name: each["reason"].split(":")[0] for each in files.skipped}
    other = "It is no log, code file or table of the study."
    assert skipped == {
        "broken.xlsx": "It cannot be read",
        "empty": other,
        "latin.log": "It cannot be read",
        "letter.csv": other,
        "picture.log": "It is no text.",
    }
    with pytest.raises(StoreError, match=r"There is no log, code file or table of the study in .*It is no log"):
        read_files([inner / "letter.csv"])
    with pytest.raises(StoreError, match=r"There is no file or folder .*nowhere"):
        read_files([tmp_path, tmp_path / "nowhere"])
