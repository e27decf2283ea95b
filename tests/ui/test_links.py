"""Addresses and back, for every field of every tab: what an address says is shown, or the page tells what is not."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.domain.decoding import MAX_NEW_TOKENS, MAX_SEED
from explorer.ui.compare import form as compare
from explorer.ui.gallery import form as gallery
from explorer.ui.links import Link, Said, format_link, format_query, parse_query, read_link
from explorer.ui.statistics import form as statistics
from explorer.ui.tasks.writers import form as writers

texts = st.none() | st.text(min_size=1, max_size=40)
links = st.builds(
    Link,
    model=texts,
    genotype=texts,
    prompt=texts,
    chat=st.none() | st.booleans(),
    plain=st.none() | st.booleans(),
    system=texts,
    thinking=st.none() | st.booleans(),
    prefill=texts,
    turns=st.sampled_from([None, "", "[]", '[{"role": "user", "content": "ö & =\\n"}]']),
    max_new_tokens=st.none() | st.integers(1, 10_000),
    temperature=st.none() | st.floats(0, 100),
    top_p=st.none() | st.floats(0.01, 1),
    seed=st.none() | st.integers(0, MAX_SEED),
)


@given(links)
def test_a_link_survives_the_round_trip(link: Link) -> None:
    said = Said(parse_query(format_link(link)))
    assert read_link(said) == link
    assert said.told() == ""


Reader = Callable[[Said], Any]
WHOLE = ["", "x", "1.5", "-1", "nan", "inf", "1e400", str(10**20), "9" * 5000, "1_0", "١"]
"""No whole numbers, or far out of any range; the last two are numbers to Python, and to nobody else here."""
NUMBERS = ["", "x", "nan", "-inf", "inf", "-0.5", "1e9", "1,5"]
OTHERS = ["", "x", "Überraschung", "%00", "a" * 500]
TURNS = '[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]'
FIELDS: list[tuple[str, Reader, str, dict[str, Any], list[str]]] = [
    ("", read_link, "model", {"demo": "demo", "a b/c": "a b/c"}, []),
    ("", read_link, "genotype", {"0.q*0": "0.q*0", "": "", "nonsense": "nonsense"}, []),
    ("", read_link, "prompt", {"": "", "ö\n🔥": "ö\n🔥"}, []),
    ("", read_link, "chat", {"0": False, "1": True}, ["", "2", "yes", "true"]),
    ("", read_link, "plain", {"0": False, "1": True}, ["", "2"]),
    ("", read_link, "system", {"": "", "Be brief.": "Be brief."}, []),
    ("", read_link, "thinking", {"0": False, "1": True}, ["", "2"]),
    ("", read_link, "prefill", {"": "", " Paris": " Paris"}, []),
    (
        "", read_link, "turns", {"": "", "[]": "[]", TURNS: TURNS},
        ["x", "{}", "3", '[{"role": "user"}]', '[{"role": "cat", "content": "x"}]', '[{"role": "user", "content": 3}]'],
    ),
    ("", read_link, "max_new_tokens", {"6e2": 600, str(MAX_NEW_TOKENS): MAX_NEW_TOKENS}, ["0", *WHOLE]),
    ("", read_link, "temperature", {"0": 0, "3": 3, "0.333": 0.333, "100": 100}, NUMBERS),
    ("", read_link, "top_p", {"1": 1, "0.001": 0.001}, [*NUMBERS, "0", "1.01"]),
    ("", read_link, "top_k", {"0": 0, "50": 50}, [*WHOLE, "1000001"]),
    ("", read_link, "max_length", {"0": 0, "150": 150}, [*WHOLE, "1000001"]),
    ("", read_link, "seed", {"0": 0, str(2**53 + 1): 2**53 + 1, str(MAX_SEED): MAX_SEED}, [*WHOLE, str(MAX_SEED + 1)]),
    ("gallery_", gallery.linked, "of", {"bundled:1": "bundled:1"}, []),
    ("gallery_", gallery.linked, "sort", {"cosine-rising": "cosine-rising"}, OTHERS),
    ("gallery_", gallery.linked, "words", {"": "", "a 🔥": "a 🔥", "C++": "C++"}, []),
    ("gallery_", gallery.linked, "styles", {"poem,list": ("poem", "list"), "": ()}, []),
    ("gallery_", gallery.linked, "grouped", {"1": True, "0": False}, ["", "2"]),
    ("gallery_", gallery.linked, "operations", {"max,min": ("max", "min")}, ["x", "max,x", "max;min"]),
    ("gallery_", gallery.linked, "kinds", {"v,gate": ("v", "gate")}, []),
    ("gallery_", gallery.linked, "experiments", {"a,b": ("a", "b")}, []),
    ("gallery_", gallery.linked, "layers", {"0-5, 11": "0-5, 11", "": ""}, ["many", "5-0", "1.5"]),
    ("gallery_", gallery.linked, "destroyed", {"yes": "yes", "all": "all"}, OTHERS),
    *(("gallery_", gallery.linked, name, {"0.5": "0.5", "": ""}, ["x", "nan", "-1"]) for name in gallery.NUMBERS),
    ("stats_", statistics.linked, "screen", {"own:1": "own:1"}, []),
    ("stats_", statistics.linked, "model", {"a": "a"}, []),
    ("stats_", statistics.linked, "operations", {"max": ("max",)}, ["x"]),
    ("stats_", statistics.linked, "layers", {"1, 0": "1, 0"}, ["many"]),
    ("stats_", statistics.linked, "kinds", {"v": ("v",)}, []),
    ("stats_", statistics.linked, "matrix", {"0.v": "0.v"}, []),
    ("stats_", statistics.linked, "view", {"NSM map": "NSM map"}, OTHERS),
    ("stats_", statistics.linked, "measure", {"mean_kl": "mean_kl"}, OTHERS),
    ("stats_", statistics.linked, "coloured", {"severity": "severity"}, OTHERS),
    ("stats_", statistics.linked, "severity", {"score": "score"}, OTHERS),
    ("stats_", statistics.linked, "step", {"0": 0, "4": 4}, [*WHOLE, "5"]),
    ("stats_", statistics.linked, "axes", {"q": "q"}, []),
    ("stats_", statistics.linked, "other", {"own:2": "own:2"}, []),
    ("stats_", statistics.linked, "own", {"0.25": 0.25}, NUMBERS),
    ("stats_", statistics.linked, "cosine_limit", {"0.25": 0.25, "1": 1}, [*NUMBERS, "1.1"]),
    ("stats_", statistics.linked, "score_limit", {"0": 0, "21": 21}, [*WHOLE, "1001"]),
    ("stats_", statistics.linked, "word", {"staring": "staring"}, []),
    ("compare_", lambda said: compare.linked(said, ()), "genotypes", {"original\n0.q*0": "original\n0.q*0"}, []),
    ("compare_", lambda said: compare.linked(said, ()), "ask", {"Questions": "Questions"}, OTHERS),
    ("compare_", lambda said: compare.linked(said, ()), "source", {"Factual": "Factual"}, OTHERS),
    ("compare_", lambda said: compare.linked(said, ()), "prompts", {"a\nb": "a\nb"}, []),
    ("compare_", lambda said: compare.linked(said, ()), "count", {"1": 1, "151": 151}, [*WHOLE, "0", "152"]),
    ("compare_", lambda said: compare.linked(said, ()), "mode", {"Raw text": "Raw text"}, OTHERS),
    ("compare_", lambda said: compare.linked(said, ()), "max_new_tokens", {"256": 256}, [*WHOLE, "257"]),
    ("compare_", lambda said: compare.linked(said, ()), "temperature", {"2": 2, "0.7": 0.7}, [*NUMBERS, "2.1"]),
    ("compare_", lambda said: compare.linked(said, ()), "seed", {str(MAX_SEED): str(MAX_SEED)}, WHOLE),
    ("compare_", lambda said: compare.linked(said, ()), "question_set", {}, ["facts", "x"]),
    ("compare_", lambda said: compare.linked(said, ()), "question_count", {"60": 60}, [*WHOLE, "61"]),
    ("compare_", lambda said: compare.linked(said, ()), "shots", {"0": 0, "5": 5}, [*WHOLE, "6"]),
    ("tasks_", writers.linked, "mutants", {"0.q*0\n1.q*0": "0.q*0\n1.q*0"}, []),
    ("tasks_", writers.linked, "kind", {"Both": "Both"}, OTHERS),
    ("tasks_", writers.linked, "inputs", {"2": 2, "151": 151}, [*WHOLE, "1", "152"]),
    ("tasks_", writers.linked, "new_tokens", {"128": 128}, [*WHOLE, "0", "129"]),
    ("tasks_", writers.linked, "asked_as", {"Raw text": "Raw text"}, OTHERS),
]  # fmt: skip


@pytest.mark.parametrize(
    ("prefix", "read", "name", "valid", "broken"), FIELDS, ids=[f"{row[0]}{row[2]}" for row in FIELDS]
)
def test_each_field_is_taken_as_it_is_said_or_told(
    prefix: str, read: Reader, name: str, valid: dict[str, Any], broken: list[str]
) -> None:
    missing = getattr(read(Said({}, prefix)), name)
    for text, value in valid.items():
        said = Said(parse_query(format_query({prefix + name: text})), prefix)
        assert getattr(read(said), name) == value
        assert said.told() == ""
    for text in broken:
        said = Said(parse_query(format_query({prefix + name: text})), prefix)
        assert getattr(read(said), name) == missing, text
        (told,) = said.told().splitlines()
        assert told.startswith(f"The address says {prefix}{name}={text[:60]}"), text
        assert len(told) < 400


def test_every_field_of_every_tab_is_tried() -> None:
    tried = {(prefix, name) for prefix, _, name, _, _ in FIELDS}
    forms = {
        "": Link, "gallery_": gallery.Controls, "stats_": statistics.Controls, "compare_": compare.Form,
        "tasks_": writers.Form,
    }  # fmt: skip
    assert tried == {(prefix, name) for prefix, form in forms.items() for name in form.__slots__ if name != "told"}  # type: ignore[attr-defined]


def test_what_nobody_knows_is_told_and_what_gradio_reads_is_left_alone() -> None:
    said = Said({"__theme": "dark", "view": "api", "genotpye": "0.q*0", "stats_x": "1", "seed": "1"})
    assert read_link(said) == Link(seed=1)
    assert said.told() == "The address says genotpye, which this page does not know: it is left out."
    of_statistics = Said({"stats_x": "1", "seed": "1"}, "stats_")
    statistics.linked(of_statistics)
    assert of_statistics.told() == "The address says stats_x, which this page does not know: it is left out."
    assert not Said({"seed": "1"}, "stats_")
