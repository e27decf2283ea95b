"""What the commands share: options, loading a model, printing, and the edge where faults become sentences."""

import dataclasses
import functools
import gc
import inspect
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from explorer.atlas.atlas import Atlas
from explorer.domain.decoding import Decoding, Prompt, read_messages, read_turns
from explorer.domain.errors import ExplorerError, ModelError, PromptError, StoreError
from explorer.domain.notation import parse_genotype
from explorer.domain.placement import Placement
from explorer.domain.record import Run
from explorer.files.settings import DEMO
from explorer.model.loaded import LoadedModel
from explorer.store.library import Library
from explorer.workspace.workspace import Workspace

Item = TypeVar("Item")

INTERRUPTED = 130
"""The exit code of what Ctrl-C has ended, as shells have it."""
PROGRESS = "Downloading "
"""What sentences on a progress begin with."""
SECONDS_BETWEEN = 10.0
"""Between two of them, where they are not in one line of a terminal."""


class DtypeName(StrEnum):
    """Precisions of weights."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


class ArithmeticName(StrEnum):
    """What is counted in."""

    float32 = "float32"
    stored = "stored"


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
Arithmetic = Annotated[
    ArithmeticName,
    typer.Option(
        "--arithmetic",
        help="float32 whatever the weights are kept in; stored: in their own precision, faster on a GPU, but what a "
        "text says may then depend on how many share its batch.",
    ),
]
Revision = Annotated[str | None, typer.Option("--revision", help="A branch, a tag or a commit of a model of the hub.")]
Asked = Annotated[str | None, typer.Option("--prompt", help="What the model is to answer.")]
System = Annotated[
    str | None, typer.Option("--system", help="What the chat begins with, in place of the template's own.")
]
Thinking = Annotated[
    bool, typer.Option("--thinking/--no-thinking", help="Let a model think before it answers, if its template can.")
]
Prefill = Annotated[str, typer.Option("--prefill", help="The beginning of the answer, put into its mouth.")]
EarlierTurns = Annotated[
    str | None, typer.Option("--turns", help="Earlier turns, as JSON: [{'role': 'user', 'content': '…'}, …].")
]
Messages = Annotated[
    Path | None,
    typer.Option("--messages", help="A JSON file of a whole conversation: system, turns, and last what is asked."),
]
IsKept = Annotated[bool, typer.Option("--record/--no-record", help="Keep the run in the history.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
MaxNewTokens = Annotated[int, typer.Option("--max-new-tokens", help="The most tokens of the original's answer.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How a command answers."""

    as_json: bool

    def show(self, report: dict[str, Any], lines: Callable[[dict[str, Any]], Iterator[str]]) -> None:
        """Print a report: one JSON object, or the lines that a person reads."""
        if self.as_json:
            typer.echo(json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False))
        else:
            typer.echo("\n".join(lines(report)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Output):
    """How a command answers, and with which model."""

    source: str
    device: str | None
    dtype: str | None
    arithmetic: str
    revision: str | None = None

    @property
    def model(self) -> str:
        """The name of the model, with its revision. Raises ModelError for a revision of what has none."""
        if self.revision is None:
            return self.source
        if self.source == DEMO or Path(self.source).expanduser().exists() or self.source.startswith((".", "/", "~")):
            raise ModelError(f"'{self.source}' has no revisions: --revision is for models of the hub, org/name.")
        return f"{self.source}@{self.revision}"

    @property
    def placement(self) -> Placement:
        """How the model is to be loaded."""
        return Placement(device=self.device, dtype=self.dtype, arithmetic=self.arithmetic)

    def load(self) -> tuple[Workspace, LoadedModel]:
        """The model; what is being done goes to standard error, where it does not mix with results."""
        workspace = Workspace(source=self.model, **self.placement.given)
        loading, teller = workspace.models.load(), Teller(is_silent=self.as_json)
        try:
            with starting():
                while not loading.is_done:
                    teller.tell(loading.sentence)
                    time.sleep(0.05)
        except KeyboardInterrupt:
            loading.cancel()
            teller.end()
            typer.echo("Cancelled: what was downloaded is kept.", err=True)
            raise typer.Exit(INTERRUPTED) from None
        teller.tell(loading.sentence)
        teller.end()
        return workspace, loading.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Session):
    """How a command answers, with which model, and what that is asked."""

    prompt: str | None
    system: str | None
    thinking: bool
    prefill: str
    turns: str | None
    messages: Path | None

    def asked(self, *, plain: bool = False) -> Prompt:
        """The prompt with all that goes with it, as a chat. Raises PromptError."""
        said = self._said()
        if self.system is not None:
            said["system"] = self.system
        if self.prefill:
            said["prefill"] = self.prefill
        return Prompt(**said, plain=plain, thinking=self.thinking)

    def load_to_ask(self, max_new_tokens: int) -> tuple[Workspace, LoadedModel, Prompt, Decoding]:
        """As `load`, with the prompt, as a chat if the model takes chats, and greedy decoding; both checked before."""
        decoding, asked = Decoding(max_new_tokens=max_new_tokens), self.asked()
        workspace, loaded = self.load()
        return workspace, loaded, dataclasses.replace(asked, chat=loaded.has_chat_template), decoding

    def _said(self) -> dict[str, Any]:
        if (self.prompt is None) == (self.messages is None):
            raise PromptError("Ask one thing: --prompt TEXT, or --messages FILE.json with a conversation.")
        if self.messages is None:
            turns = {"turns": read_turns(_json(self.turns, "--turns"))} if self.turns else {}
            return {"text": self.prompt, **turns}
        if self.turns:
            raise PromptError("The file of messages has its own turns: leave --turns out.")
        try:
            written = self.messages.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise PromptError(f"{self.messages} cannot be read: {fault}") from fault
        return read_messages(_json(written, str(self.messages)))


def _json(text: str, whose: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise PromptError(f"{whose} is no JSON: {fault}") from fault


class Teller:
    """Says what is being done on standard error: progress in one line of a terminal, and now and then elsewhere."""

    def __init__(self, *, is_silent: bool, progress: str = PROGRESS) -> None:
        """`progress` is what sentences on progress begin with; "": all are."""
        self._is_silent, self._said, self._told, self._progress = is_silent, "", 0.0, progress
        self._is_open = False
        """Whether the line of a terminal is not ended yet."""

    def tell(self, sentence: str) -> None:
        """Say a sentence that is new."""
        if self._is_silent or sentence == self._said:
            return
        goes_on = self._kind(sentence) == self._kind(self._said)
        if goes_on and not sys.stderr.isatty() and time.monotonic() - self._told < SECONDS_BETWEEN:
            return
        if self._is_open and goes_on:
            typer.echo("\r\x1b[K", err=True, nl=False)
        else:
            self.end()
        self._said, self._told = sentence, time.monotonic()
        self._is_open = sys.stderr.isatty() and sentence.startswith(self._progress)
        typer.echo(sentence, err=True, nl=not self._is_open)

    def end(self) -> None:
        """End the line."""
        if self._is_open:
            typer.echo("", err=True)
        self._is_open = False

    def _kind(self, sentence: str) -> str:
        """Sentences of one kind are of one thing that goes on."""
        if not self._progress:
            return ""
        return sentence.partition(":")[0] if sentence.startswith(self._progress) else sentence


_OF_THE_MODEL: dict[str, tuple[Any, object]] = {
    "source": (Model, DEMO), "device": (Device, None), "dtype": (Dtype, None),
    "arithmetic": (Arithmetic, ArithmeticName.float32), "revision": (Revision, None), "as_json": (AsJson, False),
}  # fmt: skip
_OPTIONS: dict[type[Output], dict[str, tuple[Any, object]]] = {
    Output: {"as_json": (AsJson, False)},
    Session: _OF_THE_MODEL,
    Asking: {
        "prompt": (Asked, None), "system": (System, None), "thinking": (Thinking, False), "prefill": (Prefill, ""),
        "turns": (EarlierTurns, None), "messages": (Messages, None), **_OF_THE_MODEL,
    },
}  # fmt: skip
"""What such a value is made of: options by the names of its fields, each with its default."""


def edge(function: Callable[..., None]) -> Callable[..., None]:
    """A command, from a function whose first parameter is an `Output` or a `Session`.

    The command has the options that make one. Faults that the user can mend become a sentence and exit code 2.
    """
    signature = inspect.signature(function)
    first, *own = signature.parameters.values()
    options = _OPTIONS[first.annotation]

    @functools.wraps(function)
    def run(**values: Any) -> None:
        made = first.annotation(**{name: values.pop(name) for name in options})
        with _faults(as_json=made.as_json):
            function(made, **values)

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [each.replace(kind=keyword) for each in own]
    for name, (kind, default) in options.items():
        parameters.append(inspect.Parameter(name, keyword, annotation=kind, default=default))
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def keep(workspace: Workspace, model: LoadedModel, run: Run, *, is_kept: bool) -> None:
    """Put a run that has ended into the lab record, if that is wanted."""
    if is_kept:
        workspace.record.keep(model, run)
        tell_unkept(workspace)


def tell_unkept(workspace: Workspace) -> None:
    """Wait until what has ended is in the lab record; say on standard error why something is not."""
    workspace.record.settle()
    if news := workspace.record.news():
        typer.echo(news, err=True)


def listed(text: str) -> tuple[str, ...]:
    """What a list says, separated by commas."""
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def counted(steps: Iterable[Item], total: int, *, as_json: bool) -> Iterator[Item]:
    """The steps, with a bar on standard error."""
    with typer.progressbar(length=total, file=sys.stderr, hidden=as_json) as bar:
        for step in steps:
            yield step
            bar.update(1)


def atlas_of(path: Path) -> Atlas:
    """The screens of one database, or of a folder of exported ones. Raises StoreError if there is none."""
    if not path.exists():
        raise StoreError(f"There is no database {path}: make one with a screen.")
    return Atlas(Library(bundled=path / "none", own=path))


def check_site(site: str, example: str) -> None:
    """Refuse, before a model is loaded, what is not one site without an operation. Raises ExplorerError."""
    if len(parse_genotype(f"{site}=0").mutations) != 1:
        raise ExplorerError(f"'{site}' is not one site: name one, such as {example}, without an operation.")


@contextmanager
def starting() -> Iterator[None]:
    """While libraries are imported and a model is read: to look for garbage in what stays takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _faults(*, as_json: bool) -> Iterator[None]:
    """The edge: what the user can mend becomes a sentence and exit code 2."""
    try:
        yield
    except ExplorerError as fault:
        typer.echo(json.dumps({"error": str(fault)}, ensure_ascii=False) if as_json else str(fault), err=True)
        raise typer.Exit(2) from fault
