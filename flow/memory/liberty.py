"""Liberty of a hard macro: the pins of its programming port at one operating point, from what step `cells` measured."""

from collections.abc import Mapping
from typing import Any

from somaforge.flow.memory.port_pins import TRANSITION
from somaforge.generator.block import Block, Role
from somaforge.pdk.templating import render

TABLES: Mapping[str, str] = {
    "cell_rise": "rise_s",
    "cell_fall": "fall_s",
    "rise_transition": "rise_transition_s",
    "fall_transition": "fall_transition_s",
}
"""Of Liberty -> field of port_pins.Follows."""


def name_of(at: Mapping[str, Any]) -> str:
    """Of an operating point, as the foundry's libraries are called: tt_027C_1v80, ss_n40C_1v62."""
    celsius = round(at["temperature_C"])
    volt = f"{at['supply_V']:.2f}".replace(".", "v")
    return f"{at['corner']}_{'n' if celsius < 0 else ''}{abs(celsius):0{2 if celsius < 0 else 3}d}C_{volt}"


def liberty(block: Block, found: Mapping[str, Any]) -> str:
    """The library of one operating point: `found` is an entry of port.json (step cells)."""
    at, (x1, y1, x2, y2) = found["at"], block.outline
    supply, ground = block.nets(Role.SUPPLY)[0], block.nets(Role.GROUND)[0]
    follows = found["data_out"]
    return render(
        "macro.lib.j2",
        name=block.name,
        library=f"{block.name}_{name_of(at)}",
        at={"corner": at["corner"], "temperature": f"{at['temperature_C']:g}", "supply": f"{at['supply_V']:g}"},
        slew=[f"{100 * part:g}" for part in TRANSITION],
        supply=supply,
        ground=ground,
        area=f"{(x2 - x1) * (y2 - y1) / 1e6:.3f}",
        leakage=f"{found['leakage_W'] * 1e9:.6g}",
        loads=[_pf(f["load_F"]) for f in follows],
        inputs={pin: _pf(farad) for pin, farad in found["input_F"].items()},
        half_period=_ns(found["half_period_s"]),
        period=_ns(2 * found["half_period_s"]),
        tables={table: [_ns(f[field]) for f in follows] for table, field in TABLES.items()},
        analog=[net for net, role in block.roles().items() if not role.is_power and not role.is_digital],
    )


def _ns(seconds: float) -> str:
    return f"{seconds * 1e9:.5g}"


def _pf(farad: float) -> str:
    return f"{farad * 1e12:.5g}"
