"""What is to be screened, made ready for one model."""

from dataclasses import dataclass, field, replace

from explorer.domain.experiments import Experiment
from explorer.domain.genotype import Genotype
from explorer.model.loaded import LoadedModel
from explorer.screen.order import Mode, Order
from explorer.screen.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be screened."""

    model: LoadedModel
    experiment: Experiment
    plan: Plan
    background: Genotype = field(default_factory=Genotype)
    mode: Mode = "divergence"


def job_of(order: Order, model: LoadedModel) -> Job:
    """An order with its model; a model without a chat template is asked in raw text. Raises NotationError."""
    prompt = order.experiment.prompt
    prompt = replace(prompt, chat=prompt.chat and model.has_chat_template, thinking=False)
    experiment = replace(order.experiment, prompt=prompt)
    background = model.anatomy.read(order.background)
    return Job(model=model, experiment=experiment, plan=order.plan, background=background, mode=order.mode)
