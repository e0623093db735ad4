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

/// Where a program lies on this node; if it does not, a sentence that says so. Looks at a few files.
pub fn find(program: &Program) -> Result<PathBuf, String> {
    let name = program.command.first().map(String::as_str).unwrap_or_default();
    let places: Vec<PathBuf> = match name.contains('/') {
        true => vec![PathBuf::from(name)],
        false => FOLDERS.iter().map(|folder| Path::new(folder).join(name)).collect(),
    };
    let runs = |place: &PathBuf| {
        let found = std::fs::metadata(place);
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    places.into_iter().find(runs).ok_or_else(|| {
        format!("there is no program `{name}` on this node; install it, or name the place where it lies in `program.command`")
    })
}

/// What is known of a program before it runs.
pub(crate) async fn facts(program: &Program) -> Result<ModuleFacts, Refusal> {
    let sought = program.clone();
    let found = tokio::task::spawn_blocking(move || find(&sought)).await;
    if let Ok(Err(detail)) = found {
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
