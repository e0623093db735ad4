//! `playfield app`: what an edge app is, and how much it can say.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use playfield_core::app::{Manifest, Package, refuse_app};
use playfield_core::camera::MOST_HZ;
use playfield_runtime::wasm::{Dialect, Facts, rewrite};

/// Flags of `app`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The app's folder, with its `app.toml`, the manifest of an AITRIOS package, or a module alone.
    folder: PathBuf,
    /// How many classes the camera's model has.
    #[arg(long, default_value_t = 80)]
    labels: usize,
    /// Pictures a second that the camera analyses.
    #[arg(long, default_value_t = 15)]
    hz: u16,
}

/// Checks an app as a node does before it runs it, and says what can leave in a minute.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let manifest = read(&args.folder)?;
    let entry = args.folder.join(&manifest.entry);
    let module = std::fs::read(&entry).with_context(|| format!("cannot read {}", entry.display()))?;
    let facts = rewrite::inspect(&module)?;
    if let Some(why) = refuse_app(&facts.groups) {
        bail!("{} is no edge app: {why}", entry.display());
    }
    println!("{} {} ({})", manifest.name, manifest.version, manifest.id);
    println!("made for   {}", badge(&facts));
    println!("asks for   {}", facts.groups.join(", "));
    println!("may take   {} MiB, {} ms for a picture", manifest.limits.memory_mb, manifest.limits.tick_ms);
    println!("pixels     {}", if manifest.pixels { "where its camera allows them" } else { "none" });
    println!("fields     {}", manifest.output.fields.keys().map(String::as_str).collect::<Vec<_>>().join(", "));
    print!("{}", bounds(&manifest, args.labels, args.hz.clamp(1, MOST_HZ))?);
    Ok(())
}

/// What it was made for, and what is promised of a run of it.
fn badge(facts: &Facts) -> String {
    let told = facts.to_bus();
    let yes = |yes: bool, what: &str| if yes { what.to_owned() } else { format!("not {what}") };
    let apart = if facts.dialect == Dialect::Aitrios { ", own process" } else { "" };
    format!("{}: {}{apart}", told.dialect, yes(told.deterministic, "deterministic"))
}

fn read(folder: &Path) -> anyhow::Result<Manifest> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names: Vec<_> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).map_err(|error| format!("{file}: {error}"));
    let package = Package::look(&names, read).map_err(|why| anyhow!("{}: {why}", folder.display()))?;
    Ok(package.manifest)
}

/// How much can leave, in lines.
fn bounds(manifest: &Manifest, labels: usize, hz: u16) -> anyhow::Result<String> {
    let object = manifest.schema()?.bits(labels);
    let minute = manifest.bits_per_minute(labels, u32::from(hz) * 60)?;
    Ok(format!(
        "an object  at most {object:.1} bits, with a model of {labels} classes\n\
         a minute   at most {} bytes, {} objects, {:.0} bits: {:.0} bytes of whatever it saw, at {hz} pictures a second\n",
        manifest.output.bytes_per_minute,
        manifest.objects_per_minute(),
        minute.ceil(),
        (minute / 8.0).ceil(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_of_the_tree_is_told_how_much_it_can_say() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/loading-bay");
        let told = bounds(&read(&folder).unwrap(), 4, 15).unwrap();
        let facts = |module: &str| rewrite::inspect(&std::fs::read(folder.join(module)).unwrap()).unwrap();
        assert_eq!(badge(&facts("loading-bay.wasm")), "playfield: deterministic");
        let theirs = "../../crates/playfield-runtime/tests/guests/aitrios/detector.wasm";
        assert_eq!(badge(&facts(theirs)), "aitrios: not deterministic, own process");
        assert!(told.contains("at most 27.5 bits") && told.contains("4096 bytes, 62 objects"), "{told}");
        assert!(read(Path::new("/nowhere")).unwrap_err().to_string().contains("cannot read /nowhere"));
        let theirs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../playfield-runtime/tests/guests/aitrios");
        assert!(read(&theirs).unwrap_err().to_string().contains("several modules"));
    }
}
