"""Every causal language model type of transformers, tiny and random, against weights edited in place.

`make architectures` prints a table, a row a type, and fails if anything is wrong or ends in a traceback; `--write`
puts it into docs/models.md. What the program refuses in a sentence is told as such.
"""

import argparse
import math
import re
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, logging

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ExplorerError
from explorer.domain.evaluation import Question, QuestionSet
from explorer.domain.genotype import ZERO, Genotype, Mutation, Site
from explorer.domain.notation import format_genotype
from explorer.domain.site_notation import format_site
from explorer.generation.answers import answers, measured
from explorer.generation.baseline import Baseline, Baselines
from explorer.generation.dose import respond, set_to
from explorer.generation.draft import check_many
from explorer.generation.pair import generate_pair
from explorer.generation.propagation import propagate, read_layers
from explorer.generation.sensitivity import find_sensitive
from explorer.generation.sensitivity_map import estimate_units
from explorer.generation.single import Single
from explorer.generation.trial import verdict_of
from explorer.model.anatomy import Matrix, sort_of
from explorer.model.loaded import LoadedModel
from explorer.model.loading import assemble
from explorer.model.weights import checksum
from explorer.mutation.apply import make_mutant
from explorer.mutation.export import save_model
from explorer.mutation.patch import mutated_copy
from explorer.screen.engine import Engine
from explorer.screen.plan import Plan, matching, planned
from explorer.tasks.battery import Battery
from explorer.tasks.prompts import put
from tests.oracle import edited_in_place
from tests.tiny import tiny_tokenizer
from tests.zoo import NOT_BUILT, TYPES, tiny_of

PAGE = Path(__file__).parent.parent / "docs" / "models.md"
PROMPTS = tuple(Prompt(text=text, chat=False) for text in ("w5 w9 w20 w33 w41 w7", "w8 w30 w4", "w5 w9 w20 w12 w60"))
DECODING = Decoding(max_new_tokens=8)
TOLERANCE = 1e-4
"""Largest difference of logits, as a share of their largest."""

NEAR_TIE = 1e-3
"""A lead of the best token, in logits, that rounding may decide."""

QUESTIONS = QuestionSet(
    name="tiny",
    title="Tiny",
    form="cloze",
    questions=(
        Question(name="t-1", subject="t", text="w5 w9", choices=("w3", "w4 w8", "w5", "w6"), answer=0),
        Question(name="t-2", subject="t", text="w5 w20 w7", choices=("w9", "w10 w2", "w33 w12 w9", "w60"), answer=2),
    ),
    examples={},
)


class WrongError(AssertionError):
    """Something that is not what weights edited in place give."""


@dataclass(slots=True, kw_only=True)
class Row:
    """What was found of a type."""

    model_type: str
    layers: int = 0
    named: str = ""
    heads: str = ""
    verdict: str = ""
    told: dict[str, str] = field(default_factory=dict)
    """By check: nothing but what went wrong or was refused."""
    seconds: float = 0.0

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong or a traceback."""
        return {name: why for name, why in self.told.items() if not why.startswith("refused")}


# ------------------------------------------------------------------------------------------- checks


class Subject:
    """A type's tiny model with a mutation of each kind, and the plain procedure for it."""

    def __init__(self, model_type: str, settings: Mapping[str, Any]) -> None:
        made = tiny_of(model_type, settings=settings)
        self.model = assemble(made, tiny_tokenizer(), source=model_type, name=model_type)
        self.before = checksum(self.model.causal_lm)
        self.verdict = verdict_of(self.model)
        self.matrices: dict[str, Matrix] = {}
        for matrix in self.model.anatomy.matrices.values():
            self.matrices.setdefault(sort_of(matrix), matrix)
        self.baselines = Baselines(4)
        for _ in generate_pair(self.model, PROMPTS[0], DECODING, Genotype(), self.baselines):
            pass
        found = self.baselines.get(self.model, PROMPTS[0], DECODING)
        assert found is not None
        self.baseline: Baseline = found

    def genotypes(self) -> Iterator[Genotype]:
        """One mutation of a kind of module each: rows of it, all its columns."""
        for place, matrix in enumerate(self.matrices.values()):
            name = format_site(_site(matrix))
            span = f"[0:{max(1, matrix.rows // 2)}]" if matrix.columns == 1 else f"[{place % matrix.rows}:,:]"
            yield self.model.anatomy.read(f"{name}{span}*1.75")

    def some(self) -> list[Genotype]:
        """Three of them, of the parts that people choose first."""
        every = list(self.genotypes())
        return every[:: max(1, len(every) // 3)][:3]

    def plain(self, tokens: list[int]) -> Tensor:
        """Logits [vocabulary] after some tokens, of the model as its weights are now, without a cache."""
        ids = torch.tensor([tokens], device=self.model.device)
        with torch.inference_mode():
            if self.verdict.whole:
                return self.model.causal_lm(input_ids=ids).logits[0, -1].float()  # type: ignore[no-any-return]
        return Single(self.model, make_mutant(self.model, Genotype()), self.verdict).next(tokens)

    def said(self, prompt: Prompt) -> tuple[list[int], list[float]]:
        """The answer of the model as its weights are now, token by token, and by how much each was chosen."""
        text = self.model.encode(prompt, DECODING)
        tokens: list[int] = []
        gaps: list[float] = []
        while len(tokens) < DECODING.max_new_tokens:
            logits = self.plain([*text, *tokens])
            if not bool(torch.isfinite(logits).all()):
                break
            top = logits.topk(2)
            tokens.append(int(top.indices[0]))
            gaps.append(float(top.values[0] - top.values[1]))
            if tokens[-1] in self.model.stop_tokens:
                break
        return tokens, gaps

    def over_baseline(self, *, at_once: bool = False) -> Tensor:
        """Logits [answer, vocabulary] of the model as its weights are now over the baseline.

        `at_once` takes one pass where one tells them all: in a model that feeds its output back (HRM), passes over
        texts of different lengths round so differently that they part by more than the tolerance.
        """
        text = [*self.baseline.prompt_tokens, *self.baseline.tokens]
        start = len(self.baseline.prompt_tokens)
        if at_once and self.verdict.whole:
            with torch.inference_mode():
                ids = torch.tensor([text[:-1]], device=self.model.device)
                return self.model.causal_lm(input_ids=ids).logits[0, start - 1 :].float()  # type: ignore[no-any-return]
        return torch.stack([self.plain(text[:length]) for length in range(start, len(text))])


def _site(matrix: Matrix) -> Site:
    return Site(part=matrix.kind, layer=matrix.layer)


def same_logits(read: Tensor, plain: Tensor, what: str) -> None:
    """Raises WrongError if logits [positions, vocabulary] differ by more than rounding."""
    if not torch.equal(torch.isfinite(read), torch.isfinite(plain)):
        raise WrongError(f"{what}: overflows differ")
    clean = torch.isfinite(plain).all(-1)
    read, plain = read[clean], plain[clean]
    if not len(plain):
        return
    apart = float((read - plain).abs().max()) / max(float(plain.abs().max()), 1e-9)
    if apart > TOLERANCE:
        raise WrongError(f"{what}: logits differ by {apart:.1e} of their scale")
    top = plain.topk(2, dim=-1).values
    clear = (top[:, 0] - top[:, 1]) > NEAR_TIE
    if not torch.equal(read.argmax(-1)[clear], plain.argmax(-1)[clear]):
        raise WrongError(f"{what}: another token is chosen")


def same_text(read: list[int], plain: list[int], gaps: list[float], what: str) -> None:
    """Raises WrongError if texts part where rounding does not decide."""
    if read == plain:
        return
    length = min(len(read), len(plain))
    parted = next((place for place in range(length) if read[place] != plain[place]), length)
    if parted >= len(gaps) or gaps[parted] >= NEAR_TIE:
        raise WrongError(f"{what}: {read} is not {plain}")


def check_kinds(subject: Subject) -> None:
    """Each kind of module mutated, in a batch with the original, as in place; the original untouched."""
    every, model = list(subject.genotypes()), subject.model
    own = subject.over_baseline()
    for start in range(0, len(every), 6):
        some = every[start : start + 6]
        mutants = [make_mutant(model, genotype) for genotype in (Genotype(), *some)]
        read = check_many(model, subject.baseline, mutants)
        same_logits(read[0], own, "the unmutated row")
        for genotype, logits in zip(some, read[1:], strict=True):
            with edited_in_place(model, genotype):
                plain = subject.over_baseline()
            same_logits(logits, plain, format_genotype(genotype))


def check_together(subject: Subject) -> None:
    """Several mutations of one tensor, by role and by path, with its bias and with others of the layer."""
    anatomy = subject.model.anatomy
    for layer in {0, anatomy.layer_count - 1} & set(range(anatomy.layer_count)):
        matrices = [matrix for matrix in anatomy.matrices.values() if matrix.layer == layer and matrix.columns > 1]
        texts = [f"{matrix.name}[0,:]=0.1;{matrix.uses[0].path}*1.5" for matrix in matrices[::2]][:8]
        texts += [f"{matrix.name}*-1" for matrix in anatomy.matrices.values() if matrix.kind.endswith(".bias")][:2]
        for text in (*texts, ";".join(texts[:3])):
            genotype = anatomy.read(text)
            read = check_many(subject.model, subject.baseline, [make_mutant(subject.model, genotype)])[0]
            with edited_in_place(subject.model, genotype):
                same_logits(read, subject.over_baseline(at_once=True), text)


def check_heads(subject: Subject) -> None:
    """A head of q, k or v changes what enters o in the columns of the heads that read it, and nowhere else."""
    anatomy, model = subject.model.anatomy, subject.model
    for layer in range(anatomy.layer_count):
        kinds = {kind: anatomy.matrices.get(f"{layer}.{kind}") for kind in "qkvo"}
        if not all(matrix is not None and matrix.head_count for matrix in kinds.values()):
            continue
        out = kinds["o"]
        assert out is not None
        before = _entering(subject, out)
        if not len(before):  # a layer that texts alone do not visit
            continue
        for kind in "qkv":
            matrix = kinds[kind]
            assert matrix is not None
            assert matrix.head_count is not None
            assert out.head_count is not None
            reading, width = out.head_count // matrix.head_count, out.columns // out.head_count
            head = matrix.head_count - 1
            with edited_in_place(model, anatomy.read(f"{layer}.{kind}.head{head}*-2")):
                moved = (_entering(subject, out) - before).abs().amax(0) > 1e-5 * float(before.abs().max())
            if bool(moved[: head * reading * width].any()):
                raise WrongError(f"{layer}.{kind}.head{head} changes other heads")
            if kind == "v" and not bool(moved[head * reading * width :].any()):
                raise WrongError(f"{layer}.{kind}.head{head} changes nothing")


def _entering(subject: Subject, out: Matrix) -> Tensor:
    """What enters the module of o, [tokens, columns], as the weights are now."""
    seen: list[Tensor] = []
    module = subject.model.causal_lm.get_submodule(out.uses[0].module)
    handle = module.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0].detach()))
    try:
        ids = torch.tensor([list(subject.baseline.prompt_tokens)])
        with torch.inference_mode():
            subject.model.causal_lm(input_ids=ids)
    finally:
        handle.remove()
    return seen[0].reshape(-1, out.columns) if seen else torch.empty(0, out.columns)


def check_pair(subject: Subject) -> None:
    """Original and mutant side by side, with nothing kept and with the baseline kept, as token by token in place."""
    original, own_gaps = subject.said(PROMPTS[0])
    for genotype in subject.some():
        with edited_in_place(subject.model, genotype):
            plain, gaps = subject.said(PROMPTS[0])
        fresh, text = Baselines(1), format_genotype(genotype)
        for kind in ("fresh", "cached"):
            *_, last = generate_pair(subject.model, PROMPTS[0], DECODING, genotype, fresh)
            same_text(list(last.original_tokens), original, own_gaps, f"{kind} original")
            same_text(list(last.mutated_tokens), plain, gaps, f"{kind} {text}")


def check_dose(subject: Subject) -> None:
    """Values of a site against the same in place."""
    site = subject.some()[1].mutations[0].site
    for dose in respond(subject.model, subject.baseline, DECODING, Genotype(), set_to(site, [0.0, 0.5])):
        genotype = subject.model.anatomy.read(f"{format_site(site)}={dose.value}")
        with edited_in_place(subject.model, genotype):
            plain = subject.over_baseline()
        _near(dose.mean_kl, _kl(subject.baseline.logits, plain), f"dose {dose.value}")


def check_sensitive(subject: Subject) -> None:
    """What is found to matter is verified as in place."""
    for finding in find_sensitive(subject.model, subject.baseline, ZERO, "row", 3):
        with edited_in_place(subject.model, Genotype((finding.mutation,))):
            plain = subject.over_baseline()
        tokens = torch.tensor(subject.baseline.tokens)
        added = torch.nn.functional.cross_entropy(plain, tokens) - torch.nn.functional.cross_entropy(
            subject.baseline.logits, tokens
        )
        _near(finding.verified, float(added), format_genotype(Genotype((finding.mutation,))))


def check_sensitivity(subject: Subject) -> None:
    """Estimates for every matrix of the layers that has a gradient; finite."""
    estimates = estimate_units(subject.model, [subject.baseline], lambda _: (16, 16))
    if not estimates:
        raise WrongError("no estimates")


def check_propagation(subject: Subject) -> None:
    """A mutation changes nothing before its layer; the last layer's reading is the model's own."""
    anatomy = subject.model.anatomy
    last = [matrix for matrix in anatomy.matrices.values() if matrix.layer == anatomy.layer_count - 1]
    if not last:
        return
    genotype = Genotype((Mutation(_site(last[0]), ZERO),))
    spread = propagate(subject.model, subject.baseline, genotype)
    if not (spread.changes[: anatomy.layer_count] < TOLERANCE).all() and len(last[0].uses) == 1:
        raise WrongError("something changes before the mutated layer")
    place = len(subject.baseline.prompt_tokens) - 1
    lens = read_layers(subject.model, subject.baseline, genotype, place)
    with edited_in_place(subject.model, genotype):
        share = subject.over_baseline()[0].softmax(-1).max()
    if lens.readings[-1].mutated:
        _near(lens.readings[-1].mutated[0].probability, float(share), "the reading after the last layer")
    _near(
        lens.readings[-1].original[0].probability,
        float(subject.baseline.logits[0].softmax(-1).max()),
        "the original's reading after the last layer",
    )


def check_questions(subject: Subject) -> None:
    """Likelihoods of choices as from one plain pass each."""
    genotypes = [Genotype(), *subject.some()[:2]]
    battery = Battery(subject.model, QUESTIONS)
    mutants = [make_mutant(subject.model, genotype) for genotype in genotypes]
    for marks in battery.run(mutants):
        for place, mark in marks:
            question = QUESTIONS.questions[mark.number]
            with edited_in_place(subject.model, genotypes[place]):
                expected = [_likelihood(subject, question, choice) for choice in question.choices]
            for read, plain in zip(mark.score.likelihoods, expected, strict=True):
                _near(read, plain, f"question {question.name} under {format_genotype(genotypes[place])!r}")


def _likelihood(subject: Subject, question: Question, choice: str) -> float:
    asked = put(question, QUESTIONS, 0)
    context = subject.model.encode(Prompt(text=asked.prompt, chat=False), Decoding(max_new_tokens=1))
    text = asked.prompt + asked.continuations[question.choices.index(choice)]
    whole = subject.model.encode(Prompt(text=text, chat=False), Decoding(max_new_tokens=1))
    places = range(min(len(context), len(whole) - 1), len(whole))
    return sum(float(subject.plain(whole[:place]).log_softmax(-1)[whole[place]]) for place in places)


def check_answers(subject: Subject) -> None:
    """Answers to several prompts, and their distances, as one after the other in place."""
    nothing = dict(step for found in answers(subject.model, Genotype(), PROMPTS, DECODING) for step in found)
    originals = [nothing[place] for place in range(len(PROMPTS))]
    for genotype in subject.some()[:2]:
        said = answers(subject.model, genotype, PROMPTS, DECODING)
        for found in measured(subject.model, genotype, PROMPTS, DECODING, originals, said):
            for place, answer in found:
                with edited_in_place(subject.model, genotype):
                    plain, gaps = subject.said(PROMPTS[place])
                same_text(list(answer.tokens), plain, gaps, f"answer {place} of {format_genotype(genotype)}")


def check_screen(subject: Subject) -> None:
    """Twenty mutants of one layer, in mode text, each as in place; controls are silent."""
    anatomy, model = subject.model.anatomy, subject.model
    if not anatomy.layer_count:
        return
    matrices = matching(anatomy, f"{anatomy.layer_count - 1}.*")
    plan = Plan(matrices=f"{anatomy.layer_count - 1}.*", step=16)
    items = [item for matrix in matrices for item in list(planned(plan, matrix))[:6]][:20]
    engine = Engine(model, subject.baseline, DECODING, Genotype(), "text")
    records = engine.screen([item.mutation for item in items])
    for item, record in list(zip(items, records, strict=True))[::3]:
        genotype = Genotype((item.mutation,))
        with edited_in_place(model, genotype):
            plain, gaps = subject.said(PROMPTS[0])
        read = list(subject.baseline.tokens) if record.tokens is None else list(record.tokens)
        same_text(read, plain, gaps, f"screened {format_genotype(genotype)}")


def check_saving(subject: Subject) -> None:
    """A saved mutant, loaded again by transformers, is the model edited in place."""
    genotype = subject.some()[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant"
        save_model(subject.model, mutated_copy(subject.model, genotype), format_genotype(genotype), path)
        loaded = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    ids = torch.tensor([[*subject.baseline.prompt_tokens]])
    with edited_in_place(subject.model, genotype), torch.inference_mode():
        plain = subject.model.causal_lm(input_ids=ids).logits[0]
        read = loaded(input_ids=ids).logits[0]
    same_logits(read.float(), plain.float(), f"saved {format_genotype(genotype)}")


CHECKS: dict[str, Callable[[Subject], None]] = {
    "kinds": check_kinds,
    "together": check_together,
    "heads": check_heads,
    "pair": check_pair,
    "dose": check_dose,
    "sensitive": check_sensitive,
    "sensitivity": check_sensitivity,
    "propagation": check_propagation,
    "questions": check_questions,
    "answers": check_answers,
    "screen": check_screen,
    "saving": check_saving,
}


def _kl(original: Tensor, mutated: Tensor) -> float:
    log_p, log_q = original.log_softmax(-1), mutated.log_softmax(-1)
    return float(((log_p - log_q) * log_p.exp()).sum(-1).mean())


def _near(read: float | None, plain: float, what: str) -> None:
    if read is None or not math.isfinite(read):
        if math.isfinite(plain):
            raise WrongError(f"{what}: {read} is not {plain:.5g}")
    elif abs(read - plain) > 1e-3 * max(1.0, abs(plain)):
        raise WrongError(f"{what}: {read:.5g} is not {plain:.5g}")


# -------------------------------------------------------------------------------------------- table


def examine(model_type: str, settings: Mapping[str, Any] | None = None) -> Row:
    """Everything that is asked of a type, with some of its settings changed."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    row, start = Row(model_type=model_type), time.perf_counter()
    subject = _guarded(row, "loading", lambda: Subject(model_type, settings or {}))
    if subject is not None:
        anatomy = subject.model.anatomy
        row.layers, row.named, row.heads = anatomy.layer_count, _named(subject.model), _heads(subject.model)
        row.verdict = subject.verdict.sentence.removeprefix("checked: ")
        for name, check in CHECKS.items():
            _guarded(row, name, lambda check=check: check(subject))  # type: ignore[misc]
        if checksum(subject.model.causal_lm) != subject.before:
            row.told["weights"] = "WRONG: they have changed"
    row.seconds = time.perf_counter() - start
    return row


def _guarded(row: Row, name: str, run: Callable[[], Subject | None]) -> Subject | None:
    try:
        return run()
    except WrongError as fault:
        row.told[name] = f"WRONG: {fault}"
    except ExplorerError as fault:
        row.told[name] = f"refused: {fault}"
    except Exception as fault:  # noqa: BLE001  # that is what is looked for
        where = traceback.extract_tb(fault.__traceback__)[-1]
        row.told[name] = (
            f"TRACEBACK: {type(fault).__name__}: {str(fault)[:160]} ({Path(where.filename).name}:{where.lineno})"
        )
    return None


def _named(model: LoadedModel) -> str:
    """The roles that its layers have; `path` where there is none."""
    kinds = {re.sub(r"expert[0-9]+", "expert", kind) for layer in range(model.anatomy.layer_count)
             for kind in model.anatomy.kinds(layer)}  # fmt: skip
    attention = all(kind in kinds for kind in ("q", "k", "v", "o"))
    has = [name for name, is_there in (
        ("attention", attention), ("MLP", "down" in kinds), ("experts", "expert.down" in kinds),
        ("shared expert", "shared.down" in kinds), ("router", "router" in kinds),
    ) if is_there]  # fmt: skip
    own = any(
        "." in kind and not kind.endswith(".bias") and not kind.startswith(("expert.", "shared.")) for kind in kinds
    )
    return ", ".join(has + ["own names"] * own) or "path"


def _heads(model: LoadedModel) -> str:
    heads = [matrix for matrix in model.anatomy.matrices.values() if matrix.head_count]
    if any(matrix.kind == "q" for matrix in heads):
        return "yes"
    return "o, v" if heads else "–"


def _table(rows: list[Row]) -> Iterator[str]:
    yield "| type | known by layer | heads | checked |"
    yield "|---|---|---|---|"
    for row in rows:
        refused = "; ".join(f"{name} {why}" for name, why in row.told.items())
        yield f"| {row.model_type} | {row.named} | {row.heads} | {row.verdict}{f'. {refused}' if refused else ''} |"


def main() -> None:
    """The table; exit status 1 if anything in it is wrong or a traceback."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("types", nargs="*", help="these alone; by default all that can be built")
    parser.add_argument("--write", action="store_true", help="put the table into docs/models.md")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    started = time.perf_counter()
    rows: list[Row] = []
    with ProcessPoolExecutor(asked.workers) as pool:
        for row in pool.map(examine, asked.types or TYPES):
            rows.append(row)
            print(
                f"{row.model_type:26} {row.seconds:5.1f} s  {row.named:40.40} heads {row.heads:5} {row.verdict:.90}",
                flush=True,
            )
            for name, why in row.told.items():
                print(f"    {name}: {why}", flush=True)
    faults = sum(bool(row.faults) for row in rows)
    refused = sum(bool(row.told) and not row.faults for row in rows)
    print(f"{len(rows)} types in {time.perf_counter() - started:.0f} s: {len(rows) - faults} right "
          f"({refused} of them with something refused), {faults} wrong")  # fmt: skip
    for name, why in NOT_BUILT.items():
        print(f"{name} cannot be built: {why}")
    if asked.write:
        PAGE.write_text(_page(rows), encoding="utf-8")
    sys.exit(1 if faults else 0)


def _page(rows: list[Row]) -> str:
    before, _, _ = PAGE.read_text(encoding="utf-8").partition("<!-- made by make architectures -->")
    unbuilt = [f"| {name} | – | – | cannot be built tiny: {why} |" for name, why in NOT_BUILT.items()]
    return "\n".join([f"{before}<!-- made by make architectures -->", *_table(rows), *unbuilt, ""])


if __name__ == "__main__":
    main()
