"""Pieces of text, one a token, that join to the text."""

import functools
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers
from transformers import PreTrainedTokenizerFast

from explorer.generation.transcript import Transcript, first_divergence
from explorer.model.loaded import LoadedModel
from explorer.model.loading import assemble
from tests.tiny import tiny_transformer


def _transcript(model: LoadedModel, text: str, limit: int = 100) -> Transcript:
    transcript = Transcript(model)
    for token in model.tokenizer(text)["input_ids"]:
        transcript.add(token, limit)
    return transcript


def test_pieces_join_to_the_text_even_where_a_character_takes_several_tokens(demo: LoadedModel) -> None:
    text = "Grüße an 東京 and 🧬 genes, it's\n\ndone."
    transcript = _transcript(demo, text)
    assert "".join(transcript.pieces) == text
    assert len(transcript.pieces) == len(transcript.tokens)
    assert "" in transcript.pieces


def test_what_is_owed_of_an_incomplete_character_is_told_at_the_end(demo: LoadedModel) -> None:
    whole = demo.tokenizer("🧬")["input_ids"]
    assert len(whole) > 1
    transcript = Transcript(demo)
    for token in whole[:-1]:
        transcript.add(token, 100)
    assert "".join(transcript.pieces) == ""
    assert all(re.fullmatch(r"⟨[0-9A-F]{2}( [0-9A-F]{2})*⟩", mark) for mark in transcript.marks)
    transcript.finish("overflow")
    assert "".join(transcript.pieces) == demo.decode(whole[:-1]) != ""
    transcript.finish("cancelled")
    assert transcript.end == "overflow"


def test_a_text_ends_by_a_stop_token_or_at_the_limit(demo: LoadedModel) -> None:
    assert _transcript(demo, "one two three").end is None
    assert _transcript(demo, "one two three", limit=3).end == "length"
    stopped = Transcript(demo)
    stopped.add(next(iter(demo.stop_tokens)), 100)
    assert (stopped.end, stopped.pieces) == ("stop", [""])


def test_first_divergence(demo: LoadedModel) -> None:
    left, right = _transcript(demo, "one two three"), _transcript(demo, "one two four")
    assert first_divergence(left, right) == 2
    assert first_divergence(left, left) is None
    short = _transcript(demo, "one two")
    assert first_divergence(left, short) is None  # so far
    short.finish("overflow")
    assert first_divergence(left, short) == 2
    both = _transcript(demo, "one two")
    both.finish("overflow")
    assert first_divergence(both, short) is None


@functools.cache
def _falling_back() -> LoadedModel:
    """A model whose tokenizer falls back to single bytes, as those of Llama 2, Gemma and Mistral do."""
    words = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "▁the", "▁sea", "s", "日", "�"]
    model = models.BPE(vocab={word: number for number, word in enumerate(words)}, merges=[], byte_fallback=True)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)
    ])  # fmt: skip
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    wrapped.add_special_tokens({"additional_special_tokens": ["<|turn|>"]})
    return assemble(tiny_transformer("llama"), wrapped, source="bytes", name="bytes")


_BYTES = st.integers(3, 258)
_OTHERS = st.sampled_from([0, *range(259, 266)])  # none that ends a text


@given(st.lists(st.one_of(_BYTES, _OTHERS), max_size=24) | st.text("日本é🔥 the", max_size=9).map(lambda text: [
    byte + 3 for byte in text.encode()
]))  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_pieces_join_to_the_text_where_a_tokenizer_falls_back_to_bytes(tokens: list[int]) -> None:
    _assert_joins(_falling_back(), tokens)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_pieces_join_to_the_text_of_any_tokens(demo: LoadedModel, data: st.DataObject) -> None:
    odd = [token for token in range(600) if not demo.decode([token]).isascii()]
    tokens = data.draw(st.lists(st.one_of(st.sampled_from(odd), st.integers(0, 49_000)), max_size=16))
    _assert_joins(demo, [token for token in tokens if token not in demo.stop_tokens])


def _assert_joins(model: LoadedModel, tokens: list[int]) -> None:
    transcript = Transcript(model)
    for place, token in enumerate(tokens):
        transcript.add(token, 1000)
        assert (
            transcript.pieces[place]
            or transcript.marks[place]
            or model.decode(tokens[: place + 1]) == "".join(transcript.pieces)
        )  # something is shown of each token at once
        assert len(transcript.pieces) == len(transcript.marks) == len(transcript.tokens)
    if tokens:
        transcript.finish("length")
    assert "".join(transcript.pieces) == model.decode(tokens)


def test_a_loop_on_one_byte_is_seen_at_once() -> None:
    transcript = Transcript(_falling_back())
    for _ in range(5):
        transcript.add(0xE6 + 3, 100)
        assert transcript.marks == ["⟨E6⟩"] * len(transcript.tokens)
    transcript.finish("length")
    assert "".join(transcript.pieces) == "�" * 5


def test_a_loop_on_control_tokens_is_shown_as_such() -> None:
    model = _falling_back()
    turn = model.tokenizer.convert_tokens_to_ids("<|turn|>")
    assert isinstance(turn, int)
    transcript = Transcript(model)
    for _ in range(4):
        transcript.add(turn, 4)
    assert transcript.marks == ["⟨<|turn|>⟩"] * 4
    assert "".join(transcript.pieces) == model.decode([turn] * 4) == ""
