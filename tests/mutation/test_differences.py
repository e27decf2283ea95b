"""Two checkpoints compared, against the model loaded whole."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from explorer.domain.errors import ModelError
from explorer.model.weights import weight_of
from explorer.mutation.differences import differences
from explorer.reports.exchange import diff_lines, diff_report, grafts_of
from tests.tiny import CONFIGURATIONS, tiny_model


def test_each_matrix_is_as_far_as_the_model_loaded_whole_says(tmp_path: Path) -> None:
    model = tiny_model("llama")
    changed = AutoModelForCausalLM.from_config(CONFIGURATIONS["llama"]())
    changed.load_state_dict(model.causal_lm.state_dict())
    with torch.no_grad():
        changed.get_submodule("model.layers.1.mlp.down_proj").weight[3] += 0.5
        changed.get_submodule("model.layers.0.self_attn.q_proj").weight *= 1.1
    changed.save_pretrained(tmp_path)
    found = [each for some in differences(model, str(tmp_path)) for each in some]
    by_name = {each.matrix: each for each in found}
    assert set(by_name) == set(model.anatomy.matrices)
    own = weight_of(model.causal_lm, model.anatomy.matrices["1.down"])
    assert by_name["1.down"].relative == pytest.approx(0.5 * own.shape[1] ** 0.5 / float(own.norm()), rel=1e-4)
    assert by_name["1.down"].changed == pytest.approx(1 / own.shape[0])
    assert by_name["1.down"].largest == pytest.approx(0.5, rel=1e-4)
    assert by_name["0.q"].relative == pytest.approx(0.1, rel=1e-4)
    assert sum(each.changed > 0 for each in found) == 2
    assert grafts_of(found, str(tmp_path), 5) == f"1.down=from({tmp_path}); 0.q=from({tmp_path})"
    assert grafts_of(found, "a (b)", 1).endswith('=from("a (b)")')
    report = diff_report(model.name, str(tmp_path), found, 1)
    assert (report["identical"], report["missing"]) == (len(found) - 2, [])
    assert [row["matrix"] for row in report["matrices"][:2]] == ["1.down", "0.q"]
    lines = list(diff_lines(report))
    assert lines[0].endswith(f"{len(found)} matrices compared, {len(found) - 2} identical, 0 without a counterpart")
    assert lines[-1] == f"To graft the most different ones: 1.down=from({tmp_path})"


def test_what_has_no_counterpart_is_told(tmp_path: Path) -> None:
    model = tiny_model("llama")
    config = CONFIGURATIONS["llama"]()
    config.intermediate_size = 96
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    found = [each for some in differences(model, str(tmp_path)) for each in some]
    missing = [each.matrix for each in found if each.relative is None]
    assert missing == ["0.gate", "0.up", "0.down", "1.gate", "1.up", "1.down"]
    assert "cannot be grafted" in next(each.reason for each in found if each.reason)
    with pytest.raises(ModelError, match="not here"):
        list(differences(model, "./gone"))
