"""Where a search may go, and how genotypes vary: always possible, always the same for a seed."""

import numpy as np
import pytest

from explorer.domain.errors import EvolutionError, PlanError
from explorer.domain.evolution import Space
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype, parse_genotype
from explorer.evolution.places import Places
from explorer.evolution.search import best, front, generator, offspring, survivors
from tests.tiny import CONFIGURATIONS, tiny_model

SPACE = Space(
    units=("block", "row", "column", "weight", "matrix", "head", "layer"), step=8, operations=("max", "*2", "+0.1")
)


@pytest.mark.parametrize("family", CONFIGURATIONS)
def test_whatever_is_drawn_varied_or_crossed_is_a_genotype_of_the_model(family: str) -> None:
    anatomy = tiny_model(family).anatomy
    if not anatomy.layer_count:
        pytest.skip("its layers are not known")
    units = tuple(unit for unit in SPACE.units if unit != "head" or anatomy.heads(0))
    places = Places(anatomy, Space(units=units, step=8, operations=SPACE.operations), Genotype())
    random = generator(0)
    pool = [places.random_genotype(random) for _ in range(30)]
    ways = set()
    for _ in range(200):
        text, way = places.vary(pool[int(random.integers(len(pool)))], random)
        ways.add(way)
        pool.append(text)
        pool.append(places.cross(pool[int(random.integers(len(pool)))], text, random))
    for text in pool:
        genotype = anatomy.read(text)
        assert 1 <= len(genotype.mutations) <= SPACE.most
        assert format_genotype(genotype) == text
        assert places.canonical(genotype.mutations[::-1]) == text
        assert len({mutation.site for mutation in genotype.mutations}) == len(genotype.mutations)
    assert {"move", "unit", "operation", "value", "add", "drop"} <= ways


def test_a_mutation_moves_within_its_matrix_to_another_layer_and_into_a_matrix_beside_it() -> None:
    places = Places(tiny_model("llama").anatomy, Space(step=8), Genotype())
    random = generator(3)
    moved = [text for text, way in (places.vary("1.down[0:8,8:16]=max", random) for _ in range(400)) if way == "move"]
    (own,) = parse_genotype("1.down[0:8,8:16]=max").mutations
    found = [mutation for text in moved for mutation in parse_genotype(text).mutations]
    assert all(mutation.operation == own.operation for mutation in found)
    assert any(mutation.site.layer != 1 and mutation.site.rows == own.site.rows for mutation in found)
    assert {mutation.site.part for mutation in found} == {"q", "k", "v", "o", "gate", "up", "down"}
    assert all(mutation.site.layer == 1 for mutation in found if mutation.site.part != "down")


def test_a_search_stays_in_its_matrices_and_off_the_background() -> None:
    anatomy = tiny_model("llama").anatomy
    background = anatomy.read("1.down[3,5]=0; 0.head1*0")
    places = Places(anatomy, Space(matrices="1.down, 0.q", units=("row", "weight"), step=8), background)
    random = generator(1)
    pool = [places.random_genotype(random) for _ in range(300)]
    pool += [places.vary(text, random)[0] for text in pool]
    kept = [target for mutation in background.mutations for target in anatomy.targets(mutation.site)]
    for text in pool:
        for mutation in parse_genotype(text).mutations:
            assert (mutation.site.layer, mutation.site.part) in {(1, "down"), (0, "q")}
            for own in anatomy.targets(mutation.site):
                for other in kept:
                    if own.matrix.name == other.matrix.name:
                        rows = set(own.rows) & set(other.rows)
                        columns = set(own.columns) & set(other.columns)
                        assert not (rows and columns), text


def test_a_space_without_a_place_is_refused() -> None:
    anatomy = tiny_model("llama").anatomy
    with pytest.raises(PlanError, match="names no matrix"):
        Places(anatomy, Space(matrices="7.down"), Genotype())
    everything = anatomy.read("layers*2")
    with pytest.raises(EvolutionError, match="No mutation of this search fits"):
        Places(anatomy, Space(), everything).draw(generator(0))


def test_children_are_new_and_the_same_for_a_seed() -> None:
    places = Places(tiny_model("llama").anatomy, Space(step=8), Genotype())
    parents = [places.random_genotype(generator(place)) for place in range(6)]
    values = [(float(place), -float(place)) for place in range(6)]
    once, again = (offspring(parents, values, places, parents, 20, generator(5, 1)) for _ in range(2))
    assert once == again
    assert len({child.genotype for child in once} - set(parents)) == 20
    assert all(0 <= parent < 6 for child in once for parent in child.parents)
    assert {child.origin for child in once} >= {"cross", "chance"}


def test_selection_keeps_the_front_first() -> None:
    values = [(1.0, 1.0), (2.0, 0.0), (0.0, 2.0), (0.5, 0.5), (0.0, 0.0)]
    assert front(values) == [0, 1, 2]
    assert survivors(values, 3) == [0, 1, 2]
    assert set(survivors(values, 4)) == {0, 1, 2, 3}
    assert survivors(values, 9) == [0, 1, 2, 3, 4]
    assert best([(1.0, 0.0), (1.0, 2.0), (0.0, 9.0), (1.0, 2.0)]) == 1
    assert front([]) == []
    assert front([(1.0,), (3.0,), (2.0,), (3.0,)]) == [1, 3]
    assert np.all([place in range(5) for place in survivors(values, 2)])


def test_founders_come_from_the_search_s_own_units_and_operations() -> None:
    anatomy = tiny_model("llama").anatomy
    places = Places(anatomy, Space(units=("block", "row"), step=8, operations=("max", "*2")), Genotype())
    for text, is_allowed in {
        "1.down[0:4,0:4]=max": True, "1.down[3,:]*2": True, "1.down[3,:]=min": False, "1.down[3,5]=max": False,
        "1.down[:,5]*2": False, "1.down=max": False, "1.head0*2": False, "1*2": False,
    }.items():  # fmt: skip
        (mutation,) = anatomy.read(text).mutations
        assert places.allows(mutation) == is_allowed, text


def test_heads_layers_and_experts_of_screens_have_to_lie_in_the_layers_of_the_search() -> None:
    anatomy = tiny_model("llama").anatomy
    places = Places(anatomy, Space(matrices="1.*", units=("head", "layer", "block"), step=8), Genotype())
    allowed = [text for text in ("0.head0=0", "0=0", "0.down[0:8,0:8]=0", "1.head0=0", "1=0", "1.down[0:8,0:8]=0")
               if places.allows(*anatomy.read(text).mutations)]  # fmt: skip
    assert allowed == ["1.head0=0", "1=0", "1.down[0:8,0:8]=0"]
    mixture = tiny_model("mixtral").anatomy
    (expert,) = mixture.read("1.expert1=0").mutations
    assert Places(mixture, Space(units=("expert",)), Genotype()).allows(expert)
    assert not Places(mixture, Space(units=("matrix",)), Genotype()).allows(expert)
