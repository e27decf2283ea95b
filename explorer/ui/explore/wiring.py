"""Which event of the tab Explore calls what, and what every tab needs that opens a mutant there."""

from __future__ import annotations

import functools
from typing import Any

import gradio as gr

from explorer.ui.events import LATEST, ON_MODEL, QUEUED, QUIETLY
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.moves import Moves
from explorer.ui.explore.patches import Patches
from explorer.ui.explore.thresholds import WatchHandlers


def wire(tab: ExploreTab, handlers: Handlers) -> None:
    """Connect the tab's events to its handlers."""

    own = Moves(handlers)

    def moves(event: Any, handler: Any, inputs: list[Any], **options: Any) -> None:
        connect_move(tab, handlers, event, handler, inputs, **options)

    for selector in tab.selectors:
        for event in _settling_events(selector):
            moves(event, own.select, tab.selectors, **LATEST)
    moves(tab.tool.input, own.choose_tool, [tab.tool, *tab.selectors])
    moves(tab.variant.input, own.choose_variant, [tab.variant, *tab.selectors])
    moves(tab.donor.input, own.choose_donor, [tab.donor, *tab.selectors])
    moves(tab.slider.release, own.slide, tab.selectors)
    moves(tab.value.submit, own.set_value, [tab.value, *tab.selectors])
    moves(tab.maximum.click, own.set_maximum, tab.selectors)
    moves(tab.minimum.click, own.set_minimum, tab.selectors)
    moves(tab.mean.click, own.set_mean, tab.selectors)
    moves(tab.zero.click, own.set_zero, tab.selectors)
    moves(tab.reset.click, own.reset, [])
    moves(tab.stack.click, own.stack, [])
    moves(tab.undo.click, own.undo, [])
    moves(tab.redo.click, own.redo, [])
    moves(tab.curve.mark_click, own.choose_dose, tab.selectors)
    tab.dose.click(
        handlers.dose_response,
        [tab.exploration, *tab.asked],
        [tab.curve, tab.curve_caption, tab.notice],
        **ON_MODEL | LATEST,
    )
    moves(tab.chips.remove, own.remove, [])
    asking = (tab.run.click, tab.pair.again, tab.prompt.submit, tab.mode.input, tab.plain.input, tab.thinking.input)
    for event in (tab.notation.submit, *asking, *(box.submit for box in (tab.system, tab.prefill, tab.turns))):
        moves(event, own.read_notation, [tab.notation])
    connect_run(
        tab,
        handlers,
        tab.experiment.input,
        handlers.choose_experiment,
        [tab.exploration, tab.experiment],
        [*tab.asked, tab.notice],
    )
    connect_run(
        tab, handlers, tab.presets.choose, handlers.choose_preset, [tab.exploration],
        [tab.exploration, *tab.drawn, *tab.asked], may_replay=True,
    )  # fmt: skip
    taken = [tab.exploration, tab.prompt, tab.mode, tab.plain]
    for event in (tab.prompt.change, tab.mode.change, tab.plain.change):
        event(handlers.take, taken, [tab.taken, tab.plain], **QUIETLY | LATEST)
    tab.stop.click(handlers.stop, None, None, **QUIETLY)
    tab.takeaway.patch(Patches(handlers.workspace).hand_out, [tab.trial], [tab.saver, tab.notice], **QUEUED)
    _wire_thresholds(tab, handlers)


def _wire_thresholds(tab: ExploreTab, handlers: Handlers) -> None:
    """Warn after each run, and when a limit was changed."""
    own, panel = WatchHandlers(handlers.workspace), tab.limits
    gr.on(
        [tab.trial.change, *(event for limit in panel.limits for event in (limit.submit, limit.blur))],
        own.warn,
        [tab.trial, *panel.limits],
        [panel.warning],
        concurrency_id="watch",
        concurrency_limit=1,
        **QUEUED | LATEST,
    )


def connect_move(
    tab: ExploreTab, handlers: Handlers, event: Any, handler: Any, inputs: list[Any], **options: Any
) -> None:
    """An event that changes the exploration: draw the controls at once, then run."""
    connect_run(tab, handlers, event, handler, [tab.exploration, *inputs], [tab.exploration, *tab.drawn], **options)


def connect_run(
    tab: ExploreTab, handlers: Handlers, event: Any, handler: Any, inputs: list[Any], outputs: list[Any],
    may_replay: bool = False, **options: Any,
) -> None:  # fmt: skip
    """An event that may want a run: its answer takes the ticket along by which the run that follows is asked for.

    `may_replay`: where there is a recording of it, that is shown and nothing is computed.
    """

    @functools.wraps(handler)
    def telling(*values: Any) -> list[Any]:
        answer = handler(*values)
        request = next(value for value in values if isinstance(value, gr.Request))
        return [*answer, handlers.wanted(request)]

    answered = event(telling, inputs, [*outputs, tab.wanted], **QUIETLY | options)
    if may_replay:
        answered = answered.then(**replay_arguments(tab, handlers))
    answered.then(**run_arguments(tab, handlers))


def _settling_events(selector: Any) -> tuple[Any, ...]:
    """The events that tell that the user is done with a control: not each key that he presses in a number box."""
    if isinstance(selector, gr.Slider):
        return (selector.release,)
    if isinstance(selector, gr.Number):
        return (selector.submit, selector.blur)
    return (selector.input,)


def replay_arguments(tab: ExploreTab, handlers: Handlers) -> dict[str, Any]:
    """What an event has, before its run, that a recording may stand for."""
    run = run_arguments(tab, handlers)
    outputs = [*run["outputs"][:-1], tab.takeaway]
    return {"fn": handlers.replay, "inputs": run["inputs"], "outputs": outputs, **QUIETLY}


def run_arguments(tab: ExploreTab, handlers: Handlers) -> dict[str, Any]:
    """What every event that runs the pair has in common."""
    return {
        "fn": handlers.run,
        "inputs": [tab.exploration, tab.wanted, *tab.asked],
        "outputs": [tab.address, tab.notice, tab.change, tab.pair, tab.summary, tab.trial],
        "concurrency_limit": 1,
        **ON_MODEL,
    }
