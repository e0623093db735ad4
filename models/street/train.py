"""Trains the street detector from nothing, and writes `street.onnx` and `street-int8.onnx`.

    pip install -r requirements.txt
    python train.py                 draws 46,000 pictures and takes 4,000 steps: an hour on two cores
    python train.py --steps 21000 --batch 64 --rate 4e-3         what the weights here have had: minutes of a large GPU
    python measure.py               accuracy and speed of what was written

All pictures are drawn by the scene: nobody is in them. The same seeds give the same pictures, and on one machine the same
weights.
"""

import argparse
import os
import time

import jax
import jax.numpy as jnp
import numpy as np

import data
import net

HERE = os.path.dirname(os.path.abspath(__file__))


def loss(weights, stats, images, targets, grid):
    """How wrong the network is, per object: of scores by quality focal loss (Li et al. 2020), of boxes by generalised
    intersection over union (Rezatofighi et al. 2019)."""
    raw, new = net.forward(weights, stats, images, True)
    area, kind, counts = targets[..., :4], targets[..., 4].astype(jnp.int32), targets[..., 5]
    mine = (kind >= 0).astype(jnp.float32)
    overlap, general = overlaps(net.boxes(raw, grid), area)
    objects = jnp.maximum(mine.sum(), 1.0)
    # How good the box is, is what the score should be.
    want = jax.nn.one_hot(kind, len(net.LABELS)) * jax.lax.stop_gradient(jnp.clip(overlap, 0.0, 1.0))[..., None]
    logits = raw[..., 4:]
    score = jax.nn.sigmoid(logits)
    wrong = jnp.maximum(logits, 0) - logits * want + jnp.log1p(jnp.exp(-jnp.abs(logits)))
    scores = (jnp.square(score - want) * wrong).sum(-1) * counts
    return (scores.sum() + 2.0 * ((1 - general) * mine).sum()) / objects, new


def overlaps(a, b):
    """Intersection over union of pairs of boxes, and the generalised one."""
    low, high = jnp.maximum(a[..., :2], b[..., :2]), jnp.minimum(a[..., 2:], b[..., 2:])
    common = jnp.prod(jnp.maximum(high - low, 0), -1)
    both = jnp.prod(a[..., 2:] - a[..., :2], -1) + jnp.prod(b[..., 2:] - b[..., :2], -1) - common
    around = jnp.prod(jnp.maximum(a[..., 2:], b[..., 2:]) - jnp.minimum(a[..., :2], b[..., :2]), -1)
    overlap = common / (both + 1e-6)
    return overlap, overlap - (around - both) / (around + 1e-6)


def learner(steps, rate):
    """One step of AdamW (Loshchilov and Hutter 2019), warmed up and cooled down along a cosine."""
    grid = jnp.asarray(net.cells())

    @jax.jit
    def step(state, images, targets):
        weights, stats, first, second, smooth, n = state
        (value, new), slope = jax.value_and_grad(loss, has_aux=True)(weights, stats, images, targets, grid)
        norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(slope)))
        slope = jax.tree.map(lambda g: g * jnp.minimum(1.0, 10.0 / (norm + 1e-6)), slope)
        n = n + 1
        speed = rate * jnp.minimum(1.0, n / 150) * (0.02 + 0.98 * 0.5 * (1 + jnp.cos(jnp.pi * n / steps)))
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
        second = jax.tree.map(lambda v, g: 0.99 * v + 0.01 * g * g, second, slope)

        def moved(w, m, v):
            decay = 0.01 * w if w.ndim > 1 else 0.0
            return w - speed * (m / (1 - 0.9**n) / (jnp.sqrt(v / (1 - 0.99**n)) + 1e-8) + decay)

        weights = jax.tree.map(moved, weights, first, second)
        keep = jnp.minimum(0.999, n / (n + 50))
        smooth = jax.tree.map(lambda s, w: keep * s + (1 - keep) * w, smooth, (weights, new))
        return (weights, new, first, second, smooth, n), value

    return step


# Apart from the step: as one, a GPU's compiler takes minutes and makes it slow.
@jax.jit
def lessons(key, pictures, rows, which):
    """What is learned next of these pictures: each as another camera would have it, and what is to be said of it."""
    key, *keys = jax.random.split(key, len(which) + 1)
    return key, *jax.vmap(data.lesson)(jnp.stack(keys), pictures[which], rows[which])


def quantise(pictures):
    """Writes the int8 model: static, scales found on drawn pictures."""
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            ready = data.letterbox(pictures).astype(np.float32).transpose(0, 3, 1, 2) / 255
            self.inputs = iter({"images": picture[None]} for picture in ready)

        def get_next(self):
            return next(self.inputs, None)

    quantize_static(
        os.path.join(HERE, "street.onnx"),
        os.path.join(HERE, "street-int8.onnx"),
        Reader(),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        calibrate_method=CalibrationMethod.MinMax,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=[f"{name}_conv" for name in net.OUTPUTS],
    )


# So many pictures are kept together where they are learned from.
SHELF = 8192


def shelves(pictures, rows):
    """The pictures in another order, some thousands at a time, where the network is trained."""
    order = np.random.default_rng(2).permutation(len(pictures))
    parts = [order[at : at + SHELF] for at in range(0, len(order), SHELF)]
    return [(jnp.asarray(pictures[part]), jnp.asarray(rows[part])) for part in parts]


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--steps", type=int, default=4000)
    ask.add_argument("--batch", type=int, default=16)
    ask.add_argument("--rate", type=float, default=2.5e-3)
    ask.add_argument("--resume", action="store_true", help="go on with the weights of street.onnx")
    ask.add_argument("--scene", default=data.SCENE, help="the command that draws")
    ask.add_argument("--few", type=int, default=1, help="draw only one in so many of the pictures")
    ask.add_argument("--keep", help="file in which to keep the drawn pictures for the next time")
    args = ask.parse_args()

    if args.keep and os.path.exists(args.keep):
        kept = np.load(args.keep)
        pictures, rows = kept["pictures"], kept["rows"]
    else:
        began = time.time()
        pictures, rows = data.streets(args.scene, args.few)
        print(f"{len(pictures)} pictures drawn in {time.time() - began:.0f} s", flush=True)
        if args.keep:
            with open(args.keep + ".part", "wb") as file:
                np.savez(file, pictures=pictures, rows=rows)
            os.rename(args.keep + ".part", args.keep)

    if args.resume:
        some = data.letterbox(pictures[:: len(pictures) // 64]).astype(np.float32) / 255
        weights, stats = net.resume(os.path.join(HERE, "street.onnx"), 1, jnp.asarray(some))
    else:
        weights, stats = net.start(1)
    nothing = jax.tree.map(jnp.zeros_like, weights)
    state, key = (weights, stats, nothing, nothing, (weights, stats), 0), jax.random.PRNGKey(1)
    step, parts, dice = learner(args.steps, args.rate), shelves(pictures, rows), np.random.default_rng(1)
    sizes = np.array([len(part) for part, _ in parts])
    began, lost = time.time(), []
    for n in range(1, args.steps + 1):
        part = dice.choice(len(parts), p=sizes / sizes.sum())
        key, *lesson = lessons(key, *parts[part], dice.choice(sizes[part], args.batch, replace=False))
        state, value = step(state, *lesson)
        lost.append(value)
        if n % 100 == 0 or n == args.steps:
            print(f"step {n} of {args.steps}: loss {np.mean(lost):.3f}, {(time.time() - began) / n:.3f} s a step", flush=True)
            lost = []
        if n % 2000 == 0 or n == args.steps:
            net.export(*state[4], os.path.join(HERE, "street.onnx"))
    quantise(pictures[np.random.default_rng(3).choice(len(pictures), 200, replace=False)])


if __name__ == "__main__":
    main()
