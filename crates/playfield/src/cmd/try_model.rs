//! `playfield try-model`: whether a camera can use a model, by letting one begin with it.

use std::path::PathBuf;

use playfield_core::api::EndReason;
use playfield_core::bus::{CompileAnswer, Missing, Refusal};
use playfield_core::camera::{Camera, Desired, Source};
use playfield_runtime::camera::CameraGuest;
use playfield_runtime::{GuestConfig, GuestError};

/// Flags of `try-model`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder with its `model.toml`.
    #[arg(long)]
    model: PathBuf,
    /// The library of ONNX Runtime, if that is to run it.
    #[arg(long)]
    onnxruntime: Option<PathBuf>,
    /// Refuse where this machine cannot fence it off wholly.
    #[arg(long)]
    strict: bool,
    /// Memory the camera's process may have, in MiB.
    #[arg(long)]
    memory_mb: u64,
}

/// Says on standard output why it was refused; nothing: it was not.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let camera = Camera {
        desired: Desired::new(Source::Scene { seed: None }),
        model: Some(args.model.clone()),
        shadow: None,
        files: None,
        app: None,
        onnxruntime: args.onnxruntime.clone(),
    };
    let config = GuestConfig { memory_limit: args.memory_mb << 20, ..GuestConfig::default() };
    let missing = if args.strict { Missing::Refuse } else { Missing::Degrade };
    let opening = super::camera::opening(&camera, &config, missing)?;
    match CameraGuest::open(&std::env::current_exe()?, opening, camera.desired.hz) {
        Ok(_) => Ok(()),
        Err(error) => {
            let (reason, detail) = match error {
                // Of a model that is no module, nothing is said of modules.
                GuestError::BadModule(why) => (EndReason::BadModule, why),
                // That may be this machine's fault.
                GuestError::Hung(_) => {
                    (EndReason::PlacementTimeout, "it took too long to try this model; try again".to_owned())
                }
                GuestError::OutOfMemory { limit_mb } => {
                    (EndReason::BadModule, format!("it needs more than the {limit_mb} MiB of memory that a camera has"))
                }
                GuestError::Trap(why) => (EndReason::BadModule, why),
                other => (EndReason::BadModule, other.to_string()),
            };
            let refused = Refusal { reason, detail };
            println!("{}", serde_json::to_string(&CompileAnswer::Refused { refused })?);
            Ok(())
        }
    }
}
