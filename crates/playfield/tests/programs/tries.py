"""What a program tries, item by item, to get at what is another's. Prints `NAME: got in` or `NAME: kept out, WHY`.

With `mine` it tries the same on what is its own, which shows that the tries can succeed.
"""

import ctypes
import os
import signal
import socket
import sys
import time

whose, pid, port, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
runtime = os.environ["XDG_RUNTIME_DIR"]


def attempt(name, do):
    try:
        found = do()
    except OSError as error:
        print(f"{name}: kept out, {error.strerror or error}", flush=True)
    else:
        print(f"{name}: got in, {found}" if found else f"{name}: kept out, nothing there", flush=True)


def leave(path):
    with open(path, "w") as file:
        file.write("secret")


def read(path):
    with open(path) as file:
        return file.read()


def listen(family, address):
    door = socket.socket(family, socket.SOCK_STREAM)
    door.bind(address)
    door.listen()
    return door


def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as caller:
        caller.settimeout(2)
        caller.connect(address)
    return address


def signalled(pid):
    os.kill(pid, 0)
    return pid


def memory_of(pid):
    with open(f"/proc/{pid}/mem", "rb"):
        return "opened"


def shared_segment():
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.shmget(0x706C6179, 4096, 0)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


doors = []
if whose == "mine":
    for path in ["/home/player/secret", "/tmp/secret", "/dev/shm/secret", f"{runtime}/secret"]:
        leave(path)
    doors.append(listen(socket.AF_UNIX, "\0playfield-secret"))
    doors.append(listen(socket.AF_UNIX, "/tmp/secret-door"))
    doors.append(listen(socket.AF_INET, ("127.0.0.1", 45_991)))

for name, path in [
    ("home", "/home/player/secret"),
    ("tmp", "/tmp/secret"),
    ("shared memory", "/dev/shm/secret"),
    ("runtime folder", f"{runtime}/secret"),
]:
    attempt(name, lambda path=path: read(path))
attempt("abstract socket", lambda: connect(socket.AF_UNIX, "\0playfield-secret"))
attempt("socket in a folder", lambda: connect(socket.AF_UNIX, "/tmp/secret-door"))
attempt("loopback", lambda: connect(socket.AF_INET, ("127.0.0.1", 45_991)))
attempt("its own screen", lambda: connect(socket.AF_UNIX, f"{runtime}/wayland-0"))

# From here on nobody is let in: these are the machine's, or another session's.
attempt("home on the machine", lambda: read(f"{folder}/secret"))
attempt("files on the machine", lambda: read("/etc/shadow"))
attempt("process of another", lambda: signalled(pid))
attempt("memory of another", lambda: memory_of(pid))
attempt("root of another", lambda: os.listdir(f"/proc/{pid}/root"))
attempt("screen of another", lambda: connect(socket.AF_UNIX, f"/proc/{pid}/root{runtime}/wayland-0"))
attempt("X11 of the machine", lambda: connect(socket.AF_UNIX, "\0/tmp/.X11-unix/X0"))
attempt("services of the machine", lambda: connect(socket.AF_INET, ("127.0.0.1", port)))
attempt("the network", lambda: connect(socket.AF_INET, ("192.0.2.1", 80)))
attempt("input devices of the machine", lambda: open("/dev/uinput") and "opened")
attempt("disks", lambda: os.listdir("/dev/disk"))
attempt("IPC", shared_segment)
attempt("system programs, to change", lambda: open("/usr/bin/env", "a") and "opened")
attempt("system settings, to change", lambda: open("/proc/sys/kernel/hostname", "w").write("mine") and "written")
attempt("another user", lambda: os.setuid(0) or f"user {os.getuid()}")
attempt("a device of its own", lambda: os.mknod("/tmp/disk", 0o060666, os.makedev(259, 0)) or "made")
attempt("another root", lambda: os.chroot("/tmp") or "changed")
seen = [int(name) for name in os.listdir("/proc") if name.isdigit()]
print(f"processes seen: {len(seen)}", flush=True)
interfaces = [name for _, name in socket.if_nameindex()] if hasattr(socket, "if_nameindex") else ["lo"]
print(f"network interfaces: {' '.join(interfaces)}", flush=True)
print("all tried", flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
time.sleep(600)
