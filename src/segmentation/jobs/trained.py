"""The result of the job `train`, without Keras."""

from dataclasses import dataclass

from segmentation.bundle.bundle import ModelBundle


@dataclass(frozen=True)
class Trained:
    """A model that was fully trained, or as far as it came before it was `interrupted`."""

    bundle: ModelBundle

    @property
    def interrupted(self) -> bool:
        return self.bundle.provenance["interrupted"]
