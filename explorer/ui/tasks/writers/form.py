"""Which mutants are asked which inputs, as the form holds it: read from an address, written to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from explorer.domain.decoding import Decoding
from explorer.domain.errors import TaskError
from explorer.domain.evaluation import Input
from explorer.domain.genotype import Genotype
from explorer.model.loaded import LoadedModel
from explorer.tasks.comparison import spread
from explorer.tasks.writers import NEW_TOKENS, Asked
from explorer.ui.explore.form import CHAT, RAW
from explorer.ui.links import Said, format_query

PREFIX = "tasks_"
LITERARY, FACTUAL, BOTH = "Literary", "Factual", "Both"
KINDS = {LITERARY: ("literary",), FACTUAL: ("factual",), BOTH: ("literary", "factual")}
OPENING_MUTANTS = "2.mlp*0; 9.mlp*0\n10.down[384:480,1248:1344]=min"
"""On the demo model: one that speaks to “you”, and a block of a screen that does so less often."""
ALL_STYLES, ANY = "any style", "any"
LEAST_INPUTS, MOST_INPUTS, MOST_TOKENS = 2, 151, 128
"""What the sliders go to."""
MOST = 40
"""Mutants of a scan."""


@dataclass(frozen=True, slots=True)
class Form:
    """The values of `WritersTab.asked`."""

    mutants: str = OPENING_MUTANTS
    kind: str = BOTH
    inputs: float = 24
    new_tokens: float = NEW_TOKENS
    asked_as: str = CHAT

    def order(self, model: LoadedModel, inputs: tuple[Input, ...]) -> Asked:
        """What is asked of whom. Raises ExplorerError."""
        wanted = [each for each in inputs if each.kind in KINDS.get(self.kind, KINDS[BOTH])]
        if not wanted:
            raise TaskError(f"There is no {self.kind.lower()} input: choose others.")
        return Asked(
            genotypes=read_mutants(self.mutants, model.anatomy.read),
            inputs=spread(wanted, max(1, int(self.inputs))),
            chat=self.asked_as == CHAT and model.has_chat_template,
            decoding=Decoding(max_new_tokens=int(self.new_tokens)),
        )

    def address(self) -> str:
        """The query of an address that restores the form."""
        said = {field.name: getattr(self, field.name) for field in fields(Form)}
        shown = {name: f"{value:g}" if isinstance(value, float) else value for name, value in said.items()}
        return format_query({PREFIX + name: value for name, value in shown.items()})


def linked(said: Said) -> Form:
    """The form that an address holds; what was not taken of it is noted in `said`."""
    blank = Form()
    return Form(
        mutants=said.text("mutants", blank.mutants),
        kind=said.one_of("kind", KINDS, blank.kind),
        inputs=said.whole("inputs", LEAST_INPUTS, MOST_INPUTS, blank.inputs),
        new_tokens=said.whole("new_tokens", 1, MOST_TOKENS, blank.new_tokens),
        asked_as=said.one_of("asked_as", (CHAT, RAW), blank.asked_as),
    )


def read_mutants(text: str, read: Callable[[str], Genotype]) -> tuple[Genotype, ...]:
    """One a line, each once; blank lines are left out. Raises ExplorerError."""
    found = tuple(dict.fromkeys(read(line.strip()) for line in text.splitlines() if line.strip()))
    mutants = tuple(genotype for genotype in found if genotype)
    if not mutants:
        raise TaskError("Name a mutant: write its notation on a line, such as 2.mlp*0; 9.mlp*0.")
    if len(mutants) > MOST:
        raise TaskError(f"At most {MOST} mutants are asked at once: take some of them out.")
    return mutants
