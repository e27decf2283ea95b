"""Programmes as files: read, written, and refused by the line that is wrong."""

from pathlib import Path

import pytest

from explorer.domain.decoding import Decoding, Prompt, Turn
from explorer.domain.errors import ProgrammeError
from explorer.domain.programme import Look, Programme, Step
from explorer.files.programmes import format_programme, read_look, read_programme

WHOLE = Programme(
    title='A talk: "weights" & more',
    model="demo",
    steps=(
        Step(name="step-1", title="The original", genotype="", prompt=Prompt(text="Hello"), decoding=Decoding()),
        Step(
            name="step-2",
            title="One weight",
            genotype="11.down[507,1229]=0",
            prompt=Prompt(
                text="What is it?\nSay.",
                system="Be brief.",
                prefill="It",
                turns=(Turn("user", "Hi"), Turn("assistant", "Ho")),
            ),
            decoding=Decoding(max_new_tokens=20, temperature=0.5, seed=7),
            say="Look at the first word.",
            looks=(Look("dose"), Look("dose", "9.gate[17,:]"), Look("map", "11.down", "week")),
        ),
        Step(
            name="step-3",
            title="2.mlp*0",
            genotype="2.mlp*0",
            prompt=Prompt(text="<|im_end|>", chat=False, plain=True),
            decoding=Decoding(),
        ),
    ),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "talk.toml"
    path.write_text(format_programme(WHOLE), encoding="utf-8")
    assert read_programme(path) == WHOLE


def test_by_hand_little_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    path.write_text('[[steps]]\nprompt = "Hello"\nlook = "dose 1.q"\n', encoding="utf-8")
    programme = read_programme(path)
    assert (programme.title, programme.model) == ("short", "demo")
    (step,) = programme.steps
    assert (step.title, step.genotype, step.looks) == ("The original", "", (Look("dose", "1.q"),))
    assert programme.step("step-1") == step
    assert programme.step("step-2") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('title = "x"\n', "has no steps: write each below a line [[steps]]"),
        ('steps = ["a"]\n', "has no steps"),
        ("[[steps]]\ngenotype = '1.q=0'\n", "line 1: the step has no prompt"),
        ("[[steps]]\nprompt = 'a'\n\n[[steps]]\nprompt = 'b'\ngenotype = '1.q'\n", "line 4: Expected an operation"),
        ("[[steps]]\nprompt = 'a'\n[[steps]]\nprompt = 'b'\nsays = 'c'\n", "line 5: there is no key 'says'"),
        ("[[steps]]\nprompt = 'a'\n[steps.decoding]\nseed = 'x'\n", "line 4: 'seed' must be of type int"),
        ("[[steps]]\nprompt = 'a'\nlook = ['chart']\n", "line 3: 'chart' is no look"),
        ("[[steps]]\nprompt = 'a'\nlook = ['dose 1.q in week']\n", "is no look"),
        ("[[steps]]\nprompt = ' '\n", "line 1: The prompt is empty"),
        ("[[steps]\n", "talk.toml"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "talk.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProgrammeError) as fault:
        read_programme(path)
    assert told in str(fault.value)


def test_the_texts_are_always_there() -> None:
    assert read_look("texts") is None
    assert read_look(" map ") == Look("map")
