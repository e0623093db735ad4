//! The configuration: a tree of each room's own, from a file, under the flags.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use playfield_core::codec::Codec;
use playfield_media::encode::Library;
use serde::{Deserialize, Serialize};

use crate::telemetry;

/// Everything that can be set. `playfield.toml` at the root of the source tree explains each key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder for everything that is kept.
    pub data: PathBuf,
    /// The control plane.
    pub control: playfield_control::Config,
    /// The node.
    pub node: playfield_node::Config,
    /// A machine with cameras that another one looks after: `playfield camera`.
    pub device: Device,
    /// Logs.
    pub log: telemetry::Config,
}

/// Settings of `playfield camera`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Device {
    /// Files, folders and devices that its cameras may read, whatever the control plane says.
    pub camera_files: Vec<PathBuf>,
    /// Most MiB of what waits to be told.
    pub journal_mb: u32,
}

impl Default for Device {
    fn default() -> Self {
        let video = (0..4).map(|number| PathBuf::from(format!("/dev/video{number}")));
        Device { camera_files: video.collect(), journal_mb: 256 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            data: PathBuf::from("data"),
            control: playfield_control::Config::default(),
            node: playfield_node::Config::default(),
            device: Device::default(),
            log: telemetry::Config::default(),
        }
    }
}

impl Config {
    /// Reads a file; without one, the defaults.
    pub fn load(path: Option<&Path>) -> anyhow::Result<Config> {
        let Some(path) = path else { return Ok(Config::default()) };
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let config = Config::parse(&text).with_context(|| format!("{}", path.display()))?;
        config.check().with_context(|| format!("{}", path.display()))?;
        Ok(config)
    }

    /// Refuses what this build cannot do.
    fn check(&self) -> anyhow::Result<()> {
        let h264 = self.node.h264;
        if !Library::of(Codec::H264, h264).built_in() {
            bail!(
                "node.h264 is {h264}, which this playfield was built without; build one with `--features {h264}`, \
                 or set it to openh264"
            );
        }
        Ok(())
    }

    fn parse(text: &str) -> anyhow::Result<Config> {
        match toml::from_str(text) {
            Ok(config) => Ok(config),
            Err(error) => {
                let before = error.span().map_or("", |span| &text[..span.start.min(text.len())]);
                let line = before.matches('\n').count() + 1;
                bail!("line {line}: {}", error.message().replace('\n', " "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_in_the_tree_states_the_defaults() {
        let text = include_str!("../../../playfield.toml");
        assert_eq!(Config::parse(text).unwrap(), Config::default());
        // Every key is there, so that the file is the manual.
        let stated: toml::Table = toml::from_str(text).unwrap();
        let defaults = toml::Table::try_from(Config::default()).unwrap();
        assert_eq!(keys(&stated, ""), keys(&defaults, ""));
    }

    #[test]
    fn any_key_may_be_left_out() {
        let text = include_str!("../../../playfield.toml");
        let is_key = |line: &&str| line.contains(" = ") && !line.starts_with('#');
        for left_out in text.lines().filter(is_key) {
            let rest: String = text.lines().filter(|line| *line != left_out).map(|line| format!("{line}\n")).collect();
            assert_eq!(Config::parse(&rest).unwrap(), Config::default(), "without {left_out:?}");
        }
    }

    fn keys(table: &toml::Table, prefix: &str) -> Vec<String> {
        let mut keys: Vec<_> = table
            .iter()
            .flat_map(|(key, value)| match value {
                toml::Value::Table(inner) => keys(inner, &format!("{prefix}{key}.")),
                _ => vec![format!("{prefix}{key}")],
            })
            .collect();
        keys.sort();
        keys
    }

    #[test]
    fn an_encoder_that_is_not_there_is_refused_with_a_way_out() {
        let config = Config::parse("[node]\nh264 = 'x264'\n").unwrap();
        match config.check() {
            Ok(()) => assert!(Library::X264.built_in()),
            Err(error) => assert!(error.to_string().contains("`--features x264`"), "{error}"),
        }
        assert!(Config::default().check().is_ok());
        let error = Config::parse("[node]\nh264 = 'nvenc'\n").unwrap_err().to_string();
        assert!(error.contains("`openh264` or `x264`"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_one_line_that_names_it_and_where() {
        let error = Config::parse("data = 'x'\n\n[control]\nlissen = []\n").unwrap_err().to_string();
        assert!(error.starts_with("line 4: unknown field `lissen`"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
