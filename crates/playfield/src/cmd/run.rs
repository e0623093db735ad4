//! `playfield run`: serves one module, one content of a libretro core, or one program, at once, out of a folder that is gone afterwards.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use playfield_core::codec::{Codec, H264Library};
use playfield_core::manifest::Manifest;
use playfield_media::encode::Library;
use playfield_node::PortRange;
use playfield_runtime::wasm::rewrite;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::module::manifest;
use super::up;
use crate::config::Config;
use crate::telemetry;

/// Flags of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The module: a `.wasm` file, or a folder with a `title.toml`. With `--core`, the content that the core plays.
    #[arg(value_name = "MODULE", required_unless_present = "program")]
    module: Option<PathBuf>,
    /// A libretro core that plays it: its file, or its name if it is installed (`nestopia`).
    #[arg(long, value_name = "CORE")]
    core: Option<PathBuf>,
    /// Address for the browser.
    #[arg(long, value_name = "IP:PORT", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))]
    listen: SocketAddr,
    /// UDP ports for pictures, sound and input, one for each worker.
    #[arg(long, value_name = "FIRST-LAST", default_value = "40100-40101")]
    udp_ports: PortRange,
    /// What a program's pictures are coded as, where they are video: `h264`, or `av1` for text and windows on a narrow path.
    #[arg(long, value_name = "CODEC", default_value_t, requires = "program", value_parser = codec)]
    codec: Codec,
    /// The program may hear the microphone of players who let it.
    #[arg(long, requires = "program")]
    microphone: bool,
    /// A program that is installed here, and its arguments, after `--`: `playfield run -- supertux2`.
    #[arg(last = true, value_name = "PROGRAM", conflicts_with_all = ["module", "core"])]
    program: Vec<String>,
}

fn codec(name: &str) -> Result<Codec, String> {
    let codec = [Codec::H264, Codec::Av1].into_iter().find(|codec| codec.to_string() == name);
    let codec = codec.ok_or("say `h264` or `av1`")?;
    if !Library::of(codec, H264Library::default()).built_in() {
        return Err("this playfield was built without AV1; build one with `--features svt-av1`".to_owned());
    }
    Ok(codec)
}

/// Serves until told to stop.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut config = Config::default();
    telemetry::install(&config.log)?;
    let folder = Scratch::new()?;
    let (id, title) = match (&args.module, &args.core) {
        (None, _) => program_alone(args, &folder.0)?,
        (Some(module), core) => {
            let module = module.canonicalize().with_context(|| format!("cannot find {}", module.display()))?;
            match core {
                Some(core) => content_of_core(core, &module, &folder.0, &mut config)?,
                None => (title_id(&module)?, module),
            }
        }
    };
    config.data = folder.0.join("data");
    config.control.titles = vec![title];
    config.control.listen = vec![args.listen];
    config.control.ops_listen = None;
    config.control.demo_camera = false;
    config.node.udp_ports = args.udp_ports;
    up::serve(config, |serving| {
        for url in up::urls(serving) {
            println!("play at {url}/play/{id}");
        }
    })
}

/// Makes a title of a program; returns its id, and where it lies.
fn program_alone(args: &Args, scratch: &Path) -> anyhow::Result<(String, PathBuf)> {
    let mut manifest = Manifest::for_program(args.program.clone());
    if let Some(program) = &mut manifest.program {
        playfield_node::find_program(program).map_err(anyhow::Error::msg)?;
        (program.codec, program.microphone) = (args.codec, args.microphone);
    }
    manifest_alone(&manifest, scratch)
}

/// Makes a title of what a manifest says alone; returns its id, and where it lies.
fn manifest_alone(manifest: &Manifest, scratch: &Path) -> anyhow::Result<(String, PathBuf)> {
    let title = scratch.join("title");
    std::fs::create_dir_all(&title)?;
    std::fs::write(title.join("title.toml"), toml::to_string(manifest)?)?;
    Ok((manifest.id.clone(), title))
}

/// Makes a title of content and its core; returns its id, and where it lies.
fn content_of_core(
    core: &Path,
    content: &Path,
    scratch: &Path,
    config: &mut Config,
) -> anyhow::Result<(String, PathBuf)> {
    let name = match core.components().count() {
        // A name alone; unless there is such a file here.
        1 if !core.exists() => core.to_string_lossy().into_owned(),
        _ => {
            let core = core.canonicalize().with_context(|| format!("cannot find the core {}", core.display()))?;
            let stem = core.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            config.node.cores.insert(0, core.parent().unwrap_or(Path::new("/")).to_owned());
            stem.strip_suffix("_libretro").map_or(stem.clone(), str::to_owned)
        }
    };
    if !content.is_file() {
        bail!("{} is not a file that a core could play", content.display());
    }
    let files = companions(content)?;
    let file = match files.as_slice() {
        [_] => content.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        _ => content.with_extension("zip").file_name().unwrap_or_default().to_string_lossy().into_owned(),
    };
    let manifest = Manifest::for_content(&file, &name);
    let (id, title) = manifest_alone(&manifest, scratch)?;
    let taken = match files.as_slice() {
        [one] => std::fs::copy(one, title.join(&file)).map(|_| ()),
        several => pack(several, &title.join(&file)),
    };
    taken.with_context(|| format!("cannot copy {}", content.display()))?;
    Ok((id, title))
}

/// Content, and the files beside it that it consists of: those that a sheet such as `disc.cue` names, or that have its name.
fn companions(content: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = vec![content.to_owned()];
    let folder = content.parent().unwrap_or(Path::new("."));
    let beside: Vec<PathBuf> = match is_sheet(content) {
        true => std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect(),
        false => Vec::new(),
    };
    let mut at = 0;
    while let Some(file) = files.get(at).filter(|_| at < MOST_FILES).cloned() {
        at += 1;
        if !is_sheet(&file) {
            continue;
        }
        let text = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let text = String::from_utf8_lossy(&text);
        for other in &beside {
            let name = other.file_name().unwrap_or_default().to_string_lossy();
            let named = text.contains(&*name) || other.file_stem() == file.file_stem();
            if named && !files.contains(other) {
                files.push(other.clone());
            }
        }
    }
    Ok(files)
}

/// Files that content may consist of.
const MOST_FILES: usize = 64;

/// Whether a file is a text that names others.
fn is_sheet(file: &Path) -> bool {
    let extension = file.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    ["m3u", "cue", "toc", "ccd", "gdi"].contains(&extension.as_str())
}

/// Packs files into an archive, which a core's process unpacks again.
fn pack(files: &[PathBuf], archive: &Path) -> std::io::Result<()> {
    let mut writer = zip::ZipWriter::new(std::fs::File::create(archive)?);
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
    for file in files {
        writer.start_file(file.file_name().unwrap_or_default().to_string_lossy(), stored)?;
        std::io::copy(&mut std::fs::File::open(file)?, &mut writer)?;
    }
    writer.finish().map(|_| ()).map_err(std::io::Error::from)
}

/// The id under which the catalogue will list the module.
fn title_id(module: &Path) -> anyhow::Result<String> {
    if module.is_dir() {
        return Ok(manifest(module)?.id);
    }
    if module.extension().is_some_and(|extension| extension == "wasm") {
        let bytes = std::fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
        rewrite::inspect(&bytes).with_context(|| format!("{}", module.display()))?;
        let stem = module.file_stem().unwrap_or_default().to_string_lossy();
        return Ok(Manifest::for_module(&stem, Vec::new(), 1).id);
    }
    bail!("{} is neither a .wasm file nor a folder with a title.toml", module.display())
}

/// A folder that is removed when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Scratch> {
        let path = std::env::temp_dir().join(format!("playfield-run-{}", std::process::id()));
        std::fs::create_dir_all(&path).context("cannot write to the folder for temporary files")?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "{} is left behind", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_is_what_its_sheet_names() {
        let folder = std::env::temp_dir().join(format!("playfield-disc-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let files = [
            ("game.m3u", "one.cue\ntwo.CUE\n"),
            ("one.cue", "FILE \"one (track 1).bin\" BINARY\n"),
            ("one (track 1).bin", "1"),
            ("two.CUE", "FILE two.bin BINARY\n"),
            ("two.bin", "2"),
            ("two.sub", "3"),
            ("other.bin", "4"),
        ];
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let check = |name: &str, expect: &[&str]| {
            let mut found: Vec<String> = companions(&folder.join(name))
                .unwrap()
                .iter()
                .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
                .collect();
            found.sort();
            assert_eq!(found, expect, "{name}");
        };
        check("other.bin", &["other.bin"]);
        check("one.cue", &["one (track 1).bin", "one.cue"]);
        check("game.m3u", &["game.m3u", "one (track 1).bin", "one.cue", "two.CUE", "two.bin", "two.sub"]);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
