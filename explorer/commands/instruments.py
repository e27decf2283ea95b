"""The commands of the instruments that show where to look."""

from typing import Annotated

import typer

from explorer.commands.options import (
    Asking,
    LevelName,
    MaxNewTokens,
    OperationName,
    check_site,
    edge,
)
from explorer.domain.amounts import amount_of
from explorer.domain.effects import Knockouts, check_heads
from explorer.domain.errors import ExplorerError
from explorer.domain.genotype import NAMED_OPERATIONS
from explorer.domain.notation import parse_genotype
from explorer.reports.instruments import (
    dose_lines,
    dose_report,
    epistasis_lines,
    epistasis_report,
    findings_lines,
    findings_report,
    knockout_lines,
    knockout_report,
    matched_lines,
    matched_report,
    propagation_lines,
    propagation_report,
    sensitivity_lines,
    sensitivity_report,
)
from explorer.tasks.comparison import shortened

Genotypes = Annotated[str, typer.Argument(help="Such as '9.head4*0; 11.down[507,1229]=0'.")]


@edge
def dose(
    session: Asking,
    site: Annotated[
        str, typer.Argument(help="Such as '11.down[507,1229]'; or a mutation whose number moves: '9.down=round(4)'.")
    ],
    background: Annotated[str, typer.Option(help="Mutations that are there already.")] = "",
    max_new_tokens: MaxNewTokens = 64,
) -> None:
    """Set a site to values over its matrix's range, or move the number of an operation, and print what each does."""
    is_mutation = any(sign in site for sign in "=*+~")
    if not is_mutation:
        check_site(site, "11.down[507,1229]")
    text = site if is_mutation else f"{site}=0"
    if len(parse_genotype(text).mutations) != 1:
        raise ExplorerError("A dose–response is of one mutation: give those before it with --background.")
    workspace, loaded, asked, decoding = session.load_to_ask(max_new_tokens)
    (mutation,) = loaded.anatomy.read(text).mutations
    stacked = loaded.anatomy.read(background)
    operation = mutation.operation if is_mutation else None
    doses = workspace.instruments.dose_response(loaded, asked, decoding, stacked, mutation.site, operation)
    facts = workspace.weights.facts(loaded, mutation.site)
    amount = amount_of(operation, facts)
    session.show(dose_report(site, facts, doses, amount.unit if amount else ""), dose_lines)


@edge
def sensitive(
    session: Asking,
    operation: Annotated[OperationName, typer.Option(help="What is done to a site.")] = OperationName.zero,
    level: Annotated[LevelName, typer.Option(help="What a site is.")] = LevelName.weight,
    top: Annotated[int, typer.Option(min=1, max=500, help="How many to print.")] = 10,
    controls: Annotated[
        bool, typer.Option(help="Measure 100 others of each matrix, drawn at random, for a p-value.")
    ] = True,
    max_new_tokens: MaxNewTokens = 64,
) -> None:
    """Find the mutations that matter most for a prompt, each verified by a forward pass."""
    workspace, loaded, asked, decoding = session.load_to_ask(max_new_tokens)
    chosen = NAMED_OPERATIONS[operation.value]
    findings = workspace.instruments.find_sensitive(loaded, asked, decoding, chosen, level.value, top)
    if controls:
        findings = workspace.instruments.with_controls(loaded, asked, decoding, findings)
    session.show(findings_report(findings), findings_lines)


@edge
def special(session: Asking, genotype: Genotypes, max_new_tokens: MaxNewTokens = 64) -> None:
    """How special a mutation is: its effect and its size among others like it, drawn at random."""
    parse_genotype(genotype)
    workspace, loaded, asked, decoding = session.load_to_ask(max_new_tokens)
    read = loaded.anatomy.read(genotype)
    found = workspace.instruments.matched(loaded, asked, decoding, read)
    session.show(matched_report(read, found), matched_lines)


@edge
def heads(
    session: Asking,
    background: Annotated[str, typer.Option(help="Mutations that are there already.")] = "",
    questions: Annotated[
        int, typer.Option(min=0, help="Ask so many of the bundled questions instead of the prompt.")
    ] = 0,
    max_new_tokens: MaxNewTokens = 64,
) -> None:
    """Knock out every attention head by itself, and print what that does to an answer or to questions."""
    parse_genotype(background)
    if questions:
        workspace, loaded = session.load()
        chosen = shortened(workspace.behaviour.question_sets()[0], questions)
        steps = list(workspace.behaviour.knock_out(loaded, chosen, loaded.anatomy.read(background)))
        found = tuple(each for _, some in steps for each in some)
        report = Knockouts(heads=found, questions=len(chosen.questions), right=steps[0][0])
    else:
        workspace, loaded, asked, decoding = session.load_to_ask(max_new_tokens)
        every = workspace.instruments.knock_out(loaded, asked, decoding, loaded.anatomy.read(background))
        report = Knockouts(heads=tuple(each for some in every for each in some))
    check_heads(report)
    session.show(knockout_report(report), knockout_lines)


@edge
def sensitivity(
    session: Asking,
    operation: Annotated[OperationName, typer.Option(help="What is done to a block.")] = OperationName.zero,
    matrix: Annotated[str | None, typer.Option(help="Print the blocks of this matrix, such as 14.down.")] = None,
    max_new_tokens: MaxNewTokens = 64,
) -> None:
    """Estimate what an operation on every block of every matrix does, and tell how far to trust the estimates."""
    workspace, loaded, asked, decoding = session.load_to_ask(max_new_tokens)
    estimated = workspace.instruments.sensitivity_map(loaded, asked, decoding)
    if matrix is not None and (matrix, operation.value) not in estimated.estimates:
        raise ExplorerError(f"There is no map of '{matrix}': name a matrix of a layer, such as 14.down.")
    agreement = workspace.instruments.agreement(loaded, asked, decoding, operation.value)
    report = sensitivity_report(loaded.anatomy, estimated, operation.value, agreement, matrix)
    session.show(report, sensitivity_lines)


@edge
def propagation(
    session: Asking,
    genotype: Genotypes,
    token: Annotated[
        int | None,
        typer.Option(help="Also what both models would say after this token, layer by layer; −1 is the last."),
    ] = None,
    max_new_tokens: MaxNewTokens = 64,
) -> None:
    """Print how a mutation spreads: the relative change of the hidden states, layer by layer."""
    parse_genotype(genotype)
    workspace, loaded, asked, decoding = session.load_to_ask(max_new_tokens)
    read = loaded.anatomy.read(genotype)
    spread = workspace.instruments.propagate(loaded, asked, decoding, read)
    place = None if token is None else token + len(spread.tokens) * (token < 0)
    lens = None if place is None else workspace.instruments.read_layers(loaded, asked, decoding, read, place)
    session.show(propagation_report(spread, lens), propagation_lines)


@edge
def epistasis(
    session: Asking,
    genotype: Genotypes,
    pairs: Annotated[bool, typer.Option("--pairs", help="Also the interaction of every pair.")] = False,
    max_new_tokens: MaxNewTokens = 64,
) -> None:
    """Print what mutations do alone, what they do together, and the difference."""
    parse_genotype(genotype)
    workspace, loaded, asked, decoding = session.load_to_ask(max_new_tokens)
    read = loaded.anatomy.read(genotype)
    found = workspace.instruments.epistasis(loaded, asked, decoding, read)
    matrix = workspace.instruments.pair_matrix(loaded, asked, decoding, found) if pairs else None
    session.show(epistasis_report(found, matrix), epistasis_lines)
