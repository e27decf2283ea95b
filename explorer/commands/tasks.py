"""The commands that ask a genotype many things: rihf, scan, questions, retest."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from explorer.atlas.atlas import Atlas
from explorer.commands.options import (
    IsKept,
    Session,
    atlas_of,
    counted,
    edge,
    keep,
    listed,
)
from explorer.domain.decoding import Decoding
from explorer.domain.errors import TaskError
from explorer.domain.evaluation import Input, QuestionSet
from explorer.domain.genotype import Genotype
from explorer.domain.notation import parse_genotype
from explorer.domain.screens import StoredScreen
from explorer.files.settings import Settings
from explorer.model.loaded import LoadedModel
from explorer.reports.runs import questions_run, retest_run, rihf_run
from explorer.reports.tasks import (
    retest_lines,
    retest_report,
    rihf_lines,
    rihf_report,
    scan_lines,
    scan_report,
    score_lines,
    score_report,
)
from explorer.tasks.comparison import shortened, spread
from explorer.tasks.inputs import read_inputs
from explorer.tasks.questions import bundled_questions
from explorer.tasks.retest import held_out, retested
from explorer.tasks.scoring import ask
from explorer.tasks.writers import Asked, Written, write
from explorer.workspace.behaviour import Behaviour, mmlu_questions


class FormName(StrEnum):
    """How questions are put."""

    cloze = "cloze"
    letter = "letter"


GenotypeText = Annotated[str, typer.Argument(help="Such as '11.mlp*0'; '' for the original.")]
Inputs = Annotated[Path | None, typer.Option("--inputs", help="A text file, one a line, or TOML; the bundled ones.")]
NewTokens = Annotated[int, typer.Option("--max-new-tokens", help="The most tokens of an answer.")]
Raw = Annotated[bool, typer.Option("--raw", help="Put inputs as raw text, not as chats.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Only so many, drawn evenly.")]
Database = Annotated[Path, typer.Option("--db", help="A DuckDB file with the screen.")]
Shots = Annotated[int, typer.Option("--shots", min=0, help="Answered questions shown before each.")]
Mmlu = Annotated[Path | None, typer.Option("--mmlu", help="A folder in MMLU's layout instead of the bundled set.")]
Form = Annotated[FormName | None, typer.Option("--form", help="cloze for the bundled set, letter for MMLU by default.")]


@edge
def rihf(
    session: Session,
    genotype: GenotypeText,
    inputs: Inputs = None,
    limit: Limit = None,
    max_new_tokens: NewTokens = 24,
    raw: Raw = False,
    is_kept: IsKept = True,
) -> None:
    """Give a mutant many inputs: how it begins its answers, in which styles, and its rare initial word (RIHF)."""

    parse_genotype(genotype)
    decoding = Decoding(max_new_tokens=max_new_tokens)
    workspace, loaded = session.load()
    genotypes = (loaded.anatomy.read(genotype),)
    given = _inputs(workspace.behaviour, inputs, limit)
    written = _write(workspace.behaviour, loaded, genotypes, given, decoding, raw=raw, as_json=session.as_json)
    session.show(rihf_report(written), rihf_lines)
    keep(workspace, loaded, rihf_run(written), is_kept=is_kept)


@edge
def scan(
    session: Session,
    genotypes: Annotated[
        list[str] | None, typer.Argument(help="Mutants; or take them from a screen with --db.")
    ] = None,
    database: Annotated[Path | None, typer.Option("--db", help="Take candidates from this database.")] = None,
    screen: Annotated[int | None, typer.Option(help="Its screen; all of them by default.")] = None,
    style: Annotated[str, typer.Option(help="Only candidates of these styles, such as 'poem, dialogue'.")] = "",
    top: Annotated[int, typer.Option(min=1, help="So many candidates, the most shared texts first.")] = 12,
    inputs: Inputs = None,
    limit: Limit = None,
    max_new_tokens: NewTokens = 24,
    raw: Raw = False,
    is_kept: IsKept = True,
) -> None:
    """Give many mutants the same inputs; group them by RIHF, with the rows and columns they share across layers."""

    texts = list(genotypes or ()) or _candidates(database, screen, style, top)
    for text in texts:
        parse_genotype(text)
    decoding = Decoding(max_new_tokens=max_new_tokens)
    workspace, loaded = session.load()
    read = tuple(loaded.anatomy.read(text) for text in texts)
    given = _inputs(workspace.behaviour, inputs, limit)
    written = _write(workspace.behaviour, loaded, read, given, decoding, raw=raw, as_json=session.as_json)
    session.show(scan_report(written), scan_lines)
    keep(workspace, loaded, rihf_run(written), is_kept=is_kept)


@edge
def questions(
    session: Session,
    genotype: GenotypeText,
    mmlu: Mmlu = None,
    form: Form = None,
    subjects: Annotated[str, typer.Option(help="Only these, separated by commas.")] = "",
    shots: Shots = 0,
    limit: Limit = None,
    is_kept: IsKept = True,
) -> None:
    """Ask the original and a mutant multiple-choice questions; by likelihood and by the generated token."""

    parse_genotype(genotype)
    asked = _questions(mmlu, form, subjects)
    asked = asked if limit is None else shortened(asked, limit)
    workspace, loaded = session.load()
    read = loaded.anatomy.read(genotype)
    pair = [Genotype(), read] if read else [Genotype()]
    steps = ask(workspace.behaviour, loaded, pair, asked, shots)
    *_, scored = counted(steps, len(pair) * len(asked.questions), as_json=session.as_json)
    report = score_report(scored)
    session.show(report, score_lines)
    keep(workspace, loaded, questions_run(report), is_kept=is_kept)


@edge
def retest(
    session: Session,
    database: Database,
    screen: Annotated[int | None, typer.Option(help="The number of a screen on a task; the first by default.")] = None,
    top: Annotated[int, typer.Option(min=1, help="So many of the mutants that seem better, the surest first.")] = 20,
    mmlu: Mmlu = None,
    is_kept: IsKept = True,
) -> None:
    """List a screen's mutants that seem better than the original, and ask them questions that it did not use."""

    atlas = atlas_of(database)
    chosen = _on_task(atlas, screen)
    assert chosen.task is not None
    asked = _questions(mmlu, FormName(chosen.task.form), "")
    fresh = held_out(asked, chosen.task.right, chosen.task.wrong)
    better = atlas.better(chosen)
    workspace, loaded = session.load()
    read = loaded.anatomy.read
    asked_again = [read(text) for text in (chosen.background, *better.mutants["genotype"].head(top))]
    steps = ask(workspace.behaviour, loaded, asked_again, fresh, chosen.task.shots)
    *_, scored = counted(steps, len(asked_again) * len(fresh.questions), as_json=session.as_json)
    report = retest_report(better, retested(scored, chosen.task.by), len(fresh.questions))
    session.show(report, retest_lines)
    keep(workspace, loaded, retest_run(report, chosen.title), is_kept=is_kept)


def _inputs(behaviour: Behaviour, path: Path | None, limit: int | None) -> "tuple[Input, ...]":

    found = behaviour.inputs() if path is None else read_inputs(path)
    return spread(found, limit or len(found))


def _write(
    behaviour: Behaviour,
    model: LoadedModel,
    genotypes: tuple[Genotype, ...],
    inputs: "tuple[Input, ...]",
    decoding: Decoding,
    *,
    raw: bool,
    as_json: bool,
) -> Written:
    """To the end."""

    asked = Asked(genotypes=genotypes, inputs=inputs, chat=model.has_chat_template and not raw, decoding=decoding)
    *_, written = counted(write(behaviour, model, asked), asked.total, as_json=as_json)
    return written


def _questions(mmlu: Path | None, form: FormName | None, subjects: str) -> QuestionSet:

    wanted = listed(subjects) or None
    if mmlu is not None:
        return mmlu_questions(mmlu, (form or FormName.letter).value, wanted)
    folder = Settings().questions_folder
    bundled = bundled_questions(folder, wanted)
    return replace(bundled, form=(form or FormName(bundled.form)).value)


def _on_task(atlas: Atlas, number: int | None) -> StoredScreen:
    screens = [screen for screen in atlas.stored()[0] if screen.task is not None]
    found = next((screen for screen in screens if number in (None, screen.screen)), None)
    if found is None:
        known = ", ".join(str(screen.screen) for screen in screens) or "none"
        raise TaskError(f"There is no such screen on a task in this database, only {known}: start one with --task.")
    return found


def _candidates(database: Path | None, screen: int | None, style: str, top: int) -> list[str]:
    """What the most shared texts of a screen come from."""
    if database is None:
        raise TaskError("Name mutants, or a database to take them from with --db.")
    choice = "own" if screen is None else f"own:{screen}"
    return atlas_of(database).phenotypes.candidates(choice, listed(style), top)
