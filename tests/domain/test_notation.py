"""The notation: every genotype survives the round trip, and every fault is pointed at."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from explorer.domain.errors import NotationError
from explorer.domain.genotype import (
    ALL,
    ATTENTION_KINDS,
    LAYER_NORM_KINDS,
    MATRIX_KINDS,
    Genotype,
    Mutation,
    Operation,
    Site,
    Slice,
)
from explorer.domain.notation import format_genotype, format_mutation, parse_genotype

indices = st.integers(0, 200_000)
slices = st.one_of(
    st.just(ALL),
    indices.map(lambda start: Slice(start, start + 1)),
    st.builds(lambda start, length: Slice(start, start + length), indices, st.integers(1, 5000)),
    indices.map(Slice),
)
layers = st.integers(0, 200)
sites = st.one_of(
    st.builds(Site, layer=layers, part=st.sampled_from(["layer", "attn", "mlp"])),
    st.builds(Site, layer=layers, part=st.sampled_from(["head", "kvhead"]), head=st.integers(0, 200)),
    st.builds(Site, layer=layers, part=st.sampled_from(ATTENTION_KINDS), head=st.integers(0, 200)),
    st.builds(Site, layer=layers, part=st.sampled_from(MATRIX_KINDS), rows=slices, columns=slices),
    st.builds(Site, layer=layers, part=st.sampled_from(LAYER_NORM_KINDS), rows=slices),
    st.builds(Site, part=st.sampled_from(["embed", "head", "position"]), rows=slices, columns=slices),
    st.builds(Site, part=st.just("norm"), rows=slices),
    st.builds(Site, layer=layers, part=st.sampled_from(["q.bias", "mlp_norm.bias"]), rows=slices),
    st.builds(Site, layer=layers, part=st.sampled_from(["mixer.A_log", "hc_scale"]), rows=slices, columns=slices),
    st.builds(Site, part=st.just("model.layers.0.mlp.w1"), rows=slices, columns=slices),
)
donors = st.sampled_from(
    ["demo", "org/name", "org/name@main", "~/a folder", "./runs/step 3", " odd", "a (copy)", "a;b", "C−3 × 4", "x*2"]
)
operations = st.one_of(
    st.just(Operation(kind="max")),
    st.just(Operation(kind="min")),
    st.builds(
        Operation,
        kind=st.sampled_from(["set", "scale", "add"]),
        value=st.floats(allow_nan=False, allow_infinity=False),
    ),
    st.just(Operation(kind="mean")),
    st.builds(
        Operation, kind=st.sampled_from(["noise", "jitter"]), value=st.floats(0, 1e6), seed=st.integers(0, 10**9)
    ),
    st.builds(Operation, kind=st.just("shuffle"), seed=st.integers(0, 10**9)),
    st.builds(Operation, kind=st.just("round"), value=st.integers(1, 8), group=st.integers(1, 4096)),
    st.builds(Operation, kind=st.just("prune"), value=st.floats(0, 1)),
    st.builds(Operation, kind=st.just("prune"), value=st.integers(1, 7), group=st.integers(8, 64)),
    st.builds(Operation, kind=st.sampled_from(["rank", "unrank"]), value=st.integers(0, 10**6)),
    st.builds(Operation, kind=st.sampled_from(["rank", "unrank"]), value=st.floats(0, 100), is_share=st.just(True)),
    st.builds(Operation, kind=st.just("flip"), value=st.integers(0, 31)),
    st.builds(Operation, kind=st.just("copy"), source=sites),
    st.builds(Operation, kind=st.sampled_from(["from", "adapter"]), value=st.floats(-2, 2), donor=donors),
)
genotypes = st.lists(st.builds(Mutation, sites, operations), max_size=4).map(lambda m: Genotype(tuple(m)))


@given(genotypes)
def test_a_genotype_survives_the_round_trip(genotype: Genotype) -> None:
    text = format_genotype(genotype)
    assert parse_genotype(text) == genotype
    assert format_genotype(parse_genotype(text)) == text


@given(genotypes)
def test_blanks_do_not_matter(genotype: Genotype) -> None:
    assume(not any(mutation.operation.donor for mutation in genotype.mutations))  # in a name they do
    text = format_genotype(genotype)
    for symbol in "[],;:()%":
        text = text.replace(symbol, f" {symbol} ")
    assert parse_genotype(f"  {text} ") == genotype


@given(st.text(alphabet="0123456789.qkvohead[],:;=*+-maxin e()%rundgs", max_size=30))
def test_any_text_is_read_or_refused_with_a_position_inside_it(text: str) -> None:
    try:
        parse_genotype(text)
    except NotationError as fault:
        assert 0 <= fault.position <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "14.down[0:64,1792:1856]=max",
        "2.down[451,1203]=-3.2",
        "7.q.head3=0",
        "7.head3*0",
        "9.gate[17,:]*2",
        "5.attn*0.5",
        "5*1.1",
        "embed[17,:]+0.25",
        "12.kvhead1=min",
        "14.down[3,:]*0;15.up[:,9]=1e-07",
        "5.q.bias[17]=0",
        "5.attn_norm.bias*2",
        "5.expert3.down[0:4,7]=max",
        "5.shared*0",
        "5.shared.down[3,:]=0",
        "5.mixer.A_log[2,:]=0",
        "5.linear_attn.in_proj_qkvz*0.5",
        "head.bias[3]=1",
        "model.layers.5.self_attn.q_proj.bias[3]=1",
    ],
)
def test_canonical_texts_stay_as_they_are(text: str) -> None:
    assert format_genotype(parse_genotype(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("5.q[0:,:]=0", "5.q=0"),
        ("5.q[3:4,:]=0", "5.q[3,:]=0"),
        ("5.q[:8,2]=-0.0", "5.q[0:8,2]=0"),
        ("5.q*2.50;", "5.q*2.5"),
        ("5.attn_norm[4]=+1e2", "5.attn_norm[4]=100"),
        ("5.mixer.D[4]=1", "5.mixer.D[4,:]=1"),
        ("", ""),
    ],
)
def test_other_spellings_become_canonical(text: str, canonical: str) -> None:
    assert format_genotype(parse_genotype(text)) == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("5.q[3,4]=−0.152", "5.q[3,4]=-0.152"),
        ("5.q × 0.5", "5.q*0.5"),
        ("5.q×−2; 5.k+−1e−4", "5.q*-2;5.k+-0.0001"),
    ],
)
def test_signs_are_read_as_they_are_printed(text: str, canonical: str) -> None:
    assert format_genotype(parse_genotype(text)) == canonical


def test_a_fault_repeats_what_was_typed() -> None:
    with pytest.raises(NotationError) as caught:
        parse_genotype("5.q × −x")
    assert "5.q × −x" in str(caught.value)
    assert caught.value.position == len("5.q × ")


def test_a_site_without_mutation_is_no_genotype() -> None:
    mutation = parse_genotype("7.head3*0").mutations[0]
    assert mutation.site == Site(layer=7, part="head", head=3)
    assert format_mutation(mutation) == "7.head3*0"


@pytest.mark.parametrize(
    ("text", "position", "word"),
    [
        ("14.dwon[0,0]=max", 3, "dwon"),
        ("5.q[3:3,:]=0", 4, "empty"),
        ("5.q[9:3,:]=0", 4, "empty"),
        ("5.q[0,0]=inf", 9, "'inf' is refused"),
        ("5.q[0,0]=-NaN", 9, "'-NaN' is refused"),
        ("5.q[0,0]=1e999", 9, "infinite"),
        ("5.q[0,0]=big", 9, "number"),
        ("5.q", 3, "operation"),
        ("5*2 6*3", 4, "';'"),
        ("5.q.head=3", 4, "head"),
        ("5.attn[0,0]=1", 6, "whole matrix"),
        ("5.q.head1[0,0]=1", 9, "whole matrix"),
        ("5.attn_norm[3,4]=1", 13, "norm"),
        ("5.q[-1,0]=2", 4, "negative"),
        ("5.q[1,0=2", 7, "']'"),
        ("5.q[1]=2", 5, "columns"),
        ("=3", 0, "site"),
        ("5.q[0,0]=1;?", 11, "site"),
        ("5.q=bogus", 4, "no edit"),
        ("5.q=round", 9, "=round(4)"),
        ("5.q=round(9)", 10, "round takes a whole number from 1 to 8"),
        ("5.q=round(2.5)", 10, "whole number"),
        ("5.q=round(4, seed 3)", 13, "'group'"),
        ("5.q=round(200, group 64)", 10, "from 1 to 8"),
        ("5.q=round(0, group 64)", 10, "from 1 to 8"),
        ("5.q=round(2.5, group 64)", 10, "whole number"),
        ("5.q=noise(-1, seed 3)", 10, "from 0 on"),
        ("5.q=round(4, group 0)", 19, "from 1 on"),
        ("5.q=round(4", 11, "')'"),
        ("5.q=prune(1.5)", 10, "from 0 to 1"),
        ("5.q=prune(5:4)", 10, "no more"),
        ("5.q=prune(2:)", 12, "whole number"),
        ("5.q=rank(-1)", 9, "from 0 on"),
        ("5.q=rank(101%)", 9, "from 0 to 100"),
        ("5.q=noise(0.1, seed x)", 20, "whole number"),
        ("5.q+noise(-1)", 10, "from 0 on"),
        ("5.q+shuffle", 4, "number"),
        ("5.q=shuffle(3)", 12, "'seed'"),
        ("5.q[0,0]=flip(32)", 14, "from 0 to 31"),
        ("5.q=copy(5.zz)", 11, "no part"),
        ("5.q=copy(9.q", 12, "')'"),
        ("5.q=from", 8, "~from(demo)*0.3"),
        ("5.q=from(demo", 13, "')'"),
        ("5.q=from()", 9, "name of a model"),
        ('5.q=from("demo)', 9, "closing quotation"),
        ("5.q=from(a(b))", 10, "quotation marks"),
        ("5.q~from(demo)", 14, "share"),
        ("5.q~fro(demo)*2", 4, "a model to mix in"),
        ("5.q~from(demo)*x", 15, "number"),
        ("5.q+adapter", 11, "+adapter(FOLDER)*0.8"),
        ("5.q+adapter(poet)*", 18, "number"),
    ],
)
def test_a_fault_is_pointed_at(text: str, position: int, word: str) -> None:
    with pytest.raises(NotationError) as caught:
        parse_genotype(text)
    assert caught.value.position == position
    assert word in caught.value.reason
    assert str(caught.value).endswith(f"\n  {text}\n  {' ' * position}^")
