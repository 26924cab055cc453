import av
import numpy as np
import pytest
from PIL import Image

from kaogan.errors import UsageError
from kaogan.films import film_of_faces, resized, write_film


def greys(count: int, size: int = 32, channels: int = 3) -> list[np.ndarray]:
    return [
        np.full((size, size, channels), 20 + 200 * n // count, dtype=np.uint8) for n in range(count)
    ]


@pytest.mark.parametrize("channels", [1, 3])
def test_an_mp4_has_all_frames_and_holds_the_last(tmp_path, channels):
    frames = greys(5, size=33, channels=channels)
    write_film(iter(frames), tmp_path / "film.mp4", fps=10, hold=0.5)
    with av.open(str(tmp_path / "film.mp4")) as film:
        assert film.streams.video[0].average_rate == 10
        shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert [picture.shape for picture in shown] == [(32, 32, 3)] * 10
    for picture, frame in zip(shown, [*frames, *[frames[-1]] * 5], strict=True):
        assert abs(picture.mean() - frame.mean()) < 4


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_has_all_frames_for_their_time_and_begins_again(tmp_path, suffix):
    frames = greys(4)
    write_film(iter(frames), tmp_path / f"film{suffix}", fps=10, hold=1)
    durations = []
    with Image.open(tmp_path / f"film{suffix}") as animation:
        assert (animation.n_frames, animation.info["loop"]) == (4, 0)
        for number, frame in enumerate(frames):
            animation.seek(number)
            assert abs(np.asarray(animation.convert("RGB")).mean() - frame.mean()) < 4
            durations.append(animation.info["duration"])
    assert durations == [100, 100, 100, 1100]


def test_a_film_needs_a_format_and_a_speed(tmp_path):
    with pytest.raises(UsageError, match=r"\.mp4, \.gif, \.webp"):
        write_film(greys(2), tmp_path / "film.avi", fps=10)
    for fps in (0, 61):
        with pytest.raises(UsageError, match="1 to 60"):
            write_film(greys(2), tmp_path / "film.mp4", fps)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("channels", [1, 3])
def test_resizing_keeps_the_colour(channels):
    (picture,) = greys(1, size=8, channels=channels)
    assert np.array_equal(resized(picture, 3), np.full((24, 24, channels), 20, dtype=np.uint8))
    assert resized(picture, 1) is picture


def test_faces_stand_side_by_side_and_large_enough():
    faces = greys(6, size=32)
    frames = list(film_of_faces(iter(faces), together=2))
    assert [frame.shape for frame in frames] == [(288, 560, 3)] * 3  # 8 times 36 x 70
    assert abs(int(frames[1][144, 100, 0]) - int(faces[2][0, 0, 0])) < 2
    assert abs(int(frames[1][144, 400, 0]) - int(faces[3][0, 0, 0])) < 2
    assert [frame.shape for frame in film_of_faces(faces, together=1)] == [(256, 256, 3)] * 6
