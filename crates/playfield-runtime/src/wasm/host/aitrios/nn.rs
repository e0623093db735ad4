//! wasi-nn in its old shape: an app runs its camera's model, or one that it brings, on what it likes. Models stay in the host; the app
//! sees what goes in and what comes out.
//!
//! Types of tensors have two numberings, by how an app was built: `fp16 fp32 u8 i32`, and `fp16 fp32 fp64 bf16 u8 i32 i64`. Floats are
//! 1 in both. 2 and 3 are taken for the bytes and whole numbers of the first, since models take neither fp64 nor bf16; 4 and 5 are only
//! in the second.

use std::fmt;
use std::sync::Arc;

use super::{Fault, Mem, word};

pub const SUCCESS: i32 = 0;
pub const INVALID: i32 = 1;
pub const ENCODING: i32 = 2;
pub const BUSY: i32 = 4;
pub const FAILED: i32 = 5;
pub const TOO_LARGE: i32 = 7;
pub const NOT_FOUND: i32 = 8;

/// Most models, and most contexts of all of them.
const MOST_GRAPHS: usize = 4;
const MOST_CONTEXTS: usize = 4;
/// Most bytes of all models together that an app brings.
pub const MOST_BROUGHT: usize = 16 << 20;
/// Encodings of a model: ONNX, and whatever it is found to be.
const ONNX: i32 = 1;
const AUTODETECT: i32 = 6;
/// Longest name of a model.
const MOST_NAME: i32 = 256;
/// Most inputs of a model, and most dimensions of one.
const MOST_INPUTS: usize = 8;
const MOST_DIMENSIONS: usize = 8;
/// Most numbers that go in as one tensor.
const MOST_NUMBERS: usize = 16 << 20;

/// A tensor that goes into a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its sizes, in the model's order.
    pub shape: Vec<usize>,
    /// As many numbers as these make.
    pub numbers: Given,
}

/// The numbers of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// 32-bit floats.
    Floats(Vec<f32>),
    /// Bytes, 0 to 255.
    Bytes(Vec<u8>),
}

/// Runs a model.
pub trait Infer: Send {
    /// Makes tensors of these, one for each input; says why not.
    fn run(&mut self, given: &[Tensor]) -> Result<Vec<Vec<f32>>, String>;
}

/// Loads the camera's model; says why not.
pub type Load = Arc<dyn Fn() -> Result<Box<dyn Infer>, String> + Send + Sync>;

/// Loads a file of ONNX; says why not.
pub type Read = Arc<dyn Fn(Vec<u8>) -> Result<Box<dyn Infer>, String> + Send + Sync>;

/// The models that an app may run.
#[derive(Clone, Default)]
pub struct Models {
    /// The camera's; none: it has none that runs here.
    pub camera: Option<Load>,
    /// Those that it brings; none: it may bring none.
    pub brought: Option<Read>,
}

/// The app's way to models.
pub struct Nn {
    /// What the app may call the camera's.
    name: String,
    models: Models,
    graphs: Vec<Box<dyn Infer>>,
    /// Which of them is the camera's.
    camera: Option<i32>,
    brought: usize,
    contexts: Vec<Context>,
}

/// What goes into a model, and what came out of it.
#[derive(Debug, Default)]
struct Context {
    graph: usize,
    given: Vec<Option<Tensor>>,
    came: Vec<Vec<f32>>,
}

/// Why a call failed: its code, and a line for the log.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed(pub i32, pub Option<String>);

impl From<Fault> for Failed {
    fn from(_: Fault) -> Failed {
        Failed(INVALID, None)
    }
}

/// Graphs and contexts are counted from 1.
fn nth(number: i32) -> Option<usize> {
    usize::try_from(number).ok()?.checked_sub(1)
}

fn failed<T>(code: i32, why: impl Into<String>) -> Result<T, Failed> {
    Err(Failed(code, Some(why.into())))
}

impl Nn {
    /// For a camera whose model has this name.
    pub fn new(name: &str, models: Models) -> Nn {
        Nn { name: name.to_owned(), models, graphs: Vec::new(), camera: None, brought: 0, contexts: Vec::new() }
    }

    /// How many models it has loaded.
    pub fn loaded(&self) -> usize {
        self.graphs.len()
    }

    /// Loads a model that the app brings: `builders` is where its parts are told, of which ONNX has one. Whatever it is to run on,
    /// it runs on the processor.
    pub fn load(&mut self, mem: &mut Mem<'_>, [builders, encoding, to]: [i32; 3]) -> Result<(), Failed> {
        if encoding != ONNX && encoding != AUTODETECT {
            return failed(ENCODING, format!("the model that it brings is to be ONNX, and not of encoding {encoding}"));
        }
        let builders = mem.read(builders, 8)?;
        if word(&builders, 4)? != 1 {
            return failed(INVALID, format!("a model of ONNX has one part, and not {}", word(&builders, 4)?));
        }
        let builder = mem.read(word(&builders, 0)?, 8)?;
        let size = word(&builder, 4)?;
        let brought = self.brought.saturating_add(size.cast_unsigned() as usize);
        if brought > MOST_BROUGHT {
            return failed(TOO_LARGE, format!("the models that it brings are more than {} MiB", MOST_BROUGHT >> 20));
        }
        let bytes = mem.read(word(&builder, 0)?, size)?;
        mem.check(to, 4)?;
        let Some(read) = self.models.brought.clone() else { return failed(NOT_FOUND, "it may bring no model") };
        let graph = self.add(|| read(bytes), "the model that it brings")?;
        self.brought = brought;
        Ok(mem.write(to, &graph.to_le_bytes())?)
    }

    fn add(&mut self, load: impl FnOnce() -> Result<Box<dyn Infer>, String>, which: &str) -> Result<i32, Failed> {
        if self.graphs.len() >= MOST_GRAPHS {
            return failed(BUSY, format!("it has {MOST_GRAPHS} models already"));
        }
        let loaded = load().map_err(|why| Failed(FAILED, Some(format!("{which} cannot be had: {why}"))))?;
        self.graphs.push(loaded);
        Ok(self.graphs.len() as i32)
    }

    /// Loads the camera's model by its name, which the sensor tells as its `ai_model_bundle_id`.
    pub fn load_by_name(&mut self, mem: &mut Mem<'_>, at: i32, len: i32, to: i32) -> Result<(), Failed> {
        if !(0..=MOST_NAME).contains(&len) {
            return failed(NOT_FOUND, "it asks for a model by a name that is too long");
        }
        let asked = mem.read(at, len)?;
        // Some count the zero at the end.
        let asked = asked.strip_suffix(b"\0").unwrap_or(&asked);
        let load = self.models.camera.clone();
        let Some(load) = load.filter(|_| asked == self.name.as_bytes()) else {
            let there = if self.models.camera.is_some() { &self.name } else { "none" };
            return failed(NOT_FOUND, format!("it asks for a model that is not its camera's, which is: {there}"));
        };
        mem.check(to, 4)?;
        let graph = match self.camera {
            Some(graph) => graph,
            None => self.add(|| load(), "the camera's model")?,
        };
        self.camera = Some(graph);
        Ok(mem.write(to, &graph.to_le_bytes())?)
    }

    pub fn new_context(&mut self, mem: &mut Mem<'_>, graph: i32, to: i32) -> Result<(), Failed> {
        let Some(graph) = nth(graph).filter(|graph| *graph < self.graphs.len()) else {
            return Err(Failed(INVALID, None));
        };
        if self.contexts.len() >= MOST_CONTEXTS {
            return failed(BUSY, format!("it has {MOST_CONTEXTS} contexts of a model already"));
        }
        mem.write(to, &(self.contexts.len() as i32 + 1).to_le_bytes())?;
        self.contexts.push(Context { graph, ..Context::default() });
        Ok(())
    }

    fn context(&mut self, number: i32) -> Result<&mut Context, Failed> {
        nth(number).and_then(|nth| self.contexts.get_mut(nth)).ok_or(Failed(INVALID, None))
    }

    /// Takes what goes in: a tensor is where its dimensions are told, its type, and where its numbers are.
    pub fn set_input(&mut self, mem: &Mem<'_>, context: i32, index: i32, tensor: i32) -> Result<(), Failed> {
        let context = self.context(context)?;
        let Some(index) = usize::try_from(index).ok().filter(|index| *index < MOST_INPUTS) else {
            return failed(INVALID, format!("a model has {MOST_INPUTS} inputs at most, and no number {index}"));
        };
        let tensor = mem.read(tensor, 12)?;
        let (dimensions, kind, data) = (word(&tensor, 0)?, word(&tensor, 4)?, word(&tensor, 8)?);
        let dimensions = mem.read(dimensions, 8)?;
        let many = word(&dimensions, 4)?;
        if !(1..=MOST_DIMENSIONS as i32).contains(&many) {
            return failed(INVALID, format!("a tensor has 1 to {MOST_DIMENSIONS} dimensions, and not {many}"));
        }
        let sizes = mem.read(word(&dimensions, 0)?, 4 * many)?;
        let (sizes, _) = sizes.as_chunks::<4>();
        let shape: Vec<_> = sizes.iter().map(|size| u32::from_le_bytes(*size) as usize).collect();
        let numbers = shape.iter().try_fold(1usize, |all, size| all.checked_mul(*size));
        let Some(numbers) = numbers.filter(|numbers| (1..=MOST_NUMBERS).contains(numbers)) else {
            return failed(TOO_LARGE, format!("a tensor has 1 to {MOST_NUMBERS} numbers; this one is {shape:?}"));
        };
        // As bytes they are at most 64 MiB.
        let numbers = match kind {
            1 => {
                let bytes = mem.read(data, 4 * numbers as i32)?;
                let (floats, _) = bytes.as_chunks::<4>();
                Given::Floats(floats.iter().map(|four| f32::from_le_bytes(*four)).collect())
            }
            2 | 4 => Given::Bytes(mem.read(data, numbers as i32)?),
            _ => return failed(ENCODING, format!("a model takes 32-bit floats or bytes, and not type {kind}")),
        };
        context.given.resize(context.given.len().max(index + 1), None);
        context.given[index] = Some(Tensor { shape, numbers });
        Ok(())
    }

    /// Runs the model.
    pub fn compute(&mut self, number: i32) -> Result<(), Failed> {
        let nothing = || Failed(INVALID, Some("it lacks an input".to_owned()));
        let context = self.context(number)?;
        if context.given.is_empty() || context.given.contains(&None) {
            return Err(nothing());
        }
        let graph = context.graph;
        let given: Vec<_> = std::mem::take(&mut context.given).into_iter().flatten().collect();
        let came = self.graphs.get_mut(graph).ok_or_else(nothing)?.run(&given);
        let context = self.context(number)?;
        // It may be asked again.
        context.given = given.into_iter().map(Some).collect();
        context.came = came.map_err(|why| Failed(FAILED, Some(format!("the model did not run: {why}"))))?;
        Ok(())
    }

    /// Hands out what came: `size` is where the room is told, in bytes, and then how many there were.
    pub fn get_output(&mut self, mem: &mut Mem<'_>, number: i32, [index, to, size]: [i32; 3]) -> Result<(), Failed> {
        let room = word(&mem.read(size, 4)?, 0)?.cast_unsigned() as usize;
        let came =
            usize::try_from(index).ok().and_then(|index| self.context(number).map(|it| it.came.get(index)).transpose());
        let Some(came) = came.transpose()? else { return failed(INVALID, format!("there is no output {index}")) };
        if 4 * came.len() > room {
            return failed(TOO_LARGE, format!("output {index} has {} bytes, and the room is {room}", 4 * came.len()));
        }
        let bytes: Vec<u8> = came.iter().flat_map(|number| number.to_le_bytes()).collect();
        mem.write(to, &bytes)?;
        Ok(mem.write(size, &(bytes.len() as u32).to_le_bytes())?)
    }
}

impl fmt::Debug for Nn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nn").field("name", &self.name).field("contexts", &self.contexts.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns numbers round, and says how many there were.
    struct Mirror;

    impl Infer for Mirror {
        fn run(&mut self, given: &[Tensor]) -> Result<Vec<Vec<f32>>, String> {
            if given[0].shape[1] == 9 {
                return Err("nine channels".to_owned());
            }
            let floats = |given: &Tensor| match &given.numbers {
                Given::Floats(numbers) => numbers.clone(),
                Given::Bytes(numbers) => numbers.iter().map(|number| f32::from(*number)).collect(),
            };
            let mut numbers: Vec<f32> = given.iter().flat_map(floats).collect();
            numbers.reverse();
            let count = numbers.len() as f32;
            Ok(vec![numbers, vec![count]])
        }
    }

    /// Memory with the name at 8, dimensions at 32, what tells of them at 64, a tensor at 80, and its numbers at 128.
    fn memory(shape: [u32; 4], kind: u32, numbers: &[u8]) -> Vec<u8> {
        let mut memory = vec![0; 4096];
        let mut mem = Mem::Own(&mut memory);
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        mem.write(8, b"street\0").unwrap();
        mem.write(32, &words(&shape)).unwrap();
        mem.write(64, &words(&[32, 4])).unwrap();
        mem.write(80, &words(&[64, kind, 128])).unwrap();
        mem.write(128, numbers).unwrap();
        memory
    }

    /// The camera's, and any that begins with a 7.
    fn models() -> Models {
        let read = |bytes: Vec<u8>| -> Result<Box<dyn Infer>, String> {
            if bytes.first() == Some(&7) { Ok(Box::new(Mirror)) } else { Err("no 7".to_owned()) }
        };
        Models { camera: Some(Arc::new(|| Ok(Box::new(Mirror)))), brought: Some(Arc::new(read)) }
    }

    fn loaded() -> Nn {
        let mut nn = Nn::new("street", models());
        let mut memory = memory([1; 4], 1, &[]);
        let mut mem = Mem::Own(&mut memory);
        nn.load_by_name(&mut mem, 8, 6, 0).unwrap();
        nn.load_by_name(&mut mem, 8, 7, 0).unwrap();
        assert_eq!(word(&mem.read(0, 4).unwrap(), 0), Ok(1));
        nn.new_context(&mut mem, 1, 4).unwrap();
        assert_eq!(word(&mem.read(4, 4).unwrap(), 0), Ok(1));
        nn
    }

    fn code<T: fmt::Debug>(result: Result<T, Failed>) -> i32 {
        result.unwrap_err().0
    }

    #[test]
    fn what_goes_in_is_run_and_comes_out_in_either_numbering() {
        let check = |kind: u32, numbers: &[u8], expect: &[f32]| {
            let (mut nn, mut memory) = (loaded(), memory([1, 1, 1, 3], kind, numbers));
            let mut mem = Mem::Own(&mut memory);
            nn.set_input(&mem, 1, 0, 80).unwrap();
            for _ in 0..2 {
                nn.compute(1).unwrap();
            }
            mem.write(0, &100u32.to_le_bytes()).unwrap();
            nn.get_output(&mut mem, 1, [0, 512, 0]).unwrap();
            assert_eq!(word(&mem.read(0, 4).unwrap(), 0), Ok(12));
            let came: Vec<f32> =
                mem.read(512, 12).unwrap().chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
            assert_eq!(came, expect);
        };
        let floats: Vec<u8> = [1f32, 2.0, 3.5].iter().flat_map(|number| number.to_le_bytes()).collect();
        check(1, &floats, &[3.5, 2.0, 1.0]);
        check(2, &[7, 8, 9], &[9.0, 8.0, 7.0]);
        check(4, &[7, 8, 9], &[9.0, 8.0, 7.0]);
    }

    #[test]
    fn what_cannot_be_is_answered_with_a_code() {
        let mut nn = loaded();
        let mut memory = memory([1, 1, 1, 3], 1, &[]);
        let mut mem = Mem::Own(&mut memory);
        assert_eq!(code(nn.load_by_name(&mut mem, 8, 5, 0)), NOT_FOUND, "another name");
        assert_eq!(code(nn.load_by_name(&mut mem, 8, -1, 0)), NOT_FOUND);
        assert_eq!(code(nn.load_by_name(&mut mem, -8, 6, 0)), INVALID);
        assert_eq!(code(nn.load_by_name(&mut mem, 8, 6, -2)), INVALID);
        assert_eq!(code(nn.new_context(&mut mem, 2, 0)), INVALID, "another graph");
        for _ in 1..MOST_CONTEXTS {
            nn.new_context(&mut mem, 1, 0).unwrap();
        }
        assert_eq!(code(nn.new_context(&mut mem, 1, 0)), BUSY);
        assert_eq!(code(nn.compute(1)), INVALID, "nothing went in");
        assert_eq!(code(nn.compute(0)), INVALID);
        assert_eq!(code(nn.set_input(&mem, 9, 0, 80)), INVALID, "no such context");
        assert_eq!(code(nn.set_input(&mem, 1, 8, 80)), INVALID, "no such input");
        assert_eq!(code(nn.set_input(&mem, 1, -1, 80)), INVALID);
        nn.set_input(&mem, 1, 1, 80).unwrap();
        assert_eq!(code(nn.compute(1)), INVALID, "nothing went in at first");
        assert_eq!(code(nn.set_input(&mem, 1, 0, -8)), INVALID);
        let told = |shape: [u32; 4], kind: u32| {
            let mut memory = self::memory(shape, kind, &[]);
            code(loaded().set_input(&Mem::Own(&mut memory), 1, 0, 80))
        };
        assert_eq!(told([0, 1, 1, 1], 1), TOO_LARGE);
        assert_eq!(told([u32::MAX; 4], 1), TOO_LARGE);
        assert_eq!(told([1, 4096, 4096, 1], 1), INVALID, "it reaches outside of the memory");
        assert_eq!(told([1, 1, 1, 3], 3), ENCODING);
        assert_eq!(told([1, 1, 1, 3], 0), ENCODING);
        nn.set_input(&mem, 1, 0, 80).unwrap();
        nn.compute(1).unwrap();
        mem.write(0, &8u32.to_le_bytes()).unwrap();
        assert_eq!(code(nn.get_output(&mut mem, 1, [0, 512, 0])), TOO_LARGE);
        assert_eq!(code(nn.get_output(&mut mem, 1, [2, 512, 0])), INVALID);
        assert_eq!(code(nn.get_output(&mut mem, 1, [-1, 512, 0])), INVALID);
        mem.write(0, &100u32.to_le_bytes()).unwrap();
        assert_eq!(code(nn.get_output(&mut mem, 1, [0, 4090, 0])), INVALID);
        let mut nine = self::memory([1, 9, 1, 1], 2, &[]);
        nn.set_input(&Mem::Own(&mut nine), 1, 0, 80).unwrap();
        assert_eq!(code(nn.compute(1)), FAILED);
        let mut none = Nn::new("street", Models::default());
        assert_eq!(code(none.load_by_name(&mut mem, 8, 6, 0)), NOT_FOUND);
    }

    #[test]
    fn a_model_that_is_brought_runs_beside_the_cameras() {
        let mut nn = loaded();
        let mut memory = memory([1, 1, 1, 2], 2, &[1, 2]);
        let mut mem = Mem::Own(&mut memory);
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        // One part of three bytes.
        mem.write(256, &words(&[264, 1, 300, 3])).unwrap();
        mem.write(300, &[7, 0, 0]).unwrap();
        assert_eq!(code(nn.load(&mut mem, [256, 0, 0])), ENCODING, "OpenVINO");
        assert_eq!(code(nn.load(&mut mem, [-8, ONNX, 0])), INVALID);
        assert_eq!(code(nn.load(&mut mem, [256, ONNX, -2])), INVALID);
        nn.load(&mut mem, [256, ONNX, 0]).unwrap();
        assert_eq!(word(&mem.read(0, 4).unwrap(), 0), Ok(2));
        nn.load(&mut mem, [256, AUTODETECT, 0]).unwrap();
        mem.write(300, &[8]).unwrap();
        assert_eq!(code(nn.load(&mut mem, [256, ONNX, 0])), FAILED);
        mem.write(300, &[7]).unwrap();
        nn.load(&mut mem, [256, ONNX, 0]).unwrap();
        assert_eq!(code(nn.load(&mut mem, [256, ONNX, 0])), BUSY, "there are four");
        mem.write(260, &words(&[2])).unwrap();
        assert_eq!(code(nn.load(&mut mem, [256, ONNX, 0])), INVALID, "two parts");
        mem.write(260, &words(&[1, 300, MOST_BROUGHT as u32 + 1])).unwrap();
        assert_eq!(code(nn.load(&mut mem, [256, ONNX, 0])), TOO_LARGE);

        // Two inputs: one after the other, and turned round.
        nn.new_context(&mut mem, 2, 4).unwrap();
        nn.set_input(&mem, 2, 0, 80).unwrap();
        mem.write(128, &[5]).unwrap();
        nn.set_input(&mem, 2, 1, 80).unwrap();
        nn.compute(2).unwrap();
        mem.write(0, &words(&[16])).unwrap();
        nn.get_output(&mut mem, 2, [0, 512, 0]).unwrap();
        let came: Vec<u8> = [2f32, 5.0, 2.0, 1.0].iter().flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!(mem.read(512, 16).unwrap(), came);

        mem.write(260, &words(&[1, 300, 3])).unwrap();
        let mut none = Nn::new("street", Models { brought: None, ..models() });
        assert_eq!(code(none.load(&mut mem, [256, ONNX, 0])), NOT_FOUND);
    }
}
