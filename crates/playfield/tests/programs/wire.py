"""The Wayland protocol as bytes, for programs of the tests: requests by their number, events by a function for each object."""

import array
import os
import socket
import struct


class Refused(Exception):
    """The compositor ended the connection with an error."""


class Wayland:
    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.path.join(os.environ["XDG_RUNTIME_DIR"], os.environ["WAYLAND_DISPLAY"]))
        self.last, self.bytes, self.files, self.hears = 1, b"", [], {}
        self.globals = {}
        self.registry = self.new(lambda opcode, body: self.found(opcode, body))
        self.send(1, 1, struct.pack("<I", self.registry))
        self.sync()

    def new(self, hear=lambda opcode, body: None):
        self.last += 1
        self.hears[self.last] = hear
        return self.last

    def send(self, target, opcode, body=b"", files=()):
        head = struct.pack("<IHH", target, opcode, 8 + len(body))
        more = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
        try:
            self.socket.sendmsg([head + body], more)
        except BrokenPipeError:
            # What it was is still to be read.
            pass

    def hear(self):
        while len(self.bytes) < 8 or len(self.bytes) < struct.unpack_from("<H", self.bytes, 6)[0]:
            more, control, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(16 * 4))
            for level, kind, data in control:
                self.files += array.array("i", data[: len(data) // 4 * 4]).tolist()
            if not more:
                raise Refused("closed")
            self.bytes += more
        target, opcode, length = struct.unpack_from("<IHH", self.bytes)
        body, self.bytes = self.bytes[8:length], self.bytes[length:]
        if target == 1 and opcode == 0:
            raise Refused(f"error {struct.unpack_from('<I', body, 4)[0]}")
        if target in self.hears:
            self.hears[target](opcode, body)

    def sync(self):
        done = []
        callback = self.new(lambda opcode, body: done.append(True))
        self.send(1, 0, struct.pack("<I", callback))
        while not done:
            self.hear()

    def found(self, opcode, body):
        if opcode == 0:
            name, length = struct.unpack_from("<II", body)
            self.globals[body[8 : 8 + length - 1].decode()] = name

    def bind(self, interface, version, hear=lambda opcode, body: None):
        made = self.new(hear)
        text = interface.encode() + b"\0"
        padded = text + b"\0" * (-len(text) % 4)
        body = struct.pack("<II", self.globals[interface], len(text)) + padded + struct.pack("<II", version, made)
        self.send(self.registry, 0, body)
        return made
