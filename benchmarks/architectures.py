"""What exactness for every architecture costs: `python -m benchmarks.architectures`.

The plain path (tensors replaced, each text by itself) beside one `model.generate` of the demo model; the trial when a
model is loaded, in passes over 32 tokens; and, on a random model of Gemma 3 270M's shape, the share of the time that is
spent in a head of 262,144 words. What else so many words cost (log-probabilities, the best of each row) is printed too:
the same work with a vocabulary of 1,024, in the same run, takes the rest.
"""

import statistics
import time
from collections.abc import Callable, Iterator

import torch
from torch.utils.hooks import RemovableHandle
from transformers import AutoModelForCausalLM, Gemma3TextConfig

from benchmarks.explore import EARLY, plain_seconds, run_pair
from benchmarks.figures import Figure, report
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.genotype import ZERO, Genotype
from explorer.domain.verdict import Verdict
from explorer.generation.baseline import Baseline, Baselines
from explorer.generation.dose import dose_response
from explorer.generation.pair import generate_pair
from explorer.generation.sensitivity import find_sensitive
from explorer.generation.trial import try_model
from explorer.model.loaded import LoadedModel
from explorer.model.loading import assemble, load_model
from explorer.screen.engine import Engine
from explorer.screen.plan import Plan, matching, planned
from tests.tiny import tiny_tokenizer

ROUNDS = 3
WIDE, NARROW = 262_144, 1_024
"""Words."""


def plain_figures(model: LoadedModel) -> list[Figure]:
    """Ratios of the plain path to one `model.generate` of as many tokens."""
    model.verdicts[:] = [Verdict(rows="it is measured")]
    plain_seconds(model)
    ratios: dict[str, list[float]] = {"fresh": [], "cached": []}
    for _ in range(ROUNDS):
        plain, baselines = plain_seconds(model), Baselines(1)
        for each in ratios.values():
            each.append(run_pair(model, EARLY, baselines).last / plain)
        print(f"  plain {plain:.2f} s, ours " + ", ".join(f"{kind} {each[-1]:.2f} ×" for kind, each in ratios.items()))
    model.verdicts.clear()
    return [
        Figure("plain path: both texts, nothing kept", statistics.median(ratios["fresh"]), 2.3, "×"),
        Figure("plain path: baseline kept, parts at once", statistics.median(ratios["cached"]), 1.3, "×"),
    ]


def trial_figures(model: LoadedModel) -> list[Figure]:
    """The trial of the demo model, in seconds and in plain passes over 32 tokens."""
    ids = torch.arange(2, 34).unsqueeze(0)
    passes, trials = [], []
    for _ in range(ROUNDS + 1):
        with torch.inference_mode():
            passes.append(_seconds(lambda: model.causal_lm(input_ids=ids, use_cache=False)))
        trials.append(_seconds(lambda: try_model(model)))
    seconds = statistics.median(trials[1:])
    return [
        Figure("trial of the demo model", seconds / statistics.median(passes[1:]), 12, "passes"),
        Figure("trial of the demo model", seconds, 2, "s"),
    ]


def head_figures() -> list[Figure]:
    """The share of the time that a wide head takes."""
    wide, narrow = (_gemma(words) for words in (WIDE, NARROW))
    figures = []
    for name, work in (("sensitive", _sensitive), ("dose", _dose), ("screen", _screen)):
        runs, clock = [work(model) for model in (wide, narrow)], _Clock(wide)
        for run in runs:
            run()
        clock.seconds = 0.0
        seconds = [statistics.mean(_seconds(run) for _ in range(ROUNDS)) for run in runs]
        inside = clock.seconds / ROUNDS
        clock.stop()
        told = f"{seconds[0]:.2f} s, {inside:.2f} s of them in the head; with {NARROW:,} words {seconds[1]:.2f} s"
        print(f"  {name}: {told}")
        figures.append(Figure(f"share of the head of {WIDE:,} words: {name}", inside / seconds[0], 0.5, ""))
    return figures


class _Clock:
    """Seconds spent in a model's head, forward."""

    def __init__(self, model: LoadedModel) -> None:
        self.seconds, self._since = 0.0, 0.0
        heads = (model.view.own("lm_head"), model.causal_lm.get_output_embeddings())
        self._handles = [handle for head in heads for handle in self._watched(head)]

    def _watched(self, head: torch.nn.Module) -> Iterator[RemovableHandle]:
        yield head.register_forward_pre_hook(lambda *_: self._enter())
        yield head.register_forward_hook(lambda *_: self._leave())

    def _enter(self) -> None:
        self._since = time.perf_counter()

    def _leave(self) -> None:
        self.seconds += time.perf_counter() - self._since

    def stop(self) -> None:
        """Count no longer."""
        for handle in self._handles:
            handle.remove()


def _gemma(words: int) -> LoadedModel:
    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=words,
        hidden_size=640,
        intermediate_size=2048,
        num_hidden_layers=18,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=256,
        eos_token_id=1,
        pad_token_id=0,
    )
    model = assemble(AutoModelForCausalLM.from_config(config), tiny_tokenizer(), source="gemma", name=f"{words} words")
    try_model(model)
    return model


_PROMPT = Prompt(text=" ".join(f"w{3 + place % 7}" for place in range(30)), chat=False)
_DECODING = Decoding(max_new_tokens=32)
_BASELINES = Baselines(2)


def _baseline(model: LoadedModel) -> Baseline:
    for _ in generate_pair(model, _PROMPT, _DECODING, Genotype(), _BASELINES):
        pass
    baseline = _BASELINES.get(model, _PROMPT, _DECODING)
    assert baseline is not None
    return baseline


def _sensitive(model: LoadedModel) -> Callable[[], object]:
    baseline = _baseline(model)
    return lambda: find_sensitive(model, baseline, ZERO, "weight", 10)


def _dose(model: LoadedModel) -> Callable[[], object]:
    baseline, site = _baseline(model), model.anatomy.read("9.down[3,5]=0").mutations[0].site
    return lambda: dose_response(model, baseline, _DECODING, Genotype(), site)


def _screen(model: LoadedModel) -> Callable[[], object]:
    engine = Engine(model, _baseline(model), _DECODING, Genotype(), "divergence")
    plan = Plan(matrices="9.down", step=64)
    items = [item.mutation for matrix in matching(model.anatomy, "9.down") for item in list(planned(plan, matrix))[:64]]
    return lambda: engine.screen(items)


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    """Print every figure with its limit; exit 1 if one is missed."""
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
    model = load_model("demo", device="cpu")
    report([*trial_figures(model), *plain_figures(model), *head_figures()])


if __name__ == "__main__":
    main()
