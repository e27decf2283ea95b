"""Pieces of text, one a token, that join to the text."""

from explorer.generation.transcript import Transcript, first_divergence
from explorer.model.loaded import LoadedModel


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
