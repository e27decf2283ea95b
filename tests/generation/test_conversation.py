"""Conversations: each turn as by the plain procedure over the whole text, at the cost of what is new in it."""

from pathlib import Path

import pytest

from explorer.domain.conversation import Conversation, Exchange, conversation_json, read_conversation
from explorer.domain.decoding import Decoding
from explorer.domain.errors import PromptError
from explorer.domain.genotype import Genotype
from explorer.generation.conversation import TalkUpdate, Voice, Voices, talk
from explorer.generation.decoding import NEAR_TIE
from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
from tests.oracle import agree, decode_token_by_token, edited_in_place
from tests.people import build

DECODING = Decoding(max_new_tokens=8)
ASKED = ("Tell me about the sea.", "And at night?", "Who wrote this?")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return load_model(str(build(tmp_path_factory.mktemp("talk") / "m", "SmolLM2-360M")), device="cpu")


def _turn(
    voices: tuple[Voice, Voice], conversation: Conversation, text: str, decoding: Decoding = DECODING
) -> TalkUpdate:
    *_, last = talk(voices, conversation, text, decoding)
    assert last.exchange is not None
    return last


@pytest.mark.parametrize("decoding", [DECODING, Decoding(max_new_tokens=8, temperature=0.8, seed=3)])
def test_every_turn_is_that_of_the_plain_procedure(model: LoadedModel, decoding: Decoding) -> None:
    first, second = (model.anatomy.read(text) for text in ("1.down[0:16,0:16]=max", "0.mlp*-1"))
    voices = Voices()
    conversation = Conversation(system="Be brief.")
    for place, text in enumerate(ASKED):
        genotype = first if place < 2 else second  # mutations can change between turns
        both = (voices.get("a", "original", model, Genotype()), voices.get("a", "mutated", model, genotype))
        exchange = _turn(both, conversation, text, decoding).exchange
        assert exchange is not None
        for side, own in (("original", Genotype()), ("mutated", genotype)):
            tokens = model.encode(conversation.prompt(side, text), decoding)  # type: ignore[arg-type]
            with edited_in_place(model, own):
                plain, gaps = decode_token_by_token(model, tokens, decoding)
            said = model.tokenizer(getattr(exchange, side), add_special_tokens=False)["input_ids"]
            assert getattr(exchange, side) == model.decode(plain) or agree(list(said), plain, gaps, NEAR_TIE)
        conversation = conversation.with_exchange(exchange)
    assert [exchange.asked for exchange in conversation.exchanges] == list(ASKED)


def test_a_turn_reads_what_is_new_in_it(model: LoadedModel) -> None:
    voices = (Voice(model, Genotype()), Voice(model, model.anatomy.read("1.down[0:16,0:16]=max")))
    conversation, read = Conversation(), []
    for text in (*ASKED, *ASKED[:2]):
        before = voices[0].read_tokens
        exchange = _turn(voices, conversation, text).exchange
        assert exchange is not None
        read.append(voices[0].read_tokens - before)
        conversation = conversation.with_exchange(exchange)
    whole = len(model.encode(conversation.undone().prompt("original", ASKED[1]), DECODING))
    assert whole > 150
    assert max(read[1:]) < read[0] + 25


def test_a_turn_that_is_undone_is_answered_as_before(model: LoadedModel) -> None:
    voices = (Voice(model, Genotype()), Voice(model, model.anatomy.read("0.mlp*0.5")))
    conversation = Conversation()
    first = _turn(voices, conversation, ASKED[0]).exchange
    assert first is not None
    conversation = conversation.with_exchange(first)
    second = _turn(voices, conversation, ASKED[1]).exchange
    third = _turn(voices, conversation, ASKED[2]).exchange
    again = _turn(voices, conversation, ASKED[1]).exchange
    assert second == again
    assert third != second


def test_one_that_runs_by_itself_talks_too(model: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genotype = model.anatomy.read("0.mlp*0.5")
    together = _turn((Voice(model, Genotype()), Voice(model, genotype)), Conversation(), ASKED[0])
    monkeypatch.setattr("explorer.generation.conversation.is_alone", lambda *_: True)
    voices = (Voice(model, Genotype()), Voice(model, genotype))
    assert _turn(voices, Conversation(), ASKED[0]) == together
    assert together.exchange is not None
    longer = Conversation().with_exchange(together.exchange)
    alone = _turn(voices, longer, ASKED[1])
    monkeypatch.undo()
    assert _turn((Voice(model, Genotype()), Voice(model, genotype)), longer, ASKED[1]) == alone


def test_it_is_stopped_between_two_tokens(model: LoadedModel) -> None:
    voices = (Voice(model, Genotype()), Voice(model, model.anatomy.read("0.mlp*0.5")))
    *_, last = talk(voices, Conversation(), ASKED[0], DECODING, cancelled=lambda: True)
    assert (len(last.original), last.original_end) == (1, "cancelled")
    assert last.exchange is not None


def test_where_they_part_and_what_is_kept() -> None:
    same = Exchange(asked="a", genotype="0.q*0", original="x", mutated="x")
    other = Exchange(asked="b", genotype="0.q*0", original="x", mutated="y", first_divergence=0)
    conversation = Conversation(system="s", exchanges=(same, other))
    assert conversation.parting == 1
    assert conversation.undone().parting is None
    assert read_conversation(conversation.plain()) == conversation
    assert conversation.messages("mutated")[-1] == {"role": "assistant", "content": "y"}
    assert '"asked": "a"' in conversation_json(conversation)
    for broken in ({"exchanges": [{"asked": 1}]}, {"exchanges": 3}, {"exchanges": [{"no": 1}]}):
        with pytest.raises(PromptError, match="no conversation"):
            read_conversation(broken)
