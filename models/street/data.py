"""Pictures to learn from and to be measured by, as drawn by the scene, and what the network should say of each.

The scene is asked for pictures by a command, which writes raw RGB to standard output and lines of truth to a file.
"""

import json
import os
import subprocess
import tempfile

import numpy as np

from net import HEIGHT, LABELS, STRIDES, WIDTH, cells

SCENE = "cargo run --quiet --release -p playfield-core --example scene --"
# Letterboxed, a picture of 16:9 has so many rows; the rest is grey.
ROWS = 180
PAD = 114
TOP = (HEIGHT - ROWS) // 2

# Objects with less of them to be seen, or smaller, neither help nor count.
LEARN_VISIBLE, LEARN_PIXELS = 0.3, 6
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


def mirrored(rows):
    out = rows.copy()
    out[:, 0], out[:, 2] = WIDTH - rows[:, 2], WIDTH - rows[:, 0]
    return out


def letterbox(pictures):
    out = np.full((len(pictures), HEIGHT, WIDTH, 3), PAD, np.uint8)
    out[:, TOP : TOP + ROWS] = pictures
    return out


# How many cells there are, and where those of each stride begin.
CELLS = len(cells())
FIRST = [sum((WIDTH // s) * (HEIGHT // s) for s in STRIDES[:level]) for level in range(len(STRIDES))]


def near(middle, size, level):
    """Cells of a level whose middle is near that of an object, and inside it: one at least, where it is in the picture."""
    stride = STRIDES[level]
    columns, rows = WIDTH // stride, HEIGHT // stride
    found = []
    for y in range(max(0, int(middle[1] / stride - 1.3)), min(rows, int(middle[1] / stride + 1.3))):
        for x in range(max(0, int(middle[0] / stride - 1.3)), min(columns, int(middle[0] / stride + 1.3))):
            off = abs((x + 0.5) * stride - middle[0]), abs((y + 0.5) * stride - middle[1])
            inside = off[0] < size[0] / 2 and off[1] < size[1] / 2
            if max(off) < 0.8 * stride and (inside or max(off) < 0.51 * stride):
                found.append(FIRST[level] + y * columns + x)
    return np.array(found, int)


def target(rows):
    """What each cell should say: [cells, 6] as box, class (-1: nothing), and how much the answer counts.

    A cell answers for an object whose middle is near its own. Where several claim a cell, the nearest to the camera has it,
    as that is the one to be seen.
    """
    out = np.zeros((CELLS, 6), np.float32)
    out[:, 4], out[:, 5] = -1, 1
    for row in rows:
        size, middle = (row[2:4] - row[:2]).tolist(), ((row[:2] + row[2:4]) / 2).tolist()
        long = max(size)
        own = sum(long >= edge for edge in LONG)
        learned = row[5] >= LEARN_VISIBLE and long >= LEARN_PIXELS
        for level in range(len(STRIDES)):
            mine = near(middle, size, level)
            if learned and level == own:
                out[mine, :4], out[mine, 4], out[mine, 5] = row[:4], row[4], 1
            elif not learned or may_also(level, own, long):
                out[mine[out[mine, 4] < 0], 5] = 0
    return out


def may_also(level, own, long):
    """Whether a level next to an object's own may say it too, or not."""
    edge = LONG[min(level, own)]
    return abs(level - own) == 1 and edge * 0.75 < long < edge * 1.33


def batches(pictures, rows, size, seed):
    """Endless batches: pictures [size, 192, 320, 3] from 0 to 1, changed at random, and targets."""
    dice = np.random.default_rng(seed)
    plain = [target(r).astype(np.float16) for r in rows]
    flipped = [target(mirrored(r)).astype(np.float16) for r in rows]
    while True:
        order = dice.permutation(len(pictures))
        for at in range(0, len(order) - size + 1, size):
            images, targets = [], []
            for i in order[at : at + size]:
                flip = dice.random() < 0.5
                picture = pictures[i][:, ::-1] if flip else pictures[i]
                images.append(changed(picture, dice))
                targets.append((flipped if flip else plain)[i])
            yield letterbox(np.stack(images)).astype(np.float32) / 255, np.stack(targets).astype(np.float32)


def changed(picture, dice):
    """Another camera's idea of the same picture: exposure, contrast, colour, sharpness, noise."""
    x = picture.astype(np.float32)
    if dice.random() < 0.25:
        x[1:-1] = x[:-2] * 0.25 + x[1:-1] * 0.5 + x[2:] * 0.25
        x[:, 1:-1] = x[:, :-2] * 0.25 + x[:, 1:-1] * 0.5 + x[:, 2:] * 0.25
    if dice.random() < 0.7:
        gain = dice.uniform(0.65, 1.3) * dice.uniform(0.92, 1.08, 3)
        x = (x - 110) * dice.uniform(0.7, 1.25) + 110
        x = x * gain + dice.uniform(-18, 18)
    if dice.random() < 0.15:
        x = x * 0.3 + x.mean(-1, keepdims=True) * 0.7
    if dice.random() < 0.3:
        x += dice.normal(0, dice.uniform(1, 6), x.shape[:2] + (1,))
    return np.clip(x, 0, 255).astype(np.uint8)
