//! Models: what is to be seen in a picture.
//!
//! A model is a file of ONNX and its manifest (`playfield_core::model`). One of two engines runs it; which one changes how fast it
//! is, and not what it says. Both are handed foreign files, so whoever runs them does it in a process of its own; a panic inside an
//! engine is an error here.
//!
//! ```text
//!   Picture -> prepare: fit, colours, numbers -> engine -> tensors -> core::model::Decoder -> Findings
//!              no memory is asked for                rten              (Stages: how long each took)
//!                                                    onnxruntime, where its library lies
//! ```
//!
//! [`measure`](Model::measure) says what a picture costs on this machine.

mod bare;
mod engine;
mod measure;
mod onnx;
mod onnxruntime;
mod prepare;
mod rten;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::model::{Decoder, Element, Findings, Manifest, Refusal, Tensor, TensorInfo, fits};

use prepare::Prepared;

pub use bare::Bare;
pub use engine::Engine;
pub use measure::Measured;
pub use prepare::{Numbers, Preparer};

/// Largest file of a model, in bytes.
pub const MOST_BYTES: usize = 512 * 1024 * 1024;

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Its file is empty, or more than [`MOST_BYTES`].
    #[error("the model's file has {0} bytes; a model has 1 to {MOST_BYTES}")]
    Size(usize),
    /// It is no model, or one that this engine does not know all of.
    #[error("{engine} cannot load the model: {problem}")]
    Load {
        /// The engine's name.
        engine: &'static str,
        /// In the engine's words.
        problem: String,
    },
    /// Parts of it lie in other files.
    #[error("the model keeps its weights in another file (`{0}`); export it as a single file")]
    OtherFiles(String),
    /// It is not what its manifest says.
    #[error(transparent)]
    Unfit(#[from] Refusal),
    /// It was tried with a grey picture.
    #[error("the model does not run: {0}")]
    Trial(#[source] Failed),
    /// The engine is not there.
    #[error("ONNX Runtime cannot be used: {0}")]
    NoEngine(String),
}

/// Why a picture was not understood. The model can be asked again, unless it is [`Failed::Spent`].
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The picture's bytes are not as many as it says, or it is empty.
    #[error("the picture has {bytes} bytes, which is not {width}x{height} in its format")]
    Picture {
        /// Bytes it has.
        bytes: usize,
        /// In pixels.
        width: u16,
        /// In pixels.
        height: u16,
    },
    /// The engine could not go on, in its words.
    #[error("the engine could not go on: {0}")]
    Engine(String),
    /// What came out cannot be read.
    #[error(transparent)]
    Output(#[from] Refusal),
    /// The engine panicked before, and is in a state that nobody knows.
    #[error("the engine crashed at an earlier picture")]
    Spent,
}

/// How long each stage of one picture took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    /// Size, colours and numbers.
    pub prepare: Duration,
    /// The engine.
    pub infer: Duration,
    /// What its numbers mean.
    pub decode: Duration,
}

impl Stages {
    /// All of them.
    pub fn total(&self) -> Duration {
        self.prepare + self.infer + self.decode
    }
}

/// A model that was loaded and tried.
pub struct Model {
    manifest: Manifest,
    network: Box<dyn engine::Network>,
    preparer: Preparer,
    decoder: Decoder,
    findings: Findings,
    stages: Stages,
    spent: bool,
}

impl Model {
    /// Loads a model, looks whether it is what its manifest says, and tries it with a grey picture.
    pub fn load(bytes: Vec<u8>, manifest: &Manifest, engine: &Engine) -> Result<Model, Refused> {
        if bytes.is_empty() || bytes.len() > MOST_BYTES {
            return Err(Refused::Size(bytes.len()));
        }
        if let Some(file) = onnx::other_file(&bytes) {
            return Err(Refused::OtherFiles(file));
        }
        let loaded = catch_unwind(|| engine.load(bytes));
        let network = loaded.unwrap_or_else(|panic| {
            Err(Refused::Load { engine: engine.name(), problem: format!("it crashed: {}", words(panic.as_ref())) })
        })?;
        let bytes = fits_and_takes_bytes(manifest, network.as_ref())?;
        let mut model = Model {
            manifest: manifest.clone(),
            network,
            preparer: Preparer::new(&manifest.input, bytes),
            decoder: Decoder::new(manifest),
            findings: Findings::default(),
            stages: Stages::default(),
            spent: false,
        };
        model.try_out()?;
        Ok(model)
    }

    /// What its maker says about it.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What it tells of its inputs and outputs.
    pub fn tensors(&self) -> (&[TensorInfo], &[TensorInfo]) {
        (self.network.inputs(), self.network.outputs())
    }

    /// What is to be seen in a picture, in fractions of it.
    pub fn run(&mut self, picture: &Picture) -> Result<&Findings, Failed> {
        if self.spent {
            return Err(Failed::Spent);
        }
        check(picture)?;
        let began = Instant::now();
        let input = self.preparer.prepare(picture);
        let prepared = Instant::now();
        let network = &mut self.network;
        let ran = catch_unwind(AssertUnwindSafe(|| network.run(input)));
        self.spent = ran.is_err();
        ran.unwrap_or_else(|panic| Err(format!("it crashed: {}", words(panic.as_ref())))).map_err(Failed::Engine)?;
        let inferred = Instant::now();
        let tensors: Vec<_> = self.network.results().iter().map(engine::Output::tensor).collect();
        self.decoder.decode(&tensors, [picture.width, picture.height], &mut self.findings)?;
        self.stages = Stages { prepare: prepared - began, infer: inferred - prepared, decode: inferred.elapsed() };
        Ok(&self.findings)
    }

    /// What it makes of numbers of somebody else's, in its own order.
    pub fn infer(&mut self, shape: [usize; 4], numbers: Numbers<'_>) -> Result<Vec<Tensor<'_>>, Failed> {
        if self.spent {
            return Err(Failed::Spent);
        }
        self.takes(shape, &numbers).map_err(Failed::Engine)?;
        let network = &mut self.network;
        let ran = catch_unwind(AssertUnwindSafe(|| network.run(Prepared { shape, numbers })));
        self.spent = ran.is_err();
        ran.unwrap_or_else(|panic| Err(format!("it crashed: {}", words(panic.as_ref())))).map_err(Failed::Engine)?;
        Ok(self.results())
    }

    /// Whether its input is of this kind and shape, as far as it tells.
    fn takes(&self, shape: [usize; 4], numbers: &Numbers<'_>) -> Result<(), String> {
        let input = self.network.inputs().first().ok_or("it has no input")?;
        let (given, element) = match numbers {
            Numbers::Floats(numbers) => (numbers.len(), Element::F32),
            Numbers::Bytes(numbers) => (numbers.len(), Element::U8),
        };
        if given != shape.iter().product::<usize>() {
            return Err(format!("there are {given} numbers, which is not {shape:?}"));
        }
        if let Some(wants) = input.element.filter(|wants| *wants != element) {
            return Err(format!("it takes {wants:?}, and not {element:?}"));
        }
        match &input.shape {
            Some(sizes)
                if sizes.len() != 4
                    || sizes.iter().zip(shape).any(|(size, given)| size.is_some_and(|size| size != given)) =>
            {
                Err(format!("it takes {sizes:?}, and not {shape:?}"))
            }
            _ => Ok(()),
        }
    }

    /// The tensors of the last picture, as the engine gave them: for recordings.
    pub fn results(&self) -> Vec<Tensor<'_>> {
        self.network.results().iter().map(engine::Output::tensor).collect()
    }

    /// How long the last picture took.
    pub fn stages(&self) -> Stages {
        self.stages
    }

    /// Shapes that the model did not tell are seen now, and so is what it cannot run.
    fn try_out(&mut self) -> Result<(), Refused> {
        let [width, height] = self.manifest.input.size;
        let mut grey = Picture::black(width, height, PixelFormat::Rgba8);
        grey.pixels.fill(114);
        match self.run(&grey) {
            Ok(_) => Ok(()),
            Err(Failed::Output(refusal)) => Err(Refused::Unfit(refusal)),
            Err(failed) => Err(Refused::Trial(failed)),
        }
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("name", &self.manifest.name).field("stages", &self.stages).finish_non_exhaustive()
    }
}

/// Whether the model takes bytes in place of floats, where it is what its manifest says.
fn fits_and_takes_bytes(manifest: &Manifest, network: &dyn engine::Network) -> Result<bool, Refusal> {
    fits(manifest, network.inputs(), network.outputs())?;
    Ok(network.inputs()[0].element == Some(Element::U8))
}

fn check(picture: &Picture) -> Result<(), Failed> {
    let palette = if picture.format == PixelFormat::Indexed8 { 256 } else { 0 };
    let right = picture.pixels.len() == picture.area() * picture.format.bytes_per_pixel();
    if picture.area() == 0 || !right || picture.palette.len() < palette {
        let (bytes, width, height) = (picture.pixels.len(), picture.width, picture.height);
        return Err(Failed::Picture { bytes, width, height });
    }
    Ok(())
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}

#[cfg(test)]
mod tests;
