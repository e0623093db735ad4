"""What supervision's LineZone and PolygonZone count of the sequences in ../../track/testdata, by supervision's numbers.

    python3 -m venv one && one/bin/pip install supervision==0.31.2 && one/bin/python make.py

Writes counts.json: for each sequence and line its crossings as [number, "in" | "out"], and for each zone in how many pictures
each number was inside. Lines and zones are in fractions of the picture.
"""

import collections
import json
import pathlib

import numpy as np
import supervision as sv

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 1600, 900
LINES = {
    "across": [[0.05, 0.62], [0.95, 0.62]],
    "down": [[0.5, 0.05], [0.5, 0.95]],
    "slanted": [[0.2, 0.9], [0.75, 0.3]],
}
ZONES = {
    "middle": [[0.3, 0.3], [0.7, 0.3], [0.7, 0.8], [0.3, 0.8]],
    "corner": [[0.0, 0.5], [0.4, 0.6], [0.35, 1.0], [0.0, 1.0]],
}


def point(at):
    return sv.Point(at[0] * WIDTH, at[1] * HEIGHT)


def count(it):
    bottom = [sv.Position.BOTTOM_CENTER]
    lines = {name: sv.LineZone(point(a), point(b), triggering_anchors=bottom, minimum_crossing_threshold=2)
             for name, (a, b) in LINES.items()}
    zones = {name: sv.PolygonZone(np.array([[round(x * WIDTH), round(y * HEIGHT)] for x, y in points]), bottom)
             for name, points in ZONES.items()}
    crossed = {name: [] for name in lines}
    inside = {name: collections.Counter() for name in zones}
    for boxes, numbers in zip(it["frames"], it["supervision"]):
        known = [(box, number) for box, number in zip(boxes, numbers) if number]
        xyxy = [[l * 1.6, t * 0.9, r * 1.6, b * 0.9] for (l, t, r, b, _), _ in known]
        found = sv.Detections(xyxy=np.array(xyxy, dtype=float).reshape(-1, 4),
                              tracker_id=np.array([number for _, number in known], dtype=int))
        for name, line in lines.items():
            for word, which in zip(("in", "out"), line.trigger(found)):
                crossed[name] += [[number, word] for (_, number), yes in zip(known, which) if yes]
        for name, zone in zones.items():
            inside[name].update(number for (_, number), yes in zip(known, zone.trigger(found)) if yes)
    return {"crossed": crossed, "inside": {name: sorted(of.items()) for name, of in inside.items()}}


def main():
    sequences = {name: count(json.loads((HERE / f"../../track/testdata/{name}.json").read_text()))
                 for name in ("crossing", "occlusion", "crowd", "dense")}
    text = json.dumps({"lines": LINES, "zones": ZONES, "sequences": sequences}, separators=(",", ":"))
    (HERE / "counts.json").write_text(text.replace('},"', '},\n"') + "\n")


main()
