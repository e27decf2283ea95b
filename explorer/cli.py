"""The command line: reads arguments, asks the workspace, prints. Nothing else.

Every command prints one JSON object with `--json`. Faults that the user can mend are one sentence on
standard error and exit code 2.
"""

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.domain import MAXIMUM, MINIMUM, ZERO, Decoding, Prompt
from explorer.errors import ExplorerError
from explorer.notation import format_genotype, parse_genotype
from explorer.reports import (
    anatomy_lines,
    anatomy_report,
    dose_lines,
    dose_report,
    findings_lines,
    findings_report,
    pair_lines,
    pair_report,
)
from explorer.settings import DEMO
from explorer.workspace import Workspace

if TYPE_CHECKING:
    from explorer.model.loaded import LoadedModel

app = typer.Typer(
    name="mutation-explorer",
    help="Mutate a language model, weight by weight, and read what it says.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class DtypeName(StrEnum):
    """Precisions of weights."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


class OperationName(StrEnum):
    """Operations that need no number."""

    max = "max"
    min = "min"
    zero = "zero"


class LevelName(StrEnum):
    """Levels at which sites are looked for."""

    weight = "weight"
    row = "row"
    column = "column"
    block = "block"


Model = Annotated[str, typer.Option("--model", help="demo, a folder, a .gguf file or a hub id.")]
Device = Annotated[str | None, typer.Option("--device", help="cuda, mps or cpu; the best one here by default.")]
Dtype = Annotated[
    DtypeName | None,
    typer.Option("--dtype", help="float32 on a CPU, the checkpoint's own on a GPU by default."),
]
Asked = Annotated[str, typer.Option("--prompt", help="What the model is to answer.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def serve(
    model: Model = DEMO,
    device: Device = None,
    dtype: Dtype = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine need --auth.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 7860,
    share: Annotated[bool, typer.Option("--share", help="Also open a public link; needs --auth.")] = False,
    auth: Annotated[str | None, typer.Option(metavar="USER:PASSWORD", help="Ask visitors for this login.")] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Open the dashboard."""
    with _faults(as_json):
        from explorer.ui.serving import Serving, run  # the other commands do without gradio

        run(
            Serving(
                model=model,
                device=device,
                dtype=dtype,
                host=host,
                port=port,
                share=share,
                auth=auth,
                open_browser=open_browser,
                announce=_announcer(as_json),
            )
        )


@app.command()
def mutate(
    genotype: Annotated[str, typer.Argument(help="Such as '11.mlp*0' or '2.down[451,1203]=-3.2;7.head3*0'.")],
    prompt: Asked,
    chat: Annotated[
        bool | None,
        typer.Option("--chat/--raw", help="Wrap the prompt as a chat; by default if the model can."),
    ] = None,
    max_new_tokens: Annotated[int, typer.Option(help="The most tokens of an answer.")] = 64,
    temperature: Annotated[float, typer.Option(help="0 is greedy.")] = 0.0,
    top_p: Annotated[float, typer.Option(help="Sample from the likeliest tokens that hold this probability.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the noise that original and mutant share.")] = 0,
    model: Model = DEMO,
    device: Device = None,
    dtype: Dtype = None,
    as_json: AsJson = False,
) -> None:
    """Print the original's and the mutant's answer, and how they differ."""
    with _faults(as_json):
        parse_genotype(genotype)  # a typing mistake is told before a model is loaded
        decoding = Decoding(max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, seed=seed)
        Prompt(text=prompt)
        workspace, loaded = _load(model, device, dtype, as_json)
        asked = Prompt(text=prompt, chat=loaded.has_chat_template if chat is None else chat)
        read = loaded.anatomy.read(genotype)
        *_, update = workspace.pair(loaded, asked, decoding, read)
        report = {
            "genotype": format_genotype(read),
            "change": workspace.describe(loaded, read),
            "model": loaded.name,
            "prompt": prompt,
            "chat": asked.chat,
            "decoding": dataclasses.asdict(decoding),
            **pair_report(update),
        }
        _print(report, as_json, pair_lines)


@app.command()
def dose(
    site: Annotated[str, typer.Argument(help="Such as '11.down[507,1229]' or '7.head3'.")],
    prompt: Asked,
    background: Annotated[str, typer.Option(help="Mutations that are there already.")] = "",
    max_new_tokens: Annotated[int, typer.Option(help="The most tokens of the original's answer.")] = 64,
    model: Model = DEMO,
    device: Device = None,
    dtype: Dtype = None,
    as_json: AsJson = False,
) -> None:
    """Set a site to values over its matrix's range and beyond, and print what each does."""
    with _faults(as_json):
        text = f"{site}=0"
        if len(parse_genotype(text).mutations) != 1:
            raise ExplorerError(f"'{site}' is not one site: name one, such as 11.down[507,1229], without an operation.")
        decoding = Decoding(max_new_tokens=max_new_tokens)
        Prompt(text=prompt)
        workspace, loaded = _load(model, device, dtype, as_json)
        (mutation,) = loaded.anatomy.read(text).mutations
        stacked = loaded.anatomy.read(background)
        asked = Prompt(text=prompt, chat=loaded.has_chat_template)
        doses = workspace.dose_response(loaded, asked, decoding, stacked, mutation.site)
        _print(dose_report(site, workspace.facts(loaded, mutation.site), doses), as_json, dose_lines)


@app.command()
def sensitive(
    prompt: Asked,
    operation: Annotated[OperationName, typer.Option(help="What is done to a site.")] = OperationName.zero,
    level: Annotated[LevelName, typer.Option(help="What a site is.")] = LevelName.weight,
    top: Annotated[int, typer.Option(min=1, max=500, help="How many to print.")] = 10,
    max_new_tokens: Annotated[int, typer.Option(help="The most tokens of the original's answer.")] = 64,
    model: Model = DEMO,
    device: Device = None,
    dtype: Dtype = None,
    as_json: AsJson = False,
) -> None:
    """Find the mutations that matter most for a prompt, each verified by a forward pass."""
    with _faults(as_json):
        decoding = Decoding(max_new_tokens=max_new_tokens)
        Prompt(text=prompt)
        workspace, loaded = _load(model, device, dtype, as_json)
        asked = Prompt(text=prompt, chat=loaded.has_chat_template)
        chosen = {"max": MAXIMUM, "min": MINIMUM, "zero": ZERO}[operation.value]
        findings = workspace.find_sensitive(loaded, asked, decoding, chosen, level.value, top)
        _print(findings_report(findings), as_json, findings_lines)


@app.command()
def anatomy(
    layer: Annotated[int | None, typer.Argument(min=0, help="Only this layer.")] = None,
    model: Model = DEMO,
    device: Device = None,
    dtype: Dtype = None,
    as_json: AsJson = False,
) -> None:
    """List the model's layers and matrices, with shapes, heads and the spread of their weights."""
    with _faults(as_json):
        workspace, loaded = _load(model, device, dtype, as_json)
        _print(workspace.compute(anatomy_report, loaded, layer), as_json, anatomy_lines)


def _load(source: str, device: str | None, dtype: str | None, as_json: bool) -> tuple[Workspace, "LoadedModel"]:
    """The model; what is being done goes to standard error, where it does not mix with results."""
    workspace = Workspace(source=source, device=device, dtype=dtype)
    loading, said, is_done = workspace.load(), "", False
    while not is_done:
        is_done = loading.is_done
        if loading.sentence != said and not as_json:
            said = loading.sentence
            typer.echo(said, err=True)
        time.sleep(0 if is_done else 0.05)
    return workspace, loading.wait()


def _print(report: dict[str, Any], as_json: bool, lines: Callable[[dict[str, Any]], Iterator[str]]) -> None:
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(lines(report)))


def _announcer(as_json: bool) -> Callable[[dict[str, Any]], None]:
    """Says where the page is, once it can be opened, and when the model is ready."""

    def announce(facts: dict[str, Any]) -> None:
        if as_json:
            typer.echo(json.dumps(facts))
        elif "url" in facts:
            typer.echo(f"The dashboard is open at {facts['url']} (Ctrl-C ends it)")
        else:
            typer.echo(facts["fault"] or "The model is ready.")
        sys.stdout.flush()

    return announce


@contextmanager
def _faults(as_json: bool) -> Iterator[None]:
    """The edge: what the user can mend becomes a sentence and exit code 2."""
    try:
        yield
    except ExplorerError as fault:
        typer.echo(json.dumps({"error": str(fault)}, ensure_ascii=False) if as_json else str(fault), err=True)
        raise typer.Exit(2) from fault


def main() -> None:
    """The script `mutation-explorer`."""
    app()
