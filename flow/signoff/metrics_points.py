"""Metrics: other operating points, the population, the run itself."""

from somaforge.flow.signoff.metric import NOISE_OF_RESOURCES, Metric, several

POINTS: tuple[Metric, ...] = (
    # other operating points
    *several("neither", "points of the sweep of input current and supply", "operating__points__count"),
    *several(
        "higher",
        "of these the ones where chips keep nine tenths of their accuracy, nine tenths of the timed patterns settle "
        "and the weight memory has a margin",
        "operating__working__count",
    ),
    *several("lower", "lowest supply of the sweep down to which they do", "operating__supply_min__V"),
    *several(
        "neither",
        "the point of the sweep with the highest efficiency at the fixed run time after which 99 % of the timed "
        "patterns keep their winner, within the loss of accuracy that the spec allows: mean input current and supply",
        "best_point__input__A",
        "best_point__supply__V",
    ),
    *several("higher", "accuracy there, at rest", "best_point__accuracy__ratio"),
    *several("lower", "what that is below the run's own point", "best_point__accuracy_loss__ratio"),
    *several(
        "lower",
        "the fixed run time there, and the 99th percentile of the time to output",
        "best_point__run__s",
        "best_point__time_to_output_p99__s",
    ),
    *several(
        "lower",
        "supply power there while patterns run, input currents and leakage included",
        "best_point__power__W",
    ),
    *several("lower", "leakage of latches and port in it", "best_point__memory_leakage__W"),
    *several(
        "higher",
        "smallest of the hold, read and write margins that the array's worst latch is expected to have there: mean "
        "less standard deviation times the quantile of 1 - 1/latches, of 50 latches with mismatch",
        "best_point__memory_margin_min__V",
    ),
    *several("higher", "the same at the worst point of the corner study", "corners__memory_margin_min__V"),
    *several(
        "higher",
        "the same, one by one, at the run's own point, and at a point of the study (for limits with conditions)",
        "memory__worst_hold__V",
        "memory__worst_read__V",
        "memory__worst_write__V",
    ),
    *several(
        "lower",
        "energy per multiply-accumulate there at the fixed run time, counted as one and as two operations",
        "best_point__mac__J",
        "best_point__operation_of_two__J",
    ),
    *several("higher", "multiply-accumulates per joule there", "best_point__mac__per_J"),
    *several("neither", "operating points of the corner study, times ways of calibration", "corners__points__count"),
    *several(
        "higher",
        "lowest accuracy over corners, temperatures and supplies, calibrated at the run's own point and at each",
        "corners__nominal_accuracy_min__ratio",
        "corners__recalibrated_accuracy_min__ratio",
    ),
    *several(
        "lower",
        "median change of the output currents, and of their shares of the sum, at the worst temperature against the "
        "run's own",
        "corners__temperature_current_change__ratio",
        "corners__temperature_share_change__ratio",
    ),
    *several(
        "higher",
        "patterns with the same winner at the worst temperature and at the run's own",
        "corners__temperature_same_winner__ratio",
    ),
    # the population
    *several(
        "higher",
        "share of chips that meet every limit, and the ends of its 95 % interval (Clopper-Pearson)",
        "yield__chips__ratio",
        "yield__low__ratio",
        "yield__high__ratio",
    ),
    *several("higher", "chips that meet every limit", "yield__good__count"),
    *several("neither", "chips that were judged", "yield__chips__count"),
    *several("lower", "supply power at rest, input currents and leakage included (montecarlo)", "power__settled__W"),
    *several("neither", "chips times operating points of a Monte Carlo study", "montecarlo__points__count"),
    # the run
    *several("neither", "lines of the verdict", "signoff__limits__count"),
    *several("lower", "lines that failed or were waived", "signoff__failures__count", "signoff__waived__count"),
    *several(
        "lower",
        "run time and peak memory of each step, child processes included",
        "step__<name>__s",
        "step__<name>__rss_bytes",
        noise=NOISE_OF_RESOURCES,
    ),
)
