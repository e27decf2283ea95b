"""The commands that mutate and read: mutate, anatomy, weights."""

from dataclasses import replace
from typing import Annotated

import typer

from explorer.commands.options import (
    Asking,
    IsKept,
    Session,
    check_site,
    edge,
    tell_unkept,
)
from explorer.domain.decoding import Decoding
from explorer.domain.errors import ExplorerError
from explorer.domain.notation import parse_genotype
from explorer.reports.explore import (
    anatomy_lines,
    anatomy_report,
    grid_lines,
    grid_report,
    keep_pair,
    mutate_report,
    pair_lines,
)


@edge
def mutate(
    session: Asking,
    genotype: Annotated[str, typer.Argument(help="Such as '11.mlp*0' or '2.down[451,1203]=-3.2;7.head3*0'.")],
    chat: Annotated[
        bool | None,
        typer.Option("--chat/--raw", help="Wrap the prompt as a chat; by default if the model can."),
    ] = None,
    is_plain: Annotated[
        bool, typer.Option("--plain", help="Take control tokens in the prompt, such as <|im_end|>, as text.")
    ] = False,
    max_new_tokens: Annotated[int, typer.Option(help="The most tokens of an answer.")] = 64,
    temperature: Annotated[float, typer.Option(help="0 is greedy.")] = 0.0,
    top_p: Annotated[float, typer.Option(help="Sample from the likeliest tokens that hold this probability.")] = 1.0,
    top_k: Annotated[int, typer.Option(help="Sample from so many of the likeliest tokens; 0: from all.")] = 0,
    max_length: Annotated[
        int, typer.Option(help="Tokens in all, the prompt counted, in place of --max-new-tokens; 0: that counts.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of the noise that original and mutant share.")] = 0,
    is_kept: IsKept = True,
) -> None:
    """Print the original's and the mutant's answer, and how they differ."""
    parse_genotype(genotype)  # a typing mistake is told before a model is loaded
    decoding = Decoding(
        max_new_tokens=max_new_tokens,
        temperature=temperature,
        top_p=top_p,
        seed=seed,
        top_k=top_k,
        max_length=max_length,
    )
    asked = session.asked(plain=is_plain)
    workspace, loaded = session.load()
    asked = replace(asked, chat=loaded.has_chat_template if chat is None else chat)
    read = loaded.anatomy.read(genotype)
    report = mutate_report(workspace, loaded, read, asked, decoding)
    session.show(report, pair_lines)
    if is_kept and keep_pair(workspace, loaded, report):
        tell_unkept(workspace)


@edge
def anatomy(
    session: Session,
    layer: Annotated[int | None, typer.Argument(min=0, help="Only this layer.")] = None,
) -> None:
    """List the model's layers and matrices, with shapes, heads and the spread of their weights."""
    workspace, loaded = session.load()
    session.show(workspace.computing.answer(anatomy_report, loaded, layer), anatomy_lines)


@edge
def weights(
    session: Session,
    site: Annotated[str, typer.Argument(help="A matrix or a part of it, such as 14.down or 14.down[0:64,0:64].")],
) -> None:
    """Print a matrix as a map: the weight of largest magnitude of each cell; single weights where they fit."""
    check_site(site, "14.down")
    workspace, loaded = session.load()
    targets = loaded.anatomy.targets(loaded.anatomy.read(f"{site}=0").mutations[0].site)
    if len(targets) != 1:
        raise ExplorerError(f"'{site}' is more than one matrix: name one, such as 14.down.")
    (target,) = targets
    grid = workspace.weights.map(loaded, target.matrix, target.rows, target.columns)
    session.show(grid_report(target.matrix.name, grid), grid_lines)
