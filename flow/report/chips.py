"""The metrics of each chip alone, under the names that the run's metrics have for all chips together."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from somaforge.flow.report.data import ChipData
from somaforge.flow.signoff.population import Yield
from somaforge.generator.spec import Spec


def chip_metrics(spec: Spec, chip: ChipData, metrics: Mapping[str, float]) -> dict[str, float]:
    """What limits can be held against for one chip; metrics of the design are not in it.

    `metrics` are the run's: they say which engine ran the patterns.
    """
    evaluation, calibration = chip.evaluation, chip.calibration
    macs = sum(a * b for a, b in pairwise(spec.network.layers))
    energy = float(np.mean(evaluation["energy_J"]))
    times = np.array(evaluation["time_to_output_s"])
    slopes, residuals = np.concatenate(calibration.slopes), np.concatenate(calibration.residuals)
    engine = "spice" if "accuracy__spice__ratio" in metrics else "array"
    return {
        f"accuracy__{engine}__ratio": float(np.mean(np.equal(evaluation["predictions"], evaluation["labels"]))),
        "accuracy__model_chip__ratio": float(chip.training["test_accuracy"]),
        "energy__mac__J": energy / macs,
        "energy__operation_of_two__J": energy / macs / 2,
        "efficiency__mac__per_J": macs / energy,
        "time_to_output__p50__s": float(np.percentile(times, 50)),
        "time_to_output__p99__s": float(np.percentile(times, 99)),
        "power__mean__W": energy / spec.evaluation.pattern_time_s,
        "characterize__slope_spread__ratio": float(slopes.std() / slopes.mean()),
        "characterize__residual_max__ratio": float(residuals.max()),
        "characterize__residual_rms__ratio": float(np.sqrt((residuals**2).mean())),
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
