"""The tab Talk's handlers, without a browser."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from explorer.domain.conversation import Conversation
from explorer.domain.record import Wanted
from explorer.files.settings import Settings
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import CHAT
from explorer.ui.explore.handlers import Handlers
from explorer.ui.links import format_query, parse_query
from explorer.ui.runs import Runs
from explorer.ui.talk.handlers import MOST_LETTERS_LINKED, SHOWN_COUNT, TalkHandlers
from explorer.ui.talk.words import conversation_file
from explorer.workspace.workspace import Workspace
from tests.people import build
from tests.tiny import saved_model
from tests.ui.visit import ADA, last

DECODING = ("-", CHAT, 6, 0.0, 1.0, 0)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = build(tmp_path / "small", "SmolLM3-3B")
    made = Workspace(source=str(folder), device="cpu", settings=Settings(database=tmp_path / "own.duckdb"))
    made.models.get()
    return made


@pytest.fixture
def own(workspace: Workspace) -> TalkHandlers:
    return TalkHandlers(Handlers(workspace, Runs()), Runs())


def _exploration(workspace: Workspace, genotype: str = "1.mlp*-1") -> Exploration:
    anatomy = workspace.models.get().anatomy
    return Exploration(source=workspace.source).with_genotype(anatomy.read(genotype), anatomy)


def _say(
    own: TalkHandlers, conversation: Conversation, text: str, genotype: str = "1.mlp*-1", system: str = ""
) -> list[Any]:
    ticket = own.begin(ADA)
    exploration = _exploration(own.handlers.workspace, genotype)
    return last(own.send(ADA, exploration, conversation, ticket, text, system, False, *DECODING))


def test_turns_follow_one_another_each_with_its_own_answers(own: TalkHandlers) -> None:
    first = _say(own, Conversation(), "Tell me about the sea.", system="Be brief.")
    conversation = first[0]
    assert (conversation.system, conversation.parting) == ("Be brief.", 0)
    assert first[1]["value"]["parting"] == 0
    assert first[2:4] == ["", ""]
    second = _say(own, conversation, "And at night?", "0.q*0")
    turns = second[1]["value"]["turns"]
    assert [turn["changed"] for turn in turns] == ["1.mlp*-1", "0.q*0"]
    asked = second[0].undone().prompt("mutated", "And at night?")
    assert asked.turns[1].text == conversation.exchanges[0].mutated
    own.handlers.workspace.record.settle()
    kept = own.handlers.workspace.record.page(Wanted()).entries
    assert [entry.run.kind for entry in kept] == ["talk", "talk"]
    assert kept[0].run.prompt is not None
    assert kept[0].run.prompt.system == "Be brief."
    assert len(kept[0].run.prompt.turns) == 2


def test_an_address_opens_it_again(own: TalkHandlers) -> None:
    shown = _say(own, _say(own, Conversation(), "Tell me about the sea.")[0], "And at night?")
    outputs = own.read_link(parse_query(shown[4]))
    assert outputs[0].selected == "talk"
    assert outputs[1].plain() == shown[0].plain()
    assert own.read_link({"genotype": "0.q*0"})[1:] == [outputs[3]] * SHOWN_COUNT
    for broken in ("x", "3", "[]", '{"exchanges": [{"asked": 1}]}'):
        refused = own.read_link(parse_query(format_query({"talk_said": broken})))
        assert refused[1] == Conversation()
        assert "which is no conversation of this page" in refused[4]


def test_what_is_too_long_for_an_address_has_none(own: TalkHandlers) -> None:
    shown = _say(own, Conversation(), "the sea " * (MOST_LETTERS_LINKED // 8))
    assert shown[4] == "?"
    assert shown[0].exchanges


def test_undone_and_anew(own: TalkHandlers) -> None:
    conversation = _say(own, Conversation(), "Tell me about the sea.")[0]
    undone = own.undo(conversation, ADA)
    assert (undone[0].exchanges, undone[2], undone[4]) == ((), "Tell me about the sea.", "?")
    assert "no turn to undo" in own.undo(Conversation(), ADA)[3]
    assert own.anew(ADA)[0] == Conversation()


def test_files(own: TalkHandlers) -> None:
    exploration = _exploration(own.handlers.workspace)
    assert "Nothing has been said" in own.download(exploration, Conversation(), "md")[1]
    conversation = _say(own, _say(own, Conversation(), "Tell me about the sea.")[0], "And at night?")[0]
    held = json.loads(own.download(exploration, conversation, "json")[0])
    said = json.loads(base64.b64decode(held["content"]))
    assert held["name"] == "conversation.json"
    assert said["messages"]["original"][0] == {"role": "user", "content": "Tell me about the sea."}
    text = conversation_file(conversation, "small", "md")
    assert text.startswith("# A conversation with small and its mutant\n")
    assert text.count("*They part here.*") == 1
    assert "## 2. And at night?" in text


def test_what_cannot_be_asked_is_told_and_loses_nothing(own: TalkHandlers, tmp_path: Path) -> None:
    conversation = _say(own, Conversation(), "Tell me about the sea.")[0]
    for text in ("", "  "):
        refused = _say(own, conversation, text)
        assert refused[0] == refused[2], "both are left as they are"
        assert "The prompt is empty" in refused[3]
    tiny = Workspace(source=saved_model(tmp_path / "tiny"), device="cpu", settings=own.handlers.workspace.settings)
    tiny.models.get()
    silent = TalkHandlers(Handlers(tiny, Runs()), Runs())
    assert "it continues texts, in Explore, and cannot talk" in _say(silent, Conversation(), "Hello")[3]


def test_a_turn_that_is_overtaken_says_nothing(own: TalkHandlers) -> None:
    ticket = own.begin(ADA)
    own.begin(ADA)
    exploration = _exploration(own.handlers.workspace)
    outputs = list(own.send(ADA, exploration, Conversation(), ticket, "Hello", "", False, *DECODING))
    assert len(outputs) == 1


def test_what_the_model_has_is_told(own: TalkHandlers) -> None:
    told, system, thinking = own.introduce(_exploration(own.handlers.workspace))
    assert "1.mlp*-1" in told
    assert system["placeholder"] == "The template's own: You are made of few layers."
    assert thinking["visible"] is True
