//! What a module is, and whether everything it asks for is offered.

use std::fmt::Write;

use playfield_core::app::{is_app, refuse_app};
use playfield_core::manifest::InputKind;
use wasmparser::{ExternalKind, FuncType, Import, TypeRef, ValType};

use super::survey::Survey;
use super::{Dialect, Facts, PRIVATE, SharedPages, loose_name, refuse};
use crate::GuestError;
use crate::wasm::abi::{self, CARTRIDGE, Function, GROUPS, WASM4, aitrios};

/// More mutable globals than this are not saved: no compiler makes so many.
const MAX_GLOBALS: usize = 10_000;
/// Functions of a title that the host calls. None takes or returns anything. (A cartridge's may: the console's runtime is a
/// script, which gives nothing and ignores what comes back.)
const ENTRIES: [&str; 3] = ["pf_tick", "pf_init", "_initialize"];
/// Functions of a cartridge that the host calls.
const CARTRIDGE_ENTRIES: [&str; 4] = ["update", "start", "_start", "_initialize"];

/// Decides what a module is; refuses, by name, what is not offered.
pub(super) fn facts(survey: &Survey<'_>) -> Result<Facts, GuestError> {
    let dialect = dialect(survey)?;
    if let Some(why) = &survey.threads
        && dialect != Dialect::Aitrios
    {
        return Err(refuse(why));
    }
    for import in &survey.imports {
        check_import(survey, dialect, import)?;
    }
    check_exports(survey, dialect)?;
    if dialect == Dialect::Playfield {
        let groups = groups(survey);
        // Neither a title nor an app: no host would run it.
        let neither = is_app(&groups).then(|| refuse_app(&groups)).flatten();
        neither.map_or(Ok(()), |why| Err(refuse(why)))?;
    }
    let (groups, input) = match dialect {
        Dialect::Playfield => (groups(survey), input(survey)),
        Dialect::Wasm4 => (Vec::new(), vec![InputKind::Pad, InputKind::Mouse]),
        Dialect::Aitrios => (aitrios::groups(&survey.imports), Vec::new()),
    };
    let no_snapshots = no_snapshots(survey, dialect);
    let globals = if no_snapshots.is_some() { 0 } else { mutable_globals(survey).count() as u32 };
    let (shared, console_apart) = (shared(survey)?, console_apart(survey, dialect));
    Ok(Facts { dialect, no_snapshots, groups, input, globals, shared, console_apart })
}

/// The memory that threads share, of an app that has some.
fn shared(survey: &Survey<'_>) -> Result<Option<SharedPages>, GuestError> {
    let Some(memory) = survey.memories.first().filter(|memory| memory.shared) else { return Ok(None) };
    let pages = |pages: u64| u32::try_from(pages).map_err(|_| refuse("its memory is larger than 4 GiB"));
    let most = memory.maximum.ok_or_else(|| refuse("its shared memory has no largest size"))?;
    Ok(Some(SharedPages { least: pages(memory.initial)?, most: pages(most)? }))
}

/// Whether a cartridge has a memory of its own instead of the console's, which it then never sees.
fn console_apart(survey: &Survey<'_>, dialect: Dialect) -> bool {
    let imported = survey.imports.iter().any(|import| matches!(import.ty, TypeRef::Memory(_)));
    dialect == Dialect::Wasm4 && !imported && !survey.memories.is_empty()
}

/// Indices of the globals that are state.
pub(super) fn mutable_globals(survey: &Survey<'_>) -> impl Iterator<Item = u32> {
    (0..).zip(&survey.globals).filter(|(_, global)| global.mutable).map(|(index, _)| index)
}

/// A cartridge is known by `update` or by what it asks of the console; without either, by a function that starts it.
fn dialect(survey: &Survey<'_>) -> Result<Dialect, GuestError> {
    let exports = |name| survey.exported_function(name).is_some();
    if exports("pf_tick") {
        return Ok(Dialect::Playfield);
    }
    if survey.imports.iter().any(aitrios::is_mark) {
        return Ok(Dialect::Aitrios);
    }
    let imports_console = survey.imports.iter().any(|import| import.module == CARTRIDGE);
    let imports_ours = survey.imports.iter().any(|import| import.module.starts_with("playfield:"));
    let starts = survey.start.is_some() || CARTRIDGE_ENTRIES.into_iter().any(exports);
    if !imports_ours && (imports_console || starts) {
        return Ok(Dialect::Wasm4);
    }
    Err(refuse(
        "it exports neither the function `pf_tick`, as a title for Playfield does, nor `update`, as a WASM-4 cartridge does",
    ))
}

fn check_import(survey: &Survey<'_>, dialect: Dialect, import: &Import<'_>) -> Result<(), GuestError> {
    let full = format!("`{}.{}`", clip(import.module), clip(import.name));
    if dialect == Dialect::Wasm4 && import.module == CARTRIDGE && import.name == "memory" {
        return match import.ty {
            TypeRef::Memory(_) => Ok(()),
            _ => Err(refuse(format!("it imports {full}, but not as a memory"))),
        };
    }
    if dialect == Dialect::Aitrios
        && let TypeRef::Memory(memory) = import.ty
        && memory.shared
    {
        // All threads are given the same one.
        return Ok(());
    }
    let group = match dialect {
        Dialect::Aitrios => aitrios::group_of(import.module, import.name),
        Dialect::Wasm4 => Some(&WASM4).filter(|group| group.module == import.module),
        Dialect::Playfield => GROUPS.iter().find(|group| group.module == import.module),
    };
    let Some(group) = group else {
        return Err(refuse(unknown_group(dialect, import)));
    };
    let Some(function) = group.functions.iter().find(|function| function.name == import.name) else {
        let names: Vec<_> = group.functions.iter().map(|function| function.name).collect();
        return Err(refuse(format!("it imports {full}, which does not exist; there is {}", names.join(", "))));
    };
    let TypeRef::Func(index) = import.ty else {
        return Err(refuse(format!("it imports {full}, but not as a function")));
    };
    match survey.function_type(index) {
        Some(ty) if offers(function, ty) || dialect == Dialect::Wasm4 => Ok(()),
        ty => Err(refuse(format!("it imports {full} as {}, but that is {}", signature(ty), offered(function)))),
    }
}

/// Whether a function has exactly this type.
fn offers(function: &Function, ty: &FuncType) -> bool {
    ty.params() == function.params && ty.results() == function.results
}

/// Our name for a cartridge's import; none: it has the console's own type, and keeps its name.
pub(super) fn renamed(survey: &Survey<'_>, import: &Import<'_>) -> Option<String> {
    let function = WASM4.functions.iter().find(|function| function.name == import.name)?;
    let TypeRef::Func(index) = import.ty else { return None };
    let ty = survey.function_type(index)?;
    (!offers(function, ty)).then(|| loose_name(import.name, &signature(Some(ty))))
}

fn unknown_group(dialect: Dialect, import: &Import<'_>) -> String {
    let (module, name) = (clip(import.module), clip(import.name));
    if dialect == Dialect::Aitrios {
        let from = "an AITRIOS app imports from `env`, `wasi_snapshot_preview1`, `wasi` and `wasi_nn`";
        return format!("it imports `{module}.{name}`; {from}");
    }
    if module.starts_with("wasi") {
        return format!(
            "it imports `{module}.{name}`; build it without WASI: there are no files, clocks or processes here"
        );
    }
    if dialect == Dialect::Wasm4 {
        return format!("it imports `{module}.{name}`; a WASM-4 cartridge imports from `env` only");
    }
    let bare = module.split('@').next().unwrap_or_default();
    if let Some(group) = GROUPS.iter().find(|group| group.module.split('@').next() == Some(bare)) {
        return format!("it asks for `{module}`; this host offers `{}`", group.module);
    }
    let names: Vec<_> = GROUPS.iter().map(|group| group.module).collect();
    format!(
        "it asks for `{module}` (function `{name}`), which this host does not offer; it offers {}",
        names.join(", ")
    )
}

fn check_exports(survey: &Survey<'_>, dialect: Dialect) -> Result<(), GuestError> {
    if let Some(export) = survey.exports.iter().find(|export| export.name.starts_with(PRIVATE)) {
        let name = clip(export.name);
        return Err(refuse(format!("it exports `{name}`; names that begin with `{PRIVATE}` are the host's")));
    }
    match dialect {
        Dialect::Wasm4 => return Ok(()),
        Dialect::Aitrios => check_aitrios(survey)?,
        Dialect::Playfield => {}
    }
    for name in ENTRIES {
        if let Some(ty) = survey.exported_function(name)
            && !(ty.params().is_empty() && ty.results().is_empty())
        {
            let ty = signature(Some(ty));
            return Err(refuse(format!("it exports `{name}` as {ty}, but that takes and returns nothing")));
        }
    }
    if exports_memory(survey) || survey.memories.iter().any(|memory| memory.shared) {
        Ok(())
    } else {
        Err(refuse("it does not export its memory as `memory`"))
    }
}

/// An AITRIOS app begins with one of these functions, and hands out the memory that it is given things in.
fn check_aitrios(survey: &Survey<'_>) -> Result<(), GuestError> {
    let is = |name: &str, params: &[ValType], results: &[ValType]| {
        let ty = survey.exported_function(name);
        ty.is_some_and(|ty| ty.params() == params && ty.results() == results)
    };
    let main = is("_start", &[], &[])
        || is("__main_void", &[], &[ValType::I32])
        || ["__main_argc_argv", "main"].iter().any(|name| is(name, &[ValType::I32; 2], &[ValType::I32]));
    if !main {
        return Err(refuse("it is an AITRIOS app without a `_start` or `main` that is exported"));
    }
    let gives = is("malloc", &[ValType::I32], &[ValType::I32]) && is("free", &[ValType::I32], &[]);
    if !gives {
        return Err(refuse("it is an AITRIOS app that does not export `malloc` and `free`"));
    }
    if !survey.imports.iter().any(|import| aitrios::is_spawn(import)) {
        return Ok(());
    }
    if !survey.memories.iter().any(|memory| memory.shared) {
        return Err(refuse("it starts threads, but its memory is not shared: build it for `wasm32-wasi-threads`"));
    }
    let begins = is("wasi_thread_start", &[ValType::I32; 2], &[]);
    if begins { Ok(()) } else { Err(refuse("it starts threads, but does not export `wasi_thread_start(i32, i32)`")) }
}

fn exports_memory(survey: &Survey<'_>) -> bool {
    survey.exports.iter().any(|export| export.name == "memory" && export.kind == ExternalKind::Memory)
}

fn groups(survey: &Survey<'_>) -> Vec<String> {
    let used = |module: &str| survey.imports.iter().any(|import| import.module == module);
    GROUPS.iter().map(|group| group.module).filter(|module| used(module)).map(str::to_owned).collect()
}

fn input(survey: &Survey<'_>) -> Vec<InputKind> {
    let mut kinds = Vec::new();
    for import in survey.imports.iter().filter(|import| import.module == "playfield:input@1") {
        kinds.extend(abi::input_kind(import.name).filter(|kind| !kinds.contains(kind)));
    }
    kinds
}

fn no_snapshots(survey: &Survey<'_>, dialect: Dialect) -> Option<String> {
    if dialect == Dialect::Aitrios {
        return Some("it is an AITRIOS app, which is always in the middle of its `main`".to_owned());
    }
    if let Some(what) = survey.unreachable_state {
        return Some(format!("its code contains `{what}`, whose effect cannot be saved"));
    }
    if survey.globals.iter().any(|global| global.mutable && global.content_type.is_reference_type()) {
        return Some("it has a mutable global that holds a reference".to_owned());
    }
    let count = mutable_globals(survey).count();
    (count > MAX_GLOBALS).then(|| format!("it has {count} mutable globals; the most is {MAX_GLOBALS}"))
}

fn offered(function: &Function) -> String {
    signature(Some(&FuncType::new(function.params.iter().copied(), function.results.iter().copied())))
}

/// `(i32, i32) -> (i32)`
fn signature(ty: Option<&FuncType>) -> String {
    let Some(ty) = ty else { return "something else".to_owned() };
    let list = |types: &[wasmparser::ValType]| {
        let mut text = String::new();
        for ty in types.iter().take(1_000) {
            let _ = write!(text, "{}{ty}", if text.is_empty() { "" } else { ", " });
        }
        text
    };
    format!("({}) -> ({})", list(ty.params()), list(ty.results()))
}

/// A foreign name, short enough for a sentence.
fn clip(name: &str) -> String {
    let mut short: String = name.chars().take(64).map(|c| if c.is_control() { '?' } else { c }).collect();
    if short.len() < name.len() && name.chars().count() > 64 {
        short.push('…');
    }
    short
}
