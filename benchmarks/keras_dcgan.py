"""The peer: the same DCGAN in Keras 3 on TensorFlow, in float32 or mixed bfloat16.

The step is one tf.function; tf.data reads, decodes and prefetches the files with as many threads as
it likes. Real and fake go through the discriminator separately, and only gradients that are needed
are asked for, as in kaogan. It needs no kaogan: any Python with tensorflow and keras will do.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from worker import About, Orders, Task, check_parameters, serve

LATENT_DIM = 100
DRAWN_TOGETHER = 128


def generator(width: int) -> Any:
    from keras import Input, Sequential, initializers, layers

    def doubled(channels: int) -> list[Any]:
        return [_transposed(channels, 2, "same"), _norm(), layers.ReLU()]

    def _transposed(channels: int, stride: int, padding: str) -> Any:
        normal = initializers.RandomNormal(0.0, 0.02)
        return layers.Conv2DTranspose(
            channels, 4, stride, padding, use_bias=False, kernel_initializer=normal
        )

    return Sequential(
        [
            Input((LATENT_DIM,)),
            layers.Reshape((1, 1, LATENT_DIM)),
            *[_transposed(8 * width, 1, "valid"), _norm(), layers.ReLU()],
            *doubled(4 * width),
            *doubled(2 * width),
            *doubled(width),
            _transposed(3, 2, "same"),
            layers.Activation("tanh", dtype="float32"),
        ]
    )


def discriminator(width: int) -> Any:
    from keras import Input, Sequential, initializers, layers

    def convolution(channels: int, stride: int, padding: str) -> Any:
        normal = initializers.RandomNormal(0.0, 0.02)
        return layers.Conv2D(
            channels, 4, stride, padding, use_bias=False, kernel_initializer=normal
        )

    def halved(channels: int) -> list[Any]:
        return [convolution(channels, 2, "same"), _norm(), layers.LeakyReLU(0.2)]

    return Sequential(
        [
            Input((64, 64, 3)),
            convolution(width, 2, "same"),
            layers.LeakyReLU(0.2),
            *halved(2 * width),
            *halved(4 * width),
            *halved(8 * width),
            convolution(1, 1, "valid"),
            layers.Flatten(dtype="float32"),
        ]
    )


def _norm() -> Any:
    from keras import initializers, layers

    gain = initializers.RandomNormal(1.0, 0.02)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=gain)


def make_step(g: Any, d: Any, batch: int) -> Callable[[Any], Any]:
    """One round on real pictures `N 64 64 3` in [-1, 1]; both losses, not yet waited for."""
    import keras
    import tensorflow as tf

    adam_g, adam_d = (keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2))
    adam_g.build(g.trainable_variables)
    adam_d.build(d.trainable_variables)

    def cross_entropy(target: float, logits: Any) -> Any:
        labels = tf.fill(tf.shape(logits), target)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))

    def step(real: Any) -> Any:
        z = tf.random.normal((batch, LATENT_DIM))
        with tf.GradientTape() as tape_g:
            fake = g(z, training=True)
            with tape_g.stop_recording():
                with tf.GradientTape() as tape_d:
                    loss_d = cross_entropy(1.0, d(real, training=True))
                    loss_d += cross_entropy(0.0, d(fake, training=True))
                gradients = tape_d.gradient(loss_d, d.trainable_variables)
                adam_d.apply(gradients, d.trainable_variables)
            loss_g = cross_entropy(1.0, d(fake, training=True))
        gradients = tape_g.gradient(loss_g, g.trainable_variables)
        adam_g.apply(gradients, g.trainable_variables)
        return loss_d, loss_g

    compiled: Callable[[Any], Any] = tf.function(step)
    return compiled


def make_draw(g: Any) -> Callable[[Any], Any]:
    """Latents `N 100` to pictures `N 64 64 3`, uint8."""
    import tensorflow as tf

    def draw(z: Any) -> Any:
        pixels = tf.round((g(z, training=False) + 1.0) * 127.5)
        return tf.cast(tf.clip_by_value(pixels, 0.0, 255.0), tf.uint8)

    compiled: Callable[[Any], Any] = tf.function(draw)
    return compiled


def pictures(folder: Path, batch: int) -> Iterator[Any]:
    """Shuffled batches, epoch after epoch, in [-1, 1]."""
    import tensorflow as tf

    def decode(file: Any) -> Any:
        picture = tf.io.decode_jpeg(tf.io.read_file(file), channels=3)
        return tf.ensure_shape(tf.cast(picture, tf.float32) / 127.5 - 1.0, (64, 64, 3))

    files = sorted(str(file) for file in folder.glob("*.jpg"))
    stream = tf.data.Dataset.from_tensor_slices(files).shuffle(len(files)).repeat()
    stream = stream.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    return iter(stream.batch(batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE))


def load(task: Task) -> tuple[About, Orders]:
    """The contender of speed.py."""
    import keras
    import tensorflow as tf

    if task["threads"]:
        tf.config.threading.set_intra_op_parallelism_threads(task["threads"])
        tf.config.threading.set_inter_op_parallelism_threads(task["threads"])
    keras.utils.set_random_seed(0)
    if task["precision"] == "bf16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    g, d = generator(task["width"]), discriminator(task["width"])
    check_parameters(
        task["width"],
        *(sum(v.shape.num_elements() for v in n.trainable_variables) for n in (g, d)),
    )
    step = make_step(g, d, task["batch"])
    batches = pictures(Path(task["files"]), task["batch"])

    draw = make_draw(g)

    def train(steps: int) -> None:
        for _ in range(steps):
            losses = step(next(batches))
        [float(loss) for loss in losses]  # waits

    def sample(count: int) -> None:
        for start in range(0, count, DRAWN_TOGETHER):
            draw(tf.random.normal((min(DRAWN_TOGETHER, count - start), LATENT_DIM))).numpy()

    version = f"tensorflow {tf.__version__}, keras {keras.__version__}"
    about = {"precision": task["precision"], "version": version}
    return about, {"train": train, "sample": sample}


if __name__ == "__main__":
    serve(load)
