"""What the blind test says: its question and buttons, the pair, the verdict and the tally."""

from __future__ import annotations

from html import escape

from explorer.reports.comparison import p_told
from explorer.statistics.votes import Tally
from explorer.tasks.blind import BlindTest
from explorer.tasks.comparison import called


def blind_html(test: BlindTest, *, fault: str = "") -> str:
    """The pair that is shown; its labels once it has been voted on."""
    if test.pair is None:
        told = "That was the last pair." if test.is_over else "Stopped: ask for the next pair."
        return f'<p class="no-picture">{told}{_identical_told(test)}</p>'
    asked = escape(test.comparison.prompt_of(test.pair.item).text)
    names = [called(genotype) for genotype in test.comparison.genotypes]
    labels = ["", ""] if test.voted is None else [names[test.pair.swapped], names[not test.pair.swapped]]
    cards = "".join(
        f'<section class="blind-card"><header><h3>{number}</h3>{_label(label, names[0])}</header>'
        f"<div>{escape(text)}</div></section>"
        for number, label, text in zip((1, 2), labels, test.pair.shown, strict=True)
    )
    return f'<p class="screen-prompt"><b>Asked</b>{asked}</p><div class="blind">{cards}</div>{_verdict(test)}{fault}'


def _label(label: str, reference: str) -> str:
    """Whose text it is; nothing before the vote."""
    state = ' class="reference"' if label == reference else ""
    return f"<code{state}>{escape(label)}</code>" if label else ""


def _verdict(test: BlindTest) -> str:
    """What the vote on the pair was."""
    if test.voted is None:
        return ""
    if test.mode == "mutant":
        told = {"second": "Right: you found the mutant.", "first": "No: that was the original."}
    else:
        first, second = (called(genotype) for genotype in test.comparison.genotypes)
        told = {"first": f"You chose the text of {first}.", "second": f"You chose the text of {second}."}
    return f'<p class="verdict">{escape(told.get(test.voted, "No choice."))}</p>'


def tally_html(test: BlindTest, counted: Tally) -> str:
    """The votes so far, and whether chance explains them."""
    if not test.votes:
        return f'<p class="caption">No vote yet.{_identical_told(test)}</p>'
    second = called(test.comparison.genotypes[1])
    if test.mode == "mutant":
        told = f"The mutant was found {counted.second:,} of {counted.decided:,} times"
    else:
        told = f"{second} was chosen {counted.second:,} of {counted.decided:,} times"
    interval = counted.interval
    if interval is not None:
        told += (
            f": {100 * interval.low:.0f} to {100 * interval.high:.0f} % (95 % interval, Clopper–Pearson), "
            f"p {p_told(counted.p, with_is=True)} (exact binomial test against one half)"
        )
    undecided = f" {counted.neither:,} without a choice." if counted.neither else ""
    return f'<p class="tally">{escape(told)}.{undecided}{_identical_told(test)}</p>'


def _identical_told(test: BlindTest) -> str:
    if not test.identical:
        return ""
    pairs = "1 pair was" if test.identical == 1 else f"{test.identical:,} pairs were"
    return f" {pairs} skipped: both texts are the same."


BETTER, MUTANT = "Which is better?", "Which is the mutant?"
BUTTONS: dict[str, tuple[str, str, str]] = {
    "better": ("1 is better", "2 is better", "No difference"),
    "mutant": ("1 is the mutant", "2 is the mutant", "I cannot tell"),
}
"""What the three buttons say."""
