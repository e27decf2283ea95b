"""What goes with a prompt, on the command line."""

import json
from pathlib import Path

import pytest

from tests.commands.typed import typed
from tests.people import build


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build(tmp_path_factory.mktemp("model") / "m", "SmolLM3-3B"))


def _mutate(model: str, *arguments: str) -> tuple[int, dict[str, object]]:
    code, out, err = typed(
        "mutate", "1.mlp*-1", *arguments, "--model", model, "--max-new-tokens", "4", "--json", "--no-record"
    )
    return code, json.loads(out or err)


def test_system_thinking_and_the_beginning_of_the_answer(model: str) -> None:
    code, said = _mutate(model, "--prompt", "What?", "--system", "Be brief.", "--thinking", "--prefill", "It")
    assert (code, said["system"], said["thinking"], said["prefill"]) == (0, "Be brief.", True, "It")
    _, plain = _mutate(model, "--prompt", "What?")
    assert plain["original"] != said["original"]
    assert "system" not in plain


def test_a_file_of_messages(model: str, tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    file = tmp_path / "said.json"
    messages = [{"role": "system", "content": "Be brief."}, *turns, {"role": "user", "content": "What?"}]
    file.write_text(json.dumps(messages), encoding="utf-8")
    _, read = _mutate(model, "--messages", str(file))
    _, typed_out = _mutate(model, "--prompt", "What?", "--system", "Be brief.", "--turns", json.dumps(turns))
    assert read["original"] == typed_out["original"]
    assert read["turns"] == turns


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Ask one thing: --prompt TEXT, or --messages FILE.json"),
        (("--prompt", "a", "--messages", "b"), "Ask one thing"),
        (("--messages", "/nowhere.json"), "/nowhere.json cannot be read"),
        (("--prompt", "a", "--turns", "x"), "--turns is no JSON"),
        (("--prompt", "a", "--turns", "[3]"), "Each turn has a role and a content"),
        (("--prompt", "a", "--raw", "--system", "b"), "belong to a chat"),
        (("--prompt", "a", "--revision", "main"), "has no revisions: --revision is for models of the hub"),
        (("--prompt", " "), "The prompt is empty"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(model: str, arguments: tuple[str, ...], words: str) -> None:
    code, said = _mutate(model, *arguments)
    assert code == 2
    assert words in str(said["error"])


@pytest.mark.parametrize("command", ["epistasis 0.mlp*-1;1.mlp*-1", "propagation 1.mlp*-1", "dose 1.down[0:8,0:8]"])
def test_instruments_are_asked_so_too(model: str, command: str) -> None:
    name, site = command.split(" ")
    rest = ("--model", model, "--max-new-tokens", "4", "--json")
    found = []
    for said in ((), ("--system", "Be brief.", "--prefill", "It")):
        code, out, err = typed(name, site, "--prompt", "What?", *said, *rest)
        assert code == 0, err
        found.append(out)
    assert found[0] != found[1]
