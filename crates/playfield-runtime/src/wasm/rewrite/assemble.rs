//! The rewritten module: old sections copied, ours written anew.

use std::borrow::Cow;

use wasm_encoder::{
    ConstExpr, DataSection, Encode, EntityType, ExportKind, ExportSection, ImportSection, MemorySection, MemoryType,
    Module, RawSection,
};
use wasmparser::{BinaryReader, ExternalKind, TypeRef};

use super::check::{mutable_globals, renamed};
use super::survey::Survey;
use super::{Dialect, Facts, HOST, MEMORY, START, SharedPages, TABLE, global_name, refuse};
use crate::GuestError;
use crate::wasm::wasm4::Wasm4;

const IMPORTS: u8 = 2;
const MEMORIES: u8 = 5;
const EXPORTS: u8 = 7;
const START_FUNCTION: u8 = 8;
const DATA_COUNT: u8 = 12;
const DATA: u8 = 11;
/// The console's registers as they begin.
static REGISTERS: [u8; Wasm4::REGISTERS.len()] = Wasm4::REGISTERS;
/// Sections in the order they have to come in: data count (12) before code.
const ORDER: [u8; 12] = [1, IMPORTS, 3, 4, MEMORIES, 6, EXPORTS, START_FUNCTION, 9, DATA_COUNT, 10, DATA];

/// Puts the module together.
pub(super) fn assemble(module: &[u8], survey: &Survey<'_>, facts: &Facts) -> Result<Vec<u8>, GuestError> {
    let cartridge = facts.dialect == Dialect::Wasm4;
    let imports_memory = survey.imports.iter().any(|import| matches!(import.ty, TypeRef::Memory(_)));
    // A cartridge that only calls the console has no memory at all.
    let gets_memory = (facts.shared.is_none() && imports_memory) || (cartridge && survey.memories.is_empty());
    let registers = if cartridge && !facts.console_apart { registers(survey) } else { Vec::new() };
    let mut out = Module::new();
    for id in ORDER {
        let section: Option<Cow<'_, [u8]>> = match id {
            START_FUNCTION => None,
            EXPORTS => Some(body(&exports(survey, facts)).into()),
            IMPORTS if facts.shared.is_some() => Some(body(&shared_imports(survey, facts.shared)).into()),
            MEMORIES if facts.shared.is_some() => None,
            IMPORTS if cartridge => Some(body(&function_imports(survey)).into()),
            MEMORIES if gets_memory => Some(body(&own_memory(survey)).into()),
            DATA_COUNT if !registers.is_empty() => more_segments(copied(module, survey, id)?, &registers, false),
            DATA if !registers.is_empty() => {
                more_segments(Some(copied(module, survey, id)?.unwrap_or(&[0])), &registers, true)
            }
            _ => copied(module, survey, id)?.map(Cow::Borrowed),
        };
        if let Some(data) = section {
            out.section(&RawSection { id, data: &data });
        }
    }
    Ok(out.finish())
}

fn copied<'a>(module: &'a [u8], survey: &Survey<'_>, id: u8) -> Result<Option<&'a [u8]>, GuestError> {
    let Some((_, range)) = survey.sections.iter().find(|section| section.0 == id) else { return Ok(None) };
    module.get(range.clone()).map(Some).ok_or_else(|| refuse("a section reaches past its end"))
}

/// A section without its id and length.
fn body(section: &impl Encode) -> Vec<u8> {
    let mut bytes = Vec::new();
    section.encode(&mut bytes);
    // What is encoded begins with the length, as LEB128: up to the first byte without the high bit.
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).map_or(0, |last| last + 1);
    bytes.split_off(length)
}

fn exports(survey: &Survey<'_>, facts: &Facts) -> ExportSection {
    let mut section = ExportSection::new();
    for export in &survey.exports {
        let kind = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
            ExternalKind::Table => ExportKind::Table,
            ExternalKind::Memory => ExportKind::Memory,
            ExternalKind::Global => ExportKind::Global,
            ExternalKind::Tag => ExportKind::Tag,
        };
        section.export(export.name, kind, export.index);
    }
    section.export(MEMORY, ExportKind::Memory, 0);
    if facts.dialect == Dialect::Aitrios && survey.tables > 0 {
        section.export(TABLE, ExportKind::Table, 0);
    }
    if let Some(start) = survey.start {
        section.export(START, ExportKind::Func, start);
    }
    for (nth, index) in (0..facts.globals).zip(mutable_globals(survey)) {
        section.export(&global_name(nth), ExportKind::Global, index);
    }
    section
}

/// A cartridge's imports without its memory, those of the wrong type under names of ours.
fn function_imports(survey: &Survey<'_>) -> ImportSection {
    let mut section = ImportSection::new();
    for import in &survey.imports {
        if let TypeRef::Func(ty) = import.ty {
            let name = renamed(survey, import).map_or(import.name.into(), Cow::Owned);
            section.import(import.module, &name, EntityType::Function(ty));
        }
    }
    section
}

/// The imports of an app with threads. Its memory comes from the host, whether it has one of its own or asks for one: each thread
/// is an instance, and an instance's own memory would be another one.
fn shared_imports(survey: &Survey<'_>, shared: Option<SharedPages>) -> ImportSection {
    let mut section = ImportSection::new();
    for import in &survey.imports {
        if let TypeRef::Func(ty) = import.ty {
            section.import(import.module, import.name, EntityType::Function(ty));
        }
    }
    if let Some(SharedPages { least, most }) = shared {
        let memory = MemoryType {
            minimum: least.into(),
            maximum: Some(most.into()),
            memory64: false,
            shared: true,
            page_size_log2: None,
        };
        section.import(HOST, MEMORY, EntityType::Memory(memory));
    }
    section
}

/// The console's memory is one page and never grows, whatever the cartridge would accept; one that asks for more gets it.
fn own_memory(survey: &Survey<'_>) -> MemorySection {
    let pages = survey.memories.first().map_or(1, |memory| memory.initial.max(1));
    let mut section = MemorySection::new();
    section.memory(MemoryType {
        minimum: pages,
        maximum: Some(pages),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    section
}

/// The console's registers as they are before a cartridge's own data is put over them: one segment for each run of bytes
/// that this data leaves alone. They come last, so that the numbers of the cartridge's own segments stay.
fn registers(survey: &Survey<'_>) -> Vec<(usize, &'static [u8])> {
    let mut runs: Vec<(usize, &'static [u8])> = Vec::new();
    let mut start = 0;
    for end in 0..=survey.overwritten.len() {
        if survey.overwritten.get(end).copied().unwrap_or(true) {
            if start < end {
                runs.push((Wasm4::REGISTERS_AT + start, &REGISTERS[start..end]));
            }
            start = end + 1;
        }
    }
    runs
}

/// A data section, or a data count section, with segments added. Both begin with the number of segments.
fn more_segments<'a>(section: Option<&[u8]>, added: &[(usize, &[u8])], with_bytes: bool) -> Option<Cow<'a, [u8]>> {
    let mut rest = BinaryReader::new(section?, 0);
    let count = rest.read_var_u32().ok()?;
    let mut out = Vec::new();
    (count + added.len() as u32).encode(&mut out);
    out.extend_from_slice(rest.read_bytes(rest.bytes_remaining()).ok()?);
    if with_bytes {
        let mut segments = DataSection::new();
        for (at, bytes) in added {
            segments.active(0, &ConstExpr::i32_const(*at as i32), bytes.iter().copied());
        }
        // What is encoded begins with the number of segments; there are fewer than 128, so that is one byte.
        out.extend_from_slice(&body(&segments)[1..]);
    }
    Some(out.into())
}
