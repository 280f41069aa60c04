"""Commands about bitfiles: pack, dump, verify, diff."""

from dataclasses import asdict
from pathlib import Path

import click

from somaforge.flow.commands.console import show_json
from somaforge.flow.commands.options import PATH, data_option
from somaforge.flow.memory import bitfile as files
from somaforge.flow.runner.known import read_spec
from somaforge.generator.design import build
from somaforge.pdk.errors import CheckError

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def bitfile() -> None:
    """Look at the files that program a chip."""


@bitfile.command()
@click.argument("file", type=PATH)
@json_option
def dump(file: Path, as_json: bool) -> None:
    """Print the weight codes of FILE."""
    content = files.read(file)
    if not as_json:
        click.echo(files.dump(content), nl=False)
        return
    show_json(
        {
            "name": content.name,
            "design": content.design_hash,
            "bits": content.bits,
            "layers": content.layers,
            "codes": [codes.tolist() for codes in content.codes],
        }
    )


@bitfile.command()
@click.argument("file", type=PATH)
@click.argument("spec", type=PATH, required=False)
def verify(file: Path, spec: Path | None) -> None:
    """Check that FILE is whole, and that it was made for the design of SPEC."""
    content = files.read(file)
    if spec is not None:
        files.verify(content, build(read_spec(spec)), str(file))
    click.echo(f"{file}: ok, {content.name}, design {content.design_hash[:12]}")


@bitfile.command()
@click.argument("weights", type=PATH)
@click.argument("spec", type=PATH)
@click.option("--output", type=PATH, help="The bitfile to write [default: <name of WEIGHTS>.bit].")
@click.option("--order", help="Names of the matrices from input to output, comma-separated [default: the file's].")
@data_option
@json_option
def pack(weights: Path, spec: Path, output: Path | None, order: str | None, as_json: bool) -> None:
    """Round WEIGHTS that were trained elsewhere (.npz, .pt, .safetensors, .onnx) to codes for the array of SPEC.

    Says what rounding loses. somaforge evaluate SPEC --bitfile FILE judges the result.
    """
    from somaforge.flow.commands import packing

    target = output if output is not None else weights.with_name(f"{weights.stem}.bit") if weights.name else weights
    found = packing.pack(weights, spec, target, tuple(order.split(",")) if order is not None else ())
    if as_json:
        show_json(found.to_json())
    else:
        click.echo(str(found), nl=False)


@bitfile.command()
@click.argument("first", type=PATH)
@click.argument("second", type=PATH)
@json_option
def diff(first: Path, second: Path, as_json: bool) -> None:
    """Print every latch that differs between two bitfiles of one design; exit code 1 if any does."""
    found = files.diff(files.read(first), files.read(second))
    if as_json:
        show_json({"bitfile__differences__count": len(found), "differences": [asdict(d) for d in found]})
    else:
        for difference in found:
            click.echo(str(difference))
    if found:
        raise CheckError(f"bitfile diff: {len(found)} latches differ, first {found[0]}")


COMMANDS = (bitfile,)
