"""Damage tables against weights edited in place and texts read whole."""

import json
import math
from pathlib import Path

import pytest
import torch

from explorer.domain.errors import SettingsError, StatisticsError
from explorer.domain.genotype import Genotype, Mutation
from explorer.domain.screened import operation_of
from explorer.figures.damage import damage_figure
from explorer.files.settings import Settings
from explorer.files.texts import read_texts
from explorer.generation.damage import losses, matrix_sites, own_losses, read_all
from explorer.model.loaded import LoadedModel
from explorer.reports.damage import advice_lines, advice_report, damage_lines, damage_report, read_damage
from explorer.tasks.comparison import shortened
from explorer.workspace.workspace import Workspace
from tests.oracle import edited_in_place
from tests.tiny import tiny_model

TEXTS = ("w5 w6 w7 w8 w9 w10", "w20 w3 w4 w90 w2")
OPERATIONS = ("=round(2)", "=prune(0.5)", "=round(4)")


def _plain(model: LoadedModel, text: str) -> torch.Tensor:
    """Log-probabilities of each next token of a text, [tokens, vocabulary]."""
    tokens = torch.tensor([model.tokenizer(text)["input_ids"]])
    with torch.inference_mode():
        logits: torch.Tensor = model.causal_lm(input_ids=tokens).logits
    return logits[0, :-1].log_softmax(-1)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    file = tmp_path / "texts.toml"
    file.write_text(f"read = {json.dumps(TEXTS)}\nunseen = {json.dumps([*TEXTS, 'w1 w2 w3 w30'])}\n", encoding="utf-8")
    return Workspace(device="cpu", settings=Settings(texts_file=file, database=tmp_path / "x.duckdb"))


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_each_row_is_what_the_plain_procedure_measures(family: str, workspace: Workspace) -> None:
    model = tiny_model(family)
    *_, (total, table) = workspace.damages.table(model, OPERATIONS)
    assert len(table.rows) == total == len(matrix_sites(model.anatomy)) * len(OPERATIONS)
    own = [_plain(model, text) for text in TEXTS]
    tokens = [torch.tensor(model.tokenizer(text)["input_ids"][1:]) for text in TEXTS]
    nlls = [-p.gather(-1, t.unsqueeze(-1)) for p, t in zip(own, tokens, strict=True)]
    assert table.nll == pytest.approx(float(torch.cat(nlls).mean()), rel=1e-4)
    for row in table.rows[::5]:
        mutation = Mutation(row.site, operation_of(row.operation))
        with edited_in_place(model, Genotype((mutation,))):
            other = [_plain(model, text) for text in TEXTS]
        kl = torch.cat([(p.exp() * (p - q)).sum(-1) for p, q in zip(own, other, strict=True)]).mean()
        nll = torch.cat([-q.gather(-1, t.unsqueeze(-1)) for q, t in zip(other, tokens, strict=True)]).mean()
        assert row.mean_kl == pytest.approx(float(kl), rel=1e-3, abs=1e-6)
        assert row.added_nll == pytest.approx(float(nll) - table.nll, abs=1e-4)


def test_an_advice_is_run_as_a_whole_beside_uniform_bits(workspace: Workspace, tmp_path: Path) -> None:
    model = tiny_model("llama")
    *_, (_, table) = workspace.damages.table(model, OPERATIONS)
    found = workspace.damages.compare(model, table, 3.0)
    assert set(found.advised.advice.bits.values()) == {2, 4}
    readings = read_all(model, read_texts(workspace.settings.texts_file).unseen)
    with edited_in_place(model, found.advised.advice.genotype):
        plain = [-_plain(model, text) for text in read_texts(workspace.settings.texts_file).unseen]
    expected = [
        float(each.gather(-1, torch.tensor(reading.tokens).unsqueeze(-1)).mean())
        for each, reading in zip(plain, readings, strict=True)
    ]
    assert list(found.advised.losses) == pytest.approx(expected, rel=1e-4)
    assert found.original == pytest.approx(
        math.exp(sum(x * len(r.tokens) for x, r in zip(own_losses(readings), readings, strict=True))
                 / sum(len(r.tokens) for r in readings))
    )  # fmt: skip
    assert losses(model, readings, Genotype()) == pytest.approx(own_losses(readings), rel=1e-5)
    report = advice_report(found)
    assert report["uniform"]["matrices"] == {"3": len(matrix_sites(model.anatomy))}
    assert any("saves" in line for line in advice_lines(report))
    file = tmp_path / "damage.json"
    file.write_text(json.dumps(damage_report(table, "abc")), encoding="utf-8")
    assert read_damage(file) == (table, "abc")
    assert next(damage_lines(damage_report(table, "abc"))).startswith(f"{model.name}: perplexity ")
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(StatisticsError, match="no damage table"):
        read_damage(file)


def test_questions_are_asked_of_every_row_and_the_map_tells_all(workspace: Workspace) -> None:
    model = tiny_model("llama")
    questions = shortened(workspace.behaviour.question_sets()[0], 4)
    *_, (_, table) = workspace.damages.table(model, ("=round(2)",), questions)
    assert table.questions == 4
    row = table.rows[3]
    scores = workspace.behaviour.scores(model, Genotype((Mutation(row.site, operation_of(row.operation)),)), questions)
    assert row.right == sum(score.is_right for _, score in scores)
    figure = damage_figure(table, meta={"model": "tiny"})
    (cells,) = figure.data
    assert cells.customdata[list(cells.y).index("down")][1] == "1.down=round(2)"
    assert "of 4 right" in cells.text[0][0]


@pytest.mark.parametrize("text", ["read = []\nunseen = ['a']", "read = ['a']", "read = 'a'\nunseen = ['b']"])
def test_a_file_without_texts_is_told(text: str, tmp_path: Path) -> None:
    file = tmp_path / "texts.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="is a list of texts"):
        read_texts(file)
