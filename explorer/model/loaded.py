"""A model ready to run: weights, tokenizer, anatomy, and the view that every forward pass starts from."""

from __future__ import annotations

import functools
import inspect
import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import PromptError
from explorer.domain.placement import precision_of
from explorer.domain.verdict import Verdict
from explorer.domain.weights import Statistics
from explorer.model import chat
from explorer.model.anatomy import Anatomy, Matrix

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from explorer.model.view import View


_TURNING = {"longrope": "original_max_position_embeddings", "dynamic": "max_position_embeddings"}
"""The kinds of rotary positions that change with length, and the setting that says where."""

_REREADING = ("keep_window_size", "lsh_attn_chunk_length", "local_attn_chunk_length")
"""Settings that say up to how many tokens a model with a cache of its own reads as it would without one."""

_UNLIKE_THEIR_CACHE = {"moshi": ("sliding_window",)}
"""As `_REREADING`, of types that keep fewer tokens in the cache than they attend to without one."""

_CHOOSING = ("index_topk", *_REREADING)
"""Settings that say how many tokens a sparse attention attends to."""

_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@dataclass(frozen=True, kw_only=True, eq=False)
class Specimen:
    """A model's weights and where they are: all that a mutant is made from."""

    causal_lm: PreTrainedModel
    anatomy: Anatomy
    _statistics: dict[str, Statistics] = field(default_factory=dict, repr=False)

    @functools.cached_property
    def dtype_name(self) -> str:
        """The precision in which the weights are stored, such as `bfloat16`."""
        from explorer.model.widened import stored_dtype

        return str(stored_dtype(self.causal_lm)).removeprefix("torch.")

    @property
    def precision(self) -> str:
        """That of the weights and, where it is another, that of the arithmetic: `float32`, `bfloat16/float32`."""
        return precision_of(self.dtype_name, str(self.causal_lm.dtype).removeprefix("torch."))

    @functools.cached_property
    def size(self) -> int:
        """Of its weights as they are kept, in bytes."""
        from explorer.model.widened import size_of

        return size_of(self.causal_lm)

    def statistics(self, matrix: Matrix) -> Statistics:
        """Extremes, mean and standard deviation of a matrix; measured once."""
        from explorer.model.weights import measure, weight_of

        if matrix.name not in self._statistics:
            self._statistics[matrix.name] = measure(weight_of(self.causal_lm, matrix))
        return self._statistics[matrix.name]

    @functools.cached_property
    def fingerprint(self) -> str:
        """Of all weights, bit for bit, their precision included; computed once, in seconds for each 10 GB."""
        from explorer.model.weights import checksum

        return checksum(self.causal_lm)


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedModel(Specimen):
    """One model in memory, ready to run; its weights are never written to."""

    name: str
    source: str
    tokenizer: PreTrainedTokenizerBase
    view: View = field(repr=False)
    """The unmutated model with its linear maps set up for few rows; views of mutants start from it."""
    remark: str = ""
    """What is to be known of its checkpoint, as a sentence; "": nothing."""
    verdicts: list[Verdict] = field(default_factory=list, repr=False)
    """What its trial has found, once it has been tried (`generation.trial`)."""

    @property
    def is_told_positions(self) -> bool:
        """Whether passes say at which positions tokens stand; else the model counts for itself, in its own way."""
        return not self.verdicts or self.verdicts[0].placed

    @property
    def has_tuples(self) -> bool:
        """Whether its layers hand their hidden states on in a tuple."""
        return bool(self.verdicts) and self.verdicts[0].tuples

    @functools.cached_property
    def twin(self) -> PreTrainedModel:
        """Modules over the same tensors, for one thread at a time to put other tensors into."""
        from explorer.model.twin import twin_of

        return twin_of(self.causal_lm)

    @functools.cached_property
    def tensor_names(self) -> dict[int, tuple[str, ...]]:
        """By `id` of each parameter, the paths at which it is held."""
        from explorer.model.twin import names_of_tensors

        return names_of_tensors(self.causal_lm)

    def accepts(self, argument: str) -> bool:
        """Whether the model's forward pass takes an argument of that name."""
        return argument in self._arguments or "**" in self._arguments

    @functools.cached_property
    def _arguments(self) -> frozenset[str]:
        found = inspect.signature(self.causal_lm.forward).parameters
        any_other = {"**"} if any(each.kind is each.VAR_KEYWORD for each in found.values()) else set()
        return frozenset(found) | any_other

    @functools.cached_property
    def turning_point(self) -> int | None:
        """The most tokens for which its positions are computed in one way; beyond it, in another. None: no such point.

        Phi-3's LongRoPE has one: texts are computed anew, with other factors, when they grow beyond it.
        """
        config = self.causal_lm.config.get_text_config()
        stated = getattr(config, "rope_parameters", None) or {}
        tables = [stated, *(each for each in stated.values() if isinstance(each, dict))]
        lengths = [
            table.get("original_max_position_embeddings") or getattr(config, name, None)
            for table in tables
            for kind, name in _TURNING.items()
            if table.get("rope_type") == kind
        ]
        return min((int(length) for length in lengths if length), default=None)

    @functools.cached_property
    def chooses_beyond(self) -> int | None:
        """The most tokens that it attends to all of; of more it chooses some, with ties that rounding decides."""
        return _least(self.causal_lm.config.get_text_config(), _CHOOSING)

    @functools.cached_property
    def rereads_beyond(self) -> int | None:
        """The most tokens that a cache serves; longer texts are read anew for each token."""
        config = self.causal_lm.config.get_text_config()
        wanted = (*_REREADING, *_UNLIKE_THEIR_CACHE.get(config.model_type, ()))
        return _least(config, wanted)

    @functools.cached_property
    def sees_back(self) -> int | None:
        """How far back every layer sees, in tokens; None: as far as there are."""
        return _least(self.causal_lm.config.get_text_config(), ("sliding_window", "attention_chunk_size"))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.causal_lm.device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the arithmetic."""
        return self.causal_lm.dtype

    @property
    def device_name(self) -> str:
        """The device as a person knows it."""
        import torch

        return torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type

    @property
    def identity(self) -> dict[str, str]:
        """What a result depends on besides versions: the model's name, fingerprint, precision and device."""
        where = {"dtype": self.precision, "device": self.device.type}
        dated = {"chat_date": chat.TODAY.isoformat()} if chat.prints_date(self.tokenizer) else {}
        return {"model": self.name, "fingerprint": self.fingerprint, **where, **dated}

    @functools.cached_property
    def context(self) -> int | None:
        """The most tokens, prompt and answer together, that the model can attend to; None: no limit is known."""
        config = self.causal_lm.config.get_text_config()
        names = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
        found = (getattr(config, name, None) for name in names)
        return next((int(limit) for limit in found if isinstance(limit, int) and limit > 0), None)

    @functools.cached_property
    def stop_tokens(self) -> frozenset[int]:
        """The tokens that end a text."""
        named = self.causal_lm.generation_config.eos_token_id if self.causal_lm.generation_config else None
        listed = named if isinstance(named, list) else [named]
        return frozenset(token for token in (*listed, self.tokenizer.eos_token_id) if token is not None)

    @functools.cached_property
    def has_chat_template(self) -> bool:
        """Whether a prompt can be put as a chat."""
        return chat.has_template(self.tokenizer)

    @functools.cached_property
    def default_system(self) -> str:
        """The system prompt that the chat template itself begins with; "" if it has none."""
        return chat.default_system(self.tokenizer) if self.has_chat_template else ""

    @functools.cached_property
    def knows_thinking(self) -> bool:
        """Whether its chat template lets it think before it answers, or not."""
        return chat.knows_thinking(self.tokenizer)

    @functools.cached_property
    def row_count(self) -> int | None:
        """How many tokens the model has an embedding of; None if it does not say."""
        embedding = self.causal_lm.get_input_embeddings()
        weight = getattr(embedding, "weight", None)
        return None if weight is None else int(weight.shape[0])

    def encode(self, prompt: Prompt, decoding: Decoding) -> list[int]:
        """The token ids of a prompt.

        Raises PromptError if there are none, if the model has no embedding of one, if it leaves no room for the answer
        in the model's context, or if it is a chat and the model's chat template does not take it.
        """
        tokens = chat.chat_tokens(self.tokenizer, self.name, prompt) if prompt.chat else self._raw_tokens(prompt)
        if not tokens:
            raise PromptError("The prompt has no tokens for this model: type some text.")
        if self.row_count is not None and max(tokens) >= self.row_count:
            raise PromptError(
                f"{self.show_token(max(tokens))!r} in the prompt is token {max(tokens)} of the tokenizer, but "
                f"{self.name} has only {self.row_count:,}: write it without that, or use the model's own tokenizer."
            )
        most = decoding.new_tokens(len(tokens))
        if not most:
            raise PromptError(
                f"The prompt has {len(tokens):,} tokens, and with it the text may have {decoding.max_length:,}: "
                "shorten the prompt, or allow a greater length."
            )
        if self.context and len(tokens) + most > self.context:
            raise PromptError(
                f"The prompt has {len(tokens):,} tokens and the answer may have {most:,}, but the "
                f"model's context holds {self.context:,}: shorten the prompt or ask for fewer new tokens."
            )
        return tokens

    def remark_on(self, prompt: Prompt) -> str:
        """What is to be known of how a prompt is taken, as sentences; "": nothing."""
        remarks = []
        controls = [] if prompt.plain else self.control_tokens_in(prompt.text)
        if controls:
            remarks.append(f"{', '.join(controls)} in the prompt {'is a' if len(controls) == 1 else 'are'} control "
                           f"token{'' if len(controls) == 1 else 's'} and will act as such.")  # fmt: skip
        first, number = self.tokenizer.bos_token, self.tokenizer.bos_token_id
        begins_so = not prompt.chat and first is not None and prompt.text.lstrip().startswith(first)
        if begins_so and self._raw_tokens(prompt)[:2] == [number, number]:
            remarks.append(f"The tokenizer itself begins with {first}: with that of the prompt there are two.")
        if prompt.chat and chat.prints_date(self.tokenizer):
            remarks.append(f"The chat template prints a date: it always gets {chat.TODAY:%d %B %Y}.")
        return " ".join(remarks)

    def control_tokens_in(self, text: str) -> list[str]:
        """The control tokens that are written in a text."""
        return chat.control_tokens_in(self.tokenizer, text)

    def _raw_tokens(self, prompt: Prompt) -> list[int]:
        options = {"split_special_tokens": True} if prompt.plain else {}
        return list(self.tokenizer(prompt.text + prompt.prefill, **options)["input_ids"])

    def decode(self, tokens: list[int]) -> str:
        """The text of generated tokens, without those that only steer (such as the end of text).

        An id that the tokenizer has no token for is its number: `#50279`.
        """
        runs = groupby(tokens, key=self._is_numbered)
        return "".join(
            "".join(f"#{token}" for token in run) if numbered else self._text_of(list(run), skip_special_tokens=True)
            for numbered, run in runs
        )

    def show_token(self, token: int) -> str:
        """One token as text, the steering ones by name."""
        return f"#{token}" if self._is_numbered(token) else self._text_of([token])

    def _text_of(self, tokens: list[int], **options: bool) -> str:
        text = self.tokenizer.decode(tokens, clean_up_tokenization_spaces=False, **options)
        assert isinstance(text, str)
        return text

    def _is_numbered(self, token: int) -> bool:
        """Whether the tokenizer has no token of that id: vocabularies of models are rounded up."""
        return token in self._numbered

    @functools.cached_property
    def _numbered(self) -> frozenset[int]:
        known = set(self.tokenizer.get_vocab().values())
        return frozenset(range(self.row_count or 0)) - known

    def is_control(self, token: int) -> bool:
        """Whether a token only steers, and has no text."""
        return token in self._special_tokens and token not in self.stop_tokens

    def byte_name(self, token: int) -> str:
        """The bytes of a token that is a part of a character, such as `E6 97`; "" if they are not known."""
        name, letters = self._name(token), _byte_letters()
        if (fallback := _BYTE_TOKEN.fullmatch(name)) is not None:
            return fallback[1].upper()
        is_known = all(letter in letters for letter in name)
        return " ".join(f"{letters[letter]:02X}" for letter in name) if is_known else ""

    def has_own_text(self, token: int) -> bool:
        """Whether a token is decoded by itself: no control token, and no single byte that waits for others."""
        return token not in self._special_tokens and _BYTE_TOKEN.fullmatch(self._name(token)) is None

    def _name(self, token: int) -> str:
        """As the tokenizer's vocabulary has it."""
        return str(self.tokenizer.convert_ids_to_tokens(token) or "")

    @functools.cached_property
    def _special_tokens(self) -> frozenset[int]:
        return frozenset(self.tokenizer.all_special_ids)


def _least(config: object, names: tuple[str, ...]) -> int | None:
    """The least of some settings that are there."""
    found = (getattr(config, name, None) for name in names)
    return min((limit for limit in found if isinstance(limit, int) and limit > 0), default=None)


@functools.cache
def _byte_letters() -> dict[str, int]:
    """The letters by which byte-level tokenizers name bytes: printable ones themselves, the others from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + place): byte for place, byte in enumerate(others)}
