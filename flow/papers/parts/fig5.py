"""Binas et al., Fig. 5 b and c: transfer curves and slopes; what measuring them costs, and how wrong they are."""

from collections.abc import Iterable

import numpy as np
from matplotlib.figure import Figure

from somaforge.flow.figures.svg import BLUE, Plot, colours, style, to_svg
from somaforge.flow.papers.markdown import missing, paragraph, share, table
from somaforge.flow.papers.part import Found, Numbers, Part, Setting
from somaforge.flow.papers.sources import Finished, kept
from somaforge.flow.papers.works import BINAS

CURVES = 12
"""Somas of a layer whose curves are kept."""
DIGITS = 4


def measure(setting: Setting) -> Numbers:
    """Some transfer curves of chip 1, the slopes of all somas of all chips, errors of both procedures."""
    assert setting.run is not None
    run = Finished.of(setting.run, "mnist")
    curves, chips = run.plot("transfer_curves"), run.plot("slopes")
    layers = run.spec["network"]["layers"]
    slopes = [[round(s, DIGITS) for chip in chips.values() for s in chip["slopes"][m]] for m in range(len(layers))]
    return {
        "about": run.about,
        "layers": layers,
        "inputs_A": curves["inputs_A"],
        "curves_A": [[_short(curve) for curve in layer[:CURVES]] for layer in curves["unit_current_A"]],
        "slopes": slopes,
        "procedures": kept(setting.kept, "characterization.json"),
        "missing": [
            missing(
                "Fig. 5 b to e of the prototype on this page (its report has them)",
                "`somaforge run examples/iris.yaml`",
            )
        ],
    }


def _short(values: list[float]) -> list[float]:
    return [float(f"{v:.{DIGITS}g}") for v in values]


def section(found: Found) -> Iterable[str]:
    """Slopes by layer, and what a tester pays for them."""
    rows = [
        [str(m), str(count), f"{np.mean(s):.4f}", share(float(np.std(s) / np.mean(s)), 1)]
        for m, (count, s) in enumerate(zip(found["layers"], found["slopes"], strict=True))
    ]
    yield paragraph(
        f"""{found["about"]["chips"]} chips, law `{found["about"]["law"]}`, measured as a tester can: slope of a soma,
        the current of a unit weight over the input current."""
    )
    yield table(["layer", "somas a chip", "mean slope", "deviation over mean"], rows)
    data = found["procedures"]
    if data is None:
        return
    yield paragraph(
        f"""Both procedures on chip {data["chip"]} (`python bench/characterization.py`), error of the slopes against the
        same somas with synapses that have no mismatch:"""
    )
    yield table(
        ["procedure", "synapses or paths per soma", "patterns", "error by layer"],
        [
            [e["procedure"], str(e["visits"]), str(e["patterns"]), ", ".join(share(v, 1) for v in e["error"])]
            for e in data["results"]
        ],
    )
    yield paragraph(
        """The paper's first procedure probes inside the chip; a packaged chip has no pads there, so ours measures whole
        paths, and its error is **larger** for as many synapses per soma."""
    )


def plots(found: Found) -> tuple[Plot, ...]:
    """Transfer curves above, slopes below."""
    inputs = np.array(found["inputs_A"]) * 1e9
    with style():
        figure = Figure(figsize=(9.2, 4.4), layout="constrained")
        axes = figure.subplots(2, len(found["layers"]))
        for m, (above, below) in enumerate(axes.T):
            for curve, colour in zip(found["curves_A"][m], colours(len(found["curves_A"][m])), strict=True):
                above.plot(inputs, np.array(curve) * 1e9, "o-", ms=2.5, lw=0.8, color=colour)
            above.set(title=f"layer {m}", xlabel="input (nA)")
            below.hist(found["slopes"][m], bins=30, color=BLUE)
            below.set_xlabel("slope")
        axes[0][0].set_ylabel("unit weight (nA)")
        axes[1][0].set_ylabel("somas of all chips")
        svg = to_svg(figure)
    caption = (
        f"Above, as Fig. 5b: currents of a unit weight of the first {CURVES} somas of each layer of chip 1 (all of "
        "a layer with fewer). Below, as Fig. 5c: slopes of all somas of all chips."
    )
    return (Plot("binas-fig-5", "Transfer curves and slopes", caption, svg, {}),)


FIG_5 = Part("binas-fig-5", BINAS, "Fig. 5: characterization", measure, section, plots, needs_run=True)
