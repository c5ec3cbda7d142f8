"""The arithmetic in which OpenVINO computes a model, and why."""

from dataclasses import dataclass

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.precisions import SAME_MASK_DICE
from segmentation.core.errors import ConfigError
from segmentation.core.machine import is_faster_in_bfloat16
from segmentation.inference.engines.openvino_core import openvino_core

IN_WORDS = {"f32": "float32", "bf16": "bfloat16"}


@dataclass(frozen=True)
class ChosenPrecision:
    """A precision, `f32` or `bf16`; `reason` is why it was taken, empty where it was asked for."""

    name: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{IN_WORDS[self.name]}, since {self.reason}" if self.reason else IN_WORDS[self.name]


def computes_in_bfloat16() -> bool:
    """Return whether this processor has instructions for bfloat16."""
    return "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def choose_precision(bundle: ModelBundle, wanted: str) -> ChosenPrecision:
    """Return the precision of a bundle's network where `wanted` is auto, fastest, f32 or bf16.

    Raises ConfigError for bfloat16 without a processor for it, and for a model that finds objects.
    """
    if wanted == "f32":
        return ChosenPrecision("f32")
    if bundle.finds_objects:  # places of up to some hundred pixels, of which bfloat16 has eight bits
        if wanted == "bf16":
            raise ConfigError(
                f"`precision=bf16`: expected a model of scores, received {bundle.name}, whose boxes would be "
                "pixels off; use auto or f32"
            )
        return ChosenPrecision("f32", "boxes would be pixels off in bfloat16")
    if not computes_in_bfloat16():
        if wanted == "bf16":
            raise ConfigError("`precision=bf16`: this processor has no bfloat16 arithmetic; use auto or f32")
        return ChosenPrecision("f32", "this processor has no bfloat16 arithmetic")
    if wanted in ("auto", "fastest") and not is_faster_in_bfloat16():
        return ChosenPrecision("f32", "this processor is faster in it than in bfloat16")
    if wanted == "auto":
        return _by_figures(bundle)
    return ChosenPrecision("bf16", "the fastest was asked for" if wanted == "fastest" else "")


def _by_figures(bundle: ModelBundle) -> ChosenPrecision:
    if measured := bundle.precisions:
        return ChosenPrecision("f32" if measured.lost else "bf16", str(measured))
    agreement = bundle.bf16_agreement
    if agreement is None:
        remedy = f"`export model={bundle.name}` does so where its held-out photos are"
        return ChosenPrecision("f32", f"bfloat16 was not measured for {bundle.name}; {remedy}")
    same = agreement >= SAME_MASK_DICE
    masks = f"the masks of held-out photos {'stay the same' if same else 'change'} in bfloat16"
    return ChosenPrecision("bf16" if same else "f32", f"{masks} (agreement {agreement:.4f} at worst)")
