"""The lines around the texts."""

from dataclasses import replace

from explorer.domain.pair import Measures, PairUpdate
from explorer.domain.verdict import Verdict
from explorer.ui.explore.words import remarks_on, summary_html, tiles_of
from explorer.ui.model.words import header_html
from explorer.ui.words import notice_html
from tests.tiny import tiny_model

MEASURES = Measures(
    share_changed=0.25,
    cosine=0.5,
    mean_kl=1.25,
    perplexity=12345.6,
    divergence_is_near_tie=False,
    near_ties=0,
    original_readouts=(),
    mutated_readouts=(),
)
UPDATE = PairUpdate(
    original=("a", " b"),
    mutated=("a", " c"),
    original_tokens=(1, 2),
    mutated_tokens=(1, 3),
    original_end="stop",
    mutated_end="length",
    first_divergence=1,
    elapsed_seconds=0.123,
    baseline_was_cached=True,
    is_final=True,
    measures=MEASURES,
)


def _values(update: PairUpdate | None) -> list[str]:
    return [tile.value for tile in tiles_of(update)]


def test_tiles() -> None:
    assert _values(UPDATE) == ["token 2", "25%", "0.50", "1.25 nats", "12,346", "0.12 s"]
    assert _values(None) == ["–"] * 6
    assert _values(replace(UPDATE, first_divergence=None))[0] == "none"


def test_an_overflow_has_no_numbers() -> None:
    overflowed = replace(UPDATE, mutated_end="overflow", measures=replace(MEASURES, mean_kl=None, perplexity=None))
    assert _values(overflowed)[3:5] == ["overflow", "overflow"]
    assert any("overflowed" in remark for remark in remarks_on(overflowed))


def test_remarks() -> None:
    assert remarks_on(UPDATE) == []
    assert "Silent" in remarks_on(replace(UPDATE, first_divergence=None))[0]
    tied = replace(UPDATE, measures=replace(MEASURES, near_ties=2, divergence_is_near_tie=True))
    assert len(remarks_on(tied)) == 2
    stopped = replace(UPDATE, mutated_end="cancelled", measures=None)
    assert "Stopped" in remarks_on(stopped)[0]
    both = replace(UPDATE, original_end="overflow", measures=None)
    assert "original model" in remarks_on(both)[0]


def test_what_users_type_is_escaped() -> None:
    assert "<script>" not in notice_html("<script>") + header_html(None, fault="<script>")
    assert notice_html("") == ""
    assert "token 2" in summary_html(UPDATE)


def test_the_header_says_what_the_trial_has_found() -> None:
    model = tiny_model("llama")
    assert "checked" not in header_html(model)
    model.verdicts[:] = [Verdict()]
    assert "checked: fast" in header_html(model)
    model.verdicts[:] = [Verdict(slow={"model.layers.mlp.gate": "it differs"}, slow_share=0.0004)]
    shown = header_html(model)
    assert "checked: exact, slower, because mutations of model.layers.mlp.gate" in shown
    assert "(under 0.1 % of the weights) are computed one by one" in shown
