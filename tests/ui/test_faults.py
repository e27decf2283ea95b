"""Faults that nobody foresaw: told on the page with a number that the log repeats, and nothing stale beside them."""

import re
from collections.abc import Iterator
from typing import Any

import anyio
import gradio as gr
import pytest

from explorer.domain.errors import PromptError
from explorer.ui.components.fault_notice import FaultNotice
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.pair_panel import PairPanel
from explorer.ui.events import QUEUED, QUIETLY
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import RUN_COUNT, Handlers
from explorer.ui.faults import Page, guard, told
from explorer.ui.page import build_page
from explorer.workspace.pairs import Pairs
from explorer.workspace.workspace import Workspace
from tests.ui.visit import ADA, ASKED, WANTED

SENTENCE = (
    r"An unexpected fault, number ([0-9a-f]{4}) at \d\d:\d\d:\d\d; details are in the terminal, please report it\."
)


def _answer(value: str) -> list[Any]:
    if value == "fault":
        raise ZeroDivisionError("by a weight")
    return [f"figure of {value}", f"caption of {value}", value]


def _stream(value: str) -> Iterator[str]:
    yield f"first of {value}"
    if value == "fault":
        raise KeyError(value)
    yield f"last of {value}"


@pytest.fixture
def page() -> gr.Blocks:
    """A page with an event that answers, one that streams, one without outputs and one for programs."""
    built: gr.Blocks = Page(analytics_enabled=False)
    with built:
        notice = FaultNotice()
        box, layer, button = gr.Textbox(), gr.Slider(value=0), gr.Button()
        figure, caption, kept = FigurePanel(), gr.HTML(), gr.HTML()
        button.click(_answer, box, [figure, caption, box], **QUIETLY)
        box.submit(_stream, box, caption, **QUEUED)
        button.click(_answer, layer, None, **QUIETLY)
        button.click(_answer, box, [figure, kept, box], **QUIETLY)
        button.click(_answer, box, [figure, caption, box], api_name="answer")
        guard(built, notice, kept=[kept])
    return built


def _call(page: gr.Blocks, place: int, value: str) -> list[list[Any]]:
    event = list(page.fns.values())[place]
    assert event.fn is not None
    result = event.fn(value)
    return list(result) if isinstance(result, Iterator) else [result]


def test_an_event_that_fails_clears_its_pictures_and_says_so(page: gr.Blocks, caplog: pytest.LogCaptureFixture) -> None:
    assert _call(page, 0, "x") == [["figure of x", "caption of x", "x", gr.skip()]]
    [[*others, sentence]] = _call(page, 0, "fault")
    assert others == ["", "", gr.skip()]
    number = re.fullmatch(SENTENCE, sentence)
    assert number is not None
    assert number[1] in caplog.text
    assert "by a weight" in caplog.text  # where it happened, for the terminal alone
    assert _call(page, 3, "fault")[0][:3] == ["", gr.skip(), gr.skip()]


def test_a_stream_that_fails_ends_in_the_notice(page: gr.Blocks) -> None:
    assert _call(page, 1, "x") == [["first of x", gr.skip()], ["last of x", gr.skip()]]
    first, [cleared, sentence] = _call(page, 1, "fault")
    assert first == ["first of fault", gr.skip()]
    assert cleared == ""
    assert re.fullmatch(SENTENCE, sentence)


def test_an_event_without_outputs_has_the_notice(page: gr.Blocks) -> None:
    assert _call(page, 2, "x") == [gr.skip()]
    assert re.fullmatch(SENTENCE, str(_call(page, 2, "fault")[0]))


async def _process(page: gr.Blocks, place: int, values: list[Any]) -> Any:
    return await page.process_api(list(page.fns)[place], values)


@pytest.mark.parametrize(("place", "value"), [(2, None), (4, "fault")])
def test_what_gradio_cannot_take_and_what_programs_ask_ends_in_a_sentence(
    page: gr.Blocks, place: int, value: str | None
) -> None:
    with pytest.raises(gr.Error) as raised:
        anyio.run(_process, page, place, [value])
    assert re.fullmatch(SENTENCE, raised.value.message)
    assert raised.value.print_exception is False


def test_the_same_fault_has_the_same_number_and_another_one_another() -> None:
    def number(of: BaseException) -> str:
        found = re.fullmatch(SENTENCE, told(of))  # type: ignore[arg-type]
        assert found is not None
        return found[1]

    faults = []
    for kind in (ValueError, ValueError, KeyError):
        try:
            raise kind("x")
        except (ValueError, KeyError) as fault:
            faults.append(number(fault))
    assert faults[0] == faults[1] != faults[2]
    assert told(PromptError("Type a prompt.")) == "Type a prompt."


def test_a_model_that_fails_in_its_first_pass_leaves_no_text_of_another(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    workspace.models.get()
    monkeypatch.setattr(Pairs, "stream", fail)
    page = build_page(workspace)
    run = next(
        event.fn
        for event in page.fns.values()
        if event.fn is not None
        and event.fn.__name__ == "run"
        and any(isinstance(output, PairPanel) for output in event.outputs)
    )
    handlers: Handlers = run.__wrapped__.__self__  # type: ignore[attr-defined]
    handlers.begin(ADA)
    [outputs] = list(run(ADA, Exploration(source=workspace.source), WANTED, *ASKED))
    assert len(outputs) == RUN_COUNT + 1
    assert outputs[2:5] == ["", PairPanel.cleared(), ""]
    assert re.fullmatch(SENTENCE, outputs[-1])
