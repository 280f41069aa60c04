"""The example whose arrays stand beside the works."""

from importlib import resources

from somaforge.generator.spec import Spec, load_spec


def mnist_spec() -> Spec:
    """examples/mnist.yaml, as `somaforge init mnist` prints it."""
    with resources.as_file(resources.files("somaforge.templates") / "mnist.yaml") as path:
        return load_spec(path)
