"""Pictures are told by their bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gewe_runner.preflight import images
from gewe_runner.preflight.images import JPEG, PNG, Size
from tests import pictures


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (pictures.png(), PNG),
        (pictures.jpeg(), JPEG),
        (b"GIF89a", "GIF"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE HTML><html>", "HTML"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", "XML"),
        (b"", ""),
        (b"\xff\xd8", ""),
    ],
)
def test_the_kind_is_what_the_first_bytes_say(data: bytes, kind: str) -> None:
    assert images.kind(data) == kind


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 60_000))
def test_the_size_is_read_from_the_header(width: int, height: int, exif: int) -> None:
    assert images.size(pictures.png(width, height)) == Size(width, height)
    assert images.size(pictures.jpeg(width, height, exif=exif)) == Size(width, height)


def test_padding_and_bare_markers_of_a_jpeg_are_passed_over() -> None:
    whole = pictures.jpeg(640, 512)
    assert images.size(whole[:2] + b"\xff\xff\xff\xd0\xff\x01" + whole[2:]) == Size(640, 512)


@given(st.sampled_from([pictures.png(), pictures.jpeg()]), st.integers(0, 200))
def test_a_file_that_is_cut_off_has_a_size_or_none(whole: bytes, length: int) -> None:
    assert images.size(whole[:length]) in (None, Size(720, 576))


@given(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"]), st.binary(max_size=400))
def test_no_bytes_upset_it(beginning: bytes, rest: bytes) -> None:
    found = images.size(beginning + rest)
    assert found is None or (found.width > 0 and found.height > 0)
