"""Text to genotype and back: `14.down[0:64,1792:1856]=max; 7.head3*0`.

Owns where each part of a text stands; does not know which sites a model has.

    genotype  = mutation { ";" mutation }
    mutation  = site operation                          `site_notation`, `operation_notation`

The signs − and × of sentences and figures are taken for - and *, so that what is printed can be pasted.
"""

from collections.abc import Callable
from dataclasses import dataclass

from explorer.domain.errors import NotationError
from explorer.domain.genotype import Genotype, Mutation
from explorer.domain.operation_notation import format_operation, read_operation
from explorer.domain.reader import Reader
from explorer.domain.site_notation import SitePart, format_site, read_site


@dataclass(frozen=True, slots=True)
class ParsedMutation:
    """A mutation with the character positions at which the parts of its site begin."""

    mutation: Mutation
    positions: dict[SitePart, int]


def format_genotype(genotype: Genotype) -> str:
    """The canonical text of a genotype; the original model's is empty."""
    return ";".join(format_mutation(mutation) for mutation in genotype.mutations)


def format_mutation(mutation: Mutation) -> str:
    """The canonical text of one mutation."""
    return format_site(mutation.site) + format_operation(mutation.operation)


def parse_genotype(text: str) -> Genotype:
    """The genotype that a text names; blank text names the original model.

    Raises NotationError, with the text and a caret, where the text does not follow the grammar.
    """
    return Genotype(tuple(parsed.mutation for parsed in parse_mutations(text)))


def parse_mutations(text: str) -> tuple[ParsedMutation, ...]:
    """As `parse_genotype`, keeping where in the text each site's parts stand."""
    reader = Reader(text)
    if reader.at_end():
        return ()
    mutations = [_read_mutation(reader)]
    while reader.take(";"):
        if reader.at_end():  # a trailing semicolon is forgiven
            break
        mutations.append(_read_mutation(reader))
    if not reader.at_end():
        raise reader.fault("Expected ';' before another mutation, or the end.")
    return tuple(mutations)


def _read_mutation(reader: Reader) -> ParsedMutation:
    positions: dict[SitePart, int] = {}
    site = read_site(reader, positions)
    reader.skip_blanks()
    positions["operation"] = reader.position
    operation = read_operation(reader)
    return ParsedMutation(Mutation(site, operation), positions)


def check_mutations(
    parsed: tuple[ParsedMutation, ...], text: str, check: Callable[[Mutation], tuple[SitePart, str] | None]
) -> None:
    """Raise NotationError for the first mutation to which `check` objects with a part and a reason."""
    for item in parsed:
        objection = check(item.mutation)
        if objection is not None:
            part, reason = objection
            raise NotationError(text, item.positions[part], reason)
