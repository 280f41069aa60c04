"""Commands about the installation and the project: doctor, pdk, init, report."""

import json
from dataclasses import asdict
from importlib import resources
from pathlib import Path

import click

from somaforge.flow.commands.console import Progress, show_json
from somaforge.flow.commands.options import PATH
from somaforge.pdk import load
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.sky130 import install as sky130

TEMPLATES = ("iris", "mnist", "spoken-digits")


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
    missing = [f.name for f in findings if f.problem]
    if missing:
        raise ToolError(f"doctor: {', '.join(missing)} not as needed; run make setup")


@click.group()
def pdk() -> None:
    """Install process data."""


@pdk.command("install")
@click.argument("name")
def pdk_install(name: str) -> None:
    """Download the pinned data of process NAME, check their SHA-256, unpack them outside the repository."""
    load(name)
    folder = sky130.install(lambda line: click.echo(line, err=True))
    click.echo(str(folder))


@click.command()
@click.argument("template")
def init(template: str) -> None:
    """Print a spec to start from: somaforge init iris > my.yaml."""
    if template not in TEMPLATES:
        raise InputError(f"init {template}: there is no such template; known: {', '.join(TEMPLATES)}")
    text = (resources.files("somaforge.templates") / f"{template}.yaml").read_text(encoding="utf-8")
    click.echo(text, nl=False)


@click.command()
@click.argument("run", type=PATH)
def report(run: Path) -> None:
    """Build the report of the run folder RUN again from its metrics, and judge them again."""
    from somaforge.flow.machinery.store import CONFIG, vouched
    from somaforge.flow.runner.pipeline import finish, rebuild_report, signoff_folder
    from somaforge.generator.spec import parse_spec

    config = signoff_folder(run) / CONFIG
    if not config.is_file():
        raise InputError(f"{run}: not a finished run (no signoff step); somaforge run makes one")
    try:
        data = json.loads(vouched(config.parent, CONFIG))["spec"]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{config}: damaged; somaforge run makes it again") from None
    spec = parse_spec(data, str(config))
    rebuild_report(spec, run, Progress())
    click.echo(str(run / "final/report/signoff.html"))
    finish(run)


COMMANDS = (doctor, pdk, init, report)
