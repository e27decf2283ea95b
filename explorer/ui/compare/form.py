"""What is compared, as the form of the tab holds it: read from an address, written to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from explorer.domain.decoding import Decoding, Prompt
from explorer.model.loaded import LoadedModel
from explorer.tasks.comparison import Answering, Comparison, read_genotypes, spread
from explorer.ui.explore.form import CHAT
from explorer.ui.links import format_query
from explorer.ui.questions import chosen

PREFIX = "compare_"
PROMPTS, QUESTIONS = "Prompts", "Questions"
OWN, LITERARY, FACTUAL, ALL = "My own", "Literary", "Factual", "Both kinds"
OPENING_GENOTYPES = "original\n11.down[507,1229]=0\n9.mlp*0"
OPENING_PROMPTS = "What is the capital of France?\nHow many days are in a week?\nWrite a short poem about the sea."


@dataclass(frozen=True, slots=True)
class Form:
    """The values of `CompareTab.asked`."""

    genotypes: str = OPENING_GENOTYPES
    ask: str = PROMPTS
    source: str = OWN
    prompts: str = OPENING_PROMPTS
    count: float = 24
    mode: str = CHAT
    max_new_tokens: float = 32
    temperature: float = 0
    seed: float | None = 0
    question_set: str | None = None
    question_count: float = 60
    shots: float = 0

    def decoding(self) -> Decoding:
        """Raises DecodingError."""
        return Decoding(
            max_new_tokens=int(self.max_new_tokens), temperature=float(self.temperature), seed=int(self.seed or 0)
        )

    def order(self, model: LoadedModel, answering: Answering) -> Comparison:
        """What is asked of whom. Raises ExplorerError."""
        genotypes = read_genotypes(self.genotypes.splitlines(), model.anatomy.read)
        if self.ask == PROMPTS:
            return Comparison(genotypes=genotypes, prompts=self._prompts(answering), decoding=self.decoding())
        some = chosen(answering.question_sets(), self.question_set, self.question_count)
        return Comparison(genotypes=genotypes, questions=some, shots=int(self.shots))

    def _prompts(self, answering: Answering) -> tuple[Prompt, ...]:
        if self.source == OWN:
            texts = [line.strip() for line in self.prompts.splitlines() if line.strip()]
        else:
            kinds = {LITERARY: ("literary",), FACTUAL: ("factual",)}.get(self.source, ("literary", "factual"))
            texts = [each.text for each in answering.inputs() if each.kind in kinds]
            texts = list(spread(texts, max(1, int(self.count))))
        return tuple(Prompt(text=text, chat=self.mode == CHAT) for text in texts)

    def address(self) -> str:
        """The query of an address that restores the form."""
        blank = Form()
        said = {field.name: getattr(self, field.name) for field in fields(Form)}
        changed = {name: value for name, value in said.items() if value not in (None, getattr(blank, name))}
        shown = {name: f"{value:g}" if isinstance(value, float) else value for name, value in changed.items()}
        return format_query(
            {f"{PREFIX}genotypes": self.genotypes, **{PREFIX + name: value for name, value in shown.items()}}
        )


def linked(parameters: Mapping[str, str]) -> Form | None:
    """The form that an address holds; None if it is not of this tab. What cannot be read is as if it were not said."""
    said = {name.removeprefix(PREFIX): value for name, value in parameters.items() if name.startswith(PREFIX)}
    if "genotypes" not in said:
        return None
    choices = {"ask": (PROMPTS, QUESTIONS), "source": (OWN, LITERARY, FACTUAL, ALL)}
    held: dict[str, Any] = {}
    for field in fields(Form):
        value, default = said.get(field.name), getattr(Form(), field.name)
        if value is None or value not in choices.get(field.name, (value,)):
            continue
        if isinstance(default, str) or default is None:
            held[field.name] = value
        elif value.replace(".", "", 1).isdigit():
            held[field.name] = float(value)
    return Form(**held)
