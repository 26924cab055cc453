import io
import struct
import zlib

import numpy as np
import pytest
from helpers import encode, picture, png
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from kaogan.data.decode import Preparation, decode
from kaogan.data.reasons import Reason, Rejected
from kaogan.errors import UsageError

P64 = Preparation()
RED_ON_CLEAR = np.zeros((64, 64, 4), np.uint8)
RED_ON_CLEAR[16:48, 16:48] = (255, 0, 0, 255)


def rejection(content, preparation=P64):
    with pytest.raises(Rejected) as caught:
        decode(content, preparation)
    return caught.value.reason


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP", "AVIF", "JPEG", "GIF"])
def test_formats(kind):
    image = picture(1)
    options = {"WEBP": {"lossless": True}, "AVIF": {"quality": 95}, "JPEG": {"quality": 95}}
    decoded = decode(encode(image, kind, **options.get(kind, {})), P64)
    assert decoded.pixels.shape == (64, 64, 3)
    assert decoded.pixels.dtype == np.uint8
    assert decoded.original_size == (64, 64)
    difference = np.abs(decoded.pixels.astype(int) - np.asarray(image)).mean()
    assert difference < (0.01 if kind in ("PNG", "BMP", "TIFF", "WEBP") else 10)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr"])
@pytest.mark.parametrize("channels", [1, 3])
def test_modes(mode, channels):
    kind = {"CMYK": "TIFF", "YCbCr": "JPEG"}.get(mode, "PNG")
    image = picture(2).convert("RGBA").convert(mode) if mode == "LA" else picture(2).convert(mode)
    decoded = decode(encode(image, kind), Preparation(channels=channels))
    assert decoded.pixels.shape == (64, 64, channels)
    if mode not in ("1", "P"):
        expected = np.asarray(image.convert("RGB").convert("L" if channels == 1 else "RGB"))
        got = decoded.pixels.squeeze()
        assert np.abs(got.astype(int) - expected).mean() < 4


def test_cmyk_jpeg():
    decoded = decode(encode(picture(3).convert("CMYK"), "JPEG", quality=95), P64)
    assert np.abs(decoded.pixels.astype(int) - np.asarray(picture(3))).mean() < 6


@pytest.mark.parametrize("background", ["white", "black", "#00ff00"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_transparency_is_laid_on_the_background(background, kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encode(Image.fromarray(RED_ON_CLEAR), kind, **options)
    preparation = Preparation(background=background)
    pixels = decode(content, preparation).pixels
    assert tuple(pixels[0, 0]) == preparation.background_rgb()
    assert tuple(pixels[32, 32]) == (255, 0, 0)


def test_transparency_of_a_tall_picture_has_no_seams():
    array = np.random.default_rng(0).integers(0, 256, (700, 64, 4), dtype=np.uint8)
    pixels = decode(array, Preparation(fit="stretch")).pixels
    alpha = array[..., 3:] / 255
    laid = np.round(array[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    expected = decode(laid, Preparation(fit="stretch")).pixels
    assert np.abs(pixels.astype(int) - expected).max() <= 1


def test_half_transparent_is_half_background():
    image = Image.fromarray(RED_ON_CLEAR)
    image.putalpha(128)
    pixels = decode(encode(image), P64).pixels
    assert tuple(pixels[32, 32]) == (255, 127, 127)
    assert tuple(pixels[0, 0]) == (127, 127, 127)


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_transparent_colour(mode):
    image = Image.new("RGB", (64, 64), (10, 10, 10))
    image.paste((200, 200, 200), (16, 16, 48, 48))
    image = image.convert(mode)
    clear = (10, 10, 10) if mode == "RGB" else image.getpixel((0, 0))
    pixels = decode(encode(image, transparency=clear), P64).pixels
    assert tuple(pixels[0, 0]) == (255, 255, 255)
    assert abs(int(pixels[32, 32, 0]) - 200) < 6


def test_grey_and_alpha():
    image = Image.fromarray(RED_ON_CLEAR).convert("LA")
    pixels = decode(encode(image), P64).pixels
    assert tuple(pixels[0, 0]) == (255, 255, 255)
    assert pixels[32, 32, 0] == pixels[32, 32, 1] == 76


def test_sixteen_bits_lose_their_lower_eight():
    values = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16
    for kind in ("PNG", "TIFF"):
        pixels = decode(encode(Image.fromarray(values), kind), Preparation(channels=1)).pixels
        np.testing.assert_array_equal(pixels[..., 0], values >> 8)


def test_floating_point_is_refused():
    content = encode(Image.fromarray(np.random.default_rng(0).random((64, 64), np.float32)), "TIFF")
    assert rejection(content) == Reason.NOT_AN_IMAGE


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation(kind):
    frames = [Image.new("RGB", (64, 64), "blue"), Image.new("RGB", (64, 64), "green")]
    frames[0].paste((255, 255, 0), (0, 0, 32, 64))
    content = encode(frames[0], kind, save_all=True, append_images=frames[1:])
    pixels = decode(content, P64).pixels
    assert np.abs(pixels[5, 5].astype(int) - (255, 255, 0)).max() < 30
    assert np.abs(pixels[5, 60].astype(int) - (0, 0, 255)).max() < 30


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_exif_orientation(orientation, kind):
    """A picture stored turned, with the tag that says so, comes out upright."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    upright = picture(4).crop((0, 0, 64, 48))
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encode(stored, kind, exif=exif), P64)
    np.testing.assert_array_equal(decoded.pixels, decode(encode(upright, kind), P64).pixels)
    assert decoded.original_size == (64, 48)


def test_broken_exif_does_not_cost_the_picture():
    content = encode(picture(5), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff\xff")
    assert decode(content, P64).pixels.shape == (64, 64, 3)


class TestFit:
    wide = np.full((64, 128, 3), 255, np.uint8)
    wide[:, :32], wide[:, 32:96], wide[:, 96:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    wide[::2, 40:44] = 0  # so that the middle is not flat

    def fitted(self, fit, background="black"):
        return decode(self.wide, Preparation(fit=fit, background=background)).pixels

    def test_crop_takes_the_middle(self):
        np.testing.assert_array_equal(self.fitted("crop"), self.wide[:, 32:96])

    def test_pad_adds_background_above_and_below(self):
        pixels = self.fitted("pad")
        assert not pixels[:16].any()
        assert not pixels[48:].any()
        assert tuple(pixels[32, 4]) == (255, 0, 0)

    def test_stretch_keeps_everything(self):
        pixels = self.fitted("stretch")
        assert tuple(pixels[32, 4]) == (255, 0, 0)
        assert tuple(pixels[32, 60]) == (0, 0, 255)

    @pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
    @pytest.mark.parametrize("shape", [(64, 64), (33, 200), (500, 70), (1000, 32)])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_the_result_has_the_size_asked_for(self, fit, shape, channels):
        array = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
        pixels = decode(array, Preparation(fit=fit, channels=channels)).pixels
        assert pixels.shape == (64, 64, channels)

    def test_shrinking_is_antialiased(self):
        stripes = np.zeros((512, 512, 3), np.uint8)
        stripes[:, ::2] = 255
        stripes[0, 0] = 7
        inner = decode(stripes, P64).pixels[8:-8, 8:-8].astype(int)
        assert np.abs(inner - 127).max() <= 2


class TestRejections:
    def test_reasons(self):
        assert rejection(b"") == Reason.EMPTY
        assert rejection(np.empty((0, 64, 3), np.uint8)) == Reason.EMPTY
        assert rejection(b"hello, this is no picture") == Reason.NOT_AN_IMAGE
        assert rejection(b"%!PS-Adobe-3.0 EPSF-3.0\n") == Reason.NOT_AN_IMAGE
        assert rejection(png(1)[:20]) == Reason.DAMAGED
        assert rejection(png(1, size=31)) == Reason.TOO_SMALL
        assert rejection(encode(Image.new("RGB", (64, 64), "teal"))) == Reason.FLAT
        assert rejection(encode(Image.new("RGB", (64, 80), "teal")), Preparation(fit="pad")) == (
            Reason.FLAT
        )
        assert rejection(png(1), Preparation(max_pixels=64 * 64 - 1)) == Reason.TOO_MANY_PIXELS

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "AVIF", "TIFF"])
    def test_half_a_file(self, kind):
        content = encode(picture(6), kind)
        assert rejection(content[: len(content) // 2]) == Reason.DAMAGED

    def test_the_smallest_size_can_be_chosen(self):
        assert decode(png(1, size=20), Preparation(min_size=20)).original_size == (20, 20)
        assert rejection(png(1, size=63), Preparation(min_size=64)) == Reason.TOO_SMALL

    def test_a_bomb_is_refused_by_its_header(self):
        for side in (10_000, 60_000):  # above the limit, and above Pillow's own
            header = b"IHDR" + struct.pack(">II", side, side) + b"\x08\2\0\0\0"
            checksum = struct.pack(">I", zlib.crc32(header))
            content = png(1)[:12] + header + checksum + png(1)[33:]
            assert rejection(content) == Reason.TOO_MANY_PIXELS

    def test_a_picture_too_long_to_be_resized(self, monkeypatch):
        def fail(*_):
            raise MemoryError

        monkeypatch.setattr("PIL.ImageOps.fit", fail)
        assert rejection(png(1)) == Reason.DAMAGED

    def test_a_rejection_leaves_no_lock_behind(self):
        import threading

        lock = threading.Lock()
        big = encode(Image.new("RGB", (2100, 2000), "teal"))
        with pytest.raises(Rejected):
            decode(big, P64, lock)
        assert lock.acquire(blocking=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 48},
        {"size": 1024},
        {"channels": 4},
        {"fit": "squash"},
        {"background": "nocolour"},
        {"min_size": 0},
        {"max_pixels": 0},
        {"max_pixels": 10**10},
    ],
)
def test_wrong_options(wrong):
    with pytest.raises(UsageError):
        Preparation(**wrong)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(32, 90), st.integers(32, 90), st.just(3))))
def test_every_array_is_decoded(array):
    row, column = array.shape[0] // 2, array.shape[1] // 2
    array[row, column - 1 : column + 1, 0] = (0, 255)  # not flat
    decoded = decode(array, P64)
    assert decoded.pixels.shape == (64, 64, 3)
    assert decoded.original_size == (array.shape[1], array.shape[0])


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.uint8, (64, 64, 3), unique=False, elements=st.integers(0, 255)))
def test_a_picture_of_the_right_size_is_not_touched(array):
    array[0, 0] = 255 - array[1, 1]
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    np.testing.assert_array_equal(decode(buffer.getvalue(), P64).pixels, array)
    np.testing.assert_array_equal(decode(array, P64).pixels, array)
