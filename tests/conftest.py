"""Fixtures that all tests share."""

import gc
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.places import ROOT
from support.speed import takes_seconds

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

# a shell that runs the tests in its background has them ignore Ctrl-C, and so would every command they start
signal.signal(signal.SIGINT, signal.default_int_handler)

# networks are millions of objects: looking through them as often as usual takes a tenth of a training
gc.set_threshold(50_000, 20, 50)

# a property holds or does not hold, however busy the machine is
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """Leave what all files of tests have imported out of every later search for garbage, of 0.3 s."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out."""
    asked = "whole" in (config.option.markexpr or "")  # every file of tests is read to find it
    for item in items:
        if asked and takes_seconds(item.path, item.originalname):
            item.add_marker(pytest.mark.whole)
        if "object_home" in item.fixturenames:  # whose training takes a minute
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory) -> None:
    """Compiled networks of tests are not kept in the cache of the person who runs them."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def studio() -> Path:
    """The folder of real studio photos, which are not part of the project."""
    return shared_folder("studio", "real photos")


@pytest.fixture(scope="session")
def ccp() -> Path:
    """The folder of real street photos with label maps, which are not part of the project."""
    return shared_folder("ccp", "street photos")


def shared_folder(name: str, photos: str) -> Path:
    """A folder of photos beside the project; a test that asks for one is skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data" / name
    if not folder.is_dir():
        pytest.skip(f"the {photos} are not here: expected them in {folder}")
    return folder


@pytest.fixture
def tiny_set(tmp_path) -> Path:
    """Three drawn garments, two photos each, in `images` and `cutouts`."""
    from support.drawing import draw_set

    return draw_set(tmp_path / "pairs")


@pytest.fixture
def source(tmp_path) -> Path:
    """A folder of six photos, two of them in a subfolder."""
    from support.folder_job import draw_folder

    return draw_folder(tmp_path / "in")


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    """Chromium without a window; a test that asks for one is skipped where it is absent."""
    from support.browser import browser

    with browser() as found:
        yield found


@pytest.fixture
def tab(chromium) -> Iterator[Callable]:
    """A function that opens a new tab; no page may have thrown an error in the end."""
    from support.browser import WINDOW, Page

    pages, contexts = [], []

    def opened(address):
        contexts.append(chromium.new_context(viewport=WINDOW))
        pages.append(Page(contexts[-1].new_page(), address))
        return pages[-1]

    yield opened
    errors = [error for page in pages for error in page.errors]
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(scope="module")
def networks_built_once() -> Iterator[None]:
    """A network of keras.applications takes a second to build: one is copied by all tests of a file."""
    from segmentation.models import application

    built, build = {}, application.application

    def once(row, shape, *weights):
        if shape[0] != application._SIDE_PX:  # one whose weights count
            return build(row, shape, *weights)
        if (key := (row.application, shape)) not in built:
            built[key] = build(row, shape)
        return built[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "application", once)
        yield


@pytest.fixture(scope="session")
def class_bundle(tmp_path_factory) -> Path:
    """A model that distinguishes drawn garments, their bags and the background by their colours.

    It lies in models/street of a home, sees 48x64 pixels, and is exported to OpenVINO.
    """
    from support.class_model import train_class_model

    return train_class_model(tmp_path_factory.mktemp("street") / "models" / "street")


@pytest.fixture(scope="session")
def object_home(tmp_path_factory) -> Path:
    """A home with the model `things`, which finds drawn things one by one, and its pairs in `pairs`.

    The model sees 64x64 pixels, and is exported to OpenVINO.
    """
    from support.object_model import train_object_model

    home = tmp_path_factory.mktemp("things")
    train_object_model(home)
    return home


@pytest.fixture(scope="session")
def object_server():
    """An object store on this machine."""
    from support.object_store import ObjectStore

    store = ObjectStore()
    yield store
    store.close()


@pytest.fixture
def object_store(object_server, monkeypatch, request):
    """The object store with an empty bucket, `object_store.bucket`, for one test, and the way to it."""
    for name, value in object_server.environment.items():
        monkeypatch.setenv(name, value)
    object_server.bucket = f"bucket-{abs(hash(request.node.nodeid)) % 10**12}"
    object_server.client.create_bucket(Bucket=object_server.bucket)
    yield object_server
    object_server.forget()
