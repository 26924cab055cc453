"""Make the encoder of a generator that comes with kaogan, after a new one was packed:

    python tools/pack_encoder.py faces-64
    python tools/pack_encoder.py avatars-64 49152
    python tools/pack_encoder.py avatars-64 24576 16 further

Trains it on so many faces (24,576), with this weight of their pixels (4), from its beginning or
further. Writes it beside the generator in half precision, and prints how well it finds the latents
of generated faces: as it is, and refined.
"""

import sys
import time

import torch

from kaogan.latent.encoder import PICTURE_WEIGHT, PICTURES, train_encoder
from kaogan.latent.encoder_file import NAME, read_encoder, write_encoder
from kaogan.latent.inversion import invert
from kaogan.progress import track
from kaogan.rng import latents
from kaogan.zoo import FOLDER, pretrained

FIRST_SEED, COUNT = 10_000, 32


def main(
    name: str,
    pictures: str = str(PICTURES),
    weight: str = str(PICTURE_WEIGHT),
    further: str = "",
) -> None:
    sampler, file = pretrained(name), FOLDER / name / NAME
    generator, began = sampler.generator, time.process_time()
    start = read_encoder(file, generator) if further else None
    with track(int(pictures), "training the encoder", "pictures") as tracker:
        encoder = train_encoder(
            generator,
            sampler.latent_dim,
            int(pictures),
            seed=1 if further else 0,  # other faces than before
            tracker=tracker,
            picture_weight=float(weight),
            start=start,
        )
    spent = time.process_time() - began
    write_encoder(encoder, generator, file, half=True)
    kept = read_encoder(file, generator)
    assert kept is not None

    z = latents(list(range(FIRST_SEED, FIRST_SEED + COUNT)), sampler.latent_dim)
    with torch.no_grad():
        pictures = generator(z)
    found = invert(generator, kept, pictures)
    print(f"{file}: {file.stat().st_size / 1e6:.2f} MB, {spent:.0f} s of processor time")
    for what, said, error in (
        ("encoder", found.encoded, found.encoded_error),
        ("refined", found.latents, found.error),
    ):
        alike = torch.cosine_similarity(said, z).mean()
        print(f"{what}: latent correlation {alike:.2f}, pixels {127.5 * error.mean():.1f} of 255")


if __name__ == "__main__":
    main(*sys.argv[1:])
