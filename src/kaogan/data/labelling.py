"""`kaogan data label`, and `--labels` of `kaogan data prepare`: the labels of a DATASET."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from kaogan.data.avatars.labels import avatar_labels
from kaogan.data.dataset import Dataset, open_dataset
from kaogan.data.label_files import Labels, Origin, write_labels
from kaogan.data.label_sources import folder_labels, tag_labels
from kaogan.data.label_tables import Table, word
from kaogan.data.writing import explained
from kaogan.errors import KaoganError, UsageError
from kaogan.labels import MOST_ATTRIBUTES, no_attribute

Reader = Callable[[Dataset], Labels]


@dataclass(frozen=True)
class Labelling:
    """What a data set's labels come from, read and checked as far as possible without it.

    Args:
        origin: the options of the command.
        readers: of each source.

    """

    origin: Origin
    readers: Sequence[Reader]

    @staticmethod
    def of(
        sources: Sequence[Path | str],
        *,
        keep: Sequence[str] = (),
        folder: Path | str | None = None,
        measure: Reader | None = None,
    ) -> "Labelling":
        """Read the sources of labels. Arguments and errors are those of `label`."""
        try:
            wanted = tuple(word(name) for name in keep)
        except ValueError as error:
            raise UsageError(f"--keep: {error}") from None
        if not sources:
            raise UsageError("give the labels: a table, folders, tags, avatars or measured")
        if ("tags" in sources) != (folder is not None):
            raise UsageError("--labels tags and --from FOLDER go together: the pictures' folder")
        readers: list[Reader] = []
        for source in map(str, sources):
            if source == "folders":
                readers.append(folder_labels)
            elif source == "tags":
                readers.append(partial(tag_labels, folder=Path(folder or ""), keep=wanted))
            elif source == "avatars":
                readers.append(avatar_labels)
            elif source == "measured":
                if measure is None:
                    raise UsageError("measured needs measure=kaogan.latent.measured_labels")
                readers.append(measure)
            else:
                readers.append(partial(Table(Path(source)).labels, keep=wanted))
        origin = Origin(sources=tuple(map(str, sources)), keep=wanted, folder=str(folder or ""))
        return Labelling(origin, readers)

    def apply(self, path: Path | str) -> Dataset:
        """Give the data set at `path` these labels, in place of those that it has, and open it.

        An attribute that several sources have is that of the last one.

        Raises:
            UsageError: no source has an attribute to keep.
            KaoganError: the labels do not fit the data set, or it cannot be written.

        """
        dataset = open_dataset(path, labels=False)
        several = [read(dataset) for read in self.readers]
        labels = _joined(several)
        if self.origin.keep:
            known = [attribute.name for attribute in labels.attributes]
            others = [name for one in several for name in one.left_out if name not in known]
            for name in self.origin.keep:
                if name not in known:
                    raise UsageError(no_attribute(name, [*known, *others]))
            labels = labels.kept(self.origin.keep)
        if len(labels.attributes) > MOST_ATTRIBUTES:
            raise KaoganError(
                f"these are {len(labels.attributes):,} attributes, at most {MOST_ATTRIBUTES}; "
                "choose some with --keep NAME,..."
            )
        with explained(dataset.path, "give the same command again"):
            write_labels(dataset.path, dataset.shards, labels, self.origin)
        return open_dataset(dataset.path)


def label(
    dataset: Path | str,
    sources: Sequence[Path | str],
    *,
    keep: Sequence[str] = (),
    folder: Path | str | None = None,
    measure: Reader | None = None,
) -> Dataset:
    """Give a data set labels, in place of those that it has. All of them, or none.

    Args:
        dataset: the folder.
        sources: tables (.csv, .jsonl, .parquet), "folders", "tags", "avatars", "measured". An
            attribute that several of them have is that of the last one.
        keep: the names of the attributes or tags to keep; by default all attributes, and the 40
            most frequent tags.
        folder: in which the files of tags are.
        measure: what "measured" stands for: `kaogan.latent.measured_labels`, which is in a layer
            above this one.

    Raises:
        UsageError: a source is unknown, the folder is missing, or no source has a name to keep.
        KaoganError: a source cannot be read or does not fit the data set, or the labels cannot be
            written.

    """
    return Labelling.of(sources, keep=keep, folder=folder, measure=measure).apply(dataset)


def _joined(several: Sequence[Labels]) -> Labels:
    """All attributes; of those of one name the last."""
    last = {each.name: number for number, one in enumerate(several) for each in one.attributes}
    parts = [
        one.kept(name for name, chosen in last.items() if chosen == number)
        for number, one in enumerate(several)
    ]
    return Labels(
        tuple(attribute for part in parts for attribute in part.attributes),
        np.concatenate([part.codes for part in parts], 1),
        {name: span for part in parts for name, span in part.ranges.items()},
    )
