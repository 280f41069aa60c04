"""What every deck means stays as it is until somebody renews it on purpose."""

import json

import pytest
from tests.flow.spice.deck_meaning import digest, meaning
from tests.flow.spice.small_decks import KEPT, decks

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return dict(decks(tmp_path_factory.mktemp("decks")))


def test_decks_mean_what_they_meant(made: dict[str, str]) -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    changed = [
        f"{name}: {part} were {old}, are {digest(made[name])[part]}"
        for name, parts in kept.items()
        for part, old in parts.items()
        if digest(made[name])[part] != old
    ]
    assert changed == [], "renew with python tests/flow/spice/small_decks.py if they are meant to change"
    assert kept.keys() == made.keys()


def test_one_wrong_parameter_is_seen(made: dict[str, str]) -> None:
    deck = made["array at rest"]
    for part, old, new in (
        ("transistors", " delvto=", " delvto=1"),
        ("transistors", " w=0.84", " w=0.85"),
        ("cards", " vth0=", " vth0=1"),
        ("elements", "v_vdd vdd gnd 1.7", "v_vdd vdd gnd 1.8"),
        ("options", "gmin=1e-15", "gmin=1e-12"),
        ("commands", ".temp -10", ".temp 27"),
    ):
        assert old in deck
        wrong = meaning(deck.replace(old, new, 1))
        assert wrong[part] != meaning(deck)[part], part


def test_names_of_cards_and_order_do_not_matter(made: dict[str, str]) -> None:
    deck = made["half a latch"]
    title, *lines = deck.replace("\n+", " ").replace("model_0", "other").splitlines()
    assert meaning("\n".join([title, *reversed(lines)])) | {"commands": []} == meaning(deck) | {"commands": []}
