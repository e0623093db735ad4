//! NES titles: all `.c` and `.s` files of a folder, linked as its `nes.cfg` says.

use std::path::{Path, PathBuf};

use super::{Toolchain, folder, part, parts, sources};
use crate::shell::{Cmd, Failure};

/// The compiler whose bytes are in the tree, as it calls itself: that of Debian 12.
const VERSION: &str = "V2.18 - Debian 2.19-1";

pub fn build(id: &str) -> Result<(PathBuf, Toolchain), Failure> {
    let toolchain = toolchain()?;
    let parts = parts(id)?;
    let mut objects = Vec::new();
    for source in sources(id, ".s")? {
        objects.push(assemble(Path::new(&source), &part(&parts, &source, "o"))?);
    }
    for source in sources(id, ".c")? {
        let assembly = part(&parts, &source, "s");
        // Locals are static: a 6502 has no stack to speak of, and nothing here calls itself.
        let compile = Cmd::new("cc65 -t none -Oirs --static-locals -o");
        compile.args([assembly.as_os_str(), source.as_ref()]).run()?;
        objects.push(assemble(&assembly, &part(&parts, &source, "o"))?);
    }
    let out = folder()?.join(format!("{id}.nes"));
    let link = Cmd::new("ld65 -C").args([format!("titles/{id}/nes.cfg")]).args(["-o".as_ref(), out.as_os_str()]);
    link.args(objects).args(["none.lib"]).run()?;
    Ok((out, toolchain))
}

fn assemble(source: &Path, object: &Path) -> Result<PathBuf, Failure> {
    Cmd::new("ca65 -t none -o").args([object, source]).run()?;
    Ok(object.to_owned())
}

fn toolchain() -> Result<Toolchain, Failure> {
    // It says so on its standard error.
    let said = Cmd::at("sh")
        .args(["-c", "cc65 --version 2>&1"])
        .read()
        .map_err(|_missing| Failure::new("no C compiler for the NES: cc65 is not there; run: apt-get install cc65"))?;
    if said.contains(VERSION) {
        return Ok(Toolchain::Pinned);
    }
    println!("C compiler for the NES: {}, not the pinned cc65 {VERSION}", said.trim());
    Ok(Toolchain::Other)
}
