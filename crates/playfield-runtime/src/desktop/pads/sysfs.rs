//! What programs read that ask libudev which devices there are: a piece of `/sys`, and of udev's notes in `/run/udev/data`.
//!
//! It is there for a guest with gamepads, in memory, where the real one is not shown. libudev takes it for real when told so
//! ([`super::ENVIRONMENT`]). Nobody tells a program later that something came or went, so it finds the pads that are there when
//! it looks.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::Kind;
use super::evdev::{self, EV_ABS, EV_FF, EV_KEY, EV_SYN};

/// Devices by their class.
const CLASS: &str = "/sys/class/input";
/// What udev knows of them.
const NOTES: &str = "/run/udev/data";
/// udev's own word that this is a gamepad.
const NOTE: &str = "E:ID_INPUT=1\nE:ID_INPUT_JOYSTICK=1\nE:ID_BUS=usb\n";

/// A file of the device that both interfaces belong to, and what it says.
fn files(player: usize) -> [(&'static str, String); 11] {
    let [bus, vendor, product, version] = evdev::ID.map(|word| format!("{word:04x}\n"));
    let codes = |kind| format!("{}\n", evdev::words(kind));
    let [b, v, p, r] = evdev::ID;
    [
        ("uevent", format!("PRODUCT={b:x}/{v:x}/{p:x}/{r:x}\nNAME=\"{}\"\n", evdev::NAME)),
        ("name", format!("{}\n", evdev::NAME)),
        ("phys", format!("{}\n", evdev::phys(player))),
        ("id/bustype", bus),
        ("id/vendor", vendor),
        ("id/product", product),
        ("id/version", version),
        ("capabilities/ev", codes(EV_SYN)),
        ("capabilities/key", codes(EV_KEY)),
        ("capabilities/abs", codes(EV_ABS)),
        ("capabilities/ff", codes(EV_FF)),
    ]
}

fn device(player: usize) -> PathBuf {
    Path::new(CLASS).join(format!("input{player}"))
}

/// Describes a player's pad; each interface with the number of its device file. Nothing happens where there is no such place.
pub(super) fn add(player: usize, interfaces: [(Kind, (u32, u32)); 2]) -> io::Result<()> {
    let device = device(player);
    if fs::create_dir(&device).is_err() {
        return Ok(());
    }
    fs::create_dir(device.join("id"))?;
    fs::create_dir(device.join("capabilities"))?;
    for (name, text) in files(player) {
        fs::write(device.join(name), text)?;
    }
    symlink(CLASS, device.join("subsystem"))?;
    for (kind, (major, minor)) in interfaces {
        let name = format!("{}{player}", kind.name());
        let folder = device.join(&name);
        fs::create_dir(&folder)?;
        fs::write(folder.join("uevent"), format!("MAJOR={major}\nMINOR={minor}\nDEVNAME=input/{name}\n"))?;
        fs::write(folder.join("dev"), format!("{major}:{minor}\n"))?;
        symlink(CLASS, folder.join("subsystem"))?;
        symlink(&device, folder.join("device"))?;
        fs::write(Path::new(NOTES).join(format!("c{major}:{minor}")), NOTE)?;
        symlink(&folder, Path::new(CLASS).join(&name))?;
    }
    fs::write(Path::new(NOTES).join(format!("+input:input{player}")), NOTE)
}

/// The program may have removed some of it itself.
pub(super) fn remove(player: usize) {
    for kind in [Kind::Event, Kind::Joystick] {
        let _ = fs::remove_file(Path::new(CLASS).join(format!("{}{player}", kind.name())));
    }
    let _ = fs::remove_dir_all(device(player));
}
