"""Makes the sequences beside it: boxes of things that walk, and the numbers that two known trackers give them.

    python3 -m venv one && one/bin/pip install supervision==0.25.1    # the last with ByteTrack of its own
    python3 -m venv two && two/bin/pip install trackers==2.6.1
    one/bin/python make.py boxes && one/bin/python make.py supervision && two/bin/python make.py trackers

Boxes are [left, top, right, bottom, score] in thousandths: of the picture's width and height, and of 1. Pictures are a
thirtieth of a second apart and 16:9. A number is 0 where the tracker gives none.
"""

import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 1600, 900


def walk(start, speed, size, score=0.9, frames=range(0, 120), hidden=(), faint=()):
    return dict(start=start, speed=speed, size=size, score=score, frames=frames, hidden=hidden, faint=faint)


def scene(seed, count, walkers, jitter=1.0, misses=0.0, faint=0.0, clutter=0.0):
    dice = random.Random(seed)
    frames = []
    for n in range(count):
        boxes = []
        for it in walkers:
            if n not in it["frames"] or n in it["hidden"] or dice.random() < misses:
                continue
            x, y = (it["start"][i] + it["speed"][i] * (n - it["frames"].start) for i in (0, 1))
            w, h = it["size"]
            score = it["score"] + dice.uniform(-0.08, 0.08)
            if n in it["faint"] or dice.random() < faint:
                score = dice.uniform(0.15, 0.45)
            edges = [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
            edges = [edge + dice.gauss(0, jitter) for edge in edges]
            if 0 < x < 1000 and 0 < y < 1000:
                boxes.append([round(edge) for edge in edges] + [round(score * 1000)])
        if dice.random() < clutter:
            x, y = dice.uniform(0, 900), dice.uniform(0, 700)
            boxes.append([round(e) for e in (x, y, x + 60, y + 150)] + [round(dice.uniform(150, 450))])
        dice.shuffle(boxes)
        frames.append(boxes)
    return frames


def crowd(seed, many, count):
    dice = random.Random(seed)
    for _ in range(many):
        h = dice.uniform(120, 260)
        yield walk((dice.uniform(50, 950), dice.uniform(150, 850)), (dice.uniform(-5, 5), dice.uniform(-1.5, 1.5)),
                   (h * 0.25, h), frames=range(dice.randrange(0, count // 2), count))


def scenes():
    two = [walk((100, 480), (7, 0), (60, 300)), walk((900, 520), (-7, 0), (60, 300))]
    yield "crossing", scene(1, 110, two)
    pillar = [walk((100, 500), (6, 0), (60, 300), hidden=range(50, 66)), walk((200, 300), (0, 2), (50, 200))]
    yield "occlusion", scene(2, 120, pillar)
    dim = [walk((100, 500), (5, 0), (60, 300), faint=range(40, 60)), walk((800, 400), (-3, 1), (60, 300), score=0.7)]
    yield "faint", scene(3, 100, dim, faint=0.05)
    gone = [walk((100, 500), (4, 0), (60, 300), frames=range(0, 40)), walk((260, 500), (0, 0), (60, 300), frames=range(80, 120))]
    yield "gone", scene(4, 120, gone)
    yield "crowd", scene(5, 120, list(crowd(6, 12, 120)), jitter=1.5, misses=0.08, faint=0.08, clutter=0.3)
    yield "dense", scene(7, 60, list(crowd(8, 36, 60)), jitter=1.0, misses=0.05, faint=0.05, clutter=0.2)


def pixels(boxes):
    return [[l * WIDTH / 1000, t * HEIGHT / 1000, r * WIDTH / 1000, b * HEIGHT / 1000] for l, t, r, b, _ in boxes]


def detections(sv, np, boxes):
    xyxy = np.array(pixels(boxes), dtype=np.float32).reshape(-1, 4)
    score = np.array([box[4] / 1000 for box in boxes], dtype=np.float32)
    return sv.Detections(xyxy=xyxy, confidence=score, data={"at": np.arange(len(boxes))})


def by_supervision(frames):
    import numpy as np
    import supervision as sv
    from supervision.tracker.byte_tracker.single_object_track import STrack

    # Its last step finds boxes again by their overlap with tracks; which box a track took is asked of the track itself.
    def keeping(method):
        def wrapped(self, new, *rest):
            self.box = tuple(new._tlwh) if isinstance(new, STrack) else tuple(self._tlwh)
            return method(self, new, *rest)
        return wrapped

    if not hasattr(STrack, "kept"):
        STrack.kept = True
        for name in ("update", "re_activate", "activate"):
            setattr(STrack, name, keeping(getattr(STrack, name)))
    tracker = sv.ByteTrack(track_activation_threshold=0.5, lost_track_buffer=30, minimum_matching_threshold=0.8)
    numbers = []
    for boxes in frames:
        xyxy = np.array(pixels(boxes), dtype=np.float32).reshape(-1, 4)
        score = np.array([[box[4] / 1000] for box in boxes], dtype=np.float32).reshape(-1, 1)
        tracks = tracker.update_with_tensors(np.hstack((xyxy, score)))
        of = {track.box: int(track.external_track_id) for track in tracks}
        keys = [tuple(np.asarray(STrack.tlbr_to_tlwh(box), dtype=np.float32)) for box in xyxy]
        numbers.append([max(of.get(key, 0), 0) for key in keys])
    return numbers


def by_trackers(frames):
    import numpy as np
    import supervision as sv
    from trackers import ByteTrackTracker

    tracker = ByteTrackTracker(lost_track_buffer=30, frame_rate=30, track_activation_threshold=0.6,
                               minimum_consecutive_frames=2, minimum_iou_threshold=0.2, high_conf_det_threshold=0.5)
    numbers = []
    for boxes in frames:
        row = [0] * len(boxes)
        found = tracker.update(detections(sv, np, boxes))
        for at, number in zip(found.data.get("at", []), found.tracker_id):
            row[int(at)] = int(number) + 1
        numbers.append(row)
    return numbers


def main(step):
    if step == "boxes":
        for name, frames in scenes():
            write(name, {"frames": frames})
        return
    for path in sorted(HERE.glob("*.json")):
        it = json.loads(path.read_text())
        it[step] = {"supervision": by_supervision, "trackers": by_trackers}[step](it["frames"])
        write(path.stem, it)


def write(name, it):
    parts = [json.dumps(key) + ":[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]"
             for key, rows in it.items()]
    (HERE / f"{name}.json").write_text("{" + ",\n".join(parts) + "}\n")


main(sys.argv[1])
