"""Anime avatars drawn by the program: a data set that needs no download and no licence.

    draw_avatars(Path("avatars"), count=8192, size=64, seed=0)

Every picture is a pure function of an `Avatar`, a flat record of independent attributes, which
is written beside the pictures: known ground truth for whatever is later found in a model.
"""

from kaogan.data.avatars.attributes import Avatar, categories, sample_avatar
from kaogan.data.avatars.drawing import SIZES, draw
from kaogan.data.avatars.making import draw_avatars

__all__ = ["SIZES", "Avatar", "categories", "draw", "draw_avatars", "sample_avatar"]
