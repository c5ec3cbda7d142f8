"""Random garments: kinds, cuts, lengths, fabrics, and the hard cases that a model must handle."""

from dataclasses import dataclass

import numpy as np

from segmentation.synth.fabric import Fabric
from segmentation.synth.fabrics import design_fabric
from segmentation.synth.figure import Mannequin
from segmentation.synth.paint import jitter, pick, stream

KIND_WEIGHTS = {
    "pencil skirt": 0.14,
    "a-line skirt": 0.07,
    "pleated skirt": 0.06,
    "sheath dress": 0.20,
    "flare dress": 0.14,
    "maxi dress": 0.06,
    "slip dress": 0.07,
    "tank": 0.06,
    "tee": 0.04,
    "blouse": 0.04,
    "open vest": 0.06,
    "closed vest": 0.02,
    "trousers": 0.03,
    "shorts": 0.03,
}
HARD_WEIGHTS = {
    "none": 0.72,
    "as mannequin": 0.10,
    "white on white": 0.08,
    "dark on dark": 0.06,
    "dip hem": 0.04,
}


@dataclass(frozen=True)
class Garment:
    """The pattern of one garment; lengths in body heights, y as on the body (0 neck, 1 soles).

    top: where it starts (waist of a skirt, top edge of a strapless dress); waist: y of its narrowest place;
    hem: its lower edge; flare: half width at the hem above that of the hip; ease: room between body and
    cloth; folds: depth of the folds at the hem; dip: how much lower the back hem is; gap: angle between the
    halves of an open vest at its hem, in radians; neck_front/neck_back: depth of the necklines.
    """

    kind: str
    hard: str
    top: float
    waist: float
    hem: float
    flare: float
    ease: float
    folds: float
    fold_count: float
    pleated: bool
    dip: float
    gap: float
    neckline: str
    neck_width: float
    neck_front: float
    neck_back: float
    shoulder: float
    straps: float
    sleeve: float
    slit: bool
    fabric: Fabric
    second: Fabric | None
    blocks: tuple[tuple[str, float, float], ...]
    trims: frozenset[str]
    trim_colour: np.ndarray
    key: tuple[int, ...]

    @property
    def hung_from_waist(self) -> bool:
        """Skirts, trousers and shorts: nothing above the waist."""
        return self.kind.endswith(("skirt", "trousers", "shorts"))


def design_garment(key: tuple[int, ...], mannequin: Mannequin) -> Garment:
    """Design a random garment; some are coloured like the mannequin. The same key gives the same garment."""
    rng = stream(*key, 11)
    kind, hard = pick(rng, KIND_WEIGHTS), pick(rng, HARD_WEIGHTS)
    if hard == "dip hem" and ("skirt" not in kind and "dress" not in kind):
        kind = "flare dress"
    fabric = _fabric(rng, key, hard, mannequin)
    second = (
        design_fabric((*key, 3), pattern=None if rng.random() < 0.3 else "plain")
        if rng.random() < 0.22
        else None
    )
    if fabric.pattern != "lace" and rng.random() < 0.10:
        second = design_fabric((*key, 4), ground=fabric.colours[0], pattern="lace")
    cut = _cut(rng, kind)
    top, hem = cut["top"], cut["hem"]
    blocks = []
    if second is not None:
        middle = rng.uniform(0.25, 0.29)
        places = [("rows", hem - rng.uniform(0.02, 0.07), hem + 0.1), ("sides", rng.uniform(0.6, 0.95), 9.0)]
        if top < 0.2:
            places += [("rows", -0.1, middle), ("rows", -0.1, rng.uniform(0.10, 0.14))]
        if hem - top > 0.3:
            start = rng.uniform(top + 0.15, hem - 0.1)
            places.append(("rows", start, start + rng.uniform(0.02, 0.06)))
        blocks.append(places[int(rng.integers(len(places)))])
    names = [
        "buttons",
        "belt",
        "seams",
        "darts",
        "zipper",
        "pockets",
        "bow",
        "piping",
        "ruffle",
        "pleat lines",
    ]
    chances = [0.12, 0.13, 0.55, 0.3, 0.06, 0.12, 0.05, 0.12, 0.07, 0.1]
    trims = {name for name, chance in zip(names, chances, strict=True) if rng.random() < chance}
    if "vest" in kind:
        trims |= {"piping" if rng.random() < 0.5 else "lapels", "pockets"}
    if kind in ("trousers", "shorts"):
        trims = trims - {"bow", "ruffle", "buttons"} | {"fly", "waistband"}
    elif cut["top"] > 0.2:
        trims |= {"waistband"} if rng.random() < 0.75 else set()
        trims -= {"buttons"} if rng.random() < 0.6 else set()
    trim_colour = np.array([0.05, 0.05, 0.05]) if rng.random() < 0.5 else fabric.colours[1] * 0.8
    if hard == "dip hem" or (cut["flare"] > 0.02 and rng.random() < 0.15):
        cut["dip"] = rng.uniform(0.025, 0.10)
    return Garment(
        kind=kind,
        hard=hard,
        fabric=fabric,
        second=second,
        blocks=tuple(blocks),
        trims=frozenset(trims),
        trim_colour=trim_colour,
        key=key,
        **cut,
    )


def _fabric(rng: np.random.Generator, key: tuple[int, ...], hard: str, mannequin: Mannequin) -> Fabric:
    soft = ["plain", "plain", "plain", "knit", "satin", "lace", "ornament"][int(rng.integers(7))]
    if hard == "as mannequin":
        return design_fabric((*key, 2), ground=jitter(rng, mannequin.colour, 0.10), pattern=soft)
    if hard == "white on white":
        return design_fabric((*key, 2), ground=jitter(rng, (0.95, 0.94, 0.92), 0.04), pattern=soft)
    if hard == "dark on dark":
        return design_fabric((*key, 2), ground=jitter(rng, (0.07, 0.07, 0.09), 0.4), pattern=soft)
    return design_fabric((*key, 2))


def _cut(rng: np.random.Generator, kind: str) -> dict:
    """Return the measures of one kind of garment."""
    uniform = rng.uniform
    cut = {
        "top": 0.05,
        "waist": uniform(0.255, 0.285),
        "hem": uniform(0.58, 0.64),
        "flare": uniform(-0.012, 0.012),
        "ease": uniform(0.003, 0.010),
        "folds": uniform(0.000, 0.002),
        "fold_count": uniform(5, 9),
        "pleated": False,
        "dip": 0.0,
        "gap": 0.0,
        "neckline": pick(rng, {"round": 4, "v": 3, "boat": 1, "square": 1, "keyhole": 0.5}),
        "neck_width": uniform(0.045, 0.068),
        "neck_front": uniform(0.02, 0.06),
        "neck_back": uniform(-0.004, 0.015),
        "shoulder": uniform(0.084, 0.099),
        "straps": 0.0,
        "sleeve": 0.0,
        "slit": bool(rng.random() < 0.08),
    }
    strapless = {
        "neckline": pick(rng, {"straight": 1, "sweetheart": 1}),
        "top": uniform(0.115, 0.14),
        "straps": uniform(0.0025, 0.008) if rng.random() < 0.75 else 0.0,
    }
    if cut["neckline"] == "v":
        cut["neck_front"] = uniform(0.05, 0.15)
    if "dress" in kind and rng.random() < 0.12:
        cut["sleeve"] = uniform(0.03, 0.09)
    if kind == "pencil skirt":
        cut.update(top=uniform(0.265, 0.31), hem=uniform(0.53, 0.67), flare=uniform(-0.014, 0.006))
    elif kind == "a-line skirt":
        cut.update(
            top=uniform(0.255, 0.30),
            hem=uniform(0.48, 0.70),
            flare=uniform(0.01, 0.06),
            folds=uniform(0.001, 0.006),
        )
    elif kind == "pleated skirt":
        cut.update(
            top=uniform(0.255, 0.29),
            hem=uniform(0.52, 0.93),
            flare=uniform(0.01, 0.055),
            pleated=True,
            folds=uniform(0.0010, 0.0026),
            fold_count=uniform(14, 34),
        )
    elif kind == "flare dress":
        cut.update(hem=uniform(0.52, 0.64), flare=uniform(0.025, 0.075), folds=uniform(0.003, 0.009))
        if rng.random() < 0.2:
            cut.update(strapless)
    elif kind == "maxi dress":
        cut.update(hem=uniform(0.78, 0.965), flare=uniform(0.0, 0.06), folds=uniform(0.002, 0.008))
        if rng.random() < 0.4:
            cut.update(strapless)
    elif kind == "slip dress":
        cut.update(
            strapless,
            hem=uniform(0.52, 0.90),
            flare=uniform(0.0, 0.03),
            ease=uniform(0.006, 0.016),
            waist=uniform(0.27, 0.36),
            folds=uniform(0.001, 0.004),
        )
    elif kind in ("tank", "tee", "blouse"):
        cut.update(
            hem=uniform(0.34, 0.47),
            ease=uniform(0.006, 0.022),
            flare=uniform(-0.004, 0.03),
            folds=uniform(0.001, 0.005),
        )
        if kind != "tank":
            cut.update(sleeve=uniform(0.05, 0.12), shoulder=0.099, ease=uniform(0.010, 0.024))
        elif rng.random() < 0.3:
            cut.update(strapless)
    elif kind.endswith("vest"):
        cut.update(
            hem=uniform(0.36, 0.60),
            ease=uniform(0.010, 0.022),
            flare=uniform(-0.002, 0.02),
            neckline="v",
            neck_width=uniform(0.042, 0.06),
            neck_front=uniform(0.06, 0.13),
            slit=False,
            folds=uniform(0.001, 0.004),
        )
        if kind == "open vest":
            cut["gap"] = uniform(0.15, 0.62)
    elif kind == "trousers":
        cut.update(
            top=uniform(0.27, 0.32),
            hem=uniform(0.84, 0.97),
            flare=uniform(0.0, 0.02),
            slit=False,
            ease=uniform(0.003, 0.009),
        )
    elif kind == "shorts":
        cut.update(
            top=uniform(0.265, 0.315),
            hem=uniform(0.50, 0.60),
            flare=uniform(0.0, 0.016),
            slit=False,
            ease=uniform(0.005, 0.012),
        )
    return cut
