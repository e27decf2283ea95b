"""One genotype's own answer, decoded token by token, kept as a baseline: the background that a screen starts from."""

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.lane import Lane
from explorer.generation.readings import read_alone, read_watched
from explorer.generation.transcript import Transcript
from explorer.generation.trial import is_alone
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import make_mutant


def decode_alone(model: LoadedModel, prompt: Prompt, decoding: Decoding, genotype: Genotype) -> Baseline:
    """The answer with its activations. Raises PromptError, and ModelError if the forward pass overflows."""
    prompt_tokens, mutant = model.encode(prompt, decoding), make_mutant(model, genotype)
    most = decoding.new_tokens(len(prompt_tokens))
    is_by_itself = is_alone(model, mutant, len(prompt_tokens), len(prompt_tokens) + most)
    reading = read_alone(model, mutant) if is_by_itself else read_watched(model, mutant)
    lane, fed = Lane(Transcript(model), decoding, most), prompt_tokens
    while lane.transcript.end is None:
        lane.take(reading.read(*fed))
        fed = [lane.last_token]
    baseline = lane.baseline(tuple(prompt_tokens), reading.records, reading.cache)
    if baseline is None:
        raise ModelError("The forward pass of what the screen starts from overflows: choose another background.")
    return baseline
