"""From an avatar to its picture: the order of the layers."""

from kaogan.data.avatars import extras, hair, head
from kaogan.data.avatars.attributes import Avatar
from kaogan.data.avatars.canvas import Canvas, Pixels
from kaogan.data.avatars.palette import cloth_tones, hair_tones, skin_tones
from kaogan.errors import UsageError

SIZES = (32, 64, 128, 256, 512)


def check_size(size: int) -> None:
    """Raise a UsageError unless avatars can be drawn at this size."""
    if size not in SIZES:
        raise UsageError(f"avatars are drawn at {', '.join(map(str, SIZES))} pixels, not {size}")


def draw(avatar: Avatar, size: int) -> Pixels:
    """Draw one avatar: uint8, `size` x `size` x 3. The same avatar gives the same pixels.

    Raises:
        UsageError: `size` is not a power of two from 32 to 512.

    """
    check_size(size)
    locks, skin, tie = hair_tones(avatar), skin_tones(avatar), cloth_tones(avatar.accessory_hue)
    canvas = Canvas(size, avatar)
    extras.draw_background(canvas, avatar)
    hair.draw_back(canvas, avatar, locks, tie)
    head.draw_body(canvas, skin)
    extras.draw_outfit(canvas, avatar)
    hair.draw_braids(canvas, avatar, locks)
    extras.draw_ears_and_band(canvas, avatar, locks)
    fringe = hair.fringe(avatar.hair_front, avatar.parting, avatar.light)
    head.draw_face(canvas, avatar, skin, fringe.outline)
    head.draw_mouth(canvas, avatar, skin)
    head.draw_eyes(canvas, avatar, skin)
    hair.draw_front(canvas, avatar, locks)
    head.draw_brows(canvas, avatar, locks)
    extras.draw_accessory(canvas, avatar, fringe.outline)
    return canvas.finish(size)
