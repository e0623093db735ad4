//! A worker gives up what it does not need before it opens a guest.

use rustix::process::{Resource, Rlimit, Signal, setrlimit};

/// Applies what any kernel offers without privilege: no new privileges, no core dumps of guests' memory, and an end when
/// the node ends, so that no worker outlives it.
pub fn confine() -> std::io::Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}

/// Limits the memory this process may write to, in MiB: for jobs that take foreign input and then exit. Address space
/// that is only reserved, as the Wasm engine does by gigabytes, does not count.
pub fn limit_memory(mb: u64) -> std::io::Result<()> {
    let bytes = Some(mb.saturating_mul(1024 * 1024));
    setrlimit(Resource::Data, Rlimit { current: bytes, maximum: bytes })?;
    Ok(())
}
