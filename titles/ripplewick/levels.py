#!/usr/bin/env python3
"""Solves every pond of levels.txt, and writes the table levels.c that the game is built with.

    python3 levels.py             solve all, say where the pebbles of a shortest solution fall (column,row from the top
                                  left), and write levels.c
    python3 levels.py --log       instead, write all.ndjson, an input log that plays every level to its end by mouse

The rules are those of rules.h, told once more: that both agree is what makes a level proven.
"""
import json
import sys
from multiprocessing import Pool
from pathlib import Path

COLS, ROWS, REACH = 8, 7, 3
HERE = Path(__file__).resolve().parent
STEPS = {">": (1, 0), "v": (0, 1), "<": (-1, 0), "^": (0, -1)}


def read_levels():
    """Each level: a caption after `=` if it has one, then seven rows. Blank lines and lines with `;` are for people."""
    caption, rows = None, []
    for line in (HERE / "levels.txt").read_text().split("\n"):
        if line.startswith("="):
            caption = line[1:].strip()
        elif len(line) == COLS and not line.startswith(";"):
            rows.append(line)
        if len(rows) == ROWS:
            yield caption, "".join(rows)
            caption, rows = None, []


class Pond:
    def __init__(self, text):
        self.solid = {i for i, c in enumerate(text) if c in "#o"}
        self.reeds = {i for i, c in enumerate(text) if c == '"'}
        self.flow = {i: self.step(i, *STEPS[c]) for i, c in enumerate(text) if c in STEPS}
        kinds = {"g": "G", "r": "R", "j": "J", "1": "G", "2": "R", "3": "J", "w": "w"}
        self.start = tuple(sorted((i, kinds[c]) for i, c in enumerate(text) if c in kinds))
        lilies = {"G": "G", "R": "R", "J": "J", "1": "G", "2": "R", "3": "J"}
        self.lilies = {(i, lilies[c]) for i, c in enumerate(text) if c in lilies}
        self.arms = {i: [self.arm(i, *d) for d in STEPS.values()] for i in range(COLS * ROWS) if i not in self.solid}
        self.near = {i: [a[d] for a in self.arms[i] for d in range(min(2, len(a)))] for i in self.arms}
        wanted, there = sorted(k for _, k in self.lilies), sorted(k for _, k in self.start if k != "w")
        assert wanted == there, "as many lilies as lanterns of each colour"

    def step(self, cell, dx, dy):
        x, y = cell % COLS + dx, cell // COLS + dy
        return y * COLS + x if 0 <= x < COLS and 0 <= y < ROWS else None

    def arm(self, cell, dx, dy):
        cells = []
        while len(cells) < REACH and (cell := self.step(cell, dx, dy)) is not None and cell not in self.solid:
            cells.append(cell)
        return cells

    def drop(self, state, cell):
        """Where everything is after a pebble at `cell`."""
        at = dict(state)
        for arm in self.arms[cell]:
            for d in range(len(arm) - 2, -1, -1):
                if arm[d] not in at:
                    continue
                kind, to = at.pop(arm[d]), d
                while to + 1 < len(arm) and arm[to + 1] not in at:
                    to += 1
                    if arm[to] in self.reeds:
                        break
                at[arm[to]] = kind
        while self.flow and self.run_streams(at):
            pass
        return tuple(sorted(at.items()))

    def run_streams(self, at):
        moved = set()
        for cell in sorted(self.flow):
            to = self.flow[cell]
            if cell in at and cell not in moved and to is not None and to not in self.solid and to not in at:
                at[to] = at.pop(cell)
                moved.add(to)
        return moved

    def is_done(self, state):
        return self.lilies <= set(state)

    def solve(self):
        """Breadth first: the cells of a shortest solution."""
        came, edge = {self.start: None}, [self.start]
        while edge:
            further = []
            for state in edge:
                taken = {cell for cell, _ in state}
                for cell in {c for t in taken for c in self.near[t]} - taken:
                    after = self.drop(state, cell)
                    if after in came:
                        continue
                    came[after] = (state, cell)
                    if self.is_done(after):
                        return self.trace(came, after)
                    further.append(after)
            edge = further
        return None

    @staticmethod
    def trace(came, state):
        cells = []
        while came[state]:
            state, cell = came[state]
            cells.append(cell)
        return cells[::-1]


def solve(level):
    return Pond(level[1]).solve()


def table(levels, solutions):
    lines = ["/* Written by levels.py from levels.txt. */", '#include "game.h"', "", "const level levels[LEVELS] = {"]
    for (caption, text), cells in zip(levels, solutions):
        rows = [text[i : i + COLS].replace('"', '\\"') for i in range(0, COLS * ROWS, COLS)]
        lines.append("    {" + "\n     ".join(f'"{row}"' for row in rows) + ",")
        lines.append(f'     {chr(34) + caption + chr(34) if caption else 0}, {len(cells)}, {cells[0]}}},')
    return "\n".join(lines + ["};", ""])


def input_log(solutions):
    """Clicks with time enough for what each sets off: 130 pictures for a pebble, 250 for the end of a level."""
    lines, frame = ['{"playfield":1,"seed":7}'], 30

    def click(x, y, wait):
        nonlocal frame
        for after, buttons in ((0, []), (6, ["left"]), (10, [])):
            lines.append(json.dumps({"frame": frame + after, "mouse": {"x": x, "y": y, "buttons": buttons}}))
        frame += wait

    click(160, 150, 50)
    for cells in solutions:
        for cell in cells:
            click(23 + 30 * (cell % COLS), 30 + 30 * (cell // COLS), 140)
        frame += 200
        click(128, 110, 60)
    return "\n".join(lines) + "\n", frame + 60


def main():
    levels = list(read_levels())
    with Pool() as pool:
        solutions = pool.map(solve, levels, chunksize=1)
    for number, cells in enumerate(solutions, 1):
        if not cells:
            sys.exit(f"level {number} cannot be solved")
        print(number, " ".join(f"{c % COLS},{c // COLS}" for c in cells))
    if "--log" in sys.argv:
        log, frames = input_log(solutions)
        Path("all.ndjson").write_text(log)
        print(f"all.ndjson: {frames} pictures")
    else:
        (HERE / "levels.c").write_text(table(levels, solutions))


if __name__ == "__main__":
    main()
