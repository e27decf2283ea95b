"""Many prompts at once against one after the other."""

from collections.abc import Sequence

import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import PromptError
from explorer.domain.evaluation import Answer
from explorer.domain.genotype import Genotype
from explorer.domain.pair import PairUpdate
from explorer.generation.answers import answers, measured
from explorer.generation.baseline import Baselines
from explorer.generation.pair import generate_pair
from explorer.model.loaded import LoadedModel
from tests.tiny import CONFIGURATIONS, read, tiny_model

PROMPTS = [
    Prompt(text=text, chat=False) for text in ("w5 w9 w12", "w7", "w30 w2 w44 w45 w46 w3 w8", "w5 w9 w11", "w90 w14")
]
ALIKE = [Prompt(text=f"w5 w9 w12 {text}", chat=False) for text in ("w60 w61", "w62", "w60 w3 w8 w90")]
GENOTYPES = ("0.down[3:9,5:30]=max", "1.up*3; 0.v[1,2]=4", "embed[5,:]*-1", "")


def pair_of(model: LoadedModel, genotype: Genotype, prompt: Prompt, decoding: Decoding) -> PairUpdate:
    *_, update = generate_pair(model, prompt, decoding, genotype, Baselines(1))
    return update


def all_answers(
    model: LoadedModel, genotype: Genotype, decoding: Decoding, prompts: Sequence[Prompt] = PROMPTS
) -> list[Answer]:
    said = answers(model, genotype, prompts, decoding)
    originals = dict(each for batch in answers(model, Genotype(), prompts, decoding) for each in batch)
    theirs = [originals[place] for place in range(len(prompts))]
    found = [each for batch in measured(model, genotype, prompts, decoding, theirs, said) for each in batch]
    assert sorted(place for place, _ in found) == list(range(len(prompts)))
    return [dict(found)[place] for place in range(len(prompts))]


@pytest.mark.parametrize("family", CONFIGURATIONS)
@pytest.mark.parametrize("text", GENOTYPES)
@pytest.mark.parametrize("prompts", [PROMPTS, ALIKE], ids=["apart", "alike"])
def test_each_prompt_is_answered_as_if_it_were_alone(family: str, text: str, prompts: list[Prompt]) -> None:
    model = tiny_model(family)
    genotype = read(model, text)
    decoding = Decoding(max_new_tokens=9, temperature=0.8, seed=3)
    for prompt, answer in zip(prompts, all_answers(model, genotype, decoding, prompts), strict=True):
        alone = pair_of(model, genotype, prompt, decoding)
        assert answer.tokens == alone.mutated_tokens
        assert answer.ending == alone.mutated_end
        assert alone.measures is not None
        assert answer.cosine == pytest.approx(alone.measures.cosine)
        assert answer.perplexity == pytest.approx(alone.measures.perplexity, rel=1e-3)
        assert answer.mean_kl == pytest.approx(alone.measures.mean_kl, rel=1e-3, abs=1e-5)


def test_a_prompt_that_is_too_long_is_refused_before_anything_is_computed() -> None:
    model = tiny_model("llama")
    prompts = [Prompt(text="w5 " * 200, chat=False)]
    with pytest.raises(PromptError, match="context holds 128"):
        next(answers(model, Genotype(), prompts, Decoding(max_new_tokens=2)))


def test_an_overflow_ends_a_text_and_leaves_what_is_not_defined_empty() -> None:
    model = tiny_model("llama")
    for answer in all_answers(model, read(model, "1.down=3e38"), Decoding(max_new_tokens=5)):
        assert answer.ending == "overflow"
        assert answer.tokens == ()
        assert answer.perplexity is None
        assert answer.mean_kl is None
