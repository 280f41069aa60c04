"""Arrays whose wires would charge gates are refused before anything else is done, with the reason."""

from pathlib import Path

import pytest
from tests.generator.specs import free_design

from somaforge.flow import cli
from somaforge.flow.checks import antenna
from somaforge.flow.steps.generate import require_no_antenna
from somaforge.generator.layout import draw
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.process import SKY130

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.needs_pdk


@pytest.mark.parametrize(
    ("layers", "mirror", "port", "rule"),
    [
        ((2, 2, 2), {"w_um": 0.42, "l_um": 8.0}, "none", "ar.met4.1"),
        ((1, 1), {"w_um": 0.42, "l_um": 8.0, "multiplier": 16}, "none", "ar.met2.1"),
        ((1, 1), {"w_um": 0.42, "l_um": 8.0, "multiplier": 16}, "scan", "ar.met3.1"),
        ((2, 2), {"w_um": 0.42, "l_um": 8.0}, "none", None),
        ((7, 7, 7), {"w_um": 0.84, "l_um": 0.79}, "none", None),
    ],
)
def test_long_units_in_small_arrays(
    layers: tuple[int, ...], mirror: dict[str, float], port: str, rule: str | None, tmp_path: Path
) -> None:
    """By hand: the met4 word line of (2, 2, 2) is 255 um long, so 2 * 255 * 0.8 = 409 um2 are etched above the gates of
    two synapses with four latches each; at 400 times their gates' area that takes 1.02 um2, and they have less."""
    design = free_design(layers, mirror=mirror, port=port)
    drawn = draw(design)
    drawn.write(tmp_path / "x.gds")
    found = {name for name, n in antenna.run(SKY130, tmp_path / "x.gds", drawn.top, tmp_path / "r").items() if n}
    assert (rule in found) if rule else not found
    if rule is None:
        require_no_antenna(design, tmp_path / "x.gds", drawn.top)
        return
    with pytest.raises(
        InputError, match=r"^array: antenna rule ar\.met\d\.1 is broken by a wire of \d+ um at .* units of"
    ):
        require_no_antenna(design, tmp_path / "x.gds", drawn.top)


def test_the_run_ends_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "examples/iris.yaml").read_text()
    for old, new in (("layers: [7, 7, 7]", "layers: [4, 2, 3]"), ("layers: [4, 7, 3]", "layers: [4, 2, 3]")):
        assert old in text
        text = text.replace(old, new)
    lines = [line for line in text.splitlines() if "mirror" not in line]
    at = next(n for n, line in enumerate(lines) if line.startswith("array:"))
    lines.insert(at + 1, "  mirror: {w_um: 0.42, l_um: 20.0, multiplier: 16}")
    (tmp_path / "x.yaml").write_text("\n".join(lines) + "\n")
    assert cli.run(["run", str(tmp_path / "x.yaml"), "--out", str(tmp_path / "r")]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("somaforge: array: antenna rule ar.met")
    assert printed.count("\n") == 1
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == [".lock", "01-generate.failed"]
