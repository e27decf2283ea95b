"""Models as people have them: half precision, loading, conversations: `python -m benchmarks.models`.

The demo model stored in bfloat16 and counted in float32 beside the same weights kept in float32; a random Llama of 1.1
billion weights read from disk beside a plain read of its files; the fifth turn of a conversation beside the first.
"""

import gc
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from benchmarks.figures import Figure, report
from explorer.domain.conversation import Conversation
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.genotype import Genotype
from explorer.generation.alone import decode_alone
from explorer.generation.baseline import Baselines
from explorer.generation.conversation import Voice, talk
from explorer.generation.pair import generate_pair
from explorer.generation.trial import try_model
from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
from explorer.screen.engine import Engine
from explorer.screen.plan import Plan, matching, planned

PROMPT = Prompt(text="What is the capital of France? Tell me about it.")
DECODING = Decoding(max_new_tokens=48)
MUTANTS = 60
ROUNDS = 3
_PEAK = """
import re, sys, time
import torch
import transformers.models.llama.modeling_llama
from explorer.model.loading import load_model

def told(name):
    return int(re.search(name + r":\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

before = told("VmRSS")
started = time.perf_counter()
model = load_model(sys.argv[1], device="cpu", dtype=sys.argv[2])
print(told("VmHWM") - before, time.perf_counter() - started, model.size)
"""
"""What a process of its own takes at most beyond what it has before, with everything imported."""


def pair_seconds(model: LoadedModel) -> float:
    """One pair, nothing cached."""
    started = time.perf_counter()
    for _ in generate_pair(model, PROMPT, DECODING, model.anatomy.read("0.mlp*0.5"), Baselines(1)):
        pass
    return time.perf_counter() - started


def screen_seconds(model: LoadedModel) -> float:
    """Some mutants of two matrices, with their texts."""
    engine = Engine(model, decode_alone(model, PROMPT, DECODING, Genotype()), DECODING, Genotype(), "text")
    started = time.perf_counter()
    for name in ("5.down", "20.q"):
        items = planned(Plan(matrices=name, step=64, operations=("max", "min")), matching(model.anatomy, name)[0])
        engine.screen([item.mutation for item in items if item.operation != "control"][:MUTANTS])
    return time.perf_counter() - started


def precision_figures(folder: Path) -> list[Figure]:
    """Weights in bfloat16, arithmetic in float32, to the same weights in float32."""
    demo = load_model("demo", device="cpu")
    source = demo.causal_lm.config._name_or_path
    AutoModelForCausalLM.from_pretrained(source, dtype=torch.bfloat16).save_pretrained(folder)
    demo.tokenizer.save_pretrained(folder)
    half, full = (load_model(str(folder), device="cpu", dtype=dtype) for dtype in ("bfloat16", "float32"))
    found = []
    for name, seconds, limit in (("a pair", pair_seconds, 1.6), ("a screen", screen_seconds, 1.15)):
        for model in (half, full):
            assert try_model(model).is_fast
            seconds(model)
        ratios = []
        for _ in range(ROUNDS):
            wide, narrow = seconds(full), seconds(half)
            ratios.append(narrow / wide)
            print(f"  {name}: float32 {wide:.2f} s, bfloat16 {narrow:.2f} s, {ratios[-1]:.2f} ×")
        found.append(Figure(f"{name}, weights in bfloat16 to float32", statistics.median(ratios), limit, "×"))
    return [*found, Figure("weights in bfloat16 to float32: memory", half.size / full.size, 0.6, "×")]


def loading_figures(folder: Path) -> list[Figure]:
    """A random Llama of 1.1 billion weights."""
    config = LlamaConfig(
        hidden_size=2048, intermediate_size=5632, num_hidden_layers=22, num_attention_heads=32, num_key_value_heads=4,
        vocab_size=49152, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    torch.set_default_dtype(torch.bfloat16)
    LlamaForCausalLM(config).save_pretrained(folder, max_shard_size="2GB")
    torch.set_default_dtype(torch.float32)
    load_model("demo", device="cpu").tokenizer.save_pretrained(folder)
    files = sorted(folder.glob("*.safetensors"))
    figures = []
    for dtype in ("bfloat16", "float32"):
        ran = subprocess.run(
            [sys.executable, "-c", _PEAK, str(folder), dtype], check=True, capture_output=True, text=True
        )
        peak, seconds, size = map(float, ran.stdout.split())
        print(f"  1.1 billion in {dtype}: {seconds:.2f} s, peak {peak / 1e9:.2f} GB of {size / 1e9:.2f} GB of weights")
        figures.append(Figure(f"1.1 billion in {dtype}: peak to the weights", peak / size, 1.15, "×"))
    load_model(str(folder), device="cpu", dtype="bfloat16")
    ratios = []
    for _ in range(ROUNDS):
        gc.collect()
        started = time.perf_counter()
        held = [file.read_bytes() for file in files]
        read = time.perf_counter() - started
        del held
        started = time.perf_counter()
        model = load_model(str(folder), device="cpu", dtype="bfloat16")
        ratios.append((time.perf_counter() - started) / read)
        print(f"  read {read:.2f} s, loaded {ratios[-1] * read:.2f} s, {ratios[-1]:.2f} ×")
        del model
    return [*figures, Figure("1.1 billion, warm, to a read of its files", statistics.median(ratios), 1.5, "×")]


def conversation_figures() -> list[Figure]:
    """The fifth turn to the first: as many tokens asked, as many answered."""
    model = load_model("demo", device="cpu")
    ratios = []
    for _ in range(ROUNDS):
        voices = (Voice(model, Genotype()), Voice(model, model.anatomy.read("11.mlp*0.9")))
        conversation, seconds = Conversation(system="You tell long stories."), []
        for place in range(5):
            started, count = time.perf_counter(), 0
            for update in talk(voices, conversation, f"Tell me story number {place} about the sea.", DECODING):
                count = len(update.original) + len(update.mutated)
                last = update
            seconds.append((time.perf_counter() - started) / count)
            assert last.exchange is not None
            conversation = conversation.with_exchange(last.exchange)
        ratios.append(seconds[4] / seconds[0])
        print("  turns, ms a token: " + ", ".join(f"{1000 * each:.1f}" for each in seconds))
    return [Figure("turn 5 of a conversation to turn 1, a token", statistics.median(ratios), 1.3, "×")]


def main() -> None:
    """Print every figure with its limit; exit 1 if one is missed."""
    with tempfile.TemporaryDirectory() as half, tempfile.TemporaryDirectory() as large:
        report([*precision_figures(Path(half)), *loading_figures(Path(large)), *conversation_figures()])


if __name__ == "__main__":
    main()
