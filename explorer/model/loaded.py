"""A model ready to run: weights, tokenizer, anatomy, and the view that every forward pass starts from."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import PromptError
from explorer.domain.weights import Statistics
from explorer.model.anatomy import Anatomy, Matrix

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from explorer.model.view import View


@dataclass(frozen=True, kw_only=True, eq=False)
class Specimen:
    """A model's weights and where they are: all that a mutant is made from."""

    causal_lm: PreTrainedModel
    anatomy: Anatomy
    _statistics: dict[str, Statistics] = field(default_factory=dict, repr=False)

    @property
    def dtype_name(self) -> str:
        """The precision of the weights, such as `float32`."""
        return str(self.causal_lm.dtype).removeprefix("torch.")

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

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.causal_lm.device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the weights."""
        return self.causal_lm.dtype

    @property
    def device_name(self) -> str:
        """The device as a person knows it."""
        import torch

        return torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type

    @property
    def identity(self) -> dict[str, str]:
        """What a result depends on besides versions: the model's name, fingerprint, precision and device."""
        where = {"dtype": self.dtype_name, "device": self.device.type}
        return {"model": self.name, "fingerprint": self.fingerprint, **where}

    @functools.cached_property
    def context(self) -> int | None:
        """The most tokens, prompt and answer together, that the model can attend to; None: no limit is known."""
        config = self.causal_lm.config.get_text_config()
        names = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
        found = (getattr(config, name, None) for name in names)
        return next((int(limit) for limit in found if limit), None)

    @functools.cached_property
    def stop_tokens(self) -> frozenset[int]:
        """The tokens that end a text."""
        named = self.causal_lm.generation_config.eos_token_id if self.causal_lm.generation_config else None
        listed = named if isinstance(named, list) else [named]
        return frozenset(token for token in (*listed, self.tokenizer.eos_token_id) if token is not None)

    @property
    def has_chat_template(self) -> bool:
        """Whether a prompt can be put as a chat."""
        return bool(self.tokenizer.chat_template)

    def encode(self, prompt: Prompt, decoding: Decoding) -> list[int]:
        """The token ids of a prompt.

        Raises PromptError if there are none, if it leaves no room for the answer in the model's context,
        or if it is a chat and the model has no chat template.
        """
        tokens = self._chat_tokens(prompt.text) if prompt.chat else self._raw_tokens(prompt.text)
        if not tokens:
            raise PromptError("The prompt has no tokens for this model: type some text.")
        if self.context and len(tokens) + decoding.max_new_tokens > self.context:
            raise PromptError(
                f"The prompt has {len(tokens):,} tokens and the answer may have {decoding.max_new_tokens:,}, but the "
                f"model's context holds {self.context:,}: shorten the prompt or ask for fewer new tokens."
            )
        return tokens

    def _chat_tokens(self, text: str) -> list[int]:
        if not self.has_chat_template:
            raise PromptError(f"{self.name} has no chat template: choose raw text.")
        encoded = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True, tokenize=True, return_dict=True
        )
        return list(encoded["input_ids"])  # type: ignore[index, call-overload, arg-type]

    def _raw_tokens(self, text: str) -> list[int]:
        return list(self.tokenizer(text)["input_ids"])

    def decode(self, tokens: list[int]) -> str:
        """The text of generated tokens, without those that only steer (such as the end of text)."""
        text = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        assert isinstance(text, str)
        return text

    def show_token(self, token: int) -> str:
        """One token as text, the steering ones by name."""
        text = self.tokenizer.decode([token], clean_up_tokenization_spaces=False)
        assert isinstance(text, str)
        return text
