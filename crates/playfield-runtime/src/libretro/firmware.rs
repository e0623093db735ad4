//! Firmware that a core wants: which files, and where to put them.

use std::path::{Path, PathBuf};

/// Where distributions put what is known of cores.
const INFO: &str = "/usr/share/libretro/info";

/// A sentence about firmware of this core that is not there; empty if there is none to name.
pub fn missing(core: &Path, system: &Path) -> String {
    let name = core.file_stem().map(Path::new).unwrap_or(Path::new("")).with_extension("info");
    let beside = core.with_extension("info");
    let known = [beside, PathBuf::from(INFO).join(name)];
    let Some(text) = known.iter().find_map(|path| std::fs::read_to_string(path).ok()) else { return String::new() };
    let files = parse(&text).into_iter().filter(|file| !system.join(&file.path).exists());
    let list: Vec<String> = files.map(|file| file.words()).collect();
    if list.is_empty() {
        return String::new();
    }
    format!("; it may lack firmware, which belongs into {}: {}", system.display(), list.join(", "))
}

/// A file of firmware.
#[derive(Debug, PartialEq, Eq)]
struct File {
    path: String,
    description: String,
    optional: bool,
}

impl File {
    fn words(&self) -> String {
        let File { path, description, optional } = self;
        let optional = if *optional { ", not always needed" } else { "" };
        if description.contains(path.as_str()) || description.is_empty() {
            format!("{}{optional}", if description.is_empty() { path } else { description })
        } else {
            format!("{path} ({description}{optional})")
        }
    }
}

/// Reads `firmwareN_path`, `firmwareN_desc` and `firmwareN_opt` of a core's `.info` file.
fn parse(text: &str) -> Vec<File> {
    let value = |key: &str| {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        let found = lines.map(|(name, value)| (name.trim(), value)).find(|(name, _)| *name == key);
        found.map(|(_, value)| value.trim().trim_matches('"').to_owned())
    };
    let files = (0..32).map_while(|n| {
        Some(File {
            path: value(&format!("firmware{n}_path"))?,
            description: value(&format!("firmware{n}_desc")).unwrap_or_default(),
            optional: value(&format!("firmware{n}_opt")).is_some_and(|opt| opt == "true"),
        })
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_is_named_with_what_it_is() {
        let text = "display_name = \"X\"\nfirmware_count = 2\nfirmware0_desc = \"syscard3.pce (CD BIOS)\"\n\
                    firmware0_path = \"syscard3.pce\"\nfirmware0_opt = \"false\"\n\
                    firmware1_desc = \"Disk system\"\nfirmware1_path = \"disksys.rom\"\nfirmware1_opt = \"true\"\n";
        let words: Vec<String> = parse(text).iter().map(File::words).collect();
        assert_eq!(words, ["syscard3.pce (CD BIOS)", "disksys.rom (Disk system, not always needed)"]);
        assert!(parse("").is_empty());
    }
}
