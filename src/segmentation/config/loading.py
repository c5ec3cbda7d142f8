"""Options of a model that is loaded to score photos one at a time."""

from dataclasses import dataclass

from segmentation.config.files import TriageOptions
from segmentation.config.options import JobOptions
from segmentation.config.scoring import ModelOptions, ScoringOptions, max_pixels_option


@dataclass(frozen=True, kw_only=True)
class LoadOptions(JobOptions):
    """Load a model."""

    models: ModelOptions = ModelOptions()
    scoring: ScoringOptions = ScoringOptions()
    triage: TriageOptions = TriageOptions()
    max_pixels: int | None = max_pixels_option()
