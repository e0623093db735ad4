"""Accuracy and speed of the written models, on scenes that were not learned from.

    python measure.py               the float model and the int8 model, on held-out scenes and on the demonstration's street

Accuracy is the mean average precision of COCO, by its own tools. Objects of which less than 40 % can be seen, or whose longer
side is under 10 pixels of 320, neither count as missed nor, when found, as wrong.
"""

import argparse
import contextlib
import io
import os
import sys
import time

import numpy as np
import onnxruntime
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import data
from net import LABELS

HERE = os.path.dirname(os.path.abspath(__file__))
THRESHOLD, IOU = 0.01, 0.5


def opened(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def found(output, threshold=THRESHOLD):
    """Objects of one picture, the surest first, each but once: left, top, right, bottom, class, score."""
    table = output[0].T
    scores, kinds = table[:, 4:].max(1), table[:, 4:].argmax(1)
    table, scores, kinds = (a[scores > threshold] for a in (table, scores, kinds))
    low, high = table[:, :2] - table[:, 2:4] / 2, table[:, :2] + table[:, 2:4] / 2
    boxes = np.concatenate([low, high], 1)
    order, kept = np.argsort(-scores), []
    while len(order):
        first, rest = order[0], order[1:]
        kept.append([*boxes[first], kinds[first], scores[first]])
        same = (kinds[rest] == kinds[first]) & (overlap(boxes[first], boxes[rest]) > IOU)
        order = rest[~same]
    return kept


def overlap(box, others):
    common = np.prod(np.maximum(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0), 1)
    area = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], 1)
    return common / (area - common + 1e-9)


def precision(rows, results):
    """Average precision of each class at 0.5, and over 0.5 to 0.95."""
    annotations, detections = [], []
    for image, truth in enumerate(rows):
        for left, top, right, bottom, kind, visible in truth.tolist():
            width, height = right - left, bottom - top
            counts = visible >= data.COUNT_VISIBLE and max(width, height) >= data.COUNT_PIXELS
            annotations.append(
                dict(id=len(annotations) + 1, image_id=image, category_id=int(kind), bbox=[left, top, width, height],
                     area=width * height, iscrowd=int(not counts))
            )
        for left, top, right, bottom, kind, score in results[image]:
            box = [float(v) for v in (left, top, right - left, bottom - top)]
            detections.append(dict(image_id=image, category_id=int(kind), bbox=box, score=float(score)))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = dict(
            images=[dict(id=i) for i in range(len(rows))],
            annotations=annotations,
            categories=[dict(id=i, name=name) for i, name in enumerate(LABELS)],
        )
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(detections), "bbox")
        judge.params.maxDets = [1, 10, 200]
        judge.evaluate()
        judge.accumulate()
    table = judge.eval["precision"][:, :, :, 0, 2]
    mean = lambda part: float(part[part > -1].mean()) if (part > -1).any() else float("nan")
    return [(mean(table[0, :, k]), mean(table[:, :, k])) for k in range(len(LABELS))]


def measure(path, pictures, rows):
    session = opened(path)
    ready = data.letterbox(pictures).astype(np.float32).transpose(0, 3, 1, 2) / 255
    results, took = [], []
    for picture in ready:
        start = time.process_time()
        (output,) = session.run(None, {"images": picture[None]})
        took.append(time.process_time() - start)
        results.append(found(output))
    return precision(rows, results), float(np.median(took)) * 1000


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--scene", default=data.SCENE, help="the command that draws")
    args = ask.parse_args()
    sets = {
        "held-out scenes": data.draw("1000000..1000120", 3, 9100, 2, args.scene),
        "the demonstration's street": data.draw("street", 90, 17300, 2, args.scene),
    }
    print("| pictures | model | " + " | ".join(LABELS) + " | mAP@0.5 | mAP@0.5:0.95 |")
    print("|---|---|" + "---|" * (len(LABELS) + 2))
    for name, (pictures, rows) in sets.items():
        for file in ("street.onnx", "street-int8.onnx"):
            path = os.path.join(HERE, file)
            if not os.path.exists(path):
                continue
            each, ms = measure(path, pictures, rows)
            half, all_ = np.nanmean([a for a, _ in each]), np.nanmean([b for _, b in each])
            cells = " | ".join(f"{a:.3f}" for a, _ in each)
            print(f"| {len(rows)} of {name} | `{file}` | {cells} | {half:.3f} | {all_:.3f} |", flush=True)
            print(f"{file}: {os.path.getsize(path) // 1000} kB, {ms:.1f} ms of one core in onnxruntime", file=sys.stderr)


if __name__ == "__main__":
    main()
