//! What an engine has to do, and which there are.

use std::path::{Path, PathBuf};

use playfield_core::model::{Tensor, TensorInfo};

use super::Refused;
use super::prepare::Prepared;

/// What runs a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The `rten` crate: a part of this program, and everywhere.
    Rten {
        /// Threads that work on one picture, at least 1.
        threads: usize,
    },
    /// ONNX Runtime: about twice as fast on most models, where somebody installed its library.
    OnnxRuntime {
        /// The library, `libonnxruntime.so`. The first one that is opened serves the whole process.
        library: PathBuf,
        /// Threads that work on one picture, at least 1.
        threads: usize,
    },
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::Rten { threads: 1 }
    }
}

impl Engine {
    /// ONNX Runtime, where its library is named, on one thread.
    pub fn of(onnxruntime: Option<&Path>) -> Engine {
        match onnxruntime {
            Some(library) => Engine::OnnxRuntime { library: library.to_owned(), threads: 1 },
            None => Engine::default(),
        }
    }

    /// Opens its library, where it has one: what is opened before a process gives up its files is there after. Nothing of it runs
    /// yet.
    pub fn open_library(&self) -> Result<(), String> {
        match self {
            Engine::Rten { .. } => Ok(()),
            Engine::OnnxRuntime { library, .. } => super::onnxruntime::keep_open(library),
        }
    }

    /// Its name, as people know it.
    pub const fn name(&self) -> &'static str {
        match self {
            Engine::Rten { .. } => "rten",
            Engine::OnnxRuntime { .. } => "ONNX Runtime",
        }
    }

    pub(super) fn load(&self, bytes: Vec<u8>) -> Result<Box<dyn Network>, Refused> {
        match self {
            Engine::Rten { threads } => Ok(Box::new(super::rten::Rten::load(bytes, *threads)?)),
            Engine::OnnxRuntime { library, threads } => {
                Ok(Box::new(super::onnxruntime::OnnxRuntime::load(&bytes, library, *threads)?))
            }
        }
    }
}

/// A model inside its engine.
pub trait Network: Send {
    /// What it tells of its inputs.
    fn inputs(&self) -> &[TensorInfo];

    /// What it tells of its outputs.
    fn outputs(&self) -> &[TensorInfo];

    /// Looks at one picture; says why not in the engine's words.
    fn run(&mut self, input: Prepared<'_>) -> Result<(), String>;

    /// What came out for the last picture, in its order.
    fn results(&self) -> &[Output];
}

/// One tensor that came out, with its numbers as floats.
#[derive(Debug, Default)]
pub struct Output {
    pub name: String,
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

impl Output {
    pub fn tensor(&self) -> Tensor<'_> {
        Tensor { name: &self.name, shape: &self.shape, data: &self.data }
    }
}
