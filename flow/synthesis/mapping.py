"""What yosys is told about a library of cells: gates with area and delay for mapping, flip-flops, and their behaviour.

Cells are named by function and pins as in pdk.library, so that a mapped netlist is one of ours without translation.
The foundry's Verilog models take no part; that they say the same is what simulation of the gates shows.
"""

from collections.abc import Iterator
from itertools import product

from somaforge.generator.periphery.cells import cell_geometry
from somaforge.pdk.library import INPUTS, LOGIC, OUTPUT, Function, StandardCells

FLIP_FLOPS: dict[Function, str] = {
    "flip_flop": "$_DFF_P_",
    "reset_flip_flop": "$_DFF_PN0_",
    "set_flip_flop": "$_DFF_PN1_",
    "falling_reset_flip_flop": "$_DFF_NN0_",
}
"""Function -> yosys's cell."""
CONSTANTS = "GATE zero 0 y=CONST0;\nGATE one 0 y=CONST1;\n"
"""abc wants them (and a buffer); a netlist that needs one is refused."""


def products(function: Function, times: str, plus: str) -> str:
    """The function's truth table as a sum of products; `!` is not."""
    pins = INPUTS[function]
    rows = [levels for levels in product((False, True), repeat=len(pins)) if LOGIC[function](*levels)]
    terms = (times.join(("" if level else "!") + pin for pin, level in zip(pins, row, strict=True)) for row in rows)
    return plus.join(f"({term})" for term in terms)


def mapped(cells: StandardCells) -> tuple[Function, ...]:
    """Functions without memory that a netlist is mapped to."""
    return tuple(function for function in LOGIC if cells.drives(function) and function != "clock_buffer")


def genlib(cells: StandardCells) -> str:
    """The gates for abc: area in sites of the weakest one, and a delay that grows with the number of inputs."""
    lines = []
    for function in mapped(cells):
        sites = cell_geometry(cells, cells.cell(function, cells.drives(function)[0]).name).sites
        delay = 1 + 0.25 * len(INPUTS[function])
        lines.append(f"GATE {function} {sites} {OUTPUT}={products(function, '*', '+')};")
        lines.append(f"  PIN * UNKNOWN 1 999 {delay:g} 0.2 {delay:g} 0.2")
    return CONSTANTS + "\n".join(lines) + "\n"


def flip_flops(cells: StandardCells) -> str:
    """Verilog that puts the library's flip-flops in the place of yosys's."""
    return "\n".join(_techmap(function) for function in FLIP_FLOPS if cells.drives(function)) + "\n"


def _techmap(function: Function) -> str:
    clock, _, *reset = INPUTS[function]
    ports, connection = ("D, C, R", f", .{reset[0]}(R)") if reset else ("D, C", "")
    return (
        f"module \\{FLIP_FLOPS[function]} ({ports}, Q); input {ports}; output Q;\n"
        f"  {function} _TECHMAP_REPLACE_ (.{clock}(C), .data(D){connection}, .{OUTPUT}(Q));\nendmodule"
    )


def models(cells: StandardCells) -> str:
    """Behaviour of every cell of a mapped netlist, as Verilog modules that are named by function."""
    flops = [_flop_model(function) for function in FLIP_FLOPS if cells.drives(function)]
    return "\n".join([*_logic_models(cells), *flops]) + "\n"


def _logic_models(cells: StandardCells) -> Iterator[str]:
    for function in LOGIC:
        if cells.drives(function):
            pins = ", ".join(INPUTS[function])
            body = f"  assign {OUTPUT} = {products(function, ' & ', ' | ')};"
            yield f"module {function} ({pins}, {OUTPUT}); input {pins}; output {OUTPUT};\n{body}\nendmodule"


def _flop_model(function: Function) -> str:
    clock, _, *reset = INPUTS[function]
    pins, edge = ", ".join(INPUTS[function]), "negedge" if clock.endswith("_n") else "posedge"
    also, value = "", ""
    if reset:
        also = f" or negedge {reset[0]}"
        value = f"if (!{reset[0]}) {OUTPUT} <= 1'b{int(reset[0] == 'set_n')}; else "
    return (
        f"module {function} ({pins}, {OUTPUT}); input {pins}; output reg {OUTPUT};\n"
        f"  always @({edge} {clock}{also}) {value}{OUTPUT} <= data;\nendmodule"
    )
