"""Network shares and other people's disks: rights cannot be set there, and names may ignore case."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.bundles import write_bundle
from support.drawing import draw_pair

from segmentation.bundle.bundle import load_bundle
from segmentation.core.files import atomic_folder, copy_folder, write_bytes, write_text
from segmentation.images.files import write_image
from segmentation.outputs.naming import find_photos
from segmentation.outputs.pairs import IMAGES, MASKS, write_pair


@pytest.fixture(params=[errno.EPERM, errno.ENOTSUP])
def share(request, tmp_path, monkeypatch) -> Path:
    """A folder in which no one can change rights, as on CIFS and gvfs."""

    def refuse(path, *_args, **_options):
        raise OSError(request.param, os.strerror(request.param), os.fspath(path))

    for name in ("chmod", "fchmod", "lchmod", "chown"):
        monkeypatch.setattr(os, name, refuse, raising=False)
    return tmp_path / "share"


def test_files_are_written_where_rights_cannot_be_set(share):
    photo, alpha = draw_pair(0)
    write_text(share / "a.txt", "a")
    write_bytes(share / "b.bin", b"b")
    for suffix in (".png", ".jpg", ".webp", ".tif"):
        write_image(share / "pictures" / f"a{suffix}", photo)
    (found,) = find_photos(share / "pictures" / "a.png")
    write_pair(share / "pairs", found, alpha)
    with atomic_folder(share / "models") as folder:
        write_text(folder / "bundle.json", "{}")

    assert sorted(path.name for path in share.rglob("*") if path.is_file()) == [
        "a.jpg", "a.png", "a.png", "a.png", "a.tif", "a.txt", "a.webp", "b.bin", "bundle.json",
    ]  # fmt: skip


def test_a_first_pass_is_copied_where_rights_cannot_be_set(share):
    bundle = write_bundle(share / "models" / "first")
    (bundle.path / "more").mkdir()
    (bundle.path / "more" / "note.txt").write_text("kept")
    copy_folder(bundle.path, share / "copy")

    assert load_bundle(share / "copy").split == bundle.split
    assert (share / "copy" / "more" / "note.txt").read_text() == "kept"


def test_results_of_names_that_differ_by_case_do_not_overwrite_each_other(tmp_path):
    for number, name in enumerate(("Dress.png", "dress.jpg", "DRESS.webp", "a/B.png", "A/b.png")):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw_pair(number)[0]).save(tmp_path / "in" / name)
    photos = list(find_photos(tmp_path / "in"))
    for photo in photos:
        write_pair(tmp_path / "set", photo, np.zeros((64, 48), np.uint8))

    assert photos == list(find_photos(tmp_path / "in"))
    outputs = [output.casefold() for photo in photos for output in {*photo.outputs.values()}]
    assert len(photos) == 5
    assert len(outputs) == len(set(outputs))
    for part in (IMAGES, MASKS):
        written = [path for path in (tmp_path / "set" / part).rglob("*") if path.is_file()]
        assert len({str(path).casefold() for path in written}) == 5
