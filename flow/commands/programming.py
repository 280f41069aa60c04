"""program --bitfile: any bitfile of a design through its programming port, in Verilog simulation."""

from pathlib import Path

from somaforge.flow.commands.console import show_metrics
from somaforge.flow.commands.layouts import reports
from somaforge.pdk.errors import InputError


def through_port(spec: Path, file: Path, out: Path | None, as_json: bool) -> None:
    """Write every latch, read it back, compare; CheckError that names the first latch that differs."""
    from somaforge.flow.memory import bitfile, port, port_simulation
    from somaforge.flow.runner.known import read_spec
    from somaforge.generator.design import build

    design, content = build(read_spec(spec)), bitfile.read(file)
    if not design.spec.array.has_port:
        raise InputError(f"{spec}: array.port is none, so there is no port to program through; say scan")
    bitfile.verify(content, design, str(file))
    memory = design.memory
    view = port_simulation.behaviour(design.spec.name, memory)
    with reports(out) as folder:
        result = port_simulation.simulate(view, memory, port.to_words(memory, content.values), folder)
    show_metrics(
        {
            "program__wrong_bits__count": result.wrong_count,
            "program__port_bits__count": sum(v.size for v in content.values),
            "program__port_clocks__count": result.clocks,
        },
        as_json,
    )
    result.check()
