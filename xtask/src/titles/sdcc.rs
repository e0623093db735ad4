//! Game Boy titles: the start-up in `gb.s` and all `.c` files of a folder, made into a cartridge with battery RAM.

use std::path::{Path, PathBuf};

use super::{Toolchain, folder, part, parts, sources};
use crate::shell::{Cmd, Failure};

/// The compiler whose bytes are in the tree, as it calls itself: that of Debian 12.
const VERSION: &str = "4.2.0 #13081";

pub fn build(id: &str) -> Result<(PathBuf, Toolchain), Failure> {
    let toolchain = toolchain()?;
    let parts = parts(id)?;
    // First, for it says which areas follow in which order.
    let start = parts.join("gb.s.rel");
    Cmd::new("sdasgb -o").args([&start, Path::new(&format!("titles/{id}/gb.s"))]).run()?;
    let mut objects = vec![start];
    for source in sources(id, ".c")? {
        let object = part(&parts, &source, "rel");
        let compile = Cmd::new("sdcc -msm83 --std-c11 --opt-code-speed -c -o");
        compile.args([object.as_os_str(), source.as_ref()]).run()?;
        objects.push(object);
    }
    // Code after the cartridge's header and gb.s; variables after the sprites, which begin a page.
    let linked = parts.join(format!("{id}.ihx"));
    let link = Cmd::new("sdcc -msm83 --no-std-crt0 --code-loc 0x200 --data-loc 0xC0A0 -o");
    link.args([&linked]).args(objects).run()?;
    let out = folder()?.join(format!("{id}.gb"));
    // 32 KiB of program, 8 KiB of RAM, MBC1 with a battery; makebin writes the header with its sums.
    let pack = Cmd::new("makebin -Z -yo 2 -ya 1 -yt 0x03 -yn").args([id.to_uppercase()]);
    pack.args([&linked, &out]).run()?;
    Ok((out, toolchain))
}

fn toolchain() -> Result<Toolchain, Failure> {
    let said = Cmd::new("sdcc --version").read().map_err(|_missing| {
        Failure::new("no C compiler for the Game Boy: sdcc is not there; run: apt-get install sdcc")
    })?;
    if said.contains(VERSION) {
        return Ok(Toolchain::Pinned);
    }
    let line = said.lines().next().unwrap_or_default();
    println!("C compiler for the Game Boy: {line}, not the pinned sdcc {VERSION}");
    Ok(Toolchain::Other)
}
