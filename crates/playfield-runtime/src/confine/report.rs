//! Which layers are in force, and which this machine lacks.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ConfineError, Missing};

/// A layer of a guest's fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerKind {
    /// User, mount, process, IPC, host name and control group namespaces, and a root of its own.
    Namespaces,
    /// A network namespace, or the network that was allowed.
    Network,
    /// A `/proc` of its own processes.
    Proc,
    /// No capabilities, no new privileges.
    Privileges,
    /// Landlock.
    Landlock,
    /// The allow-list of system calls.
    Seccomp,
    /// A count of processes for the session alone.
    Processes,
    /// A control group that counts memory and processes of all its processes.
    Memory,
}

/// One layer: in force, or missing with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Which.
    pub kind: LayerKind,
    /// Whether it is in force.
    pub in_force: bool,
    /// A sentence: what it does, or what is missing and what stands in for it.
    pub says: String,
}

/// What stands between a guest and the rest of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The layers, in force or not.
    pub layers: Vec<Layer>,
}

impl LayerKind {
    /// What it does while it is in force.
    fn does(self) -> &'static str {
        match self {
            LayerKind::Namespaces => "namespaces: users, files, processes, IPC and host name are the guest's own",
            LayerKind::Network => "network: the guest has a loopback of its own and nothing else",
            LayerKind::Proc => "/proc: shows the guest's own processes",
            LayerKind::Privileges => "privileges: no capabilities, and none can be gained",
            LayerKind::Landlock => "Landlock: files are fenced once more, and so are abstract sockets and signals",
            LayerKind::Seccomp => "seccomp: system calls that programs do not need are refused",
            LayerKind::Processes => "processes: counted for each session",
            LayerKind::Memory => "control group: memory and processes of a session are counted together",
        }
    }
}

impl Report {
    /// The layers that this machine lacks.
    pub fn missing(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().filter(|layer| !layer.in_force)
    }

    pub(super) fn note(&mut self, kind: LayerKind, state: Result<(), String>) {
        let in_force = state.is_ok();
        let says = state.err().unwrap_or_else(|| kind.does().to_owned());
        self.layers.push(Layer { kind, in_force, says });
    }

    pub(super) fn namespaces(&mut self, network: bool) {
        self.note(LayerKind::Namespaces, Ok(()));
        self.note(LayerKind::Network, Ok(()));
        if let (true, Some(layer)) = (network, self.layers.last_mut()) {
            layer.says =
                "network: allowed by the title's rules; the guest reaches what this machine reaches, its loopback too"
                    .into();
        }
        self.note(LayerKind::Privileges, Ok(()));
    }

    /// Whether to go on with what is missing.
    pub(super) fn agree(&self, missing: Missing) -> Result<(), ConfineError> {
        match (missing, self.missing().next()) {
            (Missing::Refuse, Some(layer)) => Err(ConfineError::Missing(layer.says.clone())),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for layer in &self.layers {
            writeln!(f, "{:8} {}", if layer.in_force { "in force" } else { "missing" }, layer.says)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_and_refused_only_where_that_is_wanted() {
        let mut report = Report::default();
        report.note(LayerKind::Seccomp, Ok(()));
        assert!(report.agree(Missing::Refuse).is_ok());
        report.note(LayerKind::Landlock, Err("Landlock: this kernel has none".into()));
        assert!(report.agree(Missing::Degrade).is_ok());
        let said = report.agree(Missing::Refuse).unwrap_err().to_string();
        assert!(said.ends_with("Landlock: this kernel has none"), "{said}");
        assert_eq!(report.missing().count(), 1);
        let text = report.to_string();
        assert!(text.contains("in force seccomp:") && text.contains("missing  Landlock:"), "{text}");
    }
}
