"""Many genotypes and prompts at once against each genotype by itself."""

import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.genotype import Genotype
from explorer.generation.answers import answers
from explorer.generation.passages import Passage, Passages
from explorer.generation.replies import Replies
from explorer.generation.trial import single_of
from explorer.mutation.apply import make_mutant
from tests.tiny import CONFIGURATIONS, read, tiny_model

PROMPTS = [
    Prompt(text=text, chat=False)
    for text in ("w5 w9 w12 w60 w61", "w5 w9 w12 w62", "w30 w2 w44 w45 w46 w3 w8", "w5 w9 w12 w60 w61 w3 w8", "w90")
]
GENOTYPES = ("1.up*3; 0.v[1,2]=4", "", "1.down[3:9,5:20]=max", "embed[5,:]*-1", "0.down[3:9,5:20]=min", "1.o*1.0001")


@pytest.mark.parametrize("family", CONFIGURATIONS)
@pytest.mark.parametrize("decoding", [Decoding(max_new_tokens=9), Decoding(max_new_tokens=6, temperature=0.8, seed=3)])
def test_genotypes_answer_together_as_each_does_by_itself(family: str, decoding: Decoding) -> None:
    model = tiny_model(family)
    breaths = []
    replies = Replies(model, PROMPTS, decoding, lambda: breaths.append(1))
    mutants = [make_mutant(model, read(model, text)) for text in GENOTYPES]
    for mutant, said in zip(mutants, replies.read(mutants), strict=True):
        alone = dict(each for share in answers(model, mutant.genotype, PROMPTS, decoding) for each in share)
        assert said == tuple(alone[place] for place in range(len(PROMPTS)))
    assert len(breaths) > len(PROMPTS)


@pytest.mark.parametrize("family", CONFIGURATIONS)
def test_passages_are_read_together_as_each_genotype_reads_each(family: str) -> None:
    model = tiny_model(family)
    texts = [((5, 9, 12), (7, 8)), ((5, 9, 13), (4,)), ((30,), (2, 44, 45, 46, 3)), ((5, 9, 12), (60, 61, 3, 8))]
    passages = Passages(model, [Passage(*text) for text in texts], compared=[0, 2])
    mutants = [make_mutant(model, read(model, text)) for text in GENOTYPES]
    nothing = single_of(model, make_mutant(model, Genotype()))
    for mutant, heard in zip(mutants, passages.read(mutants), strict=True):
        single = single_of(model, mutant)
        for number, (prompt, answer) in enumerate(texts):
            told = single.logits_over(prompt, answer).log_softmax(-1)
            own = nothing.logits_over(prompt, answer).log_softmax(-1)
            likelihood = sum(float(row[token]) for row, token in zip(told, answer, strict=True)) / len(answer)
            assert heard[number].likelihood == pytest.approx(likelihood, rel=1e-4, abs=1e-4)
            if number in (0, 2):
                kl = float((own.exp() * (own - told)).sum(-1).mean())
                assert heard[number].kl == pytest.approx(kl, rel=1e-3, abs=1e-5)
            else:
                assert heard[number].kl is None
