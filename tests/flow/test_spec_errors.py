"""Nonsense in a spec: exit code 2, one line that says what and where, and nothing is written."""

from pathlib import Path

import pytest

from somaforge.flow import cli

BAD = Path(__file__).parents[1] / "bad/spec"
NAME_RULE = "must be 1 to 32 of a-z, 0-9 and _, starting with a letter (it names files and circuits)"
NOT_MAPPING = "a spec is a mapping of keys to values; see `somaforge init iris`"
MESSAGES = {
    "below_minimum_width": "spec: array.mirror: 0.27 x 0.86 um is below the smallest sky130_fd_pr__nfet_01v8 "
    "(0.42 x 0.15 um)",
    "driver_bits": "spec: chip.drivers.bits: two rows of array.bits = 3 have 6 bits, not 7",
    "empty": NOT_MAPPING,
    "empty_layer": "array.layers.1: must be greater than or equal to 1, not 0",
    "joined_name": "name: must not hold __ or end with _: these join a design's name to those of its cells",
    "limit_without_bound": "limits.3: give min or max, or both",
    "nan_temperature": "temperature_C: must be less than or equal to 125, not nan",
    "negative_current": "input.full_scale_A: must be greater than 0, not -3.25e-07",
    "network_depth": "spec: network.layers has 2 layers, array.layers 3: give both the same number",
    "network_too_large": "spec: network.layers[1] = 9 does not fit array.layers[1] = 7",
    "no_chips": "chips.seeds: Tuple should have at least 1 item after validation, not 0",
    "not_a_mapping": NOT_MAPPING,
    "off_grid": "spec: array.mirror.w_um: must be a multiple of 0.01 um: contacts lie on its middle, and that on the "
    "grid",
    "repeated_seed": "chips.seeds: seed 1 stands twice; every chip needs its own",
    "odd_multiplier": "array.mirror.multiplier: 3 is odd; the soma's units share drains in pairs, so use an "
    "even number",
    "scaled_mirrors": "array.mirror.style: scaled mirrors have no layout: widths scaled by 1:2:4 do not give currents "
    "of 1:2:4 in silicon (narrow-width effects); use style: unit",
    "supply_above_models": "spec: study.supplies_V: 1.98 V is more than the 1.95 V up to which the models of sky130 "
    "are valid",
    "too_many_bits": "array.bits: must be less than or equal to 6, not 9",
    "two_input_modes": "input: give exactly one of full_scale_A and mean_A",
    "unknown_corner": "spec: corners: sky130 has no corner 'typical'; nearest: tt; known: ff, fs, sf, ss, tt",
    "unknown_dataset": "network.dataset: there is no imagenet; nearest: mnist; choose one of digits, fsdd, iris, mnist",
    "unknown_engine": "engine: there is no ngspize; nearest: ngspice; known: array, ngspice",
    "unknown_law": "spec: chips.law: sky130 has no statistics called 'pelgrim'; nearest: pelgrom; known: binned, "
    "continuous, pelgrom, subthreshold",
    "unmeasured_limit": "limits.3: accuracy__array__ratio is never measured: the spec has `engine: ngspice`; give "
    "`conditions` for a point of a study",
    "unknown_limit": "limits.3.metric: no metric is called accurracy__spice__ratio; nearest: accuracy__spice__ratio",
    "unknown_key": "supply_v: unknown key; see docs/spec.md for the keys",
    "unknown_pdk": "pdk: unknown process 'tsmc16'; nearest: sky130; known: sky130",
    "unknown_frame": "spec: chip.frame: sky130 has no frame 'tiny-tapeout-2x3'; nearest: tiny-tapeout-2x2; known: "
    "caravel-analog, none, tiny-tapeout-1x2, tiny-tapeout-2x2, tiny-tapeout-3x2, tiny-tapeout-4x2, tiny-tapeout-6x2",
    "unsafe_frame": "chip.frame: must be words of a-z and 0-9 joined by -, at most 32 characters, as tiny-tapeout-2x2",
    "unsafe_name": f"name: {NAME_RULE}",
    "verilog_word": "name: 'small' is a word of Verilog and cannot name a module; choose another",
    "wrong_dataset_size": "network: iris has 4 features and 3 classes: layers must be [4, ..., 3]",
    "wrong_type": "array.bits: must be a valid integer, not 'three'",
}
STARTS = {
    "key_twice": "not YAML: key supply_V is given twice",
    "not_yaml": "not YAML: while parsing a flow sequence",
    "python_object": "not YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object/apply",
}


def test_every_bad_spec_has_its_message() -> None:
    assert {p.stem for p in BAD.glob("*.yaml")} == MESSAGES.keys() | STARTS.keys()


@pytest.mark.parametrize("name", sorted(MESSAGES | STARTS))
def test_nonsense_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = BAD / f"{name}.yaml"
    assert cli.run(["run", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    if name in MESSAGES:
        assert printed.err == f"somaforge: {path}: {MESSAGES[name]}\n"
    else:
        assert printed.err.startswith(f"somaforge: {path}: {STARTS[name]}")
        assert printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [], "nothing is written"
