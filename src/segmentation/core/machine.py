"""The hardware that a training can use. Standard library only."""

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from segmentation.core.memory import memory_bytes
from segmentation.core.parallel import cores

_BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")
_MATRIX_FLAG = "amx_tile"
_INTEL = "GenuineIntel"
_ASK_CARD = ("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
_LONGEST_ANSWER_S = 20


@dataclass(frozen=True)
class Machine:
    """Processor cores that this process may use, memory, and what the processor and a graphics card can.

    `matrix_unit` is whether the processor multiplies matrices in a unit of its own (AMX). `card` is the name
    of the first graphics card by NVIDIA, "" where there is none, and `card_bytes` its memory.
    """

    cores: int
    memory_bytes: int
    bfloat16: bool
    matrix_unit: bool
    card: str = ""
    card_bytes: int = 0

    def line(self) -> str:
        """Return it in words."""
        arithmetic = "bfloat16" if self.bfloat16 else "float32 alone"
        unit = " with a matrix unit (AMX)" if self.matrix_unit else ""
        card = f"{self.card}, {self.card_bytes / 1024**3:.0f} GB" if self.card else "no graphics card"
        noun = "core" if self.cores == 1 else "cores"
        return f"{self.cores} {noun}, {self.memory_bytes / 1024**3:.0f} GB, {arithmetic}{unit}, {card}"


@cache
def read_machine() -> Machine:
    """Return what this machine offers, as far as its system tells."""
    flags = _processor()
    card, card_bytes = _read_card()
    return Machine(
        cores(),
        memory_bytes(),
        any(flag in flags for flag in _BFLOAT16_FLAGS),
        _MATRIX_FLAG in flags,
        card,
        card_bytes,
    )


def is_faster_in_bfloat16() -> bool:
    """Return whether a processor that computes in bfloat16 is faster in it than in float32.

    With a matrix unit it is, and AMD's are without (Zen 4: 1.6 times). An Intel Xeon without one multiplies
    as many numbers of either kind at a time, and has to convert them besides: it takes 1.6 times as long.
    """
    processor = _processor()
    return _MATRIX_FLAG in processor or _INTEL not in processor


@cache
def _processor() -> str:
    """Return what Linux tells of the processor, "" elsewhere."""
    told = Path("/proc/cpuinfo")
    return told.read_text() if told.exists() else ""


def card_of(answer: str) -> tuple[str, int]:
    """Return name and bytes of the first card in the answer of nvidia-smi, "" and 0 where it names none."""
    name, _, mebibytes = answer.partition("\n")[0].rpartition(", ")
    return (name, int(mebibytes) * 1024**2) if name and mebibytes.strip().isdigit() else ("", 0)


def _read_card() -> tuple[str, int]:
    try:
        asked = subprocess.run(
            _ASK_CARD, capture_output=True, text=True, timeout=_LONGEST_ANSWER_S, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return "", 0
    return card_of(asked.stdout)
