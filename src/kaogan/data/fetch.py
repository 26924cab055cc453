"""`kaogan data fetch`: downloads known data sets with kagglehub and prepares them."""

from pathlib import Path
from typing import NamedTuple

from kaogan.data.dataset import Dataset
from kaogan.data.decode import Fit
from kaogan.data.prepare import prepare
from kaogan.data.reasons import in_one_line
from kaogan.data.writing import refuse_existing
from kaogan.errors import KaoganError, typed
from kaogan.registry import Registry


class KaggleSet(NamedTuple):
    """A data set on Kaggle: its handle there, and its contents."""

    handle: str
    contents: str


kaggle_sets: Registry[KaggleSet] = Registry("data set to fetch")
kaggle_sets.register("anime-faces")(
    KaggleSet("splcher/animefacedataset", "63,632 anime faces of about 25 to 220 pixels")
)


def fetch(
    name: str,
    out: Path | str,
    *,
    size: int = 64,
    channels: int = 3,
    fit: Fit = "crop",
    workers: int | None = None,
    progress: bool = True,
) -> Dataset:
    """Download the data set `name` into kagglehub's cache and prepare it at `out`.

    The other arguments are those of `prepare`.

    Raises:
        UsageError: no data set has this name.
        KaoganError: it cannot be downloaded (the message explains how to do it by hand), or not
            prepared.

    """
    kaggle_set = kaggle_sets[name]
    refuse_existing(Path(out))
    folder = _download(kaggle_set, Path(out), size)
    return prepare(
        [folder], out, size=size, channels=channels, fit=fit, workers=workers, progress=progress
    )


def _download(kaggle_set: KaggleSet, out: Path, size: int) -> Path:
    by_hand = (
        f"or download https://www.kaggle.com/datasets/{kaggle_set.handle} by hand "
        f"({kaggle_set.contents}; the Download button gives archive.zip) "
        f"and run: kaogan data prepare archive.zip --out {typed(out)} --size {size}"
    )
    try:
        import kagglehub
    except ImportError:
        raise KaoganError(f'run pip install "kaogan[kaggle]" and try again; {by_hand}') from None
    try:
        return Path(kagglehub.dataset_download(kaggle_set.handle))
    except Exception as error:  # of requests, of kagglehub, of the operating system, ...
        raise KaoganError(
            f"cannot download {kaggle_set.handle} from Kaggle ({in_one_line(error)}); "
            f"check the network and your Kaggle credentials, {by_hand}"
        ) from None
