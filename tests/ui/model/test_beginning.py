"""What the page opens with where it was started with a programme."""

from dataclasses import replace

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.programme import Programme, Step
from explorer.ui.links import Link, Said, read_link
from explorer.ui.model.handlers import beginning, opening_question
from explorer.workspace.workspace import Workspace

STEP = Step(
    name="step-1", title="x", genotype="0.q*0", prompt=Prompt(text="Hello", system="", prefill="Oh"),
    decoding=Decoding(max_new_tokens=9, temperature=0.5, seed=3),
)  # fmt: skip


def test_a_programme_begins_with_its_first_step_unless_an_address_says_otherwise() -> None:
    workspace = Workspace(source="/nowhere", programme=Programme(title="x", model="/nowhere", steps=(STEP,)))
    link = beginning(workspace, Link())
    question = opening_question(link)
    assert (link.genotype, question.asked(), question.decoding()) == ("0.q*0", STEP.prompt, STEP.decoding)
    said = Link(genotype="1.q*0")
    assert beginning(workspace, said) == said


def test_without_one_it_asks_what_it_always_asked() -> None:
    link = beginning(Workspace(source="/nowhere"), Link())
    assert link == Link()
    question = opening_question(link)
    assert question.asked() == Prompt(text="What is the capital of France?")
    assert question.decoding() == Decoding(max_new_tokens=48)


def test_each_part_of_an_address_is_asked() -> None:
    said = {
        "prompt": "w", "chat": "0", "plain": "1", "max_new_tokens": "7", "temperature": "0.5", "top_p": "0.9",
        "seed": "5", "top_k": "3", "max_length": "11",
    }  # fmt: skip
    question = opening_question(read_link(Said(said)))
    assert question.asked() == Prompt(text="w", chat=False, plain=True)
    wanted = Decoding(max_new_tokens=7, temperature=0.5, top_p=0.9, seed=5, top_k=3, max_length=11)
    assert question.decoding() == wanted
    assert question.decoding() != replace(wanted, seed=6)
