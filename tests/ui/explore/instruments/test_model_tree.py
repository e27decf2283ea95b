"""The drawing of the model: what it holds of each kind of model, and where a click leads."""

import json
from pathlib import Path

from explorer.generation.trial import verdict_of
from explorer.model.loading import assemble
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments.model_tree import ModelHandlers, tree_of
from explorer.ui.runs import Runs
from explorer.workspace.workspace import Workspace
from tests.tiny import kept_model, saved_model, tiny_tokenizer
from tests.ui.visit import ADA, event, genotype_of
from tests.zoo import tiny_of


def test_every_weight_is_in_it_once() -> None:
    for name in ("llama", "gpt2", "qwen3_moe"):
        model = kept_model(name)
        tree = tree_of(model)
        outside = sum(part["weights"] for part in tree["outside"] if not part["again"])
        assert outside + sum(layer["weights"] for layer in tree["layers"]) == tree["weights"]


def test_ties_heads_and_experts_are_told() -> None:
    tied = {part["site"]: part["remark"] for part in tree_of(kept_model("llama-tied"))["outside"]}
    assert tied["embed"] == "the same weights as head"
    layer = tree_of(kept_model("qwen3_moe"))["layers"][1]
    assert {part["kind"]: part["heads"] for part in layer["parts"]}["k"] == 2
    assert (layer["experts"]["count"], layer["experts"]["kinds"]) == (4, ["gate", "up", "down"])


def test_what_is_slow_or_has_no_heads_says_why() -> None:
    model = assemble(tiny_of("gpt_oss"), tiny_tokenizer(), source="gpt_oss", name="gpt_oss")
    verdict_of(model)
    assert tree_of(model)["layers"][0]["experts"]["slow"]
    olmo = assemble(tiny_of("olmo2"), tiny_tokenizer(), source="olmo2", name="olmo2")
    remarks = {part["kind"]: part["remark"] for part in tree_of(olmo)["layers"][0]["parts"]}
    assert "computed over all heads together" in remarks["q"]


def test_it_is_drawn_once_and_a_click_goes_there(tmp_path: Path) -> None:
    source = saved_model(tmp_path)
    workspace = Workspace(source=source, device="cpu")
    anatomy = workspace.models.get().anatomy
    own = ModelHandlers(Handlers(workspace, Runs()))
    start = Exploration(source=source).pointed_at(Exploration(source="").selection, anatomy)
    drawn, shown = own.draw(start, "")
    assert len(json.loads(drawn)["layers"]) == 2
    assert shown == source
    assert own.draw(start, source) != [drawn, shown]  # nothing to send
    moved = own.choose(start, ADA, event(site="1.kvhead1"))
    assert genotype_of(workspace, moved) == ""
    assert moved[0].selection.part == "kvhead"
    assert (moved[0].selection.layer, moved[0].selection.head) == (1, 1)
