//! The calls of a WASM-4 cartridge that imports them with types of its own: too many arguments, too few, fractions, a
//! result where there is none. The console's runtime is a script and takes them all, so published cartridges have such
//! imports.
//!
//! An argument too many is ignored; one that is missing is not a number, with which most calls draw nothing; a fraction
//! counts ([`loose`] draws with it). A whole number of 64 bits is of another kind in a script: only `tone` takes it. A
//! result that is missing is zero or, where the cartridge wants a fraction, not a number.

use wasmtime::{ExternType, ImportType, Linker, Result, Val, ValType, format_err};

use super::cartridge::{Call, console, trace};
use crate::wasm::abi::WASM4;
use crate::wasm::host::{Host, HostTrap, trap};
use crate::wasm::rewrite::loose_import;
use crate::wasm::wasm4::{Wasm4, loose};

/// Arguments as the console takes them.
struct Arguments {
    numbers: [f64; 9],
    /// Those that the call takes are whole numbers of 32 bits.
    whole: bool,
}

impl Arguments {
    /// Of those that were given, the first `takes`.
    fn of(name: &str, values: &[Val], takes: usize) -> Result<Arguments, HostTrap> {
        let mut numbers = [f64::NAN; 9];
        for (number, value) in numbers[..takes].iter_mut().zip(values) {
            *number = match value {
                Val::I32(value) => f64::from(*value),
                Val::F32(bits) => f64::from(f32::from_bits(*bits)),
                Val::F64(bits) => f64::from_bits(*bits),
                // Not exact above 2^53, where a tone has no bits.
                Val::I64(value) if name == "tone" => *value as f64,
                _ => return trap(format!("`{name}` was called with a number of 64 bits; it takes 32")),
            };
        }
        let whole = numbers[..takes].iter().all(|number| loose::is_int(*number));
        Ok(Arguments { numbers, whole })
    }

    fn i(&self, nth: usize) -> i32 {
        loose::to_int32(self.numbers[nth])
    }

    fn u(&self, nth: usize) -> u32 {
        self.i(nth).cast_unsigned()
    }
}

/// Defines an import that [`loose_import`] names.
pub fn define(linker: &mut Linker<Host>, import: &ImportType<'_>) -> Result<()> {
    let name = loose_import(import.name()).unwrap_or_default().to_owned();
    let ExternType::Func(ty) = import.ty() else { return Err(format_err!("`{name}` is not a function")) };
    let wants: Vec<ValType> = ty.results().collect();
    let takes = WASM4.functions.iter().find(|function| function.name == name).map_or(0, |it| it.params.len());
    linker.func_new(import.module(), import.name(), ty, move |mut call, values, results| {
        let value = invoke(&name, &mut call, &Arguments::of(&name, values, takes)?)?;
        answer(&wants, value, results)?;
        Ok(())
    })?;
    Ok(())
}

/// What the cartridge gets back.
fn answer(wants: &[ValType], value: Option<u32>, results: &mut [Val]) -> Result<(), HostTrap> {
    match (wants, results) {
        ([], _) => {}
        ([ValType::I32], [result]) => *result = Val::I32(value.unwrap_or(0).cast_signed()),
        ([ValType::F32], [result]) => *result = value.map_or(f32::NAN, |value| value as f32).into(),
        ([ValType::F64], [result]) => *result = value.map_or(f64::NAN, f64::from).into(),
        _ => return trap("a WASM-4 function was imported with a result that it cannot have"),
    }
    Ok(())
}

/// Calls the console.
fn invoke(name: &str, call: &mut Call<'_>, a: &Arguments) -> Result<Option<u32>> {
    match name {
        "trace" => trace(call, |console, mem| console.trace(mem, a.u(0)))?,
        "traceUtf8" => trace(call, |console, mem| console.trace_utf8(mem, a.u(0), a.u(1)))?,
        "traceUtf16" => trace(call, |console, mem| console.trace_utf16(mem, a.u(0), a.u(1)))?,
        "tracef" => trace(call, |console, mem| console.tracef(mem, a.u(0), a.u(1)))?,
        _ => return Ok(draw(name, call, a)?),
    }
    Ok(None)
}

fn draw(name: &str, call: &mut Call<'_>, a: &Arguments) -> Result<Option<u32>, HostTrap> {
    let (mem, it) = console(call)?;
    if !a.whole && loose::draw(mem, name, &a.numbers).map_err(HostTrap)? {
        return Ok(None);
    }
    let console = &mut it.console;
    match name {
        "blit" => console.blit(mem, a.u(0), a.i(1), a.i(2), a.u(3), a.u(4), a.u(5)),
        "blitSub" => console.blit_sub(mem, a.u(0), a.i(1), a.i(2), a.u(3), a.u(4), a.u(5), a.u(6), a.u(7), a.u(8)),
        "text" => console.text(mem, a.u(0), a.i(1), a.i(2)),
        "textUtf8" => console.text_utf8(mem, a.u(0), a.u(1), a.i(2), a.i(3)),
        "textUtf16" => console.text_utf16(mem, a.u(0), a.u(1), a.i(2), a.i(3)),
        "diskr" => return console.diskr(mem, a.u(0), a.u(1)).map(Some).map_err(HostTrap),
        "diskw" => {
            it.disk_touched = true;
            return it.console.diskw(mem, a.u(0), a.u(1)).map(Some).map_err(HostTrap);
        }
        _ => {
            shape(name, console, mem, a);
            Ok(())
        }
    }
    .map(|()| None)
    .map_err(HostTrap)
}

/// What cannot fail.
fn shape(name: &str, console: &mut Wasm4, mem: &mut [u8], a: &Arguments) {
    match name {
        "line" => console.line(mem, a.i(0), a.i(1), a.i(2), a.i(3)),
        "hline" => console.hline(mem, a.i(0), a.i(1), a.u(2)),
        "vline" => console.vline(mem, a.i(0), a.i(1), a.u(2)),
        "oval" => console.oval(mem, a.i(0), a.i(1), a.u(2), a.u(3)),
        "rect" => console.rect(mem, a.i(0), a.i(1), a.u(2), a.u(3)),
        "tone" => console.tone(a.u(0), a.u(1), a.u(2), a.u(3)),
        // Every import was looked up by name before.
        other => debug_assert!(false, "{other}"),
    }
}
