"""Checkpoints as people have them, rebuilt small: the keys of their configurations, the layout of their tokenizers, and
chat templates of our own with the features that theirs have. Weights are random, in the precision of theirs.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM

_TEXTS = [
    "The capital of France is Paris, and that of Italy is Rome.",
    "A fruit fly lives for some weeks: egg, larva, pupa, adult.",
    "Tell me about the sea at night. Waves come and go.",
    "What is 2 plus 3? It is 5. Who wrote this? Nobody knows.",
    "System user assistant answer question think about it, please.",
] * 20

_INST = (
    "{%- if messages[0].role == 'system' -%}{%- set head = '<<SYS>>\\n' + messages[0].content + '\\n<</SYS>>\\n\\n' -%}"
    "{%- set turns = messages[1:] -%}{%- else -%}{%- set head = '' -%}{%- set turns = messages -%}{%- endif -%}"
    "{%- for turn in turns -%}"
    "{%- if (turn.role == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception('roles must take turns') }}"
    "{%- endif -%}"
    "{%- if turn.role == 'user' -%}"
    "{{ bos_token + '[INST] ' + (head if loop.first else '') + turn.content | trim + ' [/INST]' }}"
    "{%- else -%}{{ ' ' + turn.content | trim + ' ' + eos_token }}{%- endif -%}{%- endfor -%}"
)
_BARS = (
    "{% for turn in messages %}{{ '<|' + turn.role + '|>\\n' + turn.content + eos_token + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)
_CHATML = (
    "{%- if messages[0].role != 'system' -%}"
    "{{ '<|im_start|>system\\nYou answer as a small model.<|im_end|>\\n' }}{%- endif -%}"
    "{%- for turn in messages -%}"
    "{{ '<|im_start|>' + turn.role + '\\n' + turn.content + '<|im_end|>' + '\\n' }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}"
)
_THINKING = (
    "{%- for turn in messages -%}"
    "{%- set said = turn.content.split('</think>')[-1].lstrip('\\n') if turn.role == 'assistant' else turn.content -%}"
    "{{ '<|im_start|>' + turn.role + '\\n' + said + '<|im_end|>' + '\\n' }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false -%}"
    "{{ '<think>\\n\\n</think>\\n\\n' }}{%- endif -%}{%- endif -%}"
)
_DATED = (
    "{%- if enable_thinking is not defined -%}{%- set enable_thinking = true -%}{%- endif -%}"
    "{%- set mode = '/think' if enable_thinking else '/no_think' -%}"
    "{{ '<|im_start|>system\\nToday is ' + strftime_now('%d %B %Y') + '. Mode: ' + mode + '\\n' }}"
    "{%- if messages[0].role == 'system' -%}{{ messages[0].content }}{%- set turns = messages[1:] -%}"
    "{%- else -%}{{ 'You are made of few layers.' }}{%- set turns = messages -%}{%- endif -%}{{ '<|im_end|>\\n' }}"
    "{%- for turn in turns -%}{{ '<|im_start|>' + turn.role + '\\n' + turn.content + '<|im_end|>\\n' }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}"
    "{%- if not enable_thinking -%}{{ '<think>\\n\\n</think>\\n' }}{%- endif -%}{%- endif -%}"
)
_TURNS = (
    "{{ bos_token }}{%- if messages[0].role == 'system' -%}{%- set head = messages[0].content + '\\n\\n' -%}"
    "{%- set turns = messages[1:] -%}{%- else -%}{%- set head = '' -%}{%- set turns = messages -%}{%- endif -%}"
    "{%- for turn in turns -%}{%- set role = 'model' if turn.role == 'assistant' else turn.role -%}"
    "{{ '<start_of_turn>' + role + '\\n' + (head if loop.first else '') + turn.content | trim + '<end_of_turn>\\n' }}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}"
)

_LLAMA = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "attention_bias": False,
    "attention_dropout": 0.0, "initializer_range": 0.02, "mlp_bias": False, "pretraining_tp": 1, "use_cache": True,
    "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 2, "num_attention_heads": 4,
    "rms_norm_eps": 1e-5, "vocab_size": 420, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
_MISTRAL = {
    "model_type": "mistral", "architectures": ["MistralForCausalLM"], "hidden_act": "silu", "attention_dropout": 0.0,
    "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "initializer_range": 0.02, "max_position_embeddings": 32768, "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0, "sliding_window": 4096, "tie_word_embeddings": False, "use_cache": True,
    "vocab_size": 420, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A checkpoint as somebody has it."""

    config: dict[str, Any]
    tokenizer: Callable[[Path], None]
    dtype: torch.dtype = torch.bfloat16
    template: str = ""
    generation: dict[str, Any] | None = None
    has_default_system: bool = False
    thinks: bool = False


def _sentencepiece(bos: bool) -> Callable[[Path], None]:
    """A `tokenizer.model` with bytes to fall back on, and nothing else, as Llama 2 and Mistral have it."""

    def write(folder: Path) -> None:
        written = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(_TEXTS), model_writer=written, vocab_size=400, model_type="bpe", byte_fallback=True,
            character_coverage=1.0, unk_id=0, bos_id=1, eos_id=2, pad_id=-1, minloglevel=2, hard_vocab_limit=False,
        )  # fmt: skip
        (folder / "tokenizer.model").write_bytes(written.getvalue())
        stated = {
            "tokenizer_class": "LlamaTokenizer", "add_bos_token": bos, "add_eos_token": False, "legacy": True,
            "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "model_max_length": 10**30,
        }  # fmt: skip
        (folder / "tokenizer_config.json").write_text(json.dumps(stated), encoding="utf-8")

    return write


def _bytes(specials: list[str], *, bos: str | None, eos: str, pad: str | None = None) -> Callable[[Path], None]:
    """A `tokenizer.json` over bytes, as Llama 3, Qwen and SmolLM have it."""

    def write(folder: Path) -> None:
        tokenizer = Tokenizer(models.BPE())
        split = Regex(r"\s?[A-Za-z]+|\s?\d|[^\sA-Za-z\d]+|\s+")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(split, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        )
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=400,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=specials,
            show_progress=False,
        )
        tokenizer.train_from_iterator(_TEXTS, trainer)
        tokenizer.add_tokens([AddedToken("<think>", special=False), AddedToken("</think>", special=False)])
        tokenizer.save(str(folder / "tokenizer.json"))
        stated = {
            "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": bos, "eos_token": eos, "pad_token": pad,
            "model_max_length": 131072, "clean_up_tokenization_spaces": False, "add_prefix_space": False,
        }  # fmt: skip
        (folder / "tokenizer_config.json").write_text(json.dumps(stated), encoding="utf-8")

    return write


_QWEN = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

PEOPLE: dict[str, Person] = {
    "Llama-2-7b-chat": Person(
        config=_LLAMA | {"num_key_value_heads": 4, "max_position_embeddings": 4096, "rope_theta": 10000.0,
                         "tie_word_embeddings": False, "rms_norm_eps": 1e-6, "torch_dtype": "float16"},
        tokenizer=_sentencepiece(bos=True), dtype=torch.float16, template=_INST,
        generation={"do_sample": True, "temperature": 0.6, "top_p": 0.9, "max_length": 4096, "pad_token_id": 0},
    ),
    "Zephyr-7b-beta": Person(
        config=_MISTRAL | {"pad_token_id": 2, "torch_dtype": "bfloat16"},
        tokenizer=_sentencepiece(bos=True), template=_BARS,
    ),
    "Mistral-7B-v0.1": Person(config=_MISTRAL | {"torch_dtype": "bfloat16"}, tokenizer=_sentencepiece(bos=True)),
    "Llama-3.2-1B": Person(
        config=_LLAMA | {
            "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 131072, "rope_theta": 500000.0,
            "tie_word_embeddings": True, "torch_dtype": "bfloat16", "bos_token_id": 0, "eos_token_id": [1, 2, 3],
            "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                             "original_max_position_embeddings": 8192, "rope_type": "llama3"},
        },
        tokenizer=_bytes(["<|begin_of_text|>", "<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"],
                         bos="<|begin_of_text|>", eos="<|end_of_text|>"),
        generation={"bos_token_id": 0, "eos_token_id": [1, 2, 3], "do_sample": True, "temperature": 0.6, "top_p": 0.9},
    ),
    "Qwen3-0.6B": Person(
        config={
            "model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "attention_bias": False,
            "attention_dropout": 0.0, "bos_token_id": 0, "eos_token_id": 2, "head_dim": 32,
            "hidden_act": "silu", "hidden_size": 64,
            "initializer_range": 0.02, "intermediate_size": 192, "max_position_embeddings": 40960,
            "max_window_layers": 28,
            "num_attention_heads": 4, "num_hidden_layers": 2, "num_key_value_heads": 2, "rms_norm_eps": 1e-6,
            "rope_scaling": None, "rope_theta": 1000000, "sliding_window": None, "tie_word_embeddings": True,
            "torch_dtype": "bfloat16", "use_cache": True, "use_sliding_window": False, "vocab_size": 640,
        },
        tokenizer=_bytes(_QWEN, bos=None, eos="<|im_end|>", pad="<|endoftext|>"), template=_THINKING, thinks=True,
        generation={"bos_token_id": 0, "eos_token_id": [2, 0], "pad_token_id": 0, "do_sample": True, "top_k": 20},
    ),
    "Gemma-3-270m": Person(
        config={
            "model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"], "attention_bias": False,
            "attention_dropout": 0.0, "attn_logit_softcapping": None, "bos_token_id": 2, "eos_token_id": [1, 4],
            "final_logit_softcapping": None, "head_dim": 32, "hidden_activation": "gelu_pytorch_tanh",
            "hidden_size": 64,
            "initializer_range": 0.02, "intermediate_size": 192,
            "layer_types": ["sliding_attention", "full_attention"],
            "max_position_embeddings": 32768, "num_attention_heads": 4, "num_hidden_layers": 2,
            "num_key_value_heads": 1,
            "pad_token_id": 0, "query_pre_attn_scalar": 32, "rms_norm_eps": 1e-6, "rope_local_base_freq": 10000.0,
            "rope_scaling": None, "rope_theta": 1000000.0, "sliding_window": 512, "torch_dtype": "bfloat16",
            "use_bidirectional_attention": False, "use_cache": True, "vocab_size": 420,
        },
        tokenizer=_bytes(["<pad>", "<eos>", "<bos>", "<unk>", "<end_of_turn>", "<start_of_turn>"],
                         bos="<bos>", eos="<eos>", pad="<pad>"),
        template=_TURNS,
        generation={"bos_token_id": 2, "eos_token_id": [1, 4], "pad_token_id": 0, "do_sample": True, "top_k": 64},
    ),
    "SmolLM2-360M": Person(
        config=_LLAMA | {
            "num_key_value_heads": 2, "max_position_embeddings": 8192, "rope_theta": 100000, "rope_interleaved": False,
            "tie_word_embeddings": True, "torch_dtype": "bfloat16", "pad_token_id": 2,
        },
        tokenizer=_bytes(_QWEN, bos="<|im_start|>", eos="<|im_end|>", pad="<|im_end|>"), template=_CHATML,
        has_default_system=True,
    ),
    "SmolLM3-3B": Person(
        config={
            "model_type": "smollm3", "architectures": ["SmolLM3ForCausalLM"], "attention_bias": False,
            "attention_dropout": 0.0, "bos_token_id": 0, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 64,
            "initializer_range": 0.02, "intermediate_size": 192, "layer_types": ["full_attention", "full_attention"],
            "max_position_embeddings": 65536, "max_window_layers": 28, "mlp_bias": False, "no_rope_layer_interval": 4,
            "no_rope_layers": [1, 0], "num_attention_heads": 4, "num_hidden_layers": 2, "num_key_value_heads": 1,
            "pad_token_id": 0, "rms_norm_eps": 1e-6, "rope_scaling": None, "rope_theta": 5000000.0,
            "sliding_window": None, "torch_dtype": "bfloat16", "use_cache": False, "use_sliding_window": False,
            "vocab_size": 420,
        },
        tokenizer=_bytes(_QWEN, bos=None, eos="<|im_end|>", pad="<|im_end|>"), template=_DATED, thinks=True,
        has_default_system=True,
    ),
}  # fmt: skip


def build(folder: Path, name: str, **changes: object) -> Path:
    """Write one of them into a folder; `changes` go over its configuration."""
    person = PEOPLE[name]
    folder.mkdir(parents=True, exist_ok=True)
    config = person.config | changes
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    torch.manual_seed(len(name))
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder), dtype=torch.float32)
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.add_(torch.randn_like(parameter) * 0.1)
            elif "layers" in path:  # so that an answer is not its last token over and over
                parameter.mul_(12)
    model.to(person.dtype).save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")  # with the keys that theirs have
    if person.generation is not None:
        (folder / "generation_config.json").write_text(json.dumps(person.generation), encoding="utf-8")
    else:
        (folder / "generation_config.json").unlink(missing_ok=True)
    person.tokenizer(folder)
    if person.template:
        (folder / "chat_template.jinja").write_text(person.template, encoding="utf-8")
    return folder
