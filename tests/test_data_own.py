"""One reader for folders, arrays and sets: what comes out is the images, or a refusal by name."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from lindiff_nb.data import images, load, own

N, H, W = 6, 24, 16
rng = np.random.default_rng(3)
BASE = rng.integers(20, 236, (N, H, W), dtype=np.uint8)
COLOUR = np.stack([BASE, BASE[::-1], 255 - BASE], axis=-1)


def save(folder: Path, **pictures: np.ndarray) -> Path:
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def base(tmp_path) -> Path:
    return save(tmp_path, **{f"f{at + 1}": pixels for at, pixels in enumerate(BASE)})


def first_again(base: Path) -> own.Images:
    """What was read, if it is the base and one more file that shows f1 up to 3 grey levels."""
    read = images(base)
    assert len(read.pixels) == N + 1
    new = next(at for at, name in enumerate(read.names) if not name.startswith("f"))
    old = read.names.index("f1.png")
    assert np.abs(read.floats(new, high=255) - read.floats(old, high=255))[8:].max() <= 3
    return read


def test_a_folder_an_array_and_an_archive_of_the_same_bytes_are_the_same_images(base, tmp_path):
    np.save(tmp_path / "all.npy", BASE)
    np.savez(tmp_path / "all.npz", arr_0=BASE, labels=np.arange(N))
    (tmp_path / "sub").mkdir()
    for path in base.glob("*.png"):
        path.rename(tmp_path / "sub" / path.name)
    found = [images(tmp_path / name) for name in ("sub", "all.npy", "all.npz")]
    for read in found:
        np.testing.assert_array_equal(read.pixels, BASE)
        assert read.scale == (0, 255)
        np.testing.assert_array_equal(read.floats(), BASE / 255)
    assert any("labels" in line for line in found[2].said)
    assert any("1 .npy, 1 .npz" in line for line in images(tmp_path).said)


def test_numbers_in_names_are_numbers_whatever_the_folder_says_first(tmp_path):
    names = ["a/f1", "a/f2", "a/f10", "A/g003", "b/F4", "b/f30"]
    for name, pixels in zip(reversed(names), BASE[::-1], strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    read = images(tmp_path)
    assert [n.removesuffix(".png") for n in read.names] == [
        "A/g003",
        "a/f1",
        "a/f2",
        "a/f10",
        "b/F4",
        "b/f30",
    ]


def lying(pixels, path):
    tag = Image.Exif()
    tag[0x0112] = 6
    Image.fromarray(np.rot90(pixels)).save(path / "turned.jpg", exif=tag, quality=100)


def lying_tiff(pixels, path):
    Image.fromarray(np.rot90(pixels).copy()).save(path / "turned.tif", tiffinfo={0x0112: 6})


def lying_webp(pixels, path):
    tag = Image.Exif()
    tag[0x0112] = 6
    turned = Image.fromarray(np.rot90(pixels).copy()).convert("RGB")
    turned.save(path / "turned.webp", lossless=True, exif=tag)


def film(pixels, path):
    frames = [Image.fromarray(pixels), Image.fromarray(255 - pixels)]
    first, second = (frame.convert("RGB") for frame in frames)
    first.save(path / "moving.webp", lossless=True, save_all=True, append_images=[second])


def deep(pixels, path):
    Image.fromarray(pixels.astype(np.uint16) * 257).save(path / "deep.png")


def clear(pixels, path):
    alpha = np.full_like(pixels, 255)
    alpha[:8] = 0
    Image.fromarray(np.stack([pixels, alpha], -1), "LA").save(path / "veil.png")


def palette(pixels, path):
    Image.fromarray(pixels).convert("P").save(path / "palette.png")


def renamed(pixels, path):
    Image.fromarray(pixels).save(path / "really.JPG", format="png")


def unnamed(pixels, path):
    Image.fromarray(pixels).save(path / "picture", format="tiff")


def pages(pixels, path):
    more = [Image.fromarray(255 - pixels)] * 2
    Image.fromarray(pixels).save(path / "pages.tif", save_all=True, append_images=more)


def as_colour(pixels, path):
    Image.fromarray(pixels).convert("RGB").save(path / "colour.webp", lossless=True)


@pytest.mark.filterwarnings("ignore:.*mode.*parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lying, "upright"),
        (lying_tiff, "upright"),
        (lying_webp, "upright"),
        (film, "of 2 pages"),
        (deep, "65535"),
        (clear, "laid on white"),
        (palette, ""),
        (renamed, ""),
        (unnamed, ""),
        (pages, "of 3 pages"),
        (as_colour, ""),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_picture_is_the_picture_however_it_is_saved_and_what_that_took_is_said(base, make, word):
    make(BASE[0], base)
    read = first_again(base)
    assert any(word in line for line in read.said)
    assert any("laid on white" in line for line in read.said) == (make is clear)
    if make not in (lying, clear):
        assert any("more than once" in line for line in read.said)
        assert len(read.same) == 1


def test_twelve_bits_are_dark_until_white_is_given(base):
    Image.fromarray(BASE[0].astype(np.uint16) * 16).save(base / "twelve.tif")
    assert any("dark" in line and "twelve.tif" in line for line in images(base).said)
    read = images(base, white=4080)
    assert len(read.same) == 1
    np.save(base / "twelve.npy", BASE.astype(np.uint16) * 16)
    assert any("dark" in line for line in images(base / "twelve.npy").said)
    np.testing.assert_allclose(images(base / "twelve.npy", white=4080).floats(), BASE / 255)


def test_four_inks_are_three_colours(tmp_path):
    Image.new("CMYK", (8, 8), (255, 0, 128, 0)).save(tmp_path / "inks.jpg", quality=100)
    (red, green, blue) = images(tmp_path).floats(high=255)[0].mean(axis=(0, 1))
    assert (red, green, blue) == pytest.approx((0, 255, 127), abs=2)


def broken(folder: Path) -> list[str]:
    whole = (folder / "f1.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").touch()
    (folder / "page.jpeg").write_text("<html>")
    (folder / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    return ["cut.png", "empty.jpg", "page.jpeg", "phone.HEIC"]


def test_unreadable_files_are_named_all_at_once_and_left_out_only_if_asked(base):
    names = broken(base)
    with pytest.raises(ValueError, match="skip-bad") as refused:
        images(base)
    assert all(name in str(refused.value) for name in names)
    read = images(base, skip_bad=True)
    np.testing.assert_array_equal(read.pixels, BASE)
    assert all(any(name in line for line in read.said) for name in names)


def test_what_is_no_picture_is_passed_over_and_counted(base):
    (base / "._f1.png").write_bytes(b"resource fork")
    for name in (".DS_Store", "Thumbs.db", "notes.txt", "sound.wav"):
        (base / name).write_bytes(b"RIFF\0\0\0\0WAVE")
    read = images(base)
    np.testing.assert_array_equal(read.pixels, BASE)
    line = next(line for line in read.said if "passed over" in line)
    assert "2 hidden" in line
    assert "1 .db" in line
    assert "1 .txt" in line


def test_a_picture_that_declares_too_much_is_refused_before_it_is_unpacked(base):
    info = PngImagePlugin.PngInfo()
    Image.fromarray(BASE[0]).save(base / "huge.png", pnginfo=info)
    data = bytearray((base / "huge.png").read_bytes())
    data[16:24] = (30_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    (base / "huge.png").write_bytes(data)
    with pytest.raises(ValueError, match=r"huge.png: declares 30,000 x 30,000"):
        images(base)
    with pytest.raises(ValueError, match=r"f1\.png: declares"):
        images(base, largest=H * W - 1)


def test_links_that_lead_back_are_followed_once(base):
    (base / "round").symlink_to(base, target_is_directory=True)
    (base / "again.png").symlink_to(base / "f1.png")
    (base / "itself").symlink_to("itself")
    np.testing.assert_array_equal(images(base).pixels, BASE)


def test_a_picture_whose_link_leads_nowhere_is_missing_and_not_passed_over(base):
    """Folders under git-annex hold such links until their contents are fetched."""
    (base / "gone.png").symlink_to(base / "nowhere")
    with pytest.raises(ValueError, match=r"unreadable: 1 \(gone\.png: .*No such file"):
        images(base)
    np.testing.assert_array_equal(images(base, skip_bad=True).pixels, BASE)


@pytest.mark.parametrize("sign", ["\n", "\x1b[31m", "\u202e"])
def test_a_name_is_one_line_that_every_terminal_can_write(base, sign):
    assert own.folders.shown("a\udcff") == "a\\udcff"  # where names are bytes
    (base / f"f{sign}.png").write_bytes((base / "f1.png").read_bytes())
    read = images(base)
    assert sorted(read.names)[-1].isprintable()
    assert all(line.isprintable() for line in read.said)
    assert len(set(read.names)) == N + 1


def test_no_name_at_all_is_no_folder():
    with pytest.raises(ValueError, match=r"^images must be a name"):
        images("")


def test_the_odd_one_is_named_with_the_option_that_settles_it(base):
    save(base, patches=COLOUR[0])
    with pytest.raises(ValueError, match=r"6 24 x 16 gray; 1 24 x 16 colour.*patches.png: --gray"):
        images(base)
    assert images(base, gray=True).shape == (H, W)
    in_colour = images(base, gray=False)
    assert in_colour.shape == (H, W, 3)
    np.testing.assert_array_equal(in_colour.pixels[0, ..., 2], BASE[0])
    save(base, patches=BASE[0, :20])
    with pytest.raises(ValueError, match=r"1 20 x 16 gray.*patches.png: --size"):
        images(base)
    assert images(base, size=8).shape == (8, 8)


def test_gray_ones_saved_in_colour_join_those_in_colour(tmp_path):
    save(tmp_path, a=COLOUR[0], b=np.repeat(BASE[1][..., None], 3, -1))
    assert images(tmp_path).shape == (H, W, 3)


def test_sizes_are_area_averages_of_the_central_square(base, tmp_path):
    read = images(base, size=4, crop=8)
    square = BASE[:, 8:16, 4:12].reshape(N, 4, 2, 4, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(read.floats(high=255), square, rtol=1e-6)
    np.save(tmp_path / "colours.npy", COLOUR)
    shrunk = images(tmp_path / "colours.npy", size=4, crop=8)
    np.testing.assert_allclose(shrunk.pixels[..., 0], square, rtol=1e-6)
    with pytest.raises(ValueError, match="too few for --crop 17"):
        images(base, crop=17)


FLOATS = rng.uniform(-0.9, 0.9, (5, 4, 4))


@pytest.mark.parametrize(
    ("array", "scale"),
    [
        (BASE, (0, 255)),
        (BASE.astype(np.int64), (0, 255)),
        (BASE.astype(float), (0, 255)),
        (BASE + 0.25, (0, 255)),
        (BASE.astype(np.uint16) * 257, (0, 65535)),
        (BASE > 100, (0, 1)),
        (BASE.astype(np.float32) / 255, (0, 1)),
        (FLOATS, (-1, 1)),
        (5 * FLOATS, None),
        (1.2 * np.abs(FLOATS), None),
        (5 * np.abs(FLOATS).reshape(5, -1), None),
        (BASE.reshape(N, -1), (0, 255)),
        (BASE.astype(np.int64) * 1000, None),
    ],
    ids=range(13),
)
def test_black_and_white_are_those_of_the_numbers(tmp_path, array, scale):
    np.save(tmp_path / "x.npy", array)
    read = images(tmp_path / "x.npy")
    assert read.scale == scale
    if scale:
        black, white = scale
        wanted = (array.astype(float) - black) / (white - black) * 2 - 1
        np.testing.assert_allclose(read.floats(low=-1, high=1), wanted, atol=1e-12)
        same = read.floats(low=black, high=white)
    else:
        same = read.floats(low=-1, high=1)
    np.testing.assert_array_equal(same, array.astype(float))


@pytest.mark.parametrize(
    ("shape", "one", "word"),
    [
        ((5, 3, 8, 9), (8, 9, 3), "colours come first"),
        ((5, 1, 8, 9), (8, 9), "colours come first"),
        ((5, 8, 9, 1), (8, 9), ""),
        ((5, 4, 8, 9), (288,), "without a shape"),
        ((5, 7), (7,), "without a shape"),
    ],
    ids=str,
)
def test_which_axis_is_which_is_told_by_its_length(tmp_path, shape, one, word):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=shape))
    read = images(tmp_path / "x.npy")
    assert read.shape == one
    assert word in " ".join(read.said)


def broken_arrays():
    gap = np.ones((3, 4, 4))
    gap[1, 2, 2] = np.nan
    yield "gap", gap, "row 1"
    yield "list", np.arange(5.0), "not one image or point a row"
    yield "words", np.array([["a", "b"]]), "not of real numbers"
    yield "covariance", np.eye(4), "symmetric"
    yield "none", np.zeros((0, 4)), "shape"
    yield "four", np.zeros((2, 8, 8, 4), np.uint8), "four channels"


@pytest.mark.parametrize(
    ("array", "word"),
    [case[1:] for case in broken_arrays()],
    ids=[case[0] for case in broken_arrays()],
)
def test_arrays_that_are_no_images_are_refused_by_name(tmp_path, array, word):
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(ValueError, match=rf"x\.npy: .*{word}"):
        images(tmp_path / "x.npy")


def test_archives_without_one_array_of_images_are_refused(tmp_path):
    np.savez(tmp_path / "x.npz", mu=np.zeros(4), sigma=np.eye(4))
    with pytest.raises(ValueError, match="symmetric"):
        images(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", a=BASE, b=BASE)
    with pytest.raises(ValueError, match=r"a \(6, 24, 16\), b"):
        images(tmp_path / "x.npz")


def test_a_damaged_or_foreign_file_is_refused_by_name(tmp_path):
    for name in ("x.npy", "x.npz", "x.mat"):
        (tmp_path / name).write_bytes(b"\x93NUMPY nothing")
        with pytest.raises(ValueError, match=rf"{name}: "):
            images(tmp_path / name)
    with pytest.raises(ValueError, match="nearest is 'mnist'"):
        images("mnits")
    with pytest.raises(ValueError, match="no picture in it"):
        images(save(tmp_path))


def test_a_set_of_the_package_goes_by_its_name():
    read = images("mnist", size=8)
    np.testing.assert_array_equal(read.floats(), load("mnist", 8).train)


def test_what_does_not_fit_into_memory_is_refused_first(base, monkeypatch):
    monkeypatch.setattr("lindiff_nb._base.memory.available", lambda: 1000)
    with pytest.raises(MemoryError, match="are free"):
        images(base)


def test_pillows_own_limit_is_as_it_was(base):
    before = Image.MAX_IMAGE_PIXELS
    images(base)
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_picture_with_a_number_that_is_none_is_unreadable_by_name(base):
    broken = np.full((H, W), 0.5, np.float32)
    broken[0, 0] = np.nan
    Image.fromarray(broken).save(base / "broken.tif")
    with pytest.raises(ValueError, match=r"broken\.tif: a number in it is none \(nan\)"):
        images(base)
