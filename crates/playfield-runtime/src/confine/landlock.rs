//! Landlock: the guest's files fenced once more by the kernel, whatever becomes of the mounts. Landlock, `Documentation/userspace-api/landlock.rst`.

use ::landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::rules::ABOUT_INPUT;
use super::{ConfineError, HOME, INPUT, Rules, User};

/// The newest that is asked for; older kernels give what they have. 6: abstract sockets and signals (Linux 6.12).
const WANTED: ABI = ABI::V6;

/// Restricts this process. The inner error: what is missing.
pub(super) fn restrict(rules: &Rules, user: &User) -> Result<Result<(), String>, ConfineError> {
    let failed = |error: RulesetError| ConfineError::Step {
        step: "to set up Landlock",
        source: std::io::Error::other(error.to_string()),
    };
    let status = apply(rules, user).map_err(failed)?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Ok(()),
        RulesetStatus::PartiallyEnforced => {
            Err("Landlock: this kernel has part of it (all of it: Linux 6.12); the namespaces fence the rest"
                .to_owned())
        }
        RulesetStatus::NotEnforced => {
            Err("Landlock: this kernel has none, or it is not started with it; the namespaces alone fence files"
                .to_owned())
        }
    })
}

fn apply(rules: &Rules, user: &User) -> Result<RestrictionStatus, RulesetError> {
    let all = AccessFs::from_all(WANTED);
    let mut set = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?
        .create()?;
    set = allow(set, "/", AccessFs::from_read(WANTED))?;
    let runtime = user.runtime_dir();
    for path in [HOME, "/tmp", "/dev/shm", "/dev/pts", INPUT, &runtime].into_iter().chain(ABOUT_INPUT) {
        set = allow(set, path, all)?;
    }
    // Names of threads are written there; whose files they are is checked as ever.
    set = allow(set, "/proc", AccessFs::from_read(WANTED) | AccessFs::WriteFile)?;
    for name in super::root::DEVICES {
        set = allow(set, &format!("/dev/{name}"), AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev)?;
    }
    for path in rules.devices.iter().chain(rules.write.iter().map(|bind| &bind.inside)) {
        set = allow(set, &path.to_string_lossy(), all)?;
    }
    set.restrict_self()
}

/// A path that is not there needs no rule.
fn allow(set: RulesetCreated, path: &str, access: BitFlags<AccessFs>) -> Result<RulesetCreated, RulesetError> {
    let Ok(fd) = PathFd::new(path) else { return Ok(set) };
    let is_folder = std::fs::metadata(path).is_ok_and(|found| found.is_dir());
    let access = if is_folder { access } else { access & AccessFs::from_file(WANTED) };
    set.add_rule(PathBeneath::new(fd, access))
}
