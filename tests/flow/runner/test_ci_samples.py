"""The samples in docs/ci.md are valid for the services that they are for, and name commands and files that exist."""

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml

from somaforge.flow.cli import COMMANDS, cli
from somaforge.flow.runner.publish import TAKEN

PAGE = Path(__file__).parents[3] / "docs/ci.md"


def _sample(heading: str) -> str:
    found = re.search(rf"## {heading}\n\n```yaml\n(.*?)```", PAGE.read_text(), re.S)
    assert found is not None
    return found[1]


def _schema(name: str) -> dict[str, Any]:
    """As the package check-jsonschema carries it."""
    folder = resources.files("check_jsonschema.builtin_schemas") / "vendor" / name
    return dict(json.loads(folder.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("heading", "schema"), [("GitHub Actions", "github-workflows.json"), ("GitLab CI", "gitlab-ci.json")]
)
def test_sample_is_valid(heading: str, schema: str) -> None:
    data = yaml.safe_load(_sample(heading))
    if True in data:  # YAML 1.1 takes the word "on" for true; the services do not
        data["on"] = data.pop(True)
    jsonschema.validate(data, _schema(schema))


def test_schema_refuses_a_wrong_job() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {"name": "x", "on": "push", "jobs": {"a": {"runs_on": "x"}}}, _schema("github-workflows.json")
        )


def test_commands_and_files_exist() -> None:
    text = PAGE.read_text()
    assert set(re.findall(r"bin/somaforge (\w+)", text)) <= set(COMMANDS)
    for option in ("--fail-on-regression", "--sha256"):
        command = "compare" if option.startswith("--fail") else "verify"
        found = cli.get_command(click.Context(cli), command)
        assert found is not None
        assert any(option in p.opts for p in found.params)
    made = {target.format(name="iris") for _, _, target in TAKEN}
    made |= {"junit.xml", "metrics.json", "manifest.json", "report/checks.sarif", "report/signoff.html"}
    assert set(re.findall(r"run/final/([\w./]+\w)", text)) <= made
