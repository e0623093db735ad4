//! A model without a manifest: whoever asks it knows what its tensors mean.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::engine::Network;
use super::rten::Rten;
use super::{Failed, Numbers, Refused, onnx, words};

/// Tensors go in, tensors come out. `rten` runs it, on one thread.
pub struct Bare {
    network: Rten,
    spent: bool,
}

impl Bare {
    /// Loads a file of ONNX.
    pub fn load(bytes: Vec<u8>) -> Result<Bare, Refused> {
        if let Some(file) = onnx::other_file(&bytes) {
            return Err(Refused::OtherFiles(file));
        }
        let crashed = |problem| Refused::Load { engine: "rten", problem };
        let loaded = catch_unwind(|| Rten::load(bytes, 1));
        let network = loaded.unwrap_or_else(|panic| Err(crashed(format!("it crashed: {}", words(panic.as_ref())))))?;
        Ok(Bare { network, spent: false })
    }

    /// What it makes of its inputs, in its own order: the numbers of each output.
    pub fn infer(&mut self, inputs: &[(&[usize], Numbers<'_>)]) -> Result<Vec<Vec<f32>>, Failed> {
        if self.spent {
            return Err(Failed::Spent);
        }
        let wants = self.network.inputs().len();
        if inputs.len() != wants {
            return Err(Failed::Engine(format!("it has {wants} inputs, and was given {}", inputs.len())));
        }
        let network = &mut self.network;
        let ran = catch_unwind(AssertUnwindSafe(|| network.run_on(inputs)));
        self.spent = ran.is_err();
        ran.unwrap_or_else(|panic| Err(format!("it crashed: {}", words(panic.as_ref())))).map_err(Failed::Engine)?;
        Ok(self.network.results().iter().map(|output| output.data.clone()).collect())
    }
}
