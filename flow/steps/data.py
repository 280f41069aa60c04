"""The data set as a part of a step's config; apart from what simulates, so that its code is no part of every key."""

from somaforge.flow import datasets
from somaforge.flow.machinery.base import JsonObject
from somaforge.generator.spec import Spec


def data_of(spec: Spec) -> JsonObject:
    """The data set as the spec says it, and what is in its files."""
    said = spec.network.model_dump(mode="json", include={"dataset"})
    return {**said, "data_sha256": datasets.fingerprint(spec.network.dataset)}
