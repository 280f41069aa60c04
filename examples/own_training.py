"""Train your own way for chips that differ: python examples/own_training.py [chips].

A chip is measured as a tester would, its measured model is a torch module, and any loop may train it. The same weights
on another chip show what knowing a chip is worth.
"""

import sys
from pathlib import Path

import torch

import somaforge

SPEC = Path(__file__).with_name("own.yaml")


def trained(module: somaforge.ChipModule, project: somaforge.Project, epochs: int = 150) -> float:
    """The loop is yours: an optimizer, a loss on the shares of the output currents. Its last loss."""
    x = torch.tensor(project.data.train_x, dtype=torch.float32)
    y = torch.tensor(project.data.train_y)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.3)
    for _ in range(epochs):
        currents = module(x)
        shares = currents / (currents.sum(dim=1, keepdim=True) + 0.01)
        loss = torch.nn.functional.cross_entropy(5.0 * shares, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


def network_for(
    calibration: somaforge.Calibration, project: somaforge.Project, starts: int = 2
) -> somaforge.ChipModule:
    """The best of several starts: an output that is never on has no gradient and stays off."""
    modules = [somaforge.ChipModule(calibration, project.spec, seed=start) for start in range(starts)]
    losses = [trained(module, project) for module in modules]
    return modules[losses.index(min(losses))]


def main(count: int) -> None:
    """Accuracies of `count` chips, each with its own network and with that of the first."""
    project = somaforge.Project(SPEC)
    first = None
    for seed in range(1, count + 1):
        chip = project.chip(seed, engine="array")  # engine="ngspice": the reference, some seconds a chip
        codes = network_for(chip.characterize(), project).codes()
        first = codes if first is None else first
        own, foreign = chip.accuracy(codes), chip.accuracy(first)
        print(f"chip {seed}: {own:.3f} with its own network, {foreign:.3f} with that of chip 1")
        Path(f"chip_{seed}.bit").write_bytes(chip.program(codes))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
