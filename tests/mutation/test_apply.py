"""The functional forward against weights edited in place, over every kind of site and every family."""

import random
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, DynamicCache

from explorer.generation.decoding import NEAR_TIE
from explorer.generation.passes import forward
from explorer.model.anatomy import Anatomy, Matrix
from explorer.model.loaded import LoadedModel
from explorer.model.weights import checksum
from explorer.mutation.apply import make_mutant, mutated_view
from tests.oracle import edited_in_place
from tests.tiny import ALL, VOCABULARY, tiny_model

_OPERATIONS = (
    "=max", "=min", "=0", "=-0.7", "*0", "*1.5", "*-1", "+0.3", "=mean", "+noise(0.5)", "=noise(1, seed 3)", "=shuffle",
    "=shuffle(seed 9)", "=round(1)", "=round(2)", "=round(4, group 5)", "=round(8)", "=prune(0.37)", "=prune(2:4)",
    "=rank(3)", "=rank(40%)", "=unrank(1)",
)  # fmt: skip
_BATCH = 4


def _span(length: int, dice: random.Random) -> str:
    start = dice.randrange(length)
    stop = dice.randint(start + 1, length)
    return dice.choice([f"{start}", f"{start}:{stop}", ":"])


def _matrix_sites(matrix: Matrix, dice: random.Random) -> list[str]:
    if matrix.uses[0].layout == "vector":
        return [matrix.name, f"{matrix.name}[{_span(matrix.rows, dice)}]"]
    row, column = dice.randrange(matrix.rows), dice.randrange(matrix.columns)
    block = f"[{_span(matrix.rows, dice)},{_span(matrix.columns, dice)}]"
    return [f"{matrix.name}{part}" for part in ("", f"[{row},:]", f"[:,{column}]", f"[{row},{column}]", block)]


def every_kind_of_site(anatomy: Anatomy, dice: random.Random) -> list[str]:
    """At least one site of every kind that the model has."""
    sites = [site for matrix in anatomy.matrices.values() for site in _matrix_sites(matrix, dice)]
    for layer in range(anatomy.layer_count):
        sites += [f"{layer}", f"{layer}.attn", f"{layer}.mlp"]
        for expert in range(anatomy.experts(layer)):
            sites.append(f"{layer}.expert{expert}")
        head, kv_head = dice.randrange(anatomy.query_heads), dice.randrange(anatomy.kv_heads)
        sites += [f"{layer}.head{head}", f"{layer}.q.head{head}", f"{layer}.o.head{head}"]
        sites += [f"{layer}.kvhead{kv_head}", f"{layer}.k.head{kv_head}", f"{layer}.v.head{kv_head}"]
    return sites


SITE_KINDS = (
    "layer", "attn", "mlp", "expert", "head", "kvhead", "head of a matrix", "matrix", "row", "column", "weight",
    "block", "norm", "part of a norm", "outside the layers",
)  # fmt: skip


def sites_by_kind(anatomy: Anatomy, dice: random.Random) -> dict[str, list[str]]:
    """The sites of `every_kind_of_site` by those of `SITE_KINDS` that the model has."""
    found: dict[str, list[str]] = {}
    for site in every_kind_of_site(anatomy, dice):
        found.setdefault(_kind(site, anatomy), []).append(site)
    return found


def _kind(site: str, anatomy: Anatomy) -> str:
    name, _, indices = site.rstrip("]").partition("[")
    matrix = anatomy.matrices.get(name)
    if matrix is None:
        part = name.partition(".")[2].rstrip("0123456789") or "layer"
        return "head of a matrix" if "." in part else part
    if matrix.uses[0].layout == "vector":
        return "part of a norm" if indices else "norm"
    if matrix.layer is None:
        return "outside the layers"
    rows, _, columns = indices.partition(",")
    if not indices:
        return "matrix"
    if rows.isdigit() and columns == ":":
        return "row"
    if rows == ":" and columns.isdigit():
        return "column"
    return "weight" if rows.isdigit() and columns.isdigit() else "block"


def _genotypes(anatomy: Anatomy, seed: int) -> list[str]:
    dice = random.Random(seed)
    sites = every_kind_of_site(anatomy, dice)
    singles = [site + dice.choice(_OPERATIONS) for site in sites]
    stacks = [";".join(dice.choice(sites) + dice.choice(_OPERATIONS) for _ in range(3)) for _ in range(12)]
    pairs = [kind for kind in anatomy.kinds(0) if kind in anatomy.kinds(1)]
    copies = [f"0.{kind}=copy(1.{kind});1.{kind}=copy(0.{kind})" for kind in pairs if _is_alike(anatomy, kind)]
    return [*singles, *stacks, *copies, "0.q[0:3,1:4]*2;0.q[2:5,4:7]=copy(0.q[0:3,1:4])"]


def _is_alike(anatomy: Anatomy, kind: str) -> bool:
    first, second = (anatomy.matrices[f"{layer}.{kind}"] for layer in (0, 1))
    return (first.rows, first.columns) == (second.rows, second.columns)


def _grafts(anatomy: Anatomy, donor: Path) -> list[str]:
    dice = random.Random(5)
    chosen = [dice.choice(sites) for sites in sites_by_kind(anatomy, dice).values()]
    return [f"{site}{dice.choice([f'=from({donor})', f'~from({donor})*0.4'])}" for site in chosen]


@pytest.mark.parametrize("family", sorted(ALL))
def test_logits_equal_those_of_the_model_edited_in_place(family: str, tmp_path: Path) -> None:
    model = tiny_model(family)
    torch.manual_seed(9)
    AutoModelForCausalLM.from_config(model.causal_lm.config).save_pretrained(tmp_path)
    before = checksum(model.causal_lm)
    tokens = torch.randint(2, VOCABULARY, (1, 12), generator=torch.Generator().manual_seed(3))
    genotypes = [*_genotypes(model.anatomy, seed=7), *_grafts(model.anatomy, tmp_path)]
    clear = [
        share
        for start in range(0, len(genotypes), _BATCH - 1)
        for share in _compare_batch(model, tokens, genotypes[start : start + _BATCH - 1])
    ]
    assert sum(clear) / len(clear) > 0.9  # few choices are so near a tie that they cannot be compared
    assert checksum(model.causal_lm) == before


def _compare_batch(model: LoadedModel, tokens: torch.Tensor, texts: list[str]) -> list[float]:
    """Row 0 is the original, the others are mutants: all in one pass, beside one in-place pass each."""
    clear = []
    read = [model.anatomy.read(text) for text in ["", *texts]]
    mutants = {row: make_mutant(model, genotype) for row, genotype in enumerate(read) if genotype}
    batch = tokens.expand(len(read), -1)
    fast = forward(model, mutated_view(model, mutants), batch, DynamicCache(), keep=tokens.shape[1])
    for row, genotype in enumerate(read):
        with edited_in_place(model, genotype), torch.inference_mode():
            plain = model.causal_lm(input_ids=tokens, use_cache=False).logits[0]
        clear.append(_assert_equal(fast[row], plain, ["", *texts][row]))
    return clear


def _assert_equal(fast: torch.Tensor, plain: torch.Tensor, text: str) -> float:
    """Compare logits [positions, vocabulary]; the share of positions whose best token leads clearly."""
    scale = float(plain.abs().max())
    assert float((fast - plain).abs().max()) <= 1e-4 * scale, text
    top = plain.topk(2, dim=-1).values
    is_clear = (top[:, 0] - top[:, 1]) > NEAR_TIE
    assert torch.equal(fast.argmax(-1)[is_clear], plain.argmax(-1)[is_clear]), text
    return float(is_clear.float().mean())


def test_overlapping_mutations_apply_in_order() -> None:
    model = tiny_model("llama")
    first = make_mutant(model, model.anatomy.read("0.q[0:4,:]=2;0.q[2:6,1]*3;0.q[3,1]+1"))
    (slab,) = first.slabs
    assert slab.rows == range(6)
    assert slab.weights[:4, 1].tolist() == [2.0, 2.0, 6.0, 7.0]


def test_max_and_min_are_the_matrix_own_even_inside_a_fused_module() -> None:
    model = tiny_model("gpt2")
    weight = model.causal_lm.get_parameter("transformer.h.0.attn.c_attn.weight")
    for first, kind in ((0, "q"), (32, "k"), (64, "v")):
        own = weight.detach()[:, first : first + 32]
        slab = make_mutant(model, model.anatomy.read(f"0.{kind}[0,0]=max")).slabs[0]
        assert float(slab.weights[0, 0]) == float(own.max())
        slab = make_mutant(model, model.anatomy.read(f"0.{kind}[0,0]=min")).slabs[0]
        assert float(slab.weights[0, 0]) == float(own.min())


@pytest.mark.parametrize(
    ("family", "text", "first_layer"),
    [
        ("llama", "1.q=0", 1),
        ("llama", "1.q=0;0.attn_norm*2", 0),
        ("llama", "norm*2", 2),
        ("llama", "head[3,:]=0", 2),
        ("llama", "embed[3,:]=0", None),
        ("llama-tied", "head[3,:]=0", None),
        ("gpt2", "position[3,:]=0", None),
        ("llama", "", 2),
    ],
)
def test_the_first_layer_that_a_genotype_changes(family: str, text: str, first_layer: int | None) -> None:
    model = tiny_model(family)
    assert make_mutant(model, model.anatomy.read(text)).first_layer == first_layer


def test_two_views_do_not_see_each_other(tiny: LoadedModel) -> None:
    tokens = torch.tensor([[5, 6, 7]])
    plain = forward(tiny, mutated_view(tiny, {}), tokens, DynamicCache(), keep=3)
    mutant = make_mutant(tiny, tiny.anatomy.read("0.mlp=max;norm*3"))
    mutated = mutated_view(tiny, {0: mutant})
    other = mutated_view(tiny, {})
    assert not torch.allclose(forward(tiny, mutated, tokens, DynamicCache(), keep=3), plain)
    assert torch.equal(forward(tiny, other, tokens, DynamicCache(), keep=3), plain)
