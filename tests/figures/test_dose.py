"""The dose–response figure, mark by mark."""

from explorer.domain.effects import Dose, steepest_step
from explorer.figures.dose import dose_figure

DOSES = (
    Dose(value=-1.0, first_divergence=0, mean_kl=2.0),
    Dose(value=0.0, first_divergence=None, mean_kl=0.1),
    Dose(value=1.0, first_divergence=3, mean_kl=0.4),
    Dose(value=2.0, first_divergence=0, mean_kl=None),
)


def test_marks_and_hover() -> None:
    (curve,) = dose_figure(DOSES, 0.5, (DOSES[0], DOSES[1])).data
    assert list(curve.x) == [-1.0, 0.0, 1.0, 2.0]
    assert list(curve.y) == [2.0, 0.1, 0.4, 2.0]  # an overflow stands as high as the highest
    assert list(curve.marker.symbol) == ["circle", "circle-open", "circle", "x"]
    assert curve.text[1] == "value 0<br>mean KL 0.1 nats<br>silent"
    assert curve.text[2] == "value 1<br>mean KL 0.4 nats<br>diverges at token 4"
    assert curve.text[3] == "value 2<br>overflow"


def test_the_present_value_and_the_steepest_step() -> None:
    band, line = dose_figure(DOSES, 0.5, (DOSES[0], DOSES[1])).layout.shapes
    assert (band.x0, band.x1) == (-1.0, 0.0)
    assert (line.x0, line.x1) == (0.5, 0.5)


def test_the_step_to_an_overflow_is_the_steepest() -> None:
    assert steepest_step(DOSES) == (DOSES[2], DOSES[3])
