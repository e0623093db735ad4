//! Models in ONNX Runtime, by the library that somebody installed: nothing is linked or downloaded.

#[allow(unsafe_code, reason = "a shared library is opened")]
mod ffi;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{DynValue, TensorElementType, TensorRef, ValueType};
use playfield_core::model::{Element, TensorInfo};

use super::Refused;
use super::engine::{Network, Output};
use super::prepare::{Numbers, Prepared};

/// The library of this process, once one was opened: there can be only one.
static OPENED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

pub use ffi::keep_open;

pub struct OnnxRuntime {
    session: Session,
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    results: Vec<Output>,
}

impl OnnxRuntime {
    pub fn load(bytes: &[u8], library: &Path, threads: usize) -> Result<OnnxRuntime, Refused> {
        let environment = environment(library)?;
        let session = session(bytes, &environment, threads.max(1));
        let session = session.map_err(|problem| Refused::Load { engine: "ONNX Runtime", problem })?;
        let infos =
            |outlets: &[ort::value::Outlet]| outlets.iter().map(|each| info(each.name(), each.dtype())).collect();
        let (inputs, outputs): (_, Vec<_>) = (infos(session.inputs()), infos(session.outputs()));
        let results = outputs.iter().map(|info| Output { name: info.name.clone(), ..Output::default() }).collect();
        Ok(OnnxRuntime { session, inputs, outputs, results })
    }
}

/// The environment of the library at `library`. Another one than before is refused.
fn environment(library: &Path) -> Result<Environment, Refused> {
    let refuse = |problem: String| Refused::NoEngine(problem);
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((path, environment)) = &*opened {
        if path != library {
            return Err(refuse(format!("this process already uses {}", path.display())));
        }
        return Ok(environment.clone());
    }
    let builder = ort::init_from(library).map_err(|error| refuse(error.to_string()))?;
    let environment = builder.with_name("playfield").with_telemetry(false).build();
    let environment = environment.map_err(|error| refuse(error.to_string()))?;
    *opened = Some((library.to_owned(), environment.clone()));
    Ok(environment)
}

fn session(bytes: &[u8], environment: &Environment, threads: usize) -> Result<Session, String> {
    let builder = Session::builder(environment).map_err(words)?;
    let builder = builder.with_optimization_level(GraphOptimizationLevel::All).map_err(words)?;
    let builder = builder.with_intra_threads(threads).map_err(words)?.with_inter_threads(1).map_err(words)?;
    // Threads that wait must not burn what other sessions need.
    let builder = builder.with_intra_op_spinning(false).map_err(words)?;
    // What goes wrong is returned; it need not stand in the log too.
    let mut builder = builder.with_log_level(LogLevel::Fatal).map_err(words)?;
    builder.commit_from_memory(bytes).map_err(words)
}

fn words<T>(error: ort::Error<T>) -> String {
    error.to_string()
}

impl Network for OnnxRuntime {
    fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    fn run(&mut self, input: Prepared<'_>) -> Result<(), String> {
        let ran = match input.numbers {
            Numbers::Floats(numbers) => {
                let tensor = TensorRef::from_array_view((input.shape, numbers)).map_err(words)?;
                self.session.run(ort::inputs![tensor])
            }
            Numbers::Bytes(numbers) => {
                let tensor = TensorRef::from_array_view((input.shape, numbers)).map_err(words)?;
                self.session.run(ort::inputs![tensor])
            }
        };
        let outputs = ran.map_err(words)?;
        for (result, (_, value)) in self.results.iter_mut().zip(outputs.iter()) {
            copy(&value, result).map_err(|error| format!("its output `{}` cannot be read: {error}", result.name))?;
        }
        Ok(())
    }

    fn results(&self) -> &[Output] {
        &self.results
    }
}

/// Numbers of any kind become floats.
fn copy(value: &DynValue, into: &mut Output) -> Result<(), String> {
    fn numbers<T: ort::value::PrimitiveTensorElementType + Copy>(
        value: &DynValue,
        into: &mut Output,
        float: impl Fn(T) -> f32,
    ) -> ort::Result<()> {
        let (shape, data) = value.try_extract_tensor::<T>()?;
        into.shape.clear();
        into.shape.extend(shape.iter().map(|size| (*size).max(0) as usize));
        into.data.clear();
        into.data.extend(data.iter().map(|number| float(*number)));
        Ok(())
    }
    let ValueType::Tensor { ty, .. } = value.dtype() else { return Err("it is no tensor".to_owned()) };
    let copied = match ty {
        TensorElementType::Float32 => numbers(value, into, |number: f32| number),
        TensorElementType::Float64 => numbers(value, into, |number: f64| number as f32),
        TensorElementType::Int64 => numbers(value, into, |number: i64| number as f32),
        TensorElementType::Int32 => numbers(value, into, |number: i32| number as f32),
        TensorElementType::Uint8 => numbers(value, into, |number: u8| f32::from(number)),
        TensorElementType::Int8 => numbers(value, into, |number: i8| f32::from(number)),
        TensorElementType::Bool => numbers(value, into, |number: bool| f32::from(u8::from(number))),
        other => return Err(format!("numbers of type {other} are not known")),
    };
    copied.map_err(|error| error.to_string())
}

fn info(name: &str, kind: &ValueType) -> TensorInfo {
    let name = name.to_owned();
    let ValueType::Tensor { ty, shape, .. } = kind else {
        return TensorInfo { name, element: Some(Element::Other), shape: None };
    };
    let element = match ty {
        TensorElementType::Float32 => Element::F32,
        TensorElementType::Uint8 => Element::U8,
        TensorElementType::Int8 => Element::I8,
        TensorElementType::Int32 | TensorElementType::Int64 => Element::I32,
        _ => Element::Other,
    };
    // Any size is told as -1.
    let shape = shape.iter().map(|size| usize::try_from(*size).ok()).collect();
    TensorInfo { name, element: Some(element), shape: Some(shape) }
}
