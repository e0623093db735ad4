//! What an app's folder holds, and who says what it is: our `app.toml`, the manifest of an AITRIOS package, or nobody, where there is
//! a module and nothing else.
//!
//! AITRIOS packages say how an app is called and which of their files is the module:
//!
//! ```json
//! {"manifest_version": "1.0.0", "edge_app": {"app_name": "doors", "file_name": "doors.wasm", "version": "1.2.0", "compiled_flg": false}}
//! ```

use serde::Deserialize;

use super::aitrios;
use super::manifest::{FILE, Limits, Manifest};

/// Files that say what an app is; the first one that is there does.
const DESCRIPTIONS: [&str; 3] = [FILE, "manifest.json", "manifest"];
/// The folder of files that an AITRIOS app brings along, and fetches when it runs.
pub const FILES: &str = "files";
/// What ends the name of a module.
const MODULE: &str = ".wasm";
/// What an app may take that says nothing of it: what AITRIOS's samples ask for, and some.
const LIMITS: Limits = Limits { memory_mb: 16, tick_ms: 1_000 };
/// Longest name, in characters, and version.
const MOST_NAME: usize = 80;
const MOST_VERSION: usize = 32;
/// Longest id.
const MOST_ID: usize = 64;

/// What an app's folder holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// What it is.
    pub manifest: Manifest,
    /// The file that says so; none: there is its module and nothing else.
    pub described_by: Option<&'static str>,
}

/// A manifest of theirs, in the part that is looked at.
#[derive(Deserialize)]
struct Theirs {
    edge_app: TheirApp,
}

#[derive(Deserialize)]
struct TheirApp {
    app_name: String,
    file_name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    compiled_flg: bool,
}

impl Package {
    /// Whether a folder with files of these names may hold an app.
    pub fn is(names: &[String]) -> bool {
        DESCRIPTIONS.iter().any(|file| names.iter().any(|name| name == file)) || modules(names).count() == 1
    }

    /// What a folder with files of these names holds, or what keeps it from being an app, in words that follow its name.
    pub fn look(names: &[String], read: impl FnOnce(&str) -> Result<String, String>) -> Result<Package, String> {
        let file = DESCRIPTIONS.into_iter().find(|file| names.iter().any(|name| name == file));
        let manifest = match file {
            Some(FILE) => Manifest::parse(&read(FILE)?).map_err(|error| error.to_string())?,
            Some(file) => theirs(&read(file)?).map_err(|why| format!("its {file}: {why}"))?,
            None => alone(names)?,
        };
        Ok(Package { manifest, described_by: file })
    }
}

fn modules(names: &[String]) -> impl Iterator<Item = &String> {
    names.iter().filter(|name| name.ends_with(MODULE))
}

/// A manifest of theirs, in our words.
fn theirs(text: &str) -> Result<Manifest, String> {
    let theirs: Theirs =
        serde_json::from_str(text).map_err(|error| format!("it is no manifest of an edge app: {error}"))?;
    let TheirApp { app_name, file_name, version, compiled_flg } = theirs.edge_app;
    if compiled_flg || !file_name.ends_with(MODULE) {
        return Err(format!(
            "`{file_name}` is compiled for one kind of device; the module itself is needed, a `{MODULE}`"
        ));
    }
    undeclared(&app_name, version, file_name)
}

/// A module that nobody says anything of.
fn alone(names: &[String]) -> Result<Manifest, String> {
    let mut modules = modules(names);
    match (modules.next(), modules.next()) {
        (Some(module), None) => undeclared(module.trim_end_matches(MODULE), String::new(), module.clone()),
        (Some(_), Some(_)) => Err(format!("it holds several modules, and no {FILE} that says which is the app")),
        (None, _) => {
            Err(format!("it holds neither an {FILE}, nor the manifest.json of an AITRIOS package, nor a module"))
        }
    }
}

/// An app that says nothing of what it may take and tell.
fn undeclared(name: &str, version: String, entry: String) -> Result<Manifest, String> {
    let name = Some(name.trim()).filter(|name| !name.is_empty()).unwrap_or("app");
    let version =
        if version.is_empty() { "0.1.0".to_owned() } else { version.chars().take(MOST_VERSION / 4).collect() };
    let manifest = Manifest {
        id: id(name),
        name: name.chars().filter(|letter| !letter.is_control()).take(MOST_NAME).collect(),
        version,
        summary: String::new(),
        entry,
        authors: Vec::new(),
        licence: None,
        pixels: false,
        tensors: false,
        raw_image: false,
        limits: LIMITS,
        output: aitrios::output(),
    };
    manifest.check().map_err(|error| error.to_string())?;
    Ok(manifest)
}

/// A name as an id: what is no letter and no digit becomes a hyphen.
fn id(name: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let id: String = name.chars().map(letter).take(MOST_ID).collect();
    let id = id.trim_matches('-');
    if id.is_empty() { "app".to_owned() } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(files: &[(&str, &str)]) -> Result<(Manifest, Option<&'static str>), String> {
        let names: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
        let read = |name: &str| Ok(files.iter().find(|file| file.0 == name).unwrap().1.to_owned());
        let package = Package::look(&names, read)?;
        assert!(Package::is(&names));
        Ok((package.manifest, package.described_by))
    }

    #[test]
    fn a_folder_is_an_app_by_our_manifest_by_theirs_or_by_its_only_module() {
        let ours = "id = 'ours'\nname = 'Ours'\nentry = 'a.wasm'";
        let theirs = r#"{"manifest_version": "1.0.0", "edge_app": {"app_name": "Edge_App 2", "file_name": "edge_app.wasm",
            "version": "1.0.0", "app_dtdl_file": "x.json", "referred_dtdl_files": [], "compiled_flg": false, "schema_info": ""}}"#;
        let check = |files: &[(&str, &str)], id: &str, entry: &str, version: &str, by: Option<&str>| {
            let (manifest, described_by) = look(files).unwrap();
            let told = (manifest.id.as_str(), manifest.entry.as_str(), manifest.version.as_str(), described_by);
            assert_eq!(told, (id, entry, version, by));
            manifest
        };
        check(
            &[("app.toml", ours), ("manifest.json", theirs), ("b.wasm", "")],
            "ours",
            "a.wasm",
            "0.1.0",
            Some("app.toml"),
        );
        for file in ["manifest.json", "manifest"] {
            let read =
                check(&[(file, theirs), ("edge_app.wasm", "")], "edge-app-2", "edge_app.wasm", "1.0.0", Some(file));
            assert_eq!((read.name.as_str(), read.limits, read.pixels), ("Edge_App 2", LIMITS, false));
            assert_eq!(read.output, aitrios::output());
        }
        check(&[("Doors.wasm", ""), ("readme.txt", "")], "doors", "Doors.wasm", "0.1.0", None);
        check(&[("-.wasm", "")], "app", "-.wasm", "0.1.0", None);
    }

    #[test]
    fn what_is_no_app_is_told_in_words() {
        let check = |files: &[(&str, &str)], expect: &str| {
            let why = look(files).unwrap_err();
            assert!(why.contains(expect), "{why}");
        };
        let app = |name: &str, file: &str, compiled: bool| {
            format!(r#"{{"edge_app": {{"app_name": "{name}", "file_name": "{file}", "compiled_flg": {compiled}}}}}"#)
        };
        check(&[], "nor a module");
        check(&[("a.wasm", ""), ("b.wasm", "")], "several modules");
        check(&[("app.toml", "id = 5")], "app.toml does not parse");
        check(&[("manifest.json", "{}")], "its manifest.json: it is no manifest of an edge app");
        check(&[("manifest", &app("a", "a.aot", false))], "`a.aot` is compiled");
        check(&[("manifest", &app("a", "a.wasm", true))], "`a.wasm` is compiled");
        check(&[("manifest.json", &app("a", "../a.wasm", false))], "`entry` must be a relative path");
        check(&[("manifest.json", &app("a", "/a.wasm", false))], "`entry` must be a relative path");
        let long = "x".repeat(500);
        let (manifest, _) = look(&[("manifest.json", &app(&long, "a.wasm", false))]).unwrap();
        assert_eq!((manifest.id.len(), manifest.name.len()), (64, 80));
    }
}
