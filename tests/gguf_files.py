"""Small GGUF files, with matrices of any type, whole or split."""

from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind

HIDDEN = 256
"""A block of the K types has so many numbers."""
VOCABULARY = 64

_SCALES = {
    Kind.Q2_K: (80, 82), Kind.Q3_K: (108,), Kind.Q4_K: (0, 2), Kind.Q5_K: (0, 2), Kind.Q6_K: (208,),
    Kind.IQ4_NL: (0,), Kind.IQ4_XS: (0,), Kind.Q8_K: (),
}  # fmt: skip
"""Where, in a block of a type that gguf reads but does not write, its scales in float16 are."""


def matrix(kind: Kind, rows: int, columns: int, seed: int) -> np.ndarray:
    """Bytes, or numbers, of a random matrix [rows, columns] as a file of that type has them."""
    dice = np.random.default_rng(seed)
    if kind not in _SCALES:
        return gguf.quantize((dice.standard_normal((rows, columns)) * 0.05).astype(np.float32), kind)
    count, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = dice.integers(0, 256, (rows, columns // count, size), dtype=np.uint8)
    for place in _SCALES[kind]:
        scales = dice.uniform(1e-4, 1e-3, blocks.shape[:2]).astype(np.float16)
        blocks[..., place : place + 2] = scales[..., None].view(np.uint8)
    return blocks.reshape(rows, -1)


def write(file: Path, kind: Kind, parts: int = 1) -> dict[str, np.ndarray]:
    """Write a llama of two layers with matrices of a type; what its tensors hold, as numbers, by their names there."""
    shapes = {"token_embd": (VOCABULARY, HIDDEN), "output": (VOCABULARY, HIDDEN)}
    for layer in range(2):
        for name, rows in {"attn_q": 256, "attn_k": 128, "attn_v": 128, "attn_output": 256}.items():
            shapes[f"blk.{layer}.{name}"] = (rows, HIDDEN)
        for name in ("ffn_gate", "ffn_up", "ffn_down"):
            shapes[f"blk.{layer}.{name}"] = (HIDDEN, HIDDEN)
    vectors = ["output_norm", *(f"blk.{layer}.{name}" for layer in range(2) for name in ("attn_norm", "ffn_norm"))]
    held: dict[str, tuple[np.ndarray, Kind]] = {
        f"{name}.weight": (matrix(kind, *shape, seed), kind) for seed, (name, shape) in enumerate(shapes.items())
    }
    for seed, name in enumerate(vectors):
        numbers = np.random.default_rng(seed).uniform(0.9, 1.1, HIDDEN).astype(np.float32)
        held[f"{name}.weight"] = (numbers, Kind.F32)
    names = list(held)
    for number in range(parts):
        path = file if parts == 1 else file.with_name(f"{file.stem}-{number + 1:05}-of-{parts:05}.gguf")
        writer = gguf.GGUFWriter(path, "llama")
        if parts > 1:
            writer.add_uint16("split.no", number)
            writer.add_uint16("split.count", parts)
            writer.add_int32("split.tensors.count", len(names))
        if number == 0:
            _describe(writer)
        for name in names[number::parts]:
            numbers, own = held[name]
            writer.add_tensor(name, numbers, raw_dtype=own)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return {name: gguf.dequantize(numbers, own) for name, (numbers, own) in held.items()}


def _describe(writer: gguf.GGUFWriter) -> None:
    writer.add_name("tiny")
    writer.add_context_length(512)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(2)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(8)
    writer.add_head_count_kv(4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(HIDDEN // 8)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("gpt2")
    letters = [chr(code) for code in range(33, 33 + VOCABULARY - 3)]
    writer.add_token_list(["<unk>", "<s>", "</s>", *letters[:-1], "AB"])
    writer.add_token_merges(["A B"])
    writer.add_token_types([3, 3, 3, *(1 for _ in letters)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
