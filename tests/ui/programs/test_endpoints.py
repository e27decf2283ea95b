"""The functions for programs, on a tiny model and the bundled screens."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from explorer.atlas.pictures.drawing import PICTURES
from explorer.domain.errors import ExplorerError
from explorer.domain.record import Wanted
from explorer.files.settings import Settings
from explorer.reports.statistics import View, picture_of
from explorer.ui.programs.endpoints import MOST_ANSWERS, Endpoints, checked, described
from explorer.ui.programs.named_endpoints import descriptions
from explorer.workspace.workspace import Workspace

PROMPT = "w5 w6 w7"


@pytest.fixture
def own(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A workspace with a lab record of its own."""
    return Workspace(source=workspace.source, device="cpu", settings=Settings(database=tmp_path / "own.duckdb"))


@pytest.fixture
def endpoints(own: Workspace) -> Endpoints:
    """The functions."""
    return Endpoints(own)


def _ask(endpoints: Endpoints, name: str, **values: Any) -> dict[str, Any]:
    """As a caller does, whose answer has to be JSON."""
    report = checked(getattr(endpoints, name))(**values)
    if not isinstance(report, dict):
        *_, report = report
    json.dumps(report, allow_nan=False)
    return report


def test_a_mutant_is_answered_and_kept(own: Workspace, endpoints: Endpoints) -> None:
    report = _ask(endpoints, "mutate", genotype="1.down * -1", prompt=PROMPT, max_new_tokens=8)
    assert (report["genotype"], report["chat"], report["original_tokens"] > 0) == ("1.down*-1", False, True)
    assert report["mutated"] != report["original"]
    for values in ({"genotype": "", "prompt": PROMPT}, {"genotype": "0.q*0", "prompt": PROMPT, "record": False}):
        _ask(endpoints, "mutate", **values, max_new_tokens=4)
    own.record.settle()
    assert [entry.run.genotypes for entry in own.record.page(Wanted()).entries] == [("1.down*-1",)]


def test_prompts_inputs_and_questions_are_compared(endpoints: Endpoints) -> None:
    of_prompts = _ask(endpoints, "compare", genotypes=["1.down*0"], prompts=[PROMPT, "w9"], max_new_tokens=4)
    assert [each["genotype"] for each in of_prompts["genotypes"]] == ["original", "1.down*0"]
    assert [row["asked"] for row in of_prompts["items"]] == [PROMPT, PROMPT, "w9", "w9"]
    of_inputs = _ask(endpoints, "compare", genotypes=["1.down*0", "0.q*0"], inputs=3, max_new_tokens=2)
    assert (of_inputs["asked"], of_inputs["is_complete"]) == (3, True)
    of_questions = _ask(endpoints, "compare", genotypes=["1.down*0"], questions=5)
    assert (of_questions["questions"], of_questions["answered"]) == ("facts", 5)


def test_an_evolution_tells_how_far_it_is_and_then_what_came_of_it(endpoints: Endpoints) -> None:
    asked = {"targets": ["original:far", "mutations"], "prompts": [f"w{place} w5" for place in range(6)],
             "evaluations": 16, "population": 8}  # fmt: skip
    told: list[Any] = list(checked(endpoints.evolve)(preset="poet", **asked))
    json.dumps(told, allow_nan=False)
    assert [each["kind"] for each in told] == ["progress"] * (len(told) - 1) + ["evolution"]
    assert [each["done"] for each in told[:-1]] == sorted(each["done"] for each in told[:-1])
    assert told[-1]["verdict"]["tried"] == told[-1]["verdict"]["random"] == 16
    assert _ask(endpoints, "evolve", preset="poet", **asked)["verdict"] == told[-1]["verdict"]


def test_the_screens_can_be_asked_by_their_keys(endpoints: Endpoints) -> None:
    screens = _ask(endpoints, "screens")
    assert screens["fault"] is None
    assert [screen["key"] for screen in screens["screens"]] == [f"bundled:{number}" for number in range(1, 6)]
    report = _ask(endpoints, "stats", view="kinds", screen="bundled:2", operations=["max"], layers=[3, 4], limit=2)
    assert (report["key"], report["row_count"], len(report["rows"])) == ("bundled:2", 7, 2)
    assert {row["operation"] for row in report["rows"]} == {"max"}
    shared = _ask(endpoints, "stats", view="overlap", screen="bundled:1", other="bundled:2")
    assert shared["rows"][0]["shared"] > 0
    one = _ask(endpoints, "stats", view="map", matrix="11.down")
    assert one["numbers"]["matrix"] == "11.down"


def test_the_gallery_is_read_in_pages(endpoints: Endpoints) -> None:
    asked: dict[str, Any] = {"styles": ["poem"], "words": "you", "sort": "cosine", "rising": True}
    both = _ask(endpoints, "gallery", **asked, limit=4)["cards"]
    pages = [_ask(endpoints, "gallery", **asked, limit=2, start=start)["cards"] for start in (0, 2)]
    assert [*pages[0], *pages[1]] == both
    assert {card["style"] for card in both} == {"poem"}
    assert [card["cosine"] for card in both] == sorted(card["cosine"] for card in both)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("mutate", {"genotype": "11.dwon=0", "prompt": "w5"}, "no part 'dwon'"),
        ("mutate", {"genotype": "7.q=0", "prompt": "w5"}, "2 layers, 0 to 1"),
        ("mutate", {"genotype": "1.q=0", "prompt": " "}, "prompt is empty"),
        ("mutate", {"genotype": "1.q=0", "prompt": "w5", "chat": True}, "no chat template"),
        ("mutate", {"genotype": "1.q=0", "prompt": "w5", "top_p": 7}, "Top-p must be"),
        ("mutate", {"genotype": "1.q=0", "prompt": "w5", "seed": "x"}, "seed: Input should be a valid integer"),
        ("mutate", {"genotype": "1.q=0"}, "prompt is missing"),
        ("mutate", {"genotype": "1.q=0", "prompt": "w5", "sede": 1}, "There is no sede here"),
        ("compare", {"genotypes": ["1.q=0"]}, "Ask one thing"),
        ("compare", {"genotypes": ["1.q=0"], "prompts": ["w5"], "questions": 3}, "Ask one thing"),
        ("compare", {"genotypes": ["original"], "questions": 3}, "needs two genotypes"),
        ("compare", {"genotypes": ["1.q=0"], "prompts": ["w5"], "max_new_tokens": 9999}, "less than or equal to 512"),
        ("compare", {"genotypes": ["1.q=0"], "prompts": ["w5"] * MOST_ANSWERS}, "1,200 answers and a call gives 600"),
        ("anatomy", {"layer": 7}, "2 layers, 0 to 1"),
        ("stats", {"view": "beauty"}, "view: Input should be 'overview', 'map'"),
        ("stats", {"view": "map", "screen": "own:7"}, "There is no screen own:7"),
        ("stats", {"view": "map", "matrix": "77.down"}, "has no matrix 77.down"),
        ("stats", {"view": "scatter"}, "Choose a second screen"),
        ("stats", {"view": "map", "layers": ["x"]}, "layers.0: Input should be a valid integer"),
        ("evolve", {"preset": "sonnet"}, "There is no preset 'sonnet'"),
        ("evolve", {"preset": "poet", "targets": ["beauty"]}, "There is no target 'beauty'"),
        ("evolve", {"preset": "poet", "matrices": "99.down"}, "names no matrix"),
        ("evolve", {"preset": "poet", "evaluations": 1_000_000}, "evaluations: Input should be less"),
        ("gallery", {"limit": 100_000}, "limit: Input should be less than or equal to 200"),
        ("gallery", {"screen": "own"}, "There are no screens 'own'"),
        ("gallery", {"styles": ["haiku"]}, "styles.0: Input should be"),
    ],
)
def test_a_mistake_gets_a_sentence(endpoints: Endpoints, name: str, values: dict[str, Any], words: str) -> None:
    with pytest.raises(ExplorerError) as refused:
        _ask(endpoints, name, **values)
    assert words in str(refused.value)


def test_everything_is_described(endpoints: Endpoints) -> None:
    for function in endpoints.all:
        assert described(function).endswith(".")
        assert "" not in descriptions(function).values()


def test_every_view_has_a_picture() -> None:
    assert {picture_of(view) for view in get_args(View)} <= set(PICTURES)
