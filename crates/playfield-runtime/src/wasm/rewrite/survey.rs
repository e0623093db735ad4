//! One walk over a module that validates it and notes what matters.

use std::ops::Range;

use wasmparser::{
    ConstExpr, Data, DataKind, Encoding, Export, FuncType, FuncValidatorAllocations, FunctionBody, GlobalType, Import,
    MemoryType, Operator, Parser, Payload, TypeRef, ValidPayload, Validator, WasmFeatures,
};

use super::refuse;
use crate::GuestError;
use crate::wasm::wasm4::Wasm4;

/// Instructions a module may use: WebAssembly 2.0, the constant expressions that today's compilers emit, and tail calls.
/// No garbage-collected types, so no `externref`.
pub(in crate::wasm) fn features() -> WasmFeatures {
    (WasmFeatures::WASM2 | WasmFeatures::LIME1 | WasmFeatures::TAIL_CALL) & !WasmFeatures::GC_TYPES
}

/// The same with what threads need: shared memory, and instructions that nobody comes between. AITRIOS apps may use it.
pub(in crate::wasm) fn features_with_threads() -> WasmFeatures {
    features() | WasmFeatures::THREADS
}

/// [`features`] in words.
const FEATURES: &str = "it can use WebAssembly 2.0 and tail calls, but no references to host objects (externref), \
     exceptions, threads, several memories or relaxed SIMD";

/// What a valid module consists of.
#[derive(Default)]
pub(super) struct Survey<'a> {
    /// Where each section lies, by its id; custom sections are left out.
    pub sections: Vec<(u8, Range<usize>)>,
    pub types: Vec<FuncType>,
    pub imports: Vec<Import<'a>>,
    /// Type index of every function, imported ones first.
    pub functions: Vec<u32>,
    /// Every memory, imported ones first.
    pub memories: Vec<MemoryType>,
    /// How many tables there are, imported ones among them.
    pub tables: usize,
    /// Every global, imported ones first.
    pub globals: Vec<GlobalType>,
    pub exports: Vec<Export<'a>>,
    pub start: Option<u32>,
    /// What of the console's registers the module's own data overwrites.
    pub overwritten: [bool; Wasm4::REGISTERS.len()],
    /// The first instruction that changes state the host cannot reach.
    pub unreachable_state: Option<&'static str>,
    /// What is said of it where threads are not offered; none: it uses nothing of them.
    pub threads: Option<String>,
}

impl<'a> Survey<'a> {
    /// The function exported under a name: its type.
    pub fn exported_function(&self, name: &str) -> Option<&FuncType> {
        let export = self.exports.iter().find(|export| export.name == name)?;
        if export.kind != wasmparser::ExternalKind::Func {
            return None;
        }
        self.function_type(*self.functions.get(export.index as usize)?)
    }

    /// A type by its index.
    pub fn function_type(&self, index: u32) -> Option<&FuncType> {
        self.types.get(index as usize)
    }

    fn note(&mut self, payload: Payload<'a>) -> wasmparser::Result<()> {
        if let Some((id, range)) = payload.as_section()
            && id != 0
        {
            self.sections.push((id, range));
        }
        match payload {
            Payload::TypeSection(types) => {
                for ty in types.into_iter_err_on_gc_types() {
                    self.types.push(ty?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    self.note_import(import?);
                }
            }
            Payload::FunctionSection(functions) => {
                for function in functions {
                    self.functions.push(function?);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    self.memories.push(memory?);
                }
            }
            Payload::TableSection(tables) => self.tables += tables.count() as usize,
            Payload::GlobalSection(globals) => {
                for global in globals {
                    self.globals.push(global?.ty);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    self.exports.push(export?);
                }
            }
            Payload::DataSection(segments) => {
                for segment in segments {
                    self.note_data(&segment?);
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            _ => {}
        }
        Ok(())
    }

    fn note_import(&mut self, import: Import<'a>) {
        match import.ty {
            TypeRef::Func(ty) => self.functions.push(ty),
            TypeRef::Memory(ty) => self.memories.push(ty),
            TypeRef::Table(_) => self.tables += 1,
            TypeRef::Global(ty) => self.globals.push(ty),
            _ => {}
        }
        self.imports.push(import);
    }

    fn note_data(&mut self, segment: &Data<'_>) {
        let DataKind::Active { offset_expr, .. } = &segment.kind else { return };
        let Some(start) = constant(offset_expr).map(|start| start as usize) else { return };
        for (at, overwritten) in (Wasm4::REGISTERS_AT..).zip(&mut self.overwritten) {
            *overwritten |= at >= start && at - start < segment.data.len();
        }
    }

    fn note_code(&mut self, body: &FunctionBody<'_>) -> wasmparser::Result<()> {
        if self.unreachable_state.is_some() {
            return Ok(());
        }
        for operator in body.get_operators_reader()? {
            let what = match operator? {
                Operator::TableSet { .. } => "table.set",
                Operator::TableGrow { .. } => "table.grow",
                Operator::TableFill { .. } => "table.fill",
                Operator::TableCopy { .. } => "table.copy",
                Operator::TableInit { .. } => "table.init",
                Operator::DataDrop { .. } => "data.drop",
                Operator::ElemDrop { .. } => "elem.drop",
                _ => continue,
            };
            self.unreachable_state = Some(what);
            return Ok(());
        }
        Ok(())
    }
}

/// What a valid constant expression of numbers comes to; none: it needs a global, or is of another type.
fn constant(expression: &ConstExpr<'_>) -> Option<u32> {
    let mut stack: Vec<u32> = Vec::new();
    for operator in expression.get_operators_reader() {
        let two = |stack: &mut Vec<u32>| Some((stack.pop()?, stack.pop()?));
        let value = match operator.ok()? {
            Operator::I32Const { value } => value.cast_unsigned(),
            Operator::I32Add => two(&mut stack).map(|(b, a)| a.wrapping_add(b))?,
            Operator::I32Sub => two(&mut stack).map(|(b, a)| a.wrapping_sub(b))?,
            Operator::I32Mul => two(&mut stack).map(|(b, a)| a.wrapping_mul(b))?,
            Operator::End => break,
            _ => return None,
        };
        stack.push(value);
    }
    stack.pop()
}

/// Validates a module and notes what it consists of.
pub(super) fn survey(module: &[u8]) -> Result<Survey<'_>, GuestError> {
    if !module.starts_with(b"\0asm") {
        return Err(refuse("it is not a WebAssembly binary: that would begin with the bytes 00 61 73 6d"));
    }
    let refused = |error: wasmparser::BinaryReaderError| format!("{error}; {FEATURES}");
    match walk(module, features()) {
        Ok(survey) => Ok(survey),
        Err(error) if error.message().contains("threads") => {
            let survey = walk(module, features_with_threads()).map_err(|error| refuse(refused(error)))?;
            Ok(Survey { threads: Some(refused(error)), ..survey })
        }
        Err(error) => Err(refuse(refused(error))),
    }
}

fn walk(module: &[u8], features: WasmFeatures) -> wasmparser::Result<Survey<'_>> {
    let mut survey = Survey::default();
    let mut validator = Validator::new_with_features(features);
    let mut allocations = FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
            let mut function = function.into_validator(std::mem::take(&mut allocations));
            function.validate(&body)?;
            allocations = function.into_allocations();
            survey.note_code(&body)?;
        }
        // The validator has refused components by now; this only keeps their payloads from being noted.
        if matches!(payload, Payload::Version { encoding: Encoding::Component, .. }) {
            break;
        }
        survey.note(payload)?;
    }
    Ok(survey)
}
