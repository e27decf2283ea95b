"""The facade over answers and scores: what is kept, what is cancelled, and that it equals the plain way."""

from pathlib import Path

import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import TaskError
from explorer.domain.genotype import Genotype
from explorer.files.settings import Settings
from explorer.tasks.comparison import shortened
from explorer.workspace.behaviour import Behaviour
from explorer.workspace.computing import Computing
from tests.tasks.test_battery import questions
from tests.tiny import tiny_model

PROMPTS = [Prompt(text=text, chat=False) for text in ("w5 w9 w12", "w7", "w30 w2 w44")]
DECODING = Decoding(max_new_tokens=6)


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour(Settings(), Computing())


def test_answers_come_with_measures_and_the_original_is_no_distance_from_itself(behaviour: Behaviour) -> None:
    model = tiny_model("llama")
    original = dict(behaviour.answers(model, Genotype(), PROMPTS, DECODING))
    mutant = dict(behaviour.answers(model, model.anatomy.read("0.down*-3"), PROMPTS, DECODING))
    assert set(original) == set(mutant) == {0, 1, 2}
    for place, answer in original.items():
        assert answer.mean_kl == pytest.approx(0, abs=1e-6)
        assert answer.cosine == pytest.approx(1)
        assert (mutant[place].mean_kl or 0) > 1e-3


def test_what_the_original_says_is_computed_once(behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("llama")
    list(behaviour.answers(model, Genotype(), PROMPTS, DECODING))
    monkeypatch.setattr(model.__class__, "decode", lambda *_: pytest.fail("computed again"))
    assert len(list(behaviour.answers(model, Genotype(), PROMPTS, DECODING, is_measured=False))) == 3


def test_a_cancelled_run_ends_with_what_it_has(behaviour: Behaviour) -> None:
    model = tiny_model("llama")
    assert list(behaviour.answers(model, Genotype(), PROMPTS, DECODING, cancelled=lambda: True)) == []
    assert list(behaviour.scores(model, Genotype(), questions("cloze"), cancelled=lambda: True)) == []


def test_scores_are_of_all_questions_and_forgotten_with_the_model(behaviour: Behaviour) -> None:
    model = tiny_model("llama")
    asked = questions("letter")
    scores = dict(behaviour.scores(model, Genotype(), asked, shots=1))
    assert set(scores) == {0, 1, 2}
    battery = behaviour.battery(model, asked, 1)
    assert behaviour.battery(model, asked, 1) is battery
    behaviour.forget(model)
    assert behaviour.battery(model, asked, 1) is not battery


def test_fewer_questions_are_drawn_evenly() -> None:
    asked = questions("cloze")
    assert [question.name for question in shortened(asked, 2).questions] == ["a-1", "a-2"]
    assert shortened(asked, 9) == asked
    with pytest.raises(TaskError, match="1 or more, not 0"):
        shortened(asked, 0)


def test_the_bundled_sets_are_there_and_a_folder_in_mmlus_layout_beside_them(tmp_path: Path) -> None:
    assert len(Behaviour(Settings(), Computing()).inputs()) == 151
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "logic_test.csv").write_text("Is it?,yes,no,both,neither,B\n", encoding="utf-8")
    bundled, own = Behaviour(Settings(), Computing(), tmp_path).question_sets()
    assert len(bundled.questions) >= 200
    assert (own.form, own.questions[0].answer, own.questions[0].name) == ("letter", 1, "logic-1")
