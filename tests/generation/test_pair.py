"""The streamed pair against plain decoding with weights edited in place."""

import random
from collections.abc import Callable, Iterator

import pytest
import torch

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import PromptError
from explorer.domain.genotype import Genotype
from explorer.domain.pair import PairUpdate
from explorer.generation.baseline import Baselines
from explorer.generation.decoding import NEAR_TIE
from explorer.generation.pair import generate_pair
from explorer.model.loaded import LoadedModel
from explorer.model.loading import assemble
from explorer.model.weights import checksum
from tests.grid import WHOLE, covering
from tests.mutation.test_apply import SITE_KINDS, every_kind_of_site, sites_by_kind
from tests.oracle import agree, decode_token_by_token, edited_in_place
from tests.tiny import CONFIGURATIONS, kept_model, tiny_model, tiny_tokenizer, tiny_transformer

RAW = Prompt(text="w5 w6 w7 w8 w9", chat=False)
CAPITAL = Prompt(text="What is the capital of France?")
GREEDY = Decoding(max_new_tokens=24)
SAMPLED = Decoding(max_new_tokens=24, temperature=0.9, top_p=0.95, seed=7)
COOL = Decoding(max_new_tokens=24, temperature=0.7, seed=0)
SITES = covering(sorted(CONFIGURATIONS), SITE_KINDS, ["=max", "=0", "*0.97", "*-1"], [GREEDY, SAMPLED])
# What these do to the demo model was seen first: nothing, at once, late, and never coming to an end.
SILENT, EARLY, LATE, ENDLESS = "14.down[3,5]=0", "0.down*0", "9.head4*0", "11.mlp*0"


def last_update(updates: Iterator[PairUpdate]) -> PairUpdate:
    *_, last = updates
    return last


def run_pair(model: LoadedModel, text: str, prompt: Prompt, decoding: Decoding, baselines: Baselines) -> PairUpdate:
    return last_update(generate_pair(model, prompt, decoding, model.anatomy.read(text), baselines))


def assert_equals_oracle(
    model: LoadedModel, text: str, prompt: Prompt, decoding: Decoding, baselines: Baselines
) -> PairUpdate:
    """Run twice, with and without a cached baseline, beside the plain procedure."""
    prompt_tokens = model.encode(prompt, decoding)
    genotype = model.anatomy.read(text)
    plain_original, original_gaps = decode_token_by_token(model, prompt_tokens, decoding)
    with edited_in_place(model, genotype):
        plain, gaps = decode_token_by_token(model, prompt_tokens, decoding)
    fresh = run_pair(model, text, prompt, decoding, Baselines(1))
    run_pair(model, "", prompt, decoding, baselines)
    cached = run_pair(model, text, prompt, decoding, baselines)
    assert (fresh.baseline_was_cached, cached.baseline_was_cached) == (False, True)
    for update in (fresh, cached):
        assert agree(list(update.original_tokens), plain_original, original_gaps, NEAR_TIE), text
        assert agree(list(update.mutated_tokens), plain, gaps, NEAR_TIE), text
    return cached


@pytest.mark.parametrize("family", sorted(CONFIGURATIONS))
def test_every_kind_of_site_gives_the_text_of_the_plain_procedure(family: str) -> None:
    """Every two of family, kind of site, operation and decoding meet."""
    model, dice = kept_model(family), random.Random(5)
    by_kind = sites_by_kind(model.anatomy, dice)
    baselines, divergences = Baselines(2), []
    for _, kind, operation, decoding in (case for case in SITES if case[0] == family and case[1] in by_kind):
        text = dice.choice(by_kind[kind]) + operation
        divergences.append(assert_equals_oracle(model, text, RAW, decoding, baselines).first_divergence)
    assert len(set(divergences)) > 2  # silent, early and later ones were among them


@pytest.mark.parametrize(
    ("text", "decoding"),
    [
        *((text, GREEDY) for text in (SILENT, EARLY, LATE, ENDLESS)),
        *((text, COOL) for text in ((SILENT, EARLY, LATE, ENDLESS) if WHOLE else (LATE,))),
    ],
)
def test_the_demo_model_gives_the_text_of_the_plain_procedure(demo: LoadedModel, text: str, decoding: Decoding) -> None:
    update = assert_equals_oracle(demo, text, CAPITAL, decoding, Baselines(1))
    if decoding.temperature == 0:
        divergence = update.first_divergence
        expected = {
            SILENT: divergence is None and update.mutated_end == "stop",
            EARLY: divergence == 0,
            LATE: divergence is not None and divergence >= 4,
            ENDLESS: update.original_end == "stop" and update.mutated_end == "length",
        }
        assert expected[text]


def test_greedy_equals_the_generate_of_transformers(demo: LoadedModel) -> None:
    update = run_pair(demo, LATE, CAPITAL, GREEDY, Baselines(1))
    prompt = torch.tensor([demo.encode(CAPITAL, GREEDY)])
    for text, tokens in (("", update.original_tokens), (LATE, update.mutated_tokens)):
        with edited_in_place(demo, demo.anatomy.read(text)):
            plain = demo.causal_lm.generate(  # type: ignore[operator]
                prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=24, do_sample=False
            )
        assert tuple(plain[0, prompt.shape[1] :].tolist()) == tokens


def test_an_unknown_family_is_decoded_from_the_tokens_on() -> None:
    model = tiny_model("stablelm")
    baselines = Baselines(1)
    for text in ("model.layers.1.mlp.down_proj*-1", "lm_head[:,3]=0", "model.embed_tokens[5,:]=max"):
        assert_equals_oracle(model, text, RAW, GREEDY, baselines)


def test_an_overflow_is_an_end_and_no_crash(demo: LoadedModel) -> None:
    for baselines in (Baselines(1), Baselines(1)):
        update = run_pair(demo, "5.down=1e38", CAPITAL, GREEDY, baselines)
        again = run_pair(demo, "5.down=1e38", CAPITAL, GREEDY, baselines)
        for each in (update, again):
            assert (each.mutated_end, each.first_divergence, each.mutated) == ("overflow", 0, ())
            assert each.measures is not None
            assert each.measures.mean_kl is None
            assert "".join(each.original).startswith("The capital of France")


def test_the_same_seed_gives_both_the_same_noise(demo: LoadedModel) -> None:
    decoding = Decoding(max_new_tokens=12, temperature=1.0, seed=4)
    silent = run_pair(demo, "14.down+0", CAPITAL, decoding, Baselines(1))
    assert silent.is_silent
    other = run_pair(demo, "", CAPITAL, Decoding(max_new_tokens=12, temperature=1.0, seed=5), Baselines(1))
    assert other.original_tokens != silent.original_tokens


def test_updates_grow_token_by_token(demo: LoadedModel) -> None:
    baselines = Baselines(1)
    updates = list(generate_pair(demo, CAPITAL, GREEDY, demo.anatomy.read(ENDLESS), baselines))
    lengths = [len(update.mutated) for update in updates]
    assert lengths == [*range(1, 25), 24]
    assert all(update.measures is None for update in updates[:-1])
    assert "".join(updates[-1].mutated) == demo.decode(list(updates[-1].mutated_tokens))


def test_measures_of_a_diverging_pair(demo: LoadedModel) -> None:
    update = run_pair(demo, ENDLESS, CAPITAL, GREEDY, Baselines(1))
    measures = update.measures
    assert measures is not None
    assert 0 < measures.share_changed < 1
    assert 0 < measures.cosine < 1
    assert measures.mean_kl is not None
    assert measures.mean_kl > 0.01
    assert len(measures.original_readouts) == len(update.original_tokens)
    assert len(measures.mutated_readouts) == len(update.mutated_tokens)
    chosen = [readout.chosen for readout in measures.original_readouts]
    assert chosen == [demo.show_token(token) for token in update.original_tokens]
    chosen = [readout.mutated[0].text for readout in measures.mutated_readouts]
    assert chosen == [demo.show_token(token) for token in update.mutated_tokens]


def test_measures_do_not_depend_on_the_cache(demo: LoadedModel) -> None:
    baselines = Baselines(1)
    fresh = run_pair(demo, ENDLESS, CAPITAL, GREEDY, baselines).measures
    cached = run_pair(demo, ENDLESS, CAPITAL, GREEDY, baselines).measures
    assert fresh is not None
    assert cached is not None
    assert fresh.mean_kl == pytest.approx(cached.mean_kl, rel=1e-3)
    assert fresh.perplexity == pytest.approx(cached.perplexity, rel=1e-3)
    assert fresh.share_changed == cached.share_changed


def _after(calls: int) -> Callable[[], bool]:
    """A cancellation that comes at a given question."""
    count = iter(range(10_000))
    return lambda: next(count) >= calls


def test_a_cancelled_run_stops_within_one_token(demo: LoadedModel) -> None:
    baselines = Baselines(1)
    genotype = demo.anatomy.read(ENDLESS)
    update = last_update(generate_pair(demo, CAPITAL, GREEDY, genotype, baselines, _after(3)))
    assert (len(update.original_tokens), update.original_end, update.mutated_end) == (
        3,
        "cancelled",
        "cancelled",
    )
    assert update.measures is None
    assert baselines.get(demo, CAPITAL, GREEDY) is None
    run_pair(demo, "", CAPITAL, GREEDY, baselines)
    update = last_update(generate_pair(demo, CAPITAL, GREEDY, genotype, baselines, _after(2)))
    assert (update.original_end, update.mutated_end) == ("stop", "cancelled")
    assert len(update.mutated_tokens) == (update.first_divergence or 0) + 3


def test_no_weight_changes_in_200_generations() -> None:
    """Finished, cancelled, abandoned, overflowing and refused ones among them."""
    model = tiny_model("llama-tied")
    before = checksum(model.causal_lm)
    dice = random.Random(2)
    sites = every_kind_of_site(model.anatomy, dice)
    baselines = Baselines(2)
    overflowed = cancelled = 0
    for number in range(200):
        text = dice.choice(sites) + dice.choice(["=max", "=1e38", "*0", "*1.1", "+0.1"])
        decoding = Decoding(max_new_tokens=6, seed=number % 5, temperature=dice.choice([0.0, 1.0]))
        stop = dice.choice([_after(10_000), _after(2)])
        updates = generate_pair(model, RAW, decoding, model.anatomy.read(text), baselines, stop)
        if number % 10 == 0:
            next(updates)
            updates.close()  # the browser tab was closed
            continue
        update = last_update(updates)
        overflowed += update.mutated_end == "overflow"
        cancelled += update.mutated_end == "cancelled"
    assert overflowed > 5
    assert cancelled > 5
    assert checksum(model.causal_lm) == before


@pytest.mark.parametrize(
    ("prompt", "decoding", "words"),
    [
        (RAW, Decoding(max_new_tokens=124), "context holds 128"),
        (Prompt(text="hello"), GREEDY, "no chat template"),
    ],
)
def test_a_prompt_that_does_not_fit_gets_a_sentence(prompt: Prompt, decoding: Decoding, words: str) -> None:
    model = tiny_model("llama")
    with pytest.raises(PromptError, match=words):
        last_update(generate_pair(model, prompt, decoding, Genotype(), Baselines(1)))


def test_an_empty_prompt_gets_a_sentence() -> None:
    with pytest.raises(PromptError, match="type something"):
        Prompt(text="  \n")


def test_an_original_that_overflows_is_told() -> None:
    transformer = tiny_transformer("llama")
    with torch.no_grad():
        transformer.get_parameter("model.layers.0.mlp.down_proj.weight").fill_(1e38)
    model = assemble(transformer, tiny_tokenizer(), source="broken", name="broken")
    for text in ("", "1.down*0"):
        update = run_pair(model, text, RAW, GREEDY, Baselines(1))
        assert (update.original_end, update.mutated_end, update.first_divergence) == ("overflow", "overflow", None)
        assert update.is_final
        assert update.measures is None


def test_half_precision_runs_and_counts_its_ties() -> None:
    model = assemble(tiny_transformer("llama").bfloat16(), tiny_tokenizer(), source="half", name="half")
    before = checksum(model.causal_lm)
    baselines = Baselines(1)
    for decoding in (GREEDY, SAMPLED):
        for text in ("", "1.down*-1", "0.q.head1=max"):
            fresh = run_pair(model, text, RAW, decoding, Baselines(1))
            cached = run_pair(model, text, RAW, decoding, baselines)
            for update in (fresh, cached):
                assert update.measures is not None
                silent_or_tie = update.first_divergence is None or update.measures.divergence_is_near_tie
                assert silent_or_tie or text != ""
    assert checksum(model.causal_lm) == before
