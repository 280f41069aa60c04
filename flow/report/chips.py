"""The metrics of each chip alone, under the names that the run's metrics have for all chips together."""

from collections.abc import Mapping

import numpy as np

from somaforge.flow.measure.timed import speed_metrics
from somaforge.flow.report.data import ChipData
from somaforge.flow.signoff.population import Yield
from somaforge.generator.spec import Spec


def chip_metrics(spec: Spec, chip: ChipData, metrics: Mapping[str, float]) -> dict[str, float]:
    """What limits can be held against for one chip; metrics of the design are not in it.

    `metrics` are the run's: they say which engine ran the patterns.
    """
    evaluation, calibration = chip.evaluation, chip.calibration
    slopes, residuals = np.concatenate(calibration.slopes), np.concatenate(calibration.residuals)
    engine = "spice" if "accuracy__spice__ratio" in metrics else "array"
    return {
        f"accuracy__{engine}__ratio": float(np.mean(np.equal(evaluation["predictions"], evaluation["labels"]))),
        "accuracy__model_chip__ratio": float(chip.training["test_accuracy"]),
        **speed_metrics([evaluation], spec.network.macs),
        "characterize__slope_spread__ratio": float(slopes.std() / slopes.mean()),
        "characterize__residual_max__ratio": float(residuals.max()),
        "characterize__residual_rms__ratio": float(np.sqrt((residuals**2).mean())),
        "characterize__model_error_rms__ratio": float(chip.measured["model_error"]),
        "characterize__model_error_max__ratio": float(chip.measured["model_error"]),
        "characterize__negative_strength__ratio": float(np.mean(calibration.negative_strength)),
        "characterize__exponent__ratio": calibration.exponent,
        "program__wrong_bits__count": int(chip.programming["wrong_bits"]),
        "program__problems__count": len(chip.programming["problems"]),
        "program__read_difference_min__V": float(chip.programming["differential_V"]),
    }


def yield_metrics(found: Yield) -> Mapping[str, float]:
    """The run's metrics of its yield."""
    return {
        "yield__chips__ratio": found.share.ratio,
        "yield__low__ratio": found.share.low,
        "yield__high__ratio": found.share.high,
        "yield__good__count": found.share.good,
        "yield__chips__count": found.share.total,
    }
