"""The options of each job, a dataclass each; its docstring is what `--help` says of the command."""

from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.config.jobs.audit import AuditOptions
from segmentation.config.jobs.calibrate import CalibrateOptions
from segmentation.config.jobs.collect import CollectOptions
from segmentation.config.jobs.compare import CompareOptions
from segmentation.config.jobs.compose import ComposeOptions
from segmentation.config.jobs.data import DataOptions
from segmentation.config.jobs.deliver import DeliverOptions
from segmentation.config.jobs.evaluate import EvaluateOptions
from segmentation.config.jobs.experiment import ExperimentOptions
from segmentation.config.jobs.export import ExportOptions
from segmentation.config.jobs.learning_curve import LearningCurveOptions
from segmentation.config.jobs.next import NextOptions
from segmentation.config.jobs.plan import PlanOptions
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.jobs.pseudo import PseudoOptions
from segmentation.config.jobs.recipe import RecipeOptions
from segmentation.config.jobs.review import ReviewOptions
from segmentation.config.jobs.serve import ServeOptions
from segmentation.config.jobs.submit import SubmitOptions
from segmentation.config.jobs.synth import SynthOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.jobs.watch import WatchOptions
from segmentation.config.options import JobOptions

JOBS: dict[str, type[JobOptions]] = {
    "data": DataOptions,
    "synth": SynthOptions,
    "compose": ComposeOptions,
    "plan": PlanOptions,
    "train": TrainOptions,
    "recipe": RecipeOptions,
    "experiment": ExperimentOptions,
    "learning-curve": LearningCurveOptions,
    "eval": EvaluateOptions,
    "audit": AuditOptions,
    "calibrate": CalibrateOptions,
    "compare": CompareOptions,
    "predict": PredictOptions,
    "watch": WatchOptions,
    "serve": ServeOptions,
    "pseudo": PseudoOptions,
    "next": NextOptions,
    "review": ReviewOptions,
    "deliver": DeliverOptions,
    "collect": CollectOptions,
    "adapt": AdaptOptions,
    "submit": SubmitOptions,
    "export": ExportOptions,
}
"""The options of every job, by the name of its command."""
