//! Models in the `rten` crate: Rust alone, on any processor.
//!
//! Weights are packed when the model is loaded. A model has a pool of threads to itself, of one thread unless more are asked for:
//! sessions share the machine.

use std::sync::Arc;

use playfield_core::model::{Element, TensorInfo};
use rten::{DataType, Dimension, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueType, ValueView};
use rten_tensor::prelude::*;

use super::Refused;
use super::engine::{Network, Output};
use super::prepare::{Numbers, Prepared};

pub struct Rten {
    model: rten::Model,
    options: RunOptions,
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    results: Vec<Output>,
}

impl Rten {
    pub fn load(bytes: Vec<u8>, threads: usize) -> Result<Rten, Refused> {
        let loaded = ModelOptions::with_all_ops().prepack_weights(true).load(bytes);
        let model = loaded.map_err(|error| Refused::Load { engine: "rten", problem: error.to_string() })?;
        let inputs = model.input_ids().iter().map(|id| info(&model, *id)).collect();
        let outputs: Vec<_> = model.output_ids().iter().map(|id| info(&model, *id)).collect();
        let results = outputs.iter().map(|info| Output { name: info.name.clone(), ..Output::default() }).collect();
        let pool = Arc::new(ThreadPool::with_num_threads(threads.max(1)));
        let options = RunOptions::default().with_thread_pool(Some(pool));
        Ok(Rten { model, options, inputs, outputs, results })
    }
}

impl Network for Rten {
    fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    fn run(&mut self, input: Prepared<'_>) -> Result<(), String> {
        self.run_on(&[(&input.shape, input.numbers)])
    }

    fn results(&self) -> &[Output] {
        &self.results
    }
}

impl Rten {
    /// The same of any shapes, for the first inputs in the model's order.
    pub fn run_on(&mut self, inputs: &[(&[usize], Numbers<'_>)]) -> Result<(), String> {
        let views: Vec<_> = inputs.iter().map(|(shape, numbers)| view(shape, *numbers)).collect::<Result<_, _>>()?;
        let inputs = self.model.input_ids().iter().copied().zip(views.into_iter().map(Into::into)).collect();
        let values = self.model.run(inputs, self.model.output_ids(), Some(self.options.clone()));
        for (result, value) in self.results.iter_mut().zip(values.map_err(|error| error.to_string())?) {
            take(value, result)?;
        }
        Ok(())
    }
}

fn view<'a>(shape: &[usize], numbers: Numbers<'a>) -> Result<ValueView<'a>, String> {
    match numbers {
        Numbers::Floats(numbers) => ValueView::from_shape(shape, numbers).map_err(|error| error.to_string()),
        Numbers::Bytes(numbers) => ValueView::from_shape(shape, numbers).map_err(|error| error.to_string()),
    }
}

/// Floats keep their memory; what is whole becomes floats.
fn take(value: Value, into: &mut Output) -> Result<(), String> {
    into.data.clear();
    match value {
        Value::FloatTensor(tensor) => {
            into.shape = tensor.shape().to_vec();
            into.data = tensor.into_data();
        }
        Value::Int32Tensor(tensor) => {
            into.shape = tensor.shape().to_vec();
            into.data.extend(tensor.iter().map(|number| *number as f32));
        }
        Value::Int8Tensor(tensor) => {
            into.shape = tensor.shape().to_vec();
            into.data.extend(tensor.iter().map(|number| f32::from(*number)));
        }
        Value::UInt8Tensor(tensor) => {
            into.shape = tensor.shape().to_vec();
            into.data.extend(tensor.iter().map(|number| f32::from(*number)));
        }
        _ => return Err(format!("its output `{}` is no tensor of numbers", into.name)),
    }
    Ok(())
}

fn info(model: &rten::Model, id: NodeId) -> TensorInfo {
    let node = model.node_info(id);
    let element = node.as_ref().and_then(|node| node.dtype()).map(|kind| match kind {
        ValueType::Tensor(DataType::Float) => Element::F32,
        ValueType::Tensor(DataType::Int32) => Element::I32,
        ValueType::Tensor(DataType::Int8) => Element::I8,
        ValueType::Tensor(DataType::UInt8) => Element::U8,
        _ => Element::Other,
    });
    let size = |dimension| match dimension {
        Dimension::Fixed(size) => Some(size),
        Dimension::Symbolic(_) => None,
    };
    TensorInfo {
        name: node.as_ref().and_then(|node| node.name()).unwrap_or_default().to_owned(),
        element,
        shape: node.and_then(|node| node.shape()).map(|shape| shape.into_iter().map(size).collect()),
    }
}
