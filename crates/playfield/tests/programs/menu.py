"""A program with a window, a menu and a menu of that, which says who has the keyboard, what is pressed, and what is closed.

A second program, which it is too, opens a window over it when the first window is pressed while its menu is open.
"""

import os
import select
import struct

from wire import Wayland

PRESSED, GRAB = 1, 1


class Program:
    def __init__(self, heard):
        self.wayland, self.heard, self.names, self.serial = Wayland(), heard, {}, 0
        self.compositor = self.wayland.bind("wl_compositor", 4)
        self.shm = self.wayland.bind("wl_shm", 1)
        self.shell = self.wayland.bind("xdg_wm_base", 1, lambda opcode, body: self.wayland.send(self.shell, 3, body))
        self.seat = self.wayland.bind("wl_seat", 5)
        keyboard, pointer = self.wayland.new(self.keys), self.wayland.new(self.points)
        self.wayland.send(self.seat, 1, struct.pack("<I", keyboard))
        self.wayland.send(self.seat, 0, struct.pack("<I", pointer))
        self.under = None

    def keys(self, opcode, body):
        if opcode == 1:
            self.serial, surface = struct.unpack_from("<II", body)
            self.say(f"keys: {self.names.get(surface)}")
        if opcode == 3 and struct.unpack_from("<I", body, 12)[0] == PRESSED:
            self.say("key")

    def points(self, opcode, body):
        if opcode == 0:
            self.under = self.names.get(struct.unpack_from("<I", body, 4)[0])
        if opcode == 3 and struct.unpack_from("<I", body, 12)[0] == PRESSED:
            self.say(f"pressed: {self.under}")

    def say(self, what):
        print(what, flush=True)
        self.heard.append(what)

    def show(self, name, size, parent=None):
        """A window, or a menu of `parent`; drawn once it may be."""
        wayland, surface = self.wayland, self.wayland.new()
        self.names[surface] = name
        wayland.send(self.compositor, 0, struct.pack("<I", surface))
        told = []

        def configured(opcode, body):
            wayland.send(role, 4, body)
            told.append(True)

        role = wayland.new(configured)
        wayland.send(self.shell, 2, struct.pack("<II", role, surface))
        if parent is None:
            top = wayland.new()
            wayland.send(role, 1, struct.pack("<I", top))
        else:
            place = wayland.new()
            wayland.send(self.shell, 1, struct.pack("<I", place))
            wayland.send(place, 1, struct.pack("<ii", *size))
            wayland.send(place, 2, struct.pack("<iiii", 10, 10, 1, 1))
            top = wayland.new(lambda opcode, body: self.say(f"done: {name}") if opcode == 1 else None)
            wayland.send(role, 2, struct.pack("<III", top, parent[1], place))
            wayland.send(top, GRAB, struct.pack("<II", self.seat, self.serial))
        wayland.send(surface, 6)
        while not told:
            wayland.hear()
        width, height = size
        file = os.memfd_create(name)
        os.ftruncate(file, width * height * 4)
        pool, buffer = wayland.new(), wayland.new()
        wayland.send(self.shm, 0, struct.pack("<Ii", pool, width * height * 4), [file])
        wayland.send(pool, 0, struct.pack("<IiiiiI", buffer, 0, width, height, width * 4, 1))
        wayland.send(surface, 1, struct.pack("<Iii", buffer, 0, 0))
        wayland.send(surface, 2, struct.pack("<iiii", 0, 0, width, height))
        wayland.send(surface, 6)
        wayland.sync()
        return top, role, surface

    def close(self, shown):
        for thing in shown:
            self.wayland.send(thing, 0)


heard, programs = [], []


def until(what):
    while what not in heard:
        ready = []
        waiting = [program for program in programs if len(program.wayland.bytes) < 8]
        if len(waiting) == len(programs):
            ready, _, _ = select.select([program.wayland.socket for program in programs], [], [])
        for program in programs:
            if len(program.wayland.bytes) >= 8 or program.wayland.socket in ready:
                program.wayland.hear()
    heard.clear()


first = Program(heard)
programs.append(first)
window = first.show("window", (640, 360))
until("keys: window")
menu = first.show("menu", (100, 60), window)
until("keys: menu")
submenu = first.show("submenu", (80, 40), menu)
until("keys: submenu")
until("key")
first.close(submenu)
until("keys: menu")
until("pressed: window")
second = Program(heard)
programs.append(second)
other = second.show("other", (640, 360))
until("keys: other")
until("done: menu")
first.close(menu)
programs.remove(second)
second.wayland.socket.close()
until("keys: window")
print("all done", flush=True)
