"""More than anybody needs: answered, or refused in a sentence; nothing hangs."""

import time

from explorer.domain.notation import format_genotype
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import RAW
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.moves import Moves
from explorer.ui.runs import Runs
from explorer.workspace.workspace import Workspace
from tests.ui.visit import ADA, ASKED, WANTED, last


def test_a_prompt_of_five_megabytes_is_refused_at_once(handlers: Handlers, start: Exploration) -> None:
    text = "w5 " * 1_700_000
    begun = time.perf_counter()
    assert handlers.take(start, text, RAW, False)[0] == ""
    handlers.begin(ADA)
    outputs = last(handlers.run(ADA, start, WANTED, text, *ASKED[1:]))
    assert "The prompt has 5,100,000 characters: at most 1,000,000 are taken." in outputs[1]
    assert time.perf_counter() - begun < 1


def test_three_hundred_stacked_mutations_run(handlers: Handlers, workspace: Workspace, start: Exploration) -> None:
    text = "; ".join(f"{place % 2}.down[{place % 32},{place % 48}]={place / 100}" for place in range(300))
    moved = Moves(handlers).read_notation(start, text, ADA)[0]
    anatomy = workspace.models.get().anatomy
    assert len(moved.genotype(anatomy).mutations) == 300
    assert format_genotype(moved.genotype(anatomy)) == format_genotype(anatomy.read(text))
    outputs = last(handlers.run(ADA, moved, WANTED, *ASKED))
    assert outputs[5].genotype == format_genotype(anatomy.read(text))


def test_a_visitor_who_has_left_leaves_no_ticket() -> None:
    runs = Runs()
    for number in range(1000):
        ticket = runs.begin(str(number))
        runs.stop(str(number))
        assert runs.claim(str(number), ticket) == ticket
        runs.forget(str(number))
    assert [len(held) for held in (runs._newest, runs._waiting, runs._stopped)] == [0, 0, 0]
