"""Commands about the installation and the project: doctor, pdk, init, report."""

from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import get_args

import click

from somaforge.flow.commands.console import Progress, show_json
from somaforge.flow.commands.options import PATH, Number
from somaforge.pdk import load
from somaforge.pdk.base import Flavour, Polarity
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.files import atomic_write
from somaforge.pdk.json_file import parse_json
from somaforge.pdk.models import Law, Size
from somaforge.pdk.open_pdks import take

TEMPLATES: dict[str, tuple[str, ...]] = {
    "hard_macro": ("config.yaml", "flower.v"),
    "iris": (),
    "mnist": (),
    "own": ("own-train.csv", "own-test.csv", "train.ipynb", "change_a_cell.ipynb"),
    "spoken-digits": (),
}
"""Specs to start from, and the files that come with them: data that they name, notebooks, a flow around them."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Say what is installed, which versions, what is missing and how to get it."""
    from somaforge.flow.runner.doctor import examine

    findings = examine()
    if as_json:
        show_json({"findings": [asdict(f) for f in findings]})
    else:
        for finding in findings:
            click.echo(
                f"{'MISSING' if finding.problem else 'ok':<8}{finding.name:<22}{finding.version}{finding.problem}"
            )
        for remedy in dict.fromkeys(f.remedy for f in findings if f.remedy):
            click.echo(f"get it  {remedy}")
    missing = [f.name for f in findings if f.problem]
    if missing:
        raise ToolError(
            f"doctor: {', '.join(missing)} not as needed; run make setup in the repository, else what stands above"
        )


@click.group()
def pdk() -> None:
    """Install process data."""


@pdk.command("install")
@click.argument("name")
@click.option("--from", "given", type=PATH, help="Take them from an installation in the open_pdks form, as $PDK_ROOT.")
def pdk_install(name: str, given: Path | None) -> None:
    """Download the pinned data of process NAME, check their SHA-256, unpack them outside the repository."""

    def say(line: str) -> None:
        click.echo(line, err=True)

    known = load(name)
    if given is not None and known.open_pdks is None:
        raise InputError(f"pdk install {name} --from {given}: this process takes nothing from the open_pdks form")
    folder = known.data.install(say) if given is None or known.open_pdks is None else take(known.open_pdks, given, say)
    click.echo(str(folder))


@pdk.command("mismatch")
@click.argument("name")
@click.option("--polarity", type=click.Choice(get_args(Polarity)), required=True)
@click.option("--flavour", type=click.Choice(get_args(Flavour)), default="standard", show_default=True)
@click.option("--w", "w_um", type=Number(), required=True, help="Width in um.")
@click.option("--l", "l_um", type=Number(), required=True, help="Length in um.")
@click.option("--current", "current_A", type=Number(1e-12, 1e-3), default=15e-9, show_default=True)
@click.option("--law", help="Which of the foundry's statistics [default: the process's first].")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def pdk_mismatch(
    name: str,
    polarity: Polarity,
    flavour: Flavour,
    w_um: float,
    l_um: float,
    current_A: float,
    law: Law | None,
    as_json: bool,
) -> None:
    """How far single transistors of one size of process NAME differ: threshold, and ln of a current."""
    from somaforge.flow.engines.spread import sigma_ln_I, spread

    try:
        models, device = load(name).models, load(name).device(polarity, flavour).name
    except KeyError as error:
        raise InputError(f"pdk mismatch: {error.args[0]}") from None
    if not (0 < w_um < 1e6 and 0 < l_um < 1e6):
        raise InputError(f"pdk mismatch: {w_um:g}/{l_um:g} um is no size; give W and L in um")
    size = Size(device, round(w_um * 1000), round(l_um * 1000))
    law = models.laws[0] if law is None else law
    found = spread(models, size, law)
    ln_current = sigma_ln_I(models, size, current_A, law)
    if as_json:
        numbers = {"sigma_vth_V": found.vth_V, "sigma_weak_V": found.weak_V, "correlation": found.correlation}
        what = {"device": device, "w_um": w_um, "l_um": l_um, "law": law, "current_A": current_A}
        show_json({**what, **numbers, "sigma_ln_I": ln_current})
        return
    weak = f", in weak inversion alone {1e3 * found.weak_V:.2f} mV" if found.weak_V > 0 else ""
    click.echo(
        f"{device} {w_um:g}/{l_um:g} um, law {law}: sigma of the threshold {1e3 * found.vth_V:.2f} mV{weak}; "
        f"of ln I at {current_A * 1e9:g} nA {ln_current:.3f}"
    )


def _template(name: str) -> str:
    return (resources.files("somaforge.templates") / name).read_text(encoding="utf-8")


@click.command()
@click.argument("template", required=False)
@click.option("--out", type=PATH, help="Write it into this folder, with the files that belong to it.")
def init(template: str | None, out: Path | None) -> None:
    """Print a spec to start from: somaforge init iris > my.yaml. Without TEMPLATE, list the templates."""
    if template is None:
        for name in TEMPLATES:
            click.echo(f"{name:<15}{_template(f'{name}.yaml').splitlines()[0].removeprefix('# ')}")
        return
    if template not in TEMPLATES:
        raise InputError(f"init {template}: there is no such template; known: {', '.join(TEMPLATES)}")
    if out is None:
        click.echo(_template(f"{template}.yaml"), nl=False)
        return
    names = (f"{template}.yaml", *TEMPLATES[template])
    there = [name for name in names if (out / name).exists()]
    if there:
        raise InputError(f"init --out {out}: {there[0]} is there already; choose another folder")
    for name in names:
        atomic_write(out / name, _template(name))
    click.echo(str(out / names[0]))


@click.command()
@click.argument("run", type=PATH)
def report(run: Path) -> None:
    """Build the report of the run folder RUN again from its metrics, and judge them again."""
    from somaforge.flow.machinery.store import CONFIG, vouched
    from somaforge.flow.runner.manifest import with_data
    from somaforge.flow.runner.pipeline import finish, rebuild_report, signoff_folder
    from somaforge.generator.spec import parse_spec

    config = signoff_folder(run) / CONFIG
    if not config.is_file():
        raise InputError(f"{run}: not a finished run (no signoff step); somaforge run makes one")
    try:
        record = parse_json(vouched(config.parent, CONFIG))
        data, folder = record["spec"], with_data(record, run)
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{config}: damaged; somaforge run makes it again") from None
    spec = parse_spec(data, str(config), folder)
    rebuild_report(spec, run, Progress())
    click.echo(str(run / "final/report/signoff.html"))
    finish(run)


COMMANDS = (doctor, pdk, init, report)
