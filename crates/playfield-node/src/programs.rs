//! Linux programs of this node: whether they are there.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use playfield_core::api::EndReason;
use playfield_core::bus::{ModuleFacts, Refusal};
use playfield_core::frame::{PixelFormat, Shape};
use playfield_core::manifest::Program;

use crate::agent::refusal;

/// Where a guest looks for programs; the same as its own `PATH`.
const FOLDERS: [&str; 5] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/games", "/usr/games"];

/// What is known of a program before it runs.
pub(crate) async fn facts(program: &Program) -> Result<ModuleFacts, Refusal> {
    let name = program.command.first().map(String::as_str).unwrap_or_default();
    if find(name).await.is_none() {
        let detail = format!(
            "there is no program `{name}` on this node; install it, or name the place where it lies in `program.command`"
        );
        return Err(refusal(EndReason::BadModule, &detail));
    }
    let [width, height] = program.size;
    Ok(ModuleFacts {
        dialect: "program".to_owned(),
        snapshots: false,
        deterministic: false,
        groups: Vec::new(),
        picture: Some(Shape { width: width & !1, height: height & !1, format: PixelFormat::Rgba8 }),
    })
}

async fn find(name: &str) -> Option<PathBuf> {
    let places: Vec<PathBuf> = match name.contains('/') {
        true => vec![PathBuf::from(name)],
        false => FOLDERS.iter().map(|folder| Path::new(folder).join(name)).collect(),
    };
    for place in places {
        let found = tokio::fs::metadata(&place).await;
        if found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0) {
            return Some(place);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_is_looked_for_where_guests_look() {
        let facts_of = async |command: &str| facts(&Program::new(vec![command.to_owned()])).await;
        assert_eq!(facts_of("sh").await.unwrap().dialect, "program");
        assert!(facts_of("/bin/sh").await.is_ok());
        for missing in ["no-such-program", "/etc/passwd", "/usr", ""] {
            let refused = facts_of(missing).await.unwrap_err();
            assert!(refused.detail.contains("no program"), "{missing}: {}", refused.detail);
        }
    }
}
