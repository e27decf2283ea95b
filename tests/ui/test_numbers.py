"""Sliders and number boxes: one sentence for what they do not take."""

from typing import Any

import gradio as gr
import pytest

from explorer.ui.numbers import Number, Slider
from explorer.ui.page import build_page
from explorer.workspace.workspace import Workspace


@pytest.mark.parametrize("payload", [None, -1, 30, float("nan"), float("inf")])
def test_an_emptied_slider_and_what_is_out_of_range_are_told(payload: float | None) -> None:
    slider = Slider(label="Layer", minimum=0, maximum=29, step=1, value=0)
    with pytest.raises(gr.Error, match=r"Layer: type a number from 0 to 29\."):
        slider.preprocess(payload)
    assert slider.preprocess(7) == 7


def test_a_fraction_is_told_and_not_rounded() -> None:
    row = Number(label="Row", value=0, precision=0)
    with pytest.raises(gr.Error, match=r"Row: 1\.5 is no whole number\."):
        row.preprocess(1.5)
    assert (row.preprocess(3), row.preprocess(None), row.preprocess(-1)) == (3, None, -1)
    side = Number(label="Side", value=96, precision=0, minimum=1)
    with pytest.raises(gr.Error, match=r"Side: 0 is no whole number from 1 on\."):
        side.preprocess(0)


def test_every_slider_and_number_of_the_page_is_one_of_these() -> None:
    page = build_page(Workspace(source="/nowhere"))
    plain: list[Any] = [each for each in page.blocks.values() if type(each) in (gr.Slider, gr.Number)]
    assert [each.label for each in plain if getattr(each, "precision", None) == 0 or isinstance(each, gr.Slider)] == []
    for each in page.get_config_file()["components"]:
        if each["type"] in ("slider", "number") and each["props"].get("visible") is not False:
            assert each["props"].get("label"), each
