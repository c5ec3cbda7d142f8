"""Options that say what counts as a fault of a mask."""

from dataclasses import dataclass

from segmentation.config.options import option


@dataclass(frozen=True, kw_only=True)
class FaultOptions:
    """The size from which a wrong place in a mask is a fault that a retoucher has to mend."""

    fault_thickness_px: int = option(
        5,
        "least thickness of a fault, in pixels of a photo 1728 high; in proportion at other heights, but "
        "never less than 3",
        minimum=1,
        maximum=50,
        common=False,
    )
    fault_area_px: int = option(
        100,
        "area above which a fault counts, in pixels of a photo 1728 high; in proportion at other heights",
        common=False,
    )

    def __str__(self) -> str:
        return f"at least {self.fault_thickness_px} px thick, more than {self.fault_area_px} px"


USUAL = FaultOptions()
