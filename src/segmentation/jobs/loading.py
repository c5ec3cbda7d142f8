"""The models of a job that scores photos: found at its start, and loaded once the rest of it is sure."""

from dataclasses import dataclass
from functools import cached_property

from segmentation.config.scoring import ModelOptions, ScoringOptions
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.scorer import Scorer, find_models, load_scorer
from segmentation.jobs.context import Context


@dataclass(frozen=True)
class Loading:
    """The models that the options name; a `loaded` scorer stands in for them."""

    options: ModelOptions
    scoring: ScoringOptions
    context: Context
    loaded: Scorer | None = None

    @cached_property
    def models(self) -> Ensemble:
        """The models. Raises what `find_models` raises."""
        if self.loaded:
            return self.loaded.models
        return find_models(self.options.model, self.context.workspace.models, self.scoring)

    def scorer(self, streams: int) -> Scorer:
        """Return them ready to score up to `streams` photos at the same time; see `load_scorer`."""
        return self.loaded or load_scorer(
            self.models, self.options, self.scoring, streams=streams, tell=self.context.tell
        )
