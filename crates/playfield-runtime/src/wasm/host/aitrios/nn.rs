//! wasi-nn in its old shape, as far as a device with one model goes: the camera's, which an app may run on what it likes. The model
//! stays in the host; the app sees what goes in and what comes out.
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

/// The one graph that there is.
const GRAPH: i32 = 1;
/// Most contexts of it.
const MOST_CONTEXTS: usize = 4;
/// Longest name of a model.
const MOST_NAME: i32 = 256;
/// Dimensions of what goes in: a batch, channels, rows and columns, in the model's order.
const DIMENSIONS: usize = 4;
/// Most numbers that go in.
const MOST_NUMBERS: usize = 16 << 20;

/// What goes into a model.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// 32-bit floats.
    Floats(Vec<f32>),
    /// Bytes, 0 to 255.
    Bytes(Vec<u8>),
}

/// Runs a model.
pub trait Infer: Send {
    /// Makes tensors of one, of this shape; says why not.
    fn run(&mut self, shape: [usize; DIMENSIONS], given: &Given) -> Result<Vec<Vec<f32>>, String>;
}

/// Loads the camera's model; says why not.
pub type Load = Arc<dyn Fn() -> Result<Box<dyn Infer>, String> + Send + Sync>;

/// The app's way to the model.
pub struct Nn {
    /// What the app may call it.
    name: String,
    load: Option<Load>,
    model: Option<Box<dyn Infer>>,
    contexts: Vec<Context>,
}

/// One that goes in, and what came out of it.
#[derive(Debug, Default)]
struct Context {
    given: Option<([usize; DIMENSIONS], Given)>,
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

fn failed<T>(code: i32, why: impl Into<String>) -> Result<T, Failed> {
    Err(Failed(code, Some(why.into())))
}

impl Nn {
    /// For a model of this name; without a way to load it there is none.
    pub fn new(name: &str, load: Option<Load>) -> Nn {
        Nn { name: name.to_owned(), load, model: None, contexts: Vec::new() }
    }

    /// Loads the model by its name, which the sensor tells as its `ai_model_bundle_id`.
    pub fn load_by_name(&mut self, mem: &mut Mem<'_>, at: i32, len: i32, to: i32) -> Result<(), Failed> {
        if !(0..=MOST_NAME).contains(&len) {
            return failed(NOT_FOUND, "it asks for a model by a name that is too long");
        }
        let asked = mem.read(at, len)?;
        // Some count the zero at the end.
        let asked = asked.strip_suffix(b"\0").unwrap_or(&asked);
        let Some(load) = self.load.as_ref().filter(|_| asked == self.name.as_bytes()) else {
            let there = if self.load.is_some() { &self.name } else { "none" };
            return failed(NOT_FOUND, format!("it asks for a model that is not its camera's, which is: {there}"));
        };
        mem.check(to, 4)?;
        if self.model.is_none() {
            let loaded =
                load().map_err(|why| Failed(FAILED, Some(format!("the camera's model cannot be had: {why}"))))?;
            self.model = Some(loaded);
        }
        Ok(mem.write(to, &GRAPH.to_le_bytes())?)
    }

    pub fn new_context(&mut self, mem: &mut Mem<'_>, graph: i32, to: i32) -> Result<(), Failed> {
        if self.model.is_none() || graph != GRAPH {
            return Err(Failed(INVALID, None));
        }
        if self.contexts.len() >= MOST_CONTEXTS {
            return failed(BUSY, format!("it has {MOST_CONTEXTS} contexts of a model already"));
        }
        mem.write(to, &(self.contexts.len() as i32 + 1).to_le_bytes())?;
        self.contexts.push(Context::default());
        Ok(())
    }

    fn context(&mut self, number: i32) -> Result<&mut Context, Failed> {
        let nth = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        nth.and_then(|nth| self.contexts.get_mut(nth)).ok_or(Failed(INVALID, None))
    }

    /// Takes what goes in: a tensor is where its dimensions are told, its type, and where its numbers are.
    pub fn set_input(&mut self, mem: &Mem<'_>, context: i32, index: i32, tensor: i32) -> Result<(), Failed> {
        let context = self.context(context)?;
        if index != 0 {
            return failed(INVALID, "a camera's model has one input, number 0");
        }
        let tensor = mem.read(tensor, 12)?;
        let (dimensions, kind, data) = (word(&tensor, 0)?, word(&tensor, 4)?, word(&tensor, 8)?);
        let dimensions = mem.read(dimensions, 8)?;
        if word(&dimensions, 4)? as usize != DIMENSIONS {
            return failed(
                INVALID,
                format!("a picture has {DIMENSIONS} dimensions, and not {}", word(&dimensions, 4)?),
            );
        }
        let sizes = mem.read(word(&dimensions, 0)?, 4 * DIMENSIONS as i32)?;
        let mut shape = [0; DIMENSIONS];
        for (nth, size) in shape.iter_mut().enumerate() {
            *size = word(&sizes, 4 * nth)?.cast_unsigned() as usize;
        }
        let numbers = shape.iter().try_fold(1usize, |all, size| all.checked_mul(*size));
        let Some(numbers) = numbers.filter(|numbers| (1..=MOST_NUMBERS).contains(numbers)) else {
            return failed(TOO_LARGE, format!("a picture has 1 to {MOST_NUMBERS} numbers; this one is {shape:?}"));
        };
        // As bytes they are at most 64 MiB.
        let given = match kind {
            1 => {
                let bytes = mem.read(data, 4 * numbers as i32)?;
                let (floats, _) = bytes.as_chunks::<4>();
                Given::Floats(floats.iter().map(|four| f32::from_le_bytes(*four)).collect())
            }
            2 | 4 => Given::Bytes(mem.read(data, numbers as i32)?),
            _ => return failed(ENCODING, format!("a model takes 32-bit floats or bytes, and not type {kind}")),
        };
        context.given = Some((shape, given));
        Ok(())
    }

    /// Runs the model.
    pub fn compute(&mut self, number: i32) -> Result<(), Failed> {
        let nothing = || Failed(INVALID, Some("there is no input yet".to_owned()));
        let (shape, given) = self.context(number)?.given.take().ok_or_else(nothing)?;
        let model = self.model.as_mut().ok_or_else(nothing)?;
        let came = model.run(shape, &given);
        let context = self.context(number)?;
        // It may be asked again.
        context.given = Some((shape, given));
        context.came = came.map_err(|why| Failed(FAILED, Some(format!("the camera's model did not run: {why}"))))?;
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
        fn run(&mut self, shape: [usize; DIMENSIONS], given: &Given) -> Result<Vec<Vec<f32>>, String> {
            if shape[1] == 9 {
                return Err("nine channels".to_owned());
            }
            let mut numbers: Vec<f32> = match given {
                Given::Floats(numbers) => numbers.clone(),
                Given::Bytes(numbers) => numbers.iter().map(|number| f32::from(*number)).collect(),
            };
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

    fn loaded() -> Nn {
        let load: Load = Arc::new(|| Ok(Box::new(Mirror)));
        let mut nn = Nn::new("street", Some(load));
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
        assert_eq!(code(nn.set_input(&mem, 1, 1, 80)), INVALID, "no such input");
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
        let mut none = Nn::new("street", None);
        assert_eq!(code(none.load_by_name(&mut mem, 8, 6, 0)), NOT_FOUND);
    }
}
