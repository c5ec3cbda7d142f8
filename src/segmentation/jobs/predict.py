"""The job `predict`: a folder of photos to masks and cutouts, or to label maps."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import InitVar, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

from segmentation.confidence.triage import FolderTriage
from segmentation.confidence.verdict import Limits, PhotoTriage
from segmentation.config.files import asked_of
from segmentation.config.jobs.predict import PredictOptions
from segmentation.core.errors import ConfigError
from segmentation.core.events import Caution
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.matting import load_matte_pass
from segmentation.inference.scorer import Scorer
from segmentation.inference.scoring import asked_tiling
from segmentation.inference.suitability import refuse_objects, require_cutout
from segmentation.jobs.context import Context
from segmentation.jobs.folder import FolderStarted, PhotoDone, Photos, predict_photos, score_photos
from segmentation.jobs.folder_triage import caution_about, triage_results
from segmentation.jobs.loading import Loading
from segmentation.jobs.option_checks import check_cutouts, check_with
from segmentation.jobs.predict_given import about_cutouts, about_files, check_place
from segmentation.jobs.predict_plan import planned_results
from segmentation.jobs.predict_store import StoreResults
from segmentation.jobs.predict_writing import choose_writer, score_settings
from segmentation.jobs.triage_limits import check_promise, choose_limits
from segmentation.outputs.folder_job import Tally, WritePhoto
from segmentation.outputs.folders import check_folders
from segmentation.outputs.label_writer import refuse_other_labels
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo
from segmentation.outputs.pairs import refuse_pairs
from segmentation.outputs.photo_result import PhotoOutputs
from segmentation.outputs.publishing import Publisher
from segmentation.outputs.result import Result
from segmentation.outputs.shares import Share
from segmentation.reports.review import remove_review
from segmentation.stores.address import Address, Place


@dataclass
class FolderPrediction:
    """A run over a folder: iterate for the result of each photo, or `run` it; then it tells of the folder.

    A `scorer` that is already loaded replaces the options of models and scores, and `arrivals` are the photos
    of a run that begins before they are there, see `run_folder`: it may be iterated again. `output` is the
    folder of results, None where nothing is written; `workers` photos are processed at the same time; `kept`,
    `replaced` and `outdated` are files that a person had changed, see `PhotoOutputs`; `triage` sorts the
    photos, and `caution` is why its confidence is less reliable than usual; `stopped` is whether photos were
    left for the next run.
    """

    options: PredictOptions
    context: Context
    scorer: InitVar[Scorer | None] = None
    arrivals: InitVar[Iterable[Photo | None] | None] = None
    models: Ensemble = field(init=False)
    output: Place | None = field(init=False, default=None)
    workers: int = field(init=False, default=1)
    limits: Limits | None = field(init=False, default=None)
    tally: Tally = field(init=False, default_factory=Tally)
    kept: list[str] = field(init=False, default_factory=list)
    replaced: list[str] = field(init=False, default_factory=list)
    outdated: list[str] = field(init=False, default_factory=list)
    triage: FolderTriage | None = field(init=False, default=None)
    caution: str = field(init=False, default="")
    stopped: bool = field(init=False, default=False)

    def __post_init__(self, scorer: Scorer | None, arrivals: Iterable[Photo | None] | None) -> None:
        options, context = self.options, self.context
        if not options.save and (unwritten := about_files(options)):
            raise ConfigError(f"{' '.join(unwritten)}: expected with `save`, which writes files; add `save`")
        loading = Loading(options.models, options.scoring, context, scorer)
        self.models = loading.models
        binary = self.models.labels.binary
        self._finds_objects = self.models.finds_objects
        if not (binary or self._finds_objects) and (unfit := about_cutouts(options)):
            require_cutout(self.models, " ".join(unfit), "leave it out")
        if options.review:
            refuse_objects(self.models, "`review`", "leave it out")
        self.limits = choose_limits(options, self.models)
        check_place(options)
        in_store = isinstance(options.output, Address)
        output = options.output or context.workspace.results / self.models.name / "predict"
        self.output = output if options.save else None
        self._photos = Photos.of(options.photos, self.output, options.stores, options.files)
        # what cannot be found fails before anything is loaded
        self._found = self._photos.found(context.tell) if arrivals is None else arrivals
        self.workers = self._photos.streams(options.work.workers)
        check_with(options, ("matte_band", "matte_width"), "matte")
        check_cutouts(options, options.files)
        matte = load_matte_pass(
            options.files, context.workspace.models, options.scoring, streams=self.workers
        )
        self._writer = choose_writer(
            options.files,
            self.models,
            asked_tiling(options.scoring),
            output if isinstance(output, Path) else Path(),
            matte,
            review=self.limits is not None and not in_store,  # a contact sheet has a place in a folder alone
        )
        self._scorer = loading.scorer(self.workers)
        check_promise(self.limits, self.models, self._scorer)
        self._score_settings = score_settings(self._scorer, triaged=self.limits is not None)
        if isinstance(self.output, Path):
            if binary or self._finds_objects:
                refuse_pairs(self.output)
            else:
                refuse_other_labels(self.output, self.models.labels)

    @property
    def arithmetic(self) -> str:
        """Return the engine that computes the scores, and why it does so in that precision."""
        return self._scorer.arithmetic

    def run(self) -> Self:
        """Do all photos, and return it with what is known of the folder afterwards."""
        for _result in self:
            pass
        return self

    def __iter__(self) -> Iterator[Result]:
        if isinstance(self.output, Address):
            yield from self._into_store(self.output)
            return
        manifest = self._manifest()
        if self.options.dry_run and manifest and self.output:
            check_folders(self.output, self._writer.kinds)
            manifest.look()
            yield from self._planned(self._awaited, self._publisher(manifest, self.output), manifest)
            return
        results = predict_photos(
            self._scorer,
            self._photos,
            self._write(manifest),
            self.context,
            found=self._found,
            doing=_doing(self.models),
            manifest=manifest,
            **self._scoring,
        )
        # whatever ends the run, the photos in progress are recorded before the manifest closes
        with manifest or nullcontext(), closing(results):
            if manifest:
                self._writer.prepare()
                if manifest.left_out:
                    self.context.tell(
                        Caution(
                            f"{manifest.left_out} damaged or foreign lines of {manifest.path} are left out"
                        )
                    )
            for result in results:
                yield self._counted(result)
            self.stopped = self.context.stop()
            if manifest:
                if self._photos.address and not self.stopped:
                    manifest.have_met(self._photos.address)
                self._finish(manifest)

    def _counted(self, result: Result) -> Result:
        self.tally.add(result)
        self.kept += result.kept
        self.replaced += result.replaced
        self.outdated += result.outdated
        return result

    def _into_store(self, output: Address) -> Iterator[Result]:
        """The same with results in a store."""
        results = self._stored(output)
        if self.options.dry_run:
            yield from results.plan(self._awaited, self._writer, self._planned, self.context)
            return
        self.context.tell(FolderStarted(_doing(self.models), self._photos.count))
        if self.options.on:
            from segmentation.jobs.cluster import predict_on
            from segmentation.jobs.cluster_setup import setup_of

            setup = setup_of(self.options, self.context, self.models, self._scorer.settings, results.settings)
            done = predict_on(self.options.on, setup, results, self._awaited, self._writer, self.context)
        else:
            done = results.predict(self._awaited, self._writer, self._scored, self.context)
        for result in done:
            self.context.tell(PhotoDone(self._counted(result)))
            yield result
        self.stopped = self.context.stop()

    @property
    def settings(self) -> dict[str, Any]:
        """Return everything besides the photo that decides the bytes of its files; see `Manifest`."""
        return {**self._score_settings, **self._writer.settings}

    def predict_share(self, share: Share) -> Iterator[list[Result]]:
        """Do the share of a cluster's work that this process was given, and yield results in batches."""
        assert isinstance(self.output, Address)
        scored = partial(self._scored, workers=1) if share.careful else self._scored
        photos = share.received(self._photos.store)
        return self._stored(self.output).predict_share(share, photos, self._writer, scored, self.context)

    def _stored(self, output: Address) -> StoreResults:
        options = self.options
        lines = options.stores.lines(on_cluster=options.on is not None)
        return StoreResults.at(
            output,
            options.stores.patience,
            self.settings,
            self._asked,
            options.overwrite,
            lines,
            self._photos.address,
        )

    def _scored(
        self, found: Iterable[Photo], write: WritePhoto, manifest: Manifest, **others: Any
    ) -> Generator[Result, None, None]:
        options = {**self._scoring, **others}
        return score_photos(
            self._scorer, self._photos, found, write, self.context, manifest=manifest, **options
        )

    @property
    def _awaited(self) -> Iterator[Photo]:
        return filter(None, iter(self._found))

    @property
    def _scoring(self) -> dict[str, Any]:
        """The options of reading and scoring photos."""
        return {
            "workers": self.workers,
            "estimate": self.limits is not None,
            "triage": PhotoTriage.of(self.models.confidence_model, self.limits),
        }

    def _planned(self, found: Iterable[Photo], publisher: Publisher, manifest: Manifest) -> Iterator[Result]:
        for result in planned_results(found, publisher, manifest, self.context.stop):
            self.context.tell(PhotoDone(self._counted(result)))
            yield result
        self.stopped = self.context.stop()

    def _manifest(self) -> Manifest | None:
        if not isinstance(self.output, Path):
            return None
        return Manifest(
            self.output,
            self.settings,
            kinds=self._writer.kinds,
            asked=self._asked,
            overwrite=self.options.overwrite,
        )

    @property
    def _asked(self) -> dict[str, Any] | None:
        binary = self.models.labels.binary
        return None if self._finds_objects or not binary else asked_of(self.options.files)

    def _write(self, manifest: Manifest | None) -> WritePhoto:
        if not (manifest and isinstance(self.output, Path)):
            return lambda *_prediction: PhotoOutputs({})
        return self._publisher(manifest, self.output)

    def _publisher(self, manifest: Manifest, output: Path) -> Publisher:
        return Publisher(output, self._writer, manifest, overwrite=self.options.overwrite)

    def _finish(self, manifest: Manifest) -> None:
        if not self.limits:
            remove_review(manifest.path.parent)
            return
        self.caution = caution_about(self.models, self._scorer.threshold, self._scorer.settings)
        self.triage = triage_results(manifest, self.models, self.limits, self._score_settings, self.caution)


def predict(options: PredictOptions, context: Context, scorer: Scorer | None = None) -> FolderPrediction:
    """Predict every photo, tell a PhotoDone event for each, and return the results of the folder.

    A `scorer` is as in `FolderPrediction`. Raises ConfigError for options that do not fit the models or each
    other, DataError for an input without photos and when nothing more can be written; a photo that fails is a
    result with an error.
    """
    return FolderPrediction(options, context, scorer).run()


def _doing(models: Ensemble) -> str:
    if models.finds_objects:
        return "finding objects"
    return "cutting out" if models.labels.binary else "marking classes"
