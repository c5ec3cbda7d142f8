"""The cost of a million and of a thousand million photos in a store: simulated, and worked out on paper.

    python benchmarks/scale.py [--names N] [--lines N] [--photos-a-second X] [--core-hour X]

Measured in CPU time: naming a listing of N names that is made up as it is taken, and a shard of the manifest
in a store in memory, as it is first written and as it is read when a run goes on. Both without pictures. The
table then takes what was measured times the number of photos; delays and prices of the store are assumed,
see --help.
"""

import argparse
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import project  # noqa: F401

from segmentation.config.stores import SHARD_PHOTOS
from segmentation.outputs.naming import Photo
from segmentation.outputs.result import Result
from segmentation.outputs.shard_names import SHARDS
from segmentation.outputs.shard_store import ShardStore
from segmentation.outputs.shards import Shards
from segmentation.outputs.store_publishing import BATCH
from segmentation.outputs.stored_folder import StoredFolder
from segmentation.outputs.stored_photos import name_objects
from segmentation.stores.address import Address
from segmentation.stores.patience import Patience
from segmentation.stores.store import Store
from segmentation.stores.stored_object import StoredObject

SOURCE = Address("s3", "shop/photos")
SETTINGS = {"model": "0" * 64, "engine": "openvino", "precision": "bf16", "tta": "none", "threshold": 0.5}
KINDS = ("mask", "cutout")
PAGE = 1000  # names
FEATURES = 20  # about as many as confidence is computed from


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=1_000_000, help="names to simulate (default: 1000000)")
    parser.add_argument(
        "--lines", type=int, default=SHARD_PHOTOS, help=f"photos of a shard (default: {SHARD_PHOTOS})"
    )
    parser.add_argument("--delay-ms", type=float, default=100, help="a page of names (default: 100)")
    parser.add_argument("--megabytes-a-second", type=float, default=100, help="of the store (default: 100)")
    parser.add_argument("--photos-a-second", type=float, default=3, help="of a core (default: 3)")
    parser.add_argument("--core-hour", type=float, default=0.04, help="its price (default: 0.04)")
    parser.add_argument("--put", type=float, default=0.005, help="price of 1000 PUT or LIST (default: 0.005)")
    parser.add_argument(
        "--get", type=float, default=0.0004, help="price of 1000 GET or HEAD (default: 0.0004)"
    )
    options = parser.parse_args()

    rate = measure_names(options.names)
    few, many = memory_of_names(50_000), memory_of_names(200_000)
    print(
        f"naming: {rate:,.0f} names a second; peak {few:.0f} kB for 50,000 names, {many:.0f} kB for 200,000"
    )
    with TemporaryDirectory() as scratch:
        shard = measure_shard(options.lines, Path(scratch))
    size, written, read, peak = shard
    print(
        f"shard of {options.lines:,} photos: {size / 1e6:.1f} MB, {size / options.lines:,.0f} bytes a photo; "
        f"written in {written:.1f} s, read in {read:.1f} s; {peak:.0f} MB of memory while it is read"
    )
    print(
        "\n| photos | pages | names, h | shards | manifest, GB | to go on, h | requests | cores, h | cores |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for count in (10**4, 10**6, 10**7, 10**8, 10**9):
        listing = count / PAGE * options.delay_ms / 1000 + count / rate
        shards = -(-count // options.lines)
        reading = shards * (read + size / options.megabytes_a_second / 1e6)
        puts = count * (len(KINDS) + 1 / BATCH) + count / PAGE
        gets = count * (1 + len(KINDS))
        price = puts / 1000 * options.put + gets / 1000 * options.get
        core_hours = count / options.photos_a_second / 3600
        cells = (
            f"{count:,}",
            f"{-(-count // PAGE):,}",
            f"{listing / 3600:,.2f}",
            f"{shards:,}",
            f"{size / options.lines * count / 1e9:,.2f}",
            f"{(listing + reading) / 3600:,.2f}",
            f"{price:,.2f}",
            f"{core_hours:,.0f}",
            f"{core_hours * options.core_hour:,.2f}",
        )
        print(f"| {' | '.join(cells)} |")


def listing(count: int) -> Iterator[StoredObject]:
    """Make up objects in the order of their names: a folder a day, a thousand photos in each."""
    for number in range(count):
        name = f"day-{number // 1000:07d}/IMG_{number % 1000:04d}.jpg"
        yield StoredObject(SOURCE / name, 2_000_000, 1_700_000_000_000_000_000, f"{number:032x}")


def measure_names(count: int) -> float:
    """Return how many photos are named in a second."""
    started = time.process_time()
    named = sum(1 for _ in name_objects(listing(count), SOURCE, nowhere()))
    assert named == count
    return count / (time.process_time() - started)


def memory_of_names(count: int) -> float:
    """Return the most memory, in kilobytes, that is held while photos are named."""
    tracemalloc.start()
    for _photo in name_objects(listing(count), SOURCE, nowhere()):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e3


def measure_shard(lines: int, scratch: Path) -> tuple[int, float, float, float]:
    """Return the bytes of a shard, the seconds to write and to read it, and the megabytes held meanwhile."""
    results = Address("memory", "scale/results")
    folder = StoredFolder(Store(results, Patience(1)), results)
    photos = list(name_objects(listing(lines), SOURCE, nowhere()))
    started = time.process_time()
    for shard in shards_of(folder, lines).over(photos, scratch):
        for number, photo in enumerate(shard.photos):
            shard.manifest.record(made_up(photo))
            if number % BATCH == BATCH - 1:
                shard.ship()
        shard.ship()
    written = time.process_time() - started
    (stored,) = folder.store.objects(results / SHARDS)
    started = time.process_time()
    assert not sum(unfinished(folder, lines, photos, scratch))
    read = time.process_time() - started
    tracemalloc.start()
    assert not sum(unfinished(folder, lines, photos, scratch))
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return stored.size_bytes, written, read, peak


def unfinished(folder: StoredFolder, lines: int, photos: list[Photo], scratch: Path) -> Iterator[bool]:
    """Return whether each photo would be read again."""
    for shard in shards_of(folder, lines).over(photos, scratch):
        for photo in shard.photos:
            yield shard.manifest.will_be_read(photo)


def shards_of(folder: StoredFolder, lines: int) -> Shards:
    """Open the shards as a run does."""
    store = ShardStore.at(folder.store, folder.address / SHARDS)
    return Shards(folder, store, SETTINGS, KINDS, {}, lines=lines)


def made_up(photo: Photo) -> Result:
    """Return the result of a photo, with all that a line may have."""
    assert photo.download
    sha256 = f"{abs(hash(photo.stem)):064x}"
    key = {**photo.download.as_known({**record(photo), "sha256": sha256}), **SETTINGS}
    about = {"bytes": 400_000, "mtime_ns": 1_700_000_000_000_000_000, "sha256": sha256}
    outputs = {kind: photo.outputs[kind] for kind in KINDS}
    done = Result(photo.name, photo.stem, outputs, 0.234567, 0.5, 0.1234, (), 0.98765, "auto")
    features = {f"feature_number_{number}": 0.123456 for number in range(FEATURES)}
    return replace(done, key=key, files=dict.fromkeys(outputs.values(), about), features=features)


def record(photo: Photo) -> dict:
    """Return what the store tells of a photo."""
    assert photo.download
    stored = photo.download.stored
    return {"bytes": stored.size_bytes, "mtime_ns": stored.changed_ns, "version": stored.version}


def nowhere() -> Store:
    """Return a store from which nothing is fetched."""
    return Store(Address("memory", "scale"), Patience(1))


if __name__ == "__main__":
    main()
