"""Anime avatars drawn by the program: a data set without a download and without a licence.

    draw_avatars(Path("avatars"), count=8192, size=64, seed=0)

Every picture is a pure function of an `Avatar`, a flat record of independent attributes. The
attributes are written beside the pictures: the ground truth for directions found in a model.
"""

from kaogan.data.avatars.attributes import Avatar, categories, sample_avatar
from kaogan.data.avatars.drawing import draw, draw_avatars
from kaogan.data.decode import SIZES

__all__ = ["SIZES", "Avatar", "categories", "draw", "draw_avatars", "sample_avatar"]
