"""Addresses and back."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.domain.errors import ExplorerError
from explorer.ui.links import Link, format_link, parse_link

texts = st.none() | st.text(min_size=1, max_size=40)
links = st.builds(
    Link,
    model=texts,
    genotype=texts,
    prompt=texts,
    chat=st.none() | st.booleans(),
    max_new_tokens=st.none() | st.integers(1, 10_000),
    temperature=st.none() | st.floats(0, 100),
    top_p=st.none() | st.floats(0.01, 1),
    seed=st.none() | st.integers(0, 2**63 - 1),
)


@given(links)
def test_a_link_survives_the_round_trip(link: Link) -> None:
    assert parse_link(dict(parse_qsl(format_link(link)[1:]))) == link


@pytest.mark.parametrize("parameters", [{"seed": "many"}, {"temperature": "hot"}, {"max_new_tokens": "1.5"}])
def test_a_bad_number_gets_a_sentence(parameters: dict[str, str]) -> None:
    with pytest.raises(ExplorerError, match="The address says"):
        parse_link(parameters)


def test_parameters_of_others_are_left_alone() -> None:
    assert parse_link({"__theme": "dark"}) == Link()
