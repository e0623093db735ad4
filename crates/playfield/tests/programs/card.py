"""A program whose windows lie in buffers of a graphics card: memory that stands in for a driver's, by the wire protocol itself.

`draw` shows each format, then changes a part of it; `bad` tries buffers that are none; `offered` says whether any may be made.
"""

import fcntl
import mmap
import os
import struct
import sys
import time

from wire import Refused, Wayland

WIDTH, HEIGHT = 640, 360
OFFSET, STRIDE = 4096, WIDTH * 4 + 256
SIZE = OFFSET + STRIDE * HEIGHT
ADD_SEALS, SHRINK = 1033, 2


def code(name):
    return struct.unpack("<I", name.encode())[0]


def memory(seals=SHRINK):
    file = os.memfd_create("stand-in", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(file, SIZE)
    fcntl.fcntl(file, ADD_SEALS, seals)
    return file


def params(wayland, dmabuf, planes, hear=lambda opcode, body: None):
    """Planes: file, offset, stride, modifier."""
    made = wayland.new(hear)
    wayland.send(dmabuf, 1, struct.pack("<I", made))
    for number, (file, offset, stride, modifier) in enumerate(planes):
        body = struct.pack("<IIIII", number, offset, stride, modifier >> 32, modifier & 0xFFFFFFFF)
        wayland.send(made, 1, body, [file])
    return made


def create(wayland, dmabuf, planes, size=(WIDTH, HEIGHT), format="XR24", flags=0, at_once=False):
    """What becomes of a buffer: `taken`, `failed`."""
    said = []
    made = params(wayland, dmabuf, planes, lambda opcode, body: said.append("taken" if opcode == 0 else "failed"))
    if at_once:
        buffer = wayland.new()
        wayland.send(made, 3, struct.pack("<IiiII", buffer, *size, code(format), flags))
    else:
        wayland.send(made, 2, struct.pack("<iiII", *size, code(format), flags))
    wayland.sync()
    return said[0] if said else "taken"


def attempt(name, *arguments, **more):
    wayland = Wayland()
    try:
        said = create(wayland, wayland.bind("zwp_linux_dmabuf_v1", 4), *arguments, **more)
    except (Refused, ConnectionResetError) as error:
        said = error
    print(f"{name}: {said}", flush=True)


def bad():
    good = (memory(), OFFSET, STRIDE, 0)
    attempt("rows that overlap", [(memory(), OFFSET, WIDTH * 4 - 4, 0)])
    attempt("a tiled layout", [(memory(), OFFSET, STRIDE, 1 << 56 | 1)])
    attempt("no layout", [(memory(), OFFSET, STRIDE, (1 << 56) - 1)])
    attempt("upside down", [good], flags=1)
    attempt("memory that can shrink", [(memory(0), OFFSET, STRIDE, 0)])
    attempt("a pipe", [(os.pipe()[0], OFFSET, STRIDE, 0)])
    attempt("two planes", [good, (memory(), 0, STRIDE, 0)])
    attempt("no plane", [])
    attempt("another format", [good], format="NV12")
    attempt("no pixels", [good], size=(0, HEIGHT))
    attempt("beyond the end", [good], size=(WIDTH, HEIGHT + 1))
    attempt("an offset beyond the end", [(memory(), SIZE + 4096, STRIDE, 0)])
    attempt("at once, a tiled layout", [(memory(), OFFSET, STRIDE, 1 << 56 | 1)], at_once=True)
    attempt("a good one", [good])


def feedback(wayland, dmabuf):
    said = {}

    def hear(opcode, body):
        said[opcode] = body

    made = wayland.new(hear)
    wayland.send(dmabuf, 2, struct.pack("<I", made))
    wayland.sync()
    device = struct.unpack_from("<Q", said[2], 4)[0]
    file, size = wayland.files.pop(0), struct.unpack("<I", said[1])[0]
    table = mmap.mmap(file, size, mmap.MAP_PRIVATE, mmap.PROT_READ)
    count = struct.unpack_from("<I", said[5])[0] // 2
    indices = struct.unpack_from(f"<{count}H", said[5], 4)
    entries = [(table[at * 16 : at * 16 + 4].decode(), struct.unpack_from("<Q", table, at * 16 + 8)[0]) for at in indices]
    listed = " ".join(sorted(f"{name}/{modifier}" for name, modifier in entries))
    print(f"feedback: device {os.major(device)}:{os.minor(device)}, {listed}", flush=True)


def word(format, rgb):
    r, g, b = rgb >> 16, rgb >> 8 & 255, rgb & 255
    return bytes([r, g, b, 255] if format[1] == "B" else [b, g, r, 255])


def draw():
    wayland = Wayland()
    compositor = wayland.bind("wl_compositor", 4)
    shell = wayland.bind("xdg_wm_base", 1, lambda opcode, body: wayland.send(shell, 3, body))
    dmabuf = wayland.bind("zwp_linux_dmabuf_v1", 4)
    feedback(wayland, dmabuf)
    surface = wayland.new()
    wayland.send(compositor, 0, struct.pack("<I", surface))
    told = []

    def configured(opcode, body):
        wayland.send(role, 4, body)
        told.append(True)

    role = wayland.new(configured)
    wayland.send(shell, 2, struct.pack("<II", role, surface))
    wayland.send(role, 1, struct.pack("<I", wayland.new()))
    wayland.send(surface, 6)
    while not told:
        wayland.hear()

    def shown(buffer, area):
        """Commits, and waits until another picture is wanted."""
        ready = []
        callback = wayland.new(lambda opcode, body: ready.append(True))
        wayland.send(surface, 1, struct.pack("<Iii", buffer, 0, 0))
        wayland.send(surface, 9, struct.pack("<iiii", *area))
        wayland.send(surface, 3, struct.pack("<I", callback))
        wayland.send(surface, 6)
        while not ready:
            wayland.hear()

    for format, colour in [("XR24", 0xFF8001), ("AR24", 0x01FF80), ("XB24", 0x8001FF), ("AB24", 0x80FF01)]:
        file = memory()
        pixels = mmap.mmap(file, SIZE)
        for y in range(HEIGHT):
            pixels[OFFSET + y * STRIDE : OFFSET + y * STRIDE + WIDTH * 4] = word(format, colour) * WIDTH
        made = params(wayland, dmabuf, [(file, OFFSET, STRIDE, 0)])
        buffer = wayland.new()
        wayland.send(made, 3, struct.pack("<IiiII", buffer, WIDTH, HEIGHT, code(format), 0))
        shown(buffer, (0, 0, WIDTH, HEIGHT))
        # Long enough for the picture to be seen by itself.
        time.sleep(0.3)
        for y in range(40, 48):
            at = OFFSET + y * STRIDE + 32 * 4
            pixels[at : at + 16 * 4] = word(format, 0x123456) * 16
        shown(buffer, (32, 40, 16, 8))
        while not os.path.exists(f"{os.environ['HOME']}/seen-{format}"):
            time.sleep(0.01)


if sys.argv[1] == "offered":
    print(f"offered: {'yes' if 'zwp_linux_dmabuf_v1' in Wayland().globals else 'no'}", flush=True)
else:
    {"draw": draw, "bad": bad}[sys.argv[1]]()
