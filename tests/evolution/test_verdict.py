"""Which genotypes of a search are told as its trade-offs."""

from explorer.domain.evolved import Member
from explorer.evolution.verdict import ranked
from tests.evolution.test_run import asked


def test_of_genotypes_with_the_same_numbers_the_simplest_is_told() -> None:
    evolution = asked("says:w3", "damage")
    given = (
        ("0.q=0;1.q=0", (0.5, 0.1)), ("0.q=0", (0.5, 0.1)), ("1.k=0;1.q=0", (0.75, 0.2)), ("1.q=0", (0.5, 0.1)),
        ("1.v=0", (0.25, 0.3)), ("1.o=0", ()),
    )  # fmt: skip
    members = [Member(number=number, generation=0, genotype=text, origin="chance", values=values)
               for number, (text, values) in enumerate(given)]  # fmt: skip
    assert [member.genotype for member in ranked(evolution, members)] == ["1.k=0;1.q=0", "0.q=0"]
