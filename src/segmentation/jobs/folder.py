"""The part that jobs over a folder of photos share: a result and an event for each photo."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from segmentation.confidence.verdict import PhotoTriage
from segmentation.config.files import FileOptions
from segmentation.config.scoring import InputOptions
from segmentation.config.stores import StoreOptions
from segmentation.core.errors import ConfigError
from segmentation.core.events import Caution, Tell, ignore
from segmentation.core.parallel import cores
from segmentation.images.files import Picture, open_photo
from segmentation.inference.scorer import Scorer
from segmentation.jobs.context import Context
from segmentation.outputs.folder_job import Tally, WritePhoto, run_folder
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo
from segmentation.outputs.result import Result
from segmentation.outputs.sources import find_all_photos, read_list
from segmentation.outputs.stored_photos import find_stored_photos
from segmentation.stores.address import Address, Place
from segmentation.stores.downloads import Downloads
from segmentation.stores.store import Store


@dataclass(frozen=True)
class FolderStarted:
    """An event: photos are about to be predicted; `count()` counts them, see `Photos.count`."""

    doing: str
    count: Callable[[], int | None]


@dataclass(frozen=True)
class PhotoDone:
    """An event: a photo is done, was skipped as already done, or failed."""

    result: Result


@dataclass(frozen=True)
class Photos:
    """The photos of a job: the folders and files to look in, without what lies in `exclude`, its results.

    In their place there may be a single address in a store. Where a photo has more than 8 bits a channel, as
    many of them as `bits` are read; `keep_gps` keeps where it was taken.
    """

    sources: tuple[Path, ...]
    max_pixels: int | None
    exclude: Place | None
    option: str = "input"  # the option that named the sources
    address: Address | None = None
    stores: StoreOptions = StoreOptions()
    bits: int = 8
    keep_gps: bool = False

    @classmethod
    def of(
        cls,
        options: InputOptions,
        exclude: Place | None = None,
        stores: StoreOptions | None = None,
        files: FileOptions = FileOptions(),
    ) -> Self:
        """Return the photos that the options name, of a store where `stores` says how those are read.

        What is read of them is what the `files` of a photo are to keep.

        Raises ConfigError where they name none or name them in two ways, DataError for a list of paths that
        cannot be read.
        """
        if options.files_from and options.input:
            raise ConfigError("`files_from`: expected without `input`, received both; leave one of them out")
        sources = read_list(options.files_from) if options.files_from else options.input
        if not sources:
            raise ConfigError("`input`: expected a folder of photos or a photo, received none; add `input`")
        option = "files_from" if options.files_from else "input"
        addresses = [source for source in sources if isinstance(source, Address)]
        if addresses and stores is None:
            raise ConfigError(
                f"`{option}` {addresses[0]}: expected a folder of photos on this machine, received an "
                "address; copy the photos into a folder"
            )
        if addresses and len(sources) > 1:
            raise ConfigError(
                f"`{option}` {addresses[0]}: expected an address alone, received {len(sources)} inputs; run "
                "the command for each of them"
            )
        paths = tuple(source for source in sources if isinstance(source, Path))
        address = addresses[0] if addresses else None
        return cls(
            paths,
            options.max_pixels,
            exclude,
            option,
            address,
            stores or StoreOptions(),
            files.bits,
            files.keep_gps,
        )

    @property
    def store(self) -> Store | None:
        """The store of the address, open. Raises DataError where it cannot be reached."""
        return Store(self.address, self.stores.patience) if self.address else None

    def read(self, path: Path) -> Picture:
        """Read one of them. Raises ImageError."""
        return open_photo(path, max_pixels=self.max_pixels, bits=self.bits, keep_gps=self.keep_gps)

    def found(self, tell: Tell = ignore) -> Iterator[Photo]:
        """Find them, from the first; what is left out is told as a Caution. Raises DataError for none."""

        def warn(text: str) -> None:
            tell(Caution(text))

        if self.address and (store := self.store):
            return find_stored_photos(
                self.address, store, exclude=self.exclude, warn=warn, option=self.option
            )
        exclude = self.exclude if isinstance(self.exclude, Path) else None
        return find_all_photos(self.sources, exclude=exclude, warn=warn, option=self.option)

    def count(self) -> int | None:
        """Count them, which may take a while; None of a store, whose names would be listed twice for it."""
        return None if self.address else sum(1 for _ in self.found())

    def streams(self, workers: int | None = None) -> int:
        """Return how many are processed at the same time: a single photo uses all cores."""
        alone = len(self.sources) == 1 and self.sources[0].is_file()
        return 1 if alone else workers or cores()


def predict_photos(
    scorer: Scorer,
    photos: Photos,
    write: WritePhoto,
    context: Context,
    *,
    found: Iterable[Photo | None] | None = None,
    doing: str,
    workers: int = 1,
    manifest: Manifest | None = None,
    estimate: bool = False,
    triage: PhotoTriage | None = None,
) -> Generator[Result, None, None]:
    """Predict and write each photo, tell an event and yield the result; see `run_folder`.

    `found` are the photos where they were looked for before. With `estimate` predictions have features and,
    where the models have a confidence model, a confidence. Closing the iterator finishes the photos in hand.
    """

    context.tell(FolderStarted(doing, photos.count))
    found = photos.found(context.tell) if found is None else found
    results = score_photos(
        scorer,
        photos,
        found,
        write,
        context,
        workers=workers,
        manifest=manifest,
        estimate=estimate,
        triage=triage,
    )
    with closing(results):
        for result in results:
            context.tell(PhotoDone(result))
            yield result


def score_photos(
    scorer: Scorer,
    photos: Photos,
    found: Iterable[Photo | None],
    write: WritePhoto,
    context: Context,
    *,
    workers: int,
    manifest: Manifest | None,
    estimate: bool,
    triage: PhotoTriage | None,
) -> Generator[Result, None, None]:
    """Predict and write each of the photos that were `found`, as `predict_photos`, without events."""
    with ExitStack() as stack:
        if photos.address:
            downloads = stack.enter_context(Downloads(photos.stores.read_ahead))
            found = downloads.fetched(
                filter(None, found), manifest.will_be_read if manifest else lambda _photo: True
            )
        results = run_folder(
            scorer,
            found,
            write,
            workers=workers,
            stop=context.stop,
            manifest=manifest,
            read=photos.read,
            estimate=estimate,
            triage=triage,
        )
        yield from stack.enter_context(closing(results))


def status_of(tally: Tally) -> int:
    """Return the exit status of a folder job: 0 when nothing failed, 1 when some did, 2 when all did."""
    if not tally.failed:
        return 0
    return 1 if tally.failed < tally.photos else 2
