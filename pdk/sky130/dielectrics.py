"""Dielectrics of sky130.

Sources, which agree unless said: the foundry's drawing of the stack (google/skywater-pdk, docs/_static/metal_stack.ps,
page "Inter-layer capacitances worksheet": thickness and permittivity of every layer between two conductors, in series);
RTimothyEdwards/capiche, sky130A/metal_stack_sky130A.py (the same numbers, and the widths of coats at the sides);
klayout-pex 0.6.12, `process_stack` of sky130A_tech.pb.json.

- fox: 3.9 in the first two; klayout-pex has 4.632 and says in its source that this was tuned until a plate of li over
  the substrate met the foundry's table. 0.9361 um of 3.9 give 36.9 aF/um2 without tuning, the table has 36.99.
- iox (6 nm of 3.9 at the sides of poly) is what surrounds it anyway and left out; the nitride stands 6 nm further out.
- above met5's level: topox and topnit lie on met5, which no array has. Up to there nild6; the rest does not matter.
- heights are those of the conductors in `parasitics`, to 1 nm.
"""

from somaforge.pdk.dielectrics import Coat, Dielectrics, Slab

DIELECTRICS = Dielectrics(
    slabs=(
        Slab("fox", 0, 3.9),
        Slab("psg", 326, 3.9),
        # The blanket part of the nitride over li1; where li1 is, it goes over it (below).
        Slab("lint", 936, 7.3),
        Slab("nild2", 1011, 4.05),
        Slab("nild3", 1376, 4.5),
        Slab("nild4", 2006, 4.2),
        Slab("nild5", 2786, 4.1),
        Slab("nild6", 4021, 4.0),
    ),
    coats=(
        Coat("spnit", "poly", 7.5, over_nm=121, beside_nm=49),
        Coat("lint", "li", 7.3, over_nm=75, beside_nm=75),
        Coat("nild3c", "met1", 3.5, over_nm=0, beside_nm=30),
        Coat("nild4c", "met2", 3.5, over_nm=0, beside_nm=30),
    ),
)
