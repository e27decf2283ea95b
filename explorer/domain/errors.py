"""The family of errors that a user may meet: each message is one ready to be shown.

Raised anywhere below the edge, caught once at the edge: by a tab's handler or by the command line.
"""


class ExplorerError(Exception):
    """A fault that the user can mend; its text says what is wrong and what to do."""


class NotationError(ExplorerError):
    """A mutation's text that cannot be read or that names a place outside the model.

    The message repeats the text with a caret under the first faulty character.
    """

    def __init__(self, text: str, position: int, reason: str) -> None:
        text = text.translate({ord(blank): " " for blank in "\n\r\t"})  # the caret needs a single line
        self.text = text
        self.position = position
        self.reason = reason
        super().__init__(f"{reason}\n  {text}\n  {' ' * position}^")


class ModelError(ExplorerError):
    """A model that cannot be found, read or run."""


class CancelledError(ModelError):
    """A download that its user has ended."""


class PromptError(ExplorerError):
    """A prompt that the model cannot take: empty, or longer than its context."""


class DecodingError(ExplorerError):
    """A decoding setting out of its range."""


class SettingsError(ExplorerError):
    """An environment variable that cannot be read."""


class ExperimentError(ExplorerError):
    """An experiment file that cannot be read."""


class ProgrammeError(ExplorerError):
    """A programme that cannot be read or shown."""


class PlanError(ExplorerError):
    """A screen's plan that cannot be carried out."""


class StoreError(ExplorerError):
    """A database that cannot be opened, or is not one of ours."""


class BusyError(StoreError):
    """A database that another program holds for the moment."""


class ClusterError(ExplorerError):
    """A Ray cluster that cannot be reached, or whose workers fail."""


class StatisticsError(ExplorerError):
    """A statistic that the stored screens do not allow."""


class ComparisonError(ExplorerError):
    """Genotypes or items that cannot be compared, or not yet."""


class TaskError(ExplorerError):
    """Inputs or questions that cannot be read, or cannot be put as asked."""


class ExchangeError(ExplorerError):
    """A patch or a saved model that cannot be written, read, or applied to this model."""


class HarnessError(ExplorerError):
    """An evaluation that lm-evaluation-harness cannot run."""


class WatchError(ExplorerError):
    """A watch file, or a file of thresholds, that cannot be read or written."""


class EvolutionError(ExplorerError):
    """A target, a space or a search that cannot be carried out."""
