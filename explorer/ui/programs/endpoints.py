"""What programs can ask of a running dashboard: the same reports that the command line prints with `--json`.

Plain functions of plain values; `programs` makes named endpoints of them, `tools` an MCP server. Their annotations are
all the documentation that either shows, and are read as they stand: so this module does not postpone them.
"""

import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Annotated, Any

from pydantic import Field, ValidationError, validate_call

from explorer.atlas.pictures.asked import Asked
from explorer.atlas.pictures.drawing import draw
from explorer.domain.decoding import Decoding, Prompt, read_turns
from explorer.domain.errors import ComparisonError, EvolutionError, ExplorerError, StatisticsError, StoreError
from explorer.domain.evolution import EvolutionOrder, read_target
from explorer.domain.screens import StoredScreen, unit_told
from explorer.generation.style import Style
from explorer.model.loaded import LoadedModel
from explorer.reports.comparison import comparison_report
from explorer.reports.evolution import evolution_report
from explorer.reports.explore import anatomy_report, keep_pair, mutate_report
from explorer.reports.gallery import gallery_report
from explorer.reports.statistics import View, picture_of, statistics_report
from explorer.statistics import overview
from explorer.statistics import severity as severities
from explorer.statistics.filters import Filter, chosen_operations
from explorer.statistics.malignant import Limits
from explorer.store.gallery import Order, Sort, Wanted
from explorer.tasks.comparison import Comparison, compare, read_genotypes, shortened, spread
from explorer.workspace.workspace import Workspace

MOST_ANSWERS = 600
"""Of one comparison."""
MOST_TOKENS = 512
"""Of one answer of a comparison."""
MOST_ROWS, MOST_CARDS = 10_000, 200
"""Of one statistic, of one page of the gallery."""
MOST_EVALUATED = 5000
"""Genotypes of one evolution."""
SHOWN = 60
"""Characters of a refused value that the refusal repeats."""

Report = dict[str, Any]
Endpoint = Callable[..., Report | Iterator[Report]]
"""One answer, or several of which the last is the result and those before tell how far it is."""

GenotypeText = Annotated[str, Field(description="Mutations in notation, such as '11.mlp*0' or '2.down[451,1203]=-3.2'")]
PromptText = Annotated[str, Field(description="What the model is to answer")]
Chat = Annotated[bool | None, Field(description="Wrap the prompt as a chat; left out: if the model can")]
Tokens = Annotated[int, Field(description="The most tokens of an answer")]
Kinds = Annotated[tuple[str, ...], Field(description="Only these kinds of matrix, such as down; empty: all")]
Layers = Annotated[tuple[int, ...], Field(description="Only these layers, from 0; empty: all")]
Operations = Annotated[
    tuple[str, ...], Field(description="Only mutants of these operations, such as max or round4; empty: all")
]


class Endpoints:
    """The functions, on the model that the dashboard was started with and the screens that it shows."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __deepcopy__(self, _memo: object) -> "Endpoints":
        """The functions themselves, as with `Workspace`."""
        return self

    @property
    def of_the_model(self) -> tuple[Endpoint, ...]:
        """Those that compute with the model."""
        return self.mutate, self.compare, self.anatomy

    @property
    def of_the_queue(self) -> tuple[Endpoint, ...]:
        """Those that wait in the queue behind the page, and tell how far they are."""
        return (self.evolve,)

    @property
    def of_the_screens(self) -> tuple[Endpoint, ...]:
        """Those that read what is stored."""
        return self.screens, self.stats, self.gallery

    @property
    def all(self) -> tuple[Endpoint, ...]:
        """In the order in which they are listed."""
        return *self.of_the_model, *self.of_the_queue, *self.of_the_screens

    def mutate(
        self,
        genotype: GenotypeText,
        prompt: PromptText,
        chat: Chat = None,
        max_new_tokens: Tokens = 64,
        temperature: Annotated[float, Field(description="0 is greedy")] = 0.0,
        top_p: Annotated[float, Field(description="Sample from the likeliest that hold this probability")] = 1.0,
        seed: Annotated[int, Field(description="Of the noise that original and mutant share")] = 0,
        record: Annotated[bool, Field(description="Keep the run in the History")] = True,
        system: Annotated[str | None, Field(description="System prompt, in place of the template's own")] = None,
        thinking: Annotated[bool, Field(description="Let a model think first, if its template can")] = False,
        prefill: Annotated[str, Field(description="Beginning of the answer, put into its mouth")] = "",
        turns: Annotated[
            tuple[dict[str, str], ...], Field(description="Earlier turns, each with role and content")
        ] = (),
        top_k: Annotated[int, Field(description="Sample from so many of the likeliest; 0: from all")] = 0,
        max_length: Annotated[int, Field(description="Tokens with the prompt, not new ones; 0: new ones count")] = 0,
    ) -> Report:
        """The original's and the mutant's answer to a prompt, where they part, and how much they differ."""
        decoding = Decoding(
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            top_p=top_p,
            seed=seed,
            top_k=top_k,
            max_length=max_length,
        )
        asked = Prompt(text=prompt, system=system, thinking=thinking, prefill=prefill, turns=read_turns(turns))
        model = self._workspace.models.get()
        asked = replace(asked, chat=model.has_chat_template if chat is None else chat)
        report = mutate_report(self._workspace, model, model.anatomy.read(genotype), asked, decoding)
        if record:
            keep_pair(self._workspace, model, report)
        return report

    def compare(
        self,
        genotypes: Annotated[
            tuple[str, ...],
            Field(description="Two to six; the first is the reference; or one, compared with 'original'"),
        ],
        prompts: Annotated[tuple[str, ...], Field(description="What to ask, as chats if the model takes them")] = (),
        inputs: Annotated[int, Field(ge=0, description="Or so many of the bundled inputs, drawn evenly")] = 0,
        questions: Annotated[int, Field(ge=0, description="Or so many of the bundled questions, drawn evenly")] = 0,
        shots: Annotated[int, Field(ge=0, le=10, description="Answered questions shown before each")] = 0,
        max_new_tokens: Annotated[int, Field(le=MOST_TOKENS, description="The most tokens of an answer")] = 32,
    ) -> Report:
        """Genotypes on the same prompts or questions: every answer, and paired tests of what differs."""
        if [bool(prompts), inputs > 0, questions > 0].count(True) != 1:
            raise ComparisonError("Ask one thing: prompts, or a number of inputs, or a number of questions.")
        decoding = Decoding(max_new_tokens=max_new_tokens)
        model = self._workspace.models.get()
        asked = Comparison(
            genotypes=read_genotypes(genotypes, model.anatomy.read),
            prompts=() if questions else self._prompts(model, prompts, inputs),
            decoding=decoding,
            questions=shortened(self._workspace.behaviour.question_sets()[0], questions) if questions else None,
            shots=shots,
        )
        if asked.total > MOST_ANSWERS:
            raise ComparisonError(
                f"That asks for {asked.total:,} answers and a call gives {MOST_ANSWERS} at most: ask less at once."
            )
        *_, compared = compare(self._workspace.behaviour, model, asked)
        return comparison_report(compared)

    def anatomy(
        self, layer: Annotated[int | None, Field(ge=0, description="Only this layer, from 0; left out: all")] = None
    ) -> Report:
        """The model's layers and matrices, with shapes, heads and the spread of their weights."""
        return self._workspace.computing.answer(anatomy_report, self._workspace.models.get(), layer)

    def evolve(
        self,
        preset: Annotated[str, Field(description="What is asked: poet, tokyo, heal, right, odd, or a preset of yours")],
        targets: Annotated[
            tuple[str, ...],
            Field(description="Instead of its targets, such as style:poem, says:Tokyo, likely: Tokyo, damage"),
        ] = (),
        prompts: Annotated[tuple[str, ...], Field(description="Instead of its prompts; half are held out")] = (),
        matrices: Annotated[str, Field(description="Instead of its matrices, such as *.down, 11.*")] = "",
        background: Annotated[
            str | None, Field(description="Mutations that every genotype comes on top of; left out: the preset's")
        ] = None,
        evaluations: Annotated[
            int, Field(ge=0, le=MOST_EVALUATED, description="Genotypes to try; 0: as many as the preset has")
        ] = 0,
        population: Annotated[int, Field(ge=0, description="Genotypes of a generation; 0: the preset's")] = 0,
        seed: Annotated[
            int | None, Field(ge=0, description="Of all that chance decides; left out: the preset's")
        ] = None,
    ) -> Iterator[Report]:
        """Evolve genotypes towards a behaviour: how far it is, again and again, and at last the account of it."""
        known = {each.name: each.evolution for each in self._workspace.evolutions.presets()}
        if preset not in known:
            raise EvolutionError(f"There is no preset '{preset[:40]}': choose among {', '.join(known)}.")
        asked = known[preset].changed(
            {"matrices": matrices or None},
            targets=tuple(map(read_target, targets)) or None,
            prompts=prompts or None,
            background=background,
            evaluations=evaluations or None,
            population=population or None,
            seed=seed,
        )
        order = EvolutionOrder(source=self._workspace.source, evolution=asked)
        self._workspace.evolutions.check(order)
        number = self._workspace.queue.add(order).number
        progress = None
        for entry in self._workspace.queue.followed(number):
            if entry.state == "failed":
                raise EvolutionError(entry.fault)
            if entry.progress is not None and entry.progress != progress:
                progress = entry.progress
                yield {"kind": "progress", "state": entry.state, **asdict(progress)}
        if progress is None:
            raise EvolutionError("It was stopped before anything was measured.")
        yield evolution_report(self._workspace.evolutions.one(progress.evolution))

    def screens(self) -> Report:
        """The stored screens: their keys, models, prompts, plans, and how far they have come."""
        screens, fault = self._workspace.atlas.stored()
        with_texts = {screen.key for screen in self._workspace.atlas.phenotypes.screens()}
        told = [{**_told(screen), "has_texts": screen.key in with_texts} for screen in screens]
        return {"screens": told, "fault": fault or None}

    def stats(
        self,
        view: Annotated[View, Field(description="Which statistic")],
        screen: Annotated[str, Field(description="The key of a screen, as screens lists it; empty: the first")] = "",
        other: Annotated[str, Field(description="The key of a screen to compare with")] = "",
        matrix: Annotated[str, Field(description="Such as 11.down; empty: a telling one")] = "",
        operations: Operations = (),
        layers: Layers = (),
        kinds: Kinds = (),
        axes: Annotated[str, Field(description="Of stripes: such as 'v column'; empty: the most sensitive")] = "",
        measure: Annotated[overview.Measure, Field(description="Of the overview, what a cell tells")] = "nonsilent",
        severity: Annotated[severities.Measure | None, Field(description="Of maps: only the bad ones by it")] = None,
        threshold: Annotated[float | None, Field(description="And from there on; left out: its mildest step")] = None,
        cosine: Annotated[float, Field(ge=0, le=1, description="A malignant mutant has this cosine at most")] = 0.5,
        score: Annotated[float, Field(ge=0, description="And so many right answers at most")] = 8,
        word: Annotated[str, Field(description="Of the word map: the first word; empty: an unusual one")] = "",
        limit: Annotated[int, Field(ge=0, le=MOST_ROWS, description="The most rows")] = 200,
    ) -> Report:
        """The numbers behind a picture of the Statistics tab, and the sentence that says what they show."""
        atlas = self._workspace.atlas
        shown = self._screen(screen)
        if matrix and matrix not in set(atlas.matrices(shown)["name"]):
            raise StatisticsError(f"Screen {shown.key} has no matrix {matrix}: name another, such as 11.down.")
        asked = Asked(
            screen=shown,
            chosen=Filter(operations=chosen_operations(operations), layers=layers, kinds=kinds),
            matrix=matrix,
            axes=axes,
            other=self._screen(other) if other else None,
            measure=measure,
            severity=severities.Severity.asked(severity, threshold),
            limits=Limits(cosine=cosine, score=score),
            word=word,
        )
        report = statistics_report(asked.screen, draw(picture_of(view), atlas, asked))
        return {"key": asked.screen.key, **report, "rows": report["rows"][:limit]}

    def gallery(
        self,
        screen: Annotated[str, Field(description="The key of a screen; or bundled, or own: all of them")] = "bundled",
        styles: Annotated[tuple[Style, ...], Field(description="Only these styles; empty: all")] = (),
        words: Annotated[str, Field(description="Words, all of which begin some word of the text")] = "",
        operations: Operations = (),
        layers: Layers = (),
        kinds: Kinds = (),
        sort: Annotated[Sort, Field(description="What they are sorted by, the largest first")] = "mutants",
        rising: Annotated[bool, Field(description="The smallest first")] = False,
        group: Annotated[bool, Field(description="One of each group of texts that are nearly the same")] = False,
        start: Annotated[int, Field(ge=0, description="How many to pass over")] = 0,
        limit: Annotated[int, Field(ge=1, le=MOST_CARDS, description="The most texts")] = 20,
    ) -> Report:
        """What mutants of the stored screens say: how many different texts there are, and some of them."""
        wanted = Wanted(
            styles=styles, operations=chosen_operations(operations), kinds=kinds, layers=layers, words=words
        )
        order = Order(sort=sort, is_rising=rising, is_grouped=group)
        return gallery_report(self._workspace.atlas.phenotypes.page(screen, wanted, order, start=start, size=limit))

    def _prompts(self, model: "LoadedModel", typed: tuple[str, ...], inputs: int) -> tuple[Prompt, ...]:
        texts = typed or [each.text for each in spread(self._workspace.behaviour.inputs(), inputs)]
        return tuple(Prompt(text=text, chat=model.has_chat_template) for text in texts)

    def _screen(self, key: str) -> StoredScreen:
        """Raises StoreError."""
        if key:
            return self._workspace.atlas.screen(key)
        screens, fault = self._workspace.atlas.stored()
        if not screens:
            raise StoreError(fault or "There is no screen yet: run one first.")
        return screens[0]


def _told(screen: StoredScreen) -> Report:
    return {
        "key": screen.key,
        "model": screen.model,
        "layers": screen.layers,
        "experiment": screen.experiment,
        "title": screen.title,
        "prompt": screen.prompt.text,
        "unit": unit_told(screen.plan),
        "matrices": screen.plan["matrices"],
        "background": screen.background,
        "mutants": screen.mutants,
        "done": screen.done,
        "has_questions": screen.task is not None,
    }


def checked(function: Endpoint) -> Endpoint:
    """The function for callers who may send anything: what is not of its types is an ExplorerError, in a sentence.

    One that tells how far it is does so too, and refuses before it has told anything.
    """
    names, valid = list(inspect.signature(function).parameters), validate_call(function)

    @functools.wraps(function)
    def answer(*values: Any, **named: Any) -> Report | Iterator[Report]:
        try:
            return valid(**dict(zip(names, values, strict=False)), **named)
        except ValidationError as fault:
            raise ExplorerError(_refusal(fault)) from fault

    @functools.wraps(function)
    def tell(*values: Any, **named: Any) -> Iterator[Report]:
        yield from answer(*values, **named)  # type: ignore[misc]  # it is a generator

    return tell if inspect.isgeneratorfunction(function) else answer


def _refusal(fault: ValidationError) -> str:
    """About the first of the values that are refused."""
    first = fault.errors(include_url=False)[0]
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "missing_argument":
        return f"{name} is missing."
    if first["type"] == "unexpected_keyword_argument":
        return f"There is no {name} here."
    return f"{name}: {first['msg']}, not {textwrap.shorten(repr(first['input']), SHOWN)}."


def described(function: Endpoint) -> str:
    """What a function answers, in a sentence."""
    return inspect.getdoc(function) or ""
