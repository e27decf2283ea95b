"""The command that puts the same prompts, or questions, to several genotypes."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from explorer.commands.options import (
    IsKept,
    Session,
    counted,
    edge,
    keep,
)
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ComparisonError
from explorer.domain.evaluation import QuestionSet
from explorer.domain.notation import parse_genotype
from explorer.model.loaded import LoadedModel
from explorer.reports.comparison import comparison_lines, comparison_report, contrasts_of
from explorer.reports.runs import comparison_run
from explorer.tasks.comparison import Answering, Compared, Comparison, read_genotypes, shortened, spread
from explorer.tasks.comparison import compare as steps

GenotypeTexts = Annotated[
    list[str], typer.Argument(help="Two to six, the first is the reference; 'original' is the unmutated model.")
]


@edge
def compare(
    session: Session,
    genotypes: GenotypeTexts,
    prompt: Annotated[list[str] | None, typer.Option("--prompt", help="What to ask; can be given again.")] = None,
    inputs: Annotated[Path | None, typer.Option("--inputs", help="A text file, a prompt a line.")] = None,
    questions: Annotated[bool, typer.Option("--questions", help="Ask the bundled questions instead.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only so many, drawn evenly.")] = None,
    shots: Annotated[int, typer.Option("--shots", min=0, help="Answered questions shown before each.")] = 0,
    max_new_tokens: Annotated[int, typer.Option("--max-new-tokens", help="The most tokens of an answer.")] = 32,
    is_kept: IsKept = True,
) -> None:
    """Compare genotypes on the same prompts or questions, with paired tests; the bundled inputs if none are given.

    Ctrl-C ends it early and prints what is there.
    """

    read_genotypes(genotypes, parse_genotype)  # typing mistakes are told before a model is loaded
    typed, decoding = _typed(prompt or (), inputs), Decoding(max_new_tokens=max_new_tokens)
    workspace, loaded = session.load()
    answering = workspace.behaviour
    asked = Comparison(
        genotypes=read_genotypes(genotypes, loaded.anatomy.read),
        prompts=() if questions else _prompts(typed, answering, loaded, limit),
        decoding=decoding,
        questions=_questions(answering, limit) if questions else None,
        shots=shots,
    )
    compared = _run(answering, loaded, asked, as_json=session.as_json)
    session.show(comparison_report(compared), comparison_lines)
    if compared.has_pairs:
        keep(workspace, loaded, comparison_run(compared, contrasts_of(compared)), is_kept=is_kept)


def _typed(prompts: Sequence[str], path: Path | None) -> tuple[str, ...]:
    """What the command line asks. Raises ComparisonError for a file that cannot be read."""
    if path is None:
        return tuple(prompts)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise ComparisonError(f"{path} cannot be read as text: name a file with a prompt a line.") from fault
    found = tuple(line.strip() for line in lines if line.strip())
    if not found:
        raise ComparisonError(f"{path} has no prompt: write one a line.")
    return (*prompts, *found)


def _prompts(typed: Sequence[str], answering: Answering, model: LoadedModel, limit: int | None) -> tuple[Prompt, ...]:
    """As chats if the model takes them."""

    texts = typed or [each.text for each in answering.inputs()]
    return tuple(Prompt(text=text, chat=model.has_chat_template) for text in spread(texts, limit or len(texts)))


def _questions(answering: Answering, limit: int | None) -> QuestionSet:

    first = answering.question_sets()[0]
    return first if limit is None else shortened(first, limit)


def _run(answering: Answering, model: LoadedModel, asked: Comparison, as_json: bool) -> Compared:
    """To the end, or as far as it came when it was interrupted."""

    last = Compared(comparison=asked)
    with contextlib.suppress(KeyboardInterrupt):
        for compared in counted(steps(answering, model, asked), asked.total, as_json=as_json):
            last = compared
    return last
