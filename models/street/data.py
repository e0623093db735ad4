"""Pictures to learn from and to be measured by, as drawn by the scene, and what the network should say of each.

The scene is asked for pictures by a command, which writes raw RGB to standard output and lines of truth to a file.
"""

import json
import os
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import jax
import jax.numpy as jnp
import numpy as np

from net import HEIGHT, LABELS, STRIDES, WIDTH, cells

SCENE = "cargo run --quiet --release -p playfield-core --example scene --"
# Letterboxed, a picture of 16:9 has so many rows; the rest is grey.
ROWS = 180
PAD = 114
TOP = (HEIGHT - ROWS) // 2

# Objects with less of them to be seen, or smaller, neither help nor count.
LEARN_VISIBLE, LEARN_PIXELS = 0.25, 6
COUNT_VISIBLE, COUNT_PIXELS = 0.4, 10
# From which length on, in pixels, the next coarser cells answer.
LONG = (26, 64)


def draw(seeds, frames, step, scale, scene=SCENE, parts=None):
    """Pictures [n, 180, 320, 3] and their truths; drawn `scale` times as large and shrunk. What follows the seeds, after a blank,
    is said to the scene too.

    With dice in `parts`, a part of each that is so large before it is shrunk follows, as a camera's region is.
    """
    width, height = WIDTH * scale, ROWS * scale
    places = []
    with tempfile.TemporaryDirectory() as folder:
        truth = os.path.join(folder, "truth.jsonl")
        command = scene.split() + [
            *f"seeds={seeds}".split(), f"frames={frames}", f"step={step}", f"size={width}x{height}", "rgb=-", f"truth={truth}",
        ]
        pictures = []
        with subprocess.Popen(command, stdout=subprocess.PIPE) as drawing:
            while raw := drawing.stdout.read(width * height * 3):
                picture = np.frombuffer(raw, np.uint8).reshape(ROWS, scale, WIDTH, scale, 3)
                pictures.append(np.round(picture.mean((1, 3))).astype(np.uint8) if scale > 1 else picture[:, 0, :, 0])
                if parts is not None:
                    x, y = parts.integers(width - WIDTH + 1), parts.integers(height - ROWS + 1)
                    pictures.append(picture.reshape(height, width, 3)[y : y + ROWS, x : x + WIDTH].copy())
                    places.append((x, y))
        if drawing.returncode:
            raise SystemExit(f"the scene could not be drawn: {' '.join(command)}")
        with open(truth) as lines:
            rows = [truths(json.loads(line)) for line in lines]
        if parts is not None:
            rows = [each for whole, place in zip(rows, places) for each in (whole, within(whole, place, scale))]
        return np.stack(pictures), rows


def truths(line):
    """A row for each object, the farthest first: left, top, right, bottom in pixels of the input, class, visible share."""
    rows = []
    for one in line["objects"]:
        b = one["box"]
        box = [b["left"] * WIDTH, b["top"] * ROWS + TOP, b["right"] * WIDTH, b["bottom"] * ROWS + TOP]
        rows.append(box + [LABELS.index(one["class"]), one["visible"]])
    return np.array(rows, np.float32).reshape(-1, 6)


def within(rows, place, scale):
    """The rows of a part of a picture that begins at that pixel of it: cut off at the part's edges."""
    out = rows.copy()
    for side, limits in ((0, (0, WIDTH)), (1, (TOP, TOP + ROWS))):
        whole = (rows[:, [side, side + 2]] - limits[0]) * scale - place[side] + limits[0]
        out[:, [side, side + 2]] = np.clip(whole, *limits)
        out[:, 5] *= (out[:, side + 2] - out[:, side]) / np.maximum(whole[:, 1] - whole[:, 0], 1e-6)
    return out[out[:, 5] > 0]


# Who draws the pictures to learn from: seeds, how many of them at once, and how many pictures of each.
STREETS = [("", 2400, 40, 6), (" on=street", 720, 20, 12)]


def share(at):
    """One share of the pictures to learn from: each shrunk, and a part of each."""
    seeds, frames, dice, scene = at
    return draw(seeds, frames, 7300, 2, scene, np.random.default_rng(dice))


def streets(scene, few):
    """All pictures to learn from, or one in so many, and their rows, filled up to [pictures, most, 6] with rows of class -1."""
    shares = [
        (f"{first}..{first + at_once}{where}", frames, first + len(where), scene)
        for where, seeds, at_once, frames in STREETS
        for first in range(0, seeds // few, at_once)
    ]
    # JAX has threads: a process that has them is not to be copied.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as processes:
        drawn = list(processes.map(share, shares))
    rows = [row for _, rows in drawn for row in rows]
    full = np.zeros((len(rows), max(map(len, rows)), 6), np.float32)
    full[:, :, 4] = -1
    for out, row in zip(full, rows):
        out[: len(row)] = row
    return np.concatenate([pictures for pictures, _ in drawn]), full


def letterbox(pictures):
    out = np.full((len(pictures), HEIGHT, WIDTH, 3), PAD, np.uint8)
    out[:, TOP : TOP + ROWS] = pictures
    return out


# Of each cell: middle and stride, and which level of strides it is of.
CELLS = cells()
LEVEL = np.searchsorted(STRIDES, CELLS[:, 2])


def target(rows):
    """What each cell should say: [cells, 6] as box, class (-1: nothing), and how much the answer counts.

    A cell answers for an object whose middle is near its own. Where several claim a cell, the nearest to the camera has it,
    as that is the one to be seen.
    """
    edges = jnp.array(LONG)

    def add(out, row):
        size, middle = row[2:4] - row[:2], (row[:2] + row[2:4]) / 2
        long = size.max()
        own = (long >= edges).sum()
        learned = (row[5] >= LEARN_VISIBLE) & (long >= LEARN_PIXELS)
        # Near, and inside of it; at least the one cell that has its middle.
        off = jnp.abs(CELLS[:, :2] - middle)
        far = off.max(-1) / CELLS[:, 2]
        mine = (far < 0.8) & ((off < size / 2).all(-1) | (far < 0.51)) & (row[4] >= 0)
        # A level next to an object's own may say it too, or not.
        edge = edges[jnp.minimum(jnp.minimum(LEVEL, own), len(LONG) - 1)]
        may = (jnp.abs(LEVEL - own) == 1) & (edge * 0.75 < long) & (long < edge * 1.33)
        says = mine & learned & (LEVEL == own)
        ignored = mine & ~says & (~learned | may) & (out[:, 4] < 0)
        said = jnp.concatenate([row[:5], jnp.ones(1)])
        out = jnp.where(says[:, None], said, out)
        return out.at[:, 5].multiply(1 - ignored), None

    nothing = jnp.zeros((len(CELLS), 6)).at[:, 4].set(-1).at[:, 5].set(1)
    return jax.lax.scan(add, nothing, rows)[0]


def lesson(key, picture, rows):
    """A picture as another camera would have it, letterboxed and from 0 to 1, and what the network should say of it."""
    keys = jax.random.split(key, 4)
    picture, rows = placed(keys[0], picture.astype(jnp.float32), rows)
    flip = jax.random.bernoulli(keys[1])
    picture = jnp.where(flip, picture[:, ::-1], picture)
    rows = jnp.where(flip, rows.at[:, 0].set(WIDTH - rows[:, 2]).at[:, 2].set(WIDTH - rows[:, 0]), rows)
    picture = exposed(keys[2], picture)
    picture = jnp.round(jnp.clip(picture, 0, 255))
    return jnp.pad(picture, ((TOP, TOP), (0, 0), (0, 0)), constant_values=PAD) / 255, target(rows)


def placed(key, picture, rows):
    """Half of the time somewhat nearer, so that edges cut off other things."""
    keys = jax.random.split(key, 3)
    zoom = jnp.where(jax.random.bernoulli(keys[0]), jax.random.uniform(keys[1], (), minval=1, maxval=1.35), 1.0)
    size = jnp.array([ROWS, WIDTH])
    moved = -jax.random.uniform(keys[2], (2,)) * size * (zoom - 1)
    picture = jax.image.scale_and_translate(picture, picture.shape, (0, 1), jnp.full(2, zoom), moved, "linear", antialias=False)
    top = jnp.array([0, TOP, 0, TOP])
    whole = (rows[:, :4] - top) * zoom + moved[jnp.array([1, 0, 1, 0])] + top
    area = jnp.clip(whole, top, top + jnp.array([WIDTH, ROWS, WIDTH, ROWS]))
    left = (area[:, 2:] - area[:, :2]) / jnp.maximum(whole[:, 2:] - whole[:, :2], 1e-6)
    visible = rows[:, 5] * left.prod(-1)
    kind = jnp.where(visible > 0, rows[:, 4], -1)
    return picture, jnp.concatenate([area, kind[:, None], visible[:, None]], -1)


def exposed(key, x):
    """Another exposure, contrast, colour, sharpness, noise."""
    keys = iter(jax.random.split(key, 12))
    maybe = lambda share: jax.random.bernoulli(next(keys), share)
    between = lambda low, high, shape=(): jax.random.uniform(next(keys), shape, minval=low, maxval=high)
    wide = jnp.pad(x, ((1, 1), (1, 1), (0, 0)), mode="edge")
    soft = wide[:-2] * 0.25 + wide[1:-1] * 0.5 + wide[2:] * 0.25
    soft = soft[:, :-2] * 0.25 + soft[:, 1:-1] * 0.5 + soft[:, 2:] * 0.25
    x = jnp.where(maybe(0.25), soft, x)
    other = ((x - 110) * between(0.7, 1.25) + 110) * between(0.65, 1.3) * between(0.92, 1.08, (3,)) + between(-18, 18)
    x = jnp.where(maybe(0.7), other, x)
    x = jnp.where(maybe(0.15), x * 0.3 + x.mean(-1, keepdims=True) * 0.7, x)
    noise = jax.random.normal(next(keys), x.shape[:2] + (1,)) * between(1, 6)
    return x + jnp.where(maybe(0.3), noise, 0)
