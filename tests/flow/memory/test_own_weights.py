"""Weights that were trained elsewhere: every file gives the same layers, codes lose what is said, biases are folded."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from somaforge.flow import cli
from somaforge.flow.memory import bitfile
from somaforge.flow.memory.weights import dense, files
from somaforge.flow.memory.weights.dense import Dense
from somaforge.flow.memory.weights.quantize import forward, pack, placed
from somaforge.generator.design import build
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

RANDOM = np.random.default_rng(7)
SIZES = (4, 7, 3)
WEIGHTS = [RANDOM.normal(size=(a, b)).astype(np.float32) for a, b in ((4, 7), (7, 3))]
BIASES = [RANDOM.normal(size=n).astype(np.float32) for n in (7, 3)]
PLACE = Path("w")


def spec(network: tuple[int, ...] = SIZES, array: tuple[int, ...] | None = None, bits: int = 4) -> Spec:
    data = {
        "name": "small",
        "array": {"layers": list(array or network), "bits": bits},
        "network": {"layers": list(network), "dataset": "iris"},
        "input": {"full_scale_A": 1e-7},
        "chips": {"seeds": [1]},
    }
    return parse_spec(data, "test")


def layers(biased: bool) -> list[Dense]:
    zero = [np.zeros_like(b) for b in BIASES]
    both = zip(WEIGHTS, BIASES if biased else zero, strict=True)
    return [Dense(str(k), w.astype(float), b.astype(float)) for k, (w, b) in enumerate(both)]


def module(biased: bool) -> torch.nn.Sequential:
    found = torch.nn.Sequential(torch.nn.Linear(4, 7, biased), torch.nn.ReLU(), torch.nn.Linear(7, 3, biased))
    with torch.no_grad():
        for layer, w, b in zip((found[0], found[2]), WEIGHTS, BIASES, strict=True):
            layer.weight.copy_(torch.from_numpy(w.T.copy()))
            if biased:
                layer.bias.copy_(torch.from_numpy(b))
    return found


def onnx_model(path: Path, biased: bool, *, between: str = "Relu", matmul: bool = False) -> Path:
    """The chain as torch (Gemm with transB) or Keras (MatMul and Add) exports it."""
    import onnx
    from onnx import helper, numpy_helper

    nodes, constants, at = [], [], "x"
    for k, (w, b) in enumerate(zip(WEIGHTS, BIASES, strict=True)):
        if matmul:
            constants += [numpy_helper.from_array(w, f"w{k}"), numpy_helper.from_array(b, f"b{k}")]
            nodes += [
                helper.make_node("MatMul", [at, f"w{k}"], [f"m{k}"]),
                helper.make_node("Add", [f"m{k}", f"b{k}"], [f"y{k}"]),
            ]
        else:
            constants += [numpy_helper.from_array(w.T.copy(), f"w{k}"), numpy_helper.from_array(b, f"b{k}")]
            names = [at, f"w{k}", f"b{k}"] if biased else [at, f"w{k}"]
            nodes.append(helper.make_node("Gemm", names, [f"y{k}"], name=f"gemm{k}", transB=1))
        at = f"y{k}"
        if k == 0 and between:
            nodes.append(helper.make_node(between, [at], ["r0"], name="between"))
            at = "r0"
    ends = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, s]) for n, s in (("x", 4), (at, 3))]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], constants)
    onnx.save(helper.make_model(graph), path)
    return path


def write(form: str, folder: Path, biased: bool) -> Path:
    path = folder / f"w.{form}"
    if form == "npz":
        named = {f"W{k}": w for k, w in enumerate(WEIGHTS)} | (
            {f"b{k}": b for k, b in enumerate(BIASES)} if biased else {}
        )
        np.savez(path, allow_pickle=False, **named)
    elif form == "pt":
        torch.save(module(biased).state_dict(), path)
    elif form == "safetensors":
        from safetensors.torch import save_file

        save_file({n: t.contiguous() for n, t in module(biased).state_dict().items()}, path)
    else:
        onnx_model(path, biased)
    return path


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("form", ["npz", "pt", "safetensors", "onnx"])
def test_every_file_gives_the_same_layers(form: str, biased: bool, tmp_path: Path) -> None:
    found = files.read(write(form, tmp_path, biased))
    for layer, wanted in zip(found, layers(biased), strict=True):
        assert np.array_equal(layer.weight, wanted.weight)
        assert np.array_equal(layer.bias, wanted.bias)


def test_keras_export(tmp_path: Path) -> None:
    found = files.read(onnx_model(tmp_path / "k.onnx", True, matmul=True))
    assert np.array_equal(found[1].bias, BIASES[1].astype(float))


def test_rounding_loses_what_is_said() -> None:
    """4 bits and a sign: 31 levels over a normal distribution cut at 2 to 3 sigma; a uniform error of a step of about
    sigma/6 is 1/(6 sqrt 12) = 5 % of the weights."""
    packed = pack(layers(False), spec(), PLACE)
    for layer, wanted in zip(packed, WEIGHTS, strict=True):
        assert np.abs(layer.codes).max() <= 15
        error = np.linalg.norm(layer.codes * layer.scale - wanted) / np.linalg.norm(wanted)
        assert layer.loss == pytest.approx(error)
        assert 0.01 < layer.loss < 0.07
    assert all(p.loss < q.loss for p, q in zip(pack(layers(False), spec(bits=6), PLACE), packed, strict=True))
    exact = [Dense("a", np.array([[15.0, -7.0], [1.0, 0.0]]) * 0.3, np.zeros(2))]
    (one,) = pack(exact, spec((2, 2)).model_copy(), PLACE)
    assert one.codes.tolist() == [[15, -7], [1, 0]]
    assert (one.loss, one.cut, one.lost) == (pytest.approx(0.0, abs=1e-12), 0, 0)


def outputs(codes: list[Floats], x: Floats) -> Floats:
    for k, c in enumerate(codes):
        x = x @ c
        x = np.maximum(x, 0.0) if k + 1 < len(codes) else x
    return x


def test_biases_become_weights_of_a_constant() -> None:
    """With 6 bits the folded network has the outputs of the one with biases, up to a common factor and rounding."""
    folded = pack(layers(True), spec((5, 8, 3), bits=6), PLACE)
    x = RANDOM.uniform(size=(200, 4))
    wanted = forward(layers(True), x)
    found = outputs([p.codes * p.scale for p in folded], np.hstack([x, np.ones((200, 1))]))
    factor = float((wanted * found).sum() / (found * found).sum())
    assert np.abs(factor * found - wanted).max() < 0.1 * np.abs(wanted).max()
    assert np.mean(found.argmax(axis=1) == wanted.argmax(axis=1)) > 0.9
    assert folded[0].codes[:-1, -1].tolist() == [0, 0, 0, 0], "the constant drives its soma alone"
    without = forward(layers(False), x)
    assert np.mean(without.argmax(axis=1) == wanted.argmax(axis=1)) < 0.9, "the biases matter here"


def test_codes_lie_in_the_corner_of_the_array() -> None:
    read = spec(SIZES, (5, 9, 4))
    codes = placed(pack(layers(False), read, PLACE), read.array.layers)
    assert [c.shape for c in codes] == [(5, 9), (9, 4)]
    assert not codes[0][4:].any()
    assert not codes[0][:, 7:].any()
    assert bitfile.unpack(bitfile.pack(codes, build(read)), build(read))[1].tolist() == codes[1].tolist()


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (SIZES, r"^w: 0 has biases \(the largest .*\); the array has none. Train without \(bias=False"
         r"\), or fold them into a constant: network.dataset.constant: true and network.layers: \[5, 7, 3\]$"),
        ((5, 7, 3), r"^w: 1 has biases .* network.layers: \[5, 8, 3\]$"),
        ((4, 8, 3), r"^w: network.layers\[1\] has a soma for a constant, network.layers\[0\] none that drives it"),
        ((4, 6, 3), r"^w: layers of 4-7-3, the spec's network has 4-6-3; give network.layers these sizes"),
        ((4, 3), r"^w: layers of 4-7-3, the spec's network has 4-3"),
    ],
)  # fmt: skip
def test_biases_without_a_constant_are_refused_with_the_way_out(network: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pack(layers(True), spec(network), PLACE)


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (exec, ("raise SystemExit('ran')",))


def test_files_that_are_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.pt"
    torch.save({"0.weight": Evil()}, path)
    with pytest.raises(InputError, match=r"w.pt: no state_dict of weights alone \(UnpicklingError\)"):
        files.read(path)
    torch.save(module(False).state_dict(), path)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(InputError, match=r"w.pt: no state_dict"):
        files.read(path)
    torch.save({"conv.weight": torch.zeros(2, 3, 3, 3)}, path)
    with pytest.raises(
        InputError, match=r"conv.weight \(2, 3, 3, 3\) is neither a matrix nor a vector of numbers; only"
    ):
        files.read(path)
    torch.save({"0.weight": torch.ones(2, 3), "1.running_mean": torch.ones(2)}, path)
    with pytest.raises(InputError, match=r"1.running_mean is the bias of no matrix \(0.weight\)"):
        files.read(path)
    torch.save({"0.weight": torch.full((2, 3), float("nan"))}, path)
    with pytest.raises(InputError, match=r"0.weight: a weight is not a number"):
        files.read(path)
    for name in ("w.safetensors", "w.onnx", "w.npz"):
        (tmp_path / name).write_bytes(b"\xff" * 100)
        with pytest.raises(InputError, match=rf"{name}: (no safetensors file|no ONNX model|not an .npz)"):
            files.read(tmp_path / name)
    (tmp_path / "w.h5").write_bytes(b"x")
    with pytest.raises(InputError, match=r"w.h5: ends with none of .npz, .pt, .pth, .safetensors, .onnx"):
        files.read(tmp_path / "w.h5")
    with pytest.raises(InputError, match=r"none.pt: no such file"):
        files.read(tmp_path / "none.pt")
    monkeypatch.setattr(dense, "LARGEST_FILE", 10)
    with pytest.raises(InputError, match=r"w.pt: larger than"):
        files.read(path)


@pytest.mark.parametrize(
    ("between", "message"),
    [
        ("", r"node gemm1: a layer behind another without Relu; a soma rectifies, so put Relu between them"),
        ("Sigmoid", r"node between \(Sigmoid\) is neither a fully connected layer \(Gemm, MatMul with Add\) nor Relu"),
    ],
)
def test_a_graph_that_is_no_chain_of_rectified_layers(between: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        files.read(onnx_model(tmp_path / "w.onnx", False, between=between))


def test_names_give_the_order_or_the_user_does(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "w.safetensors"
    save_file({"in.weight": WEIGHTS[0].T.copy(), "a.weight": WEIGHTS[1].T.copy()}, path)
    with pytest.raises(InputError, match=r"a.weight has 3 outputs, in.weight 4 inputs; give the layers in their order"):
        files.read(path)
    found = files.read(path, ("in.weight", "a.weight"))
    assert [layer.name for layer in found] == ["in.weight", "a.weight"]
    with pytest.raises(InputError, match=r"--order has to name each matrix once: a.weight,in.weight"):
        files.read(path, ("in.weight",))


def test_the_command_writes_a_bitfile_and_says_what_it_costs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(__file__).parents[3].joinpath("examples/iris.yaml").read_text()
    (tmp_path / "s.yaml").write_text(text)
    path = write("pt", tmp_path, False)
    assert cli.run(["bitfile", "pack", str(path), str(tmp_path / "s.yaml"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [p["name"] for p in said["layers"]] == ["0.weight", "2.weight"]
    assert 0.0 <= said["accuracy_codes"] <= 1.0
    assert cli.run(["bitfile", "verify", str(tmp_path / "w.bit"), str(tmp_path / "s.yaml")]) == 0
    capsys.readouterr()
    biased = write("npz", tmp_path, True)
    before = (tmp_path / "w.bit").read_bytes()
    assert cli.run(["bitfile", "pack", str(biased), str(tmp_path / "s.yaml")]) == 2
    assert "W0 has biases" in capsys.readouterr().err
    assert (tmp_path / "w.bit").read_bytes() == before, "nothing half-written"
