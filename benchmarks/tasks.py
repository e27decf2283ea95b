"""Inputs and questions for one mutant, beside the plain procedure on the same work: `python -m benchmarks.tasks`.

Plain: the weights are edited in place; each input is answered by `model.generate`, one after the other; each choice of
each question is one forward pass of the question and the choice, or, stronger, the choices of a question one batch.
Texts and choices of both are compared as well. `python -m benchmarks.tasks 20` asks only so many inputs and questions.
"""

import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from benchmarks.figures import Figure, report
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.evaluation import QuestionSet
from explorer.domain.genotype import Genotype
from explorer.model.loaded import LoadedModel
from explorer.tasks.comparison import shortened, spread
from explorer.tasks.prompts import put
from explorer.tasks.writers import NEW_TOKENS
from explorer.workspace.workspace import Workspace
from tests.oracle import edited_in_place

Found = TypeVar("Found")

GENOTYPES = ("3.down[0:64,0:64]=max", "14.down[0:64,0:64]=max", "27.v[0:64,0:64]=min")
"""Low, in the middle and high: the higher, the more of what is cached can be used."""

RIHF_GENOTYPE = GENOTYPES[1]
DECODING = Decoding(max_new_tokens=NEW_TOKENS)


def timed(act: Callable[..., Found], *arguments: object) -> tuple[float, Found]:
    """How long something takes, and what it finds."""
    started = time.perf_counter()
    found = act(*arguments)
    return time.perf_counter() - started, found


def rihf_figure(workspace: Workspace, model: LoadedModel, prompts: Sequence[Prompt]) -> Figure:
    """All inputs for one mutant; the original's answers are no part of either."""
    genotype = model.anatomy.read(RIHF_GENOTYPE)
    fast, found = timed(
        lambda: dict(workspace.behaviour.answers(model, genotype, prompts, DECODING, is_measured=False))
    )
    with edited_in_place(model, genotype):
        slow, plain = timed(lambda: [generated(model, prompt) for prompt in prompts])
    parted = [place for place, tokens in enumerate(plain) if list(found[place].tokens) != tokens]
    tied = sum(found[place].near_tie for place in parted)
    print(f"  {len(prompts)} inputs: plain {slow:.1f} s, ours {fast:.1f} s")
    print(f"  {len(parted)} texts differ, {tied} of them with a near tie")
    return Figure(f"{len(prompts)} inputs for one mutant", fast / slow, 0.2, "×")


def generated(model: LoadedModel, prompt: Prompt) -> list[int]:
    """The tokens of `model.generate`, greedy."""
    tokens = torch.tensor([model.encode(prompt, DECODING)])
    said = model.causal_lm.generate(  # type: ignore[operator]
        tokens,
        attention_mask=torch.ones_like(tokens),
        max_new_tokens=DECODING.max_new_tokens,
        do_sample=False,
        pad_token_id=model.tokenizer.pad_token_id,
    )
    return [int(token) for token in said[0, tokens.shape[1] :]]


def question_figures(workspace: Workspace, model: LoadedModel, questions: QuestionSet, shots: int) -> list[Figure]:
    """The scoring of mutants low, in the middle and high, with the original's activations at hand."""
    behaviour = workspace.behaviour
    list(behaviour.scores(model, Genotype(), questions, shots=shots))  # the original, once for all mutants
    ratios: dict[str, list[float]] = {name: [] for name in PROCEDURES}
    differ = tied = 0
    for text in GENOTYPES:
        genotype = model.anatomy.read(text)
        fast, scores = timed(lambda own=genotype: dict(behaviour.scores(model, own, questions, shots=shots)))
        for name, procedure in PROCEDURES.items():
            with edited_in_place(model, genotype):
                slow, plain = timed(procedure, model, questions, shots)
            print(f"  {text}, {len(plain)} questions, {shots} examples, {name}: plain {slow:.1f} s, ours {fast:.1f} s")
            ratios[name].append(fast / slow)
            parted = [scores[place] for place, choice in enumerate(plain) if scores[place].chosen != choice]
            differ, tied = differ + len(parted), tied + sum(score.near_tie for score in parted)
    print(f"  {differ} choices differ, {tied} of them with a near tie")
    return [
        Figure(f"scoring, {shots} examples, plain {name}", statistics.mean(values), 0.35, "×")
        for name, values in ratios.items()
    ]


@torch.inference_mode()
def _one_by_one(model: LoadedModel, questions: QuestionSet, shots: int) -> list[int]:
    """A pass a choice."""
    found = []
    for question in questions.questions:
        asked = put(question, questions, shots)
        length = len(_tokens(model, asked.prompt))
        weighed = []
        for continuation, choice in zip(asked.continuations, question.choices, strict=True):
            whole = _tokens(model, asked.prompt + continuation)
            log_p = model.causal_lm(input_ids=torch.tensor([whole]), use_cache=False).logits[0].log_softmax(-1)
            weighed.append(_likelihood(log_p, whole, length) / len(choice.encode()))
        found.append(max(range(len(weighed)), key=weighed.__getitem__))
    return found


@torch.inference_mode()
def _batched(model: LoadedModel, questions: QuestionSet, shots: int) -> list[int]:
    """A pass a question: its choices are rows of one batch, padded behind."""
    found = []
    for question in questions.questions:
        asked = put(question, questions, shots)
        length = len(_tokens(model, asked.prompt))
        wholes = [_tokens(model, asked.prompt + continuation) for continuation in asked.continuations]
        longest = max(map(len, wholes))
        rows = torch.tensor([[*whole, *[0] * (longest - len(whole))] for whole in wholes])
        log_p = model.causal_lm(input_ids=rows, use_cache=False).logits.log_softmax(-1)
        weighed = [
            _likelihood(row, whole, length) / len(choice.encode())
            for row, whole, choice in zip(log_p, wholes, question.choices, strict=True)
        ]
        found.append(max(range(len(weighed)), key=weighed.__getitem__))
    return found


def _likelihood(log_p: torch.Tensor, whole: Sequence[int], length: int) -> float:
    return sum(float(log_p[place - 1, whole[place]]) for place in range(length, len(whole)))


def _tokens(model: LoadedModel, text: str) -> list[int]:
    return model.encode(Prompt(text=text, chat=False), Decoding(max_new_tokens=1))


PROCEDURES: dict[str, Callable[[LoadedModel, QuestionSet, int], list[int]]] = {
    "one by one": _one_by_one,
    "a batch a question": _batched,
}


def main() -> None:
    """Print every figure with its limit; exit 1 if one is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else None
    print(
        f"Tasks, demo model on CPU, {torch.get_num_threads()} threads, {platform.machine()}, torch {torch.__version__}"
    )
    workspace = Workspace(device="cpu")
    model = workspace.models.get()
    inputs = workspace.behaviour.inputs()
    prompts = [Prompt(text=each.text) for each in spread(inputs, count or len(inputs))]
    (questions, *_) = workspace.behaviour.question_sets()
    figures = [rihf_figure(workspace, model, prompts)]
    for shots, share in ((0, 1), (5, 4)):
        asked = shortened(questions, count or len(questions.questions) // share)
        figures += question_figures(workspace, model, asked, shots)
    report(figures)


if __name__ == "__main__":
    main()
