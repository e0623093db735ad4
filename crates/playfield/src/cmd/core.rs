//! A libretro core named by flags, for jobs of a node.

use std::path::PathBuf;

use anyhow::Context;
use playfield_core::bus::{CoreFiles, Missing};
use playfield_core::manifest::Libretro;
use playfield_runtime::confine::{Rules, render_nodes};
use playfield_runtime::libretro::{LibretroGuest, Opening};
use playfield_runtime::{GuestConfig, GuestError};

/// Flags that tell which core, and how it is to be.
#[derive(Debug, clap::Args)]
pub struct CoreArgs {
    /// The core.
    #[arg(long, requires_all = ["content", "system", "home"])]
    core: Option<PathBuf>,
    /// Its content, under its own name.
    #[arg(long)]
    content: Option<PathBuf>,
    /// Where firmware lies.
    #[arg(long)]
    system: Option<PathBuf>,
    /// Where it may keep files.
    #[arg(long)]
    home: Option<PathBuf>,
    /// An option of the core.
    #[arg(long = "option", value_name = "KEY=VALUE", value_parser = pair)]
    options: Vec<(String, String)>,
    /// Refuse it unless every layer of the fence around native guests is there.
    #[arg(long)]
    strict: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl CoreArgs {
    /// Opens the core, if one is named.
    pub fn open(&self, config: &GuestConfig) -> anyhow::Result<Option<LibretroGuest>> {
        let (Some(core), Some(content), Some(system), Some(home)) =
            (&self.core, &self.content, &self.system, &self.home)
        else {
            return Ok(None);
        };
        let files = CoreFiles {
            core: core.clone(),
            content: content.clone(),
            system: system.clone(),
            home: home.clone(),
            hash: String::new(),
        };
        let options = self.options.iter().cloned().collect();
        let libretro = Libretro { options, ..Libretro::default() };
        let program = std::env::current_exe().context("cannot tell where this program lies")?;
        let missing = if self.strict { Missing::Refuse } else { Missing::Degrade };
        Ok(Some(LibretroGuest::open(&program, opening(&files, &libretro, config, missing), config)?))
    }
}

/// What the process of a core is told.
pub fn opening(files: &CoreFiles, libretro: &Libretro, config: &GuestConfig, missing: Missing) -> Opening {
    Opening {
        core: files.core.clone(),
        content: Some(files.content.clone()),
        system: files.system.clone(),
        options: libretro.options.clone(),
        run_ahead: libretro.run_ahead,
        kept: 0,
        rules: Rules {
            read: vec![files.core.clone(), files.content.clone(), files.system.clone()],
            home: Some(files.home.clone()),
            devices: render_nodes(),
            memory_limit: config.memory_limit,
            missing,
            ..Rules::default()
        },
    }
}

/// Why a session cannot open a core.
pub fn no_files() -> GuestError {
    GuestError::BadModule("its node did not say where its core lies".to_owned())
}

/// What a core that is only looked at may take.
pub fn look_config() -> GuestConfig {
    GuestConfig { memory_limit: 1 << 30, ..GuestConfig::default() }
}
