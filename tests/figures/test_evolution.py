"""What the marks of an evolution stand for."""

from explorer.domain.evolution import read_target
from explorer.domain.evolved import Member
from explorer.figures.evolution import front_figure


def test_a_mark_of_the_front_is_that_genotype_alone() -> None:
    members = [
        Member(number=number, generation=number, genotype=text, origin="chance", values=values)
        for number, (text, values) in enumerate(
            [("0.q=0;1.q=0", (0.5, 0.1)), ("0.q=0", (0.5, 0.1)), ("1.v=0", (0.25, 0.3)), ("1.o=0", ())]
        )
    ]
    rivals = [Member(number=0, generation=0, genotype="1.q=0", origin="chance", values=(0.5, 0.1))]
    targets = [read_target("says:w3"), read_target("damage")]
    figure = front_figure(targets, members, rivals, [members[1]], meta={})
    assert [list(trace.customdata) for trace in figure.data] == [["1.q=0"], ["0.q=0", "1.v=0"], ["0.q=0"]]
