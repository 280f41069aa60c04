"""Every metric once: docs/metrics.md is written from these tables."""

from somaforge.flow.signoff.metric import NOISE_OF_RESOURCES, Metric
from somaforge.flow.signoff.metrics_chips import CHIPS
from somaforge.flow.signoff.metrics_memory import MEMORY
from somaforge.flow.signoff.metrics_points import POINTS
from somaforge.flow.signoff.metrics_silicon import SILICON

METRICS: tuple[Metric, ...] = (*SILICON, *CHIPS, *MEMORY, *POINTS)


def find(name: str) -> Metric | None:
    """The metric of that name; None if the table does not have it."""
    return next((m for m in METRICS if m.covers(name)), None)


def is_resource(name: str) -> bool:
    """Whether it says what a run took (time, memory) and nothing about what it made."""
    metric = find(name)
    return metric is not None and metric.noise == NOISE_OF_RESOURCES
