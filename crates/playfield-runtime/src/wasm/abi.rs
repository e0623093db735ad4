//! What a module may import: every group with its functions and their types. The linker is tested against this list.

pub mod aitrios;

use playfield_core::manifest::InputKind;
use wasmparser::ValType::{self, I32, I64};

/// Module name that WASM-4 cartridges import from.
pub const CARTRIDGE: &str = "env";

/// A function the host offers.
pub struct Function {
    /// Its import name.
    pub name: &'static str,
    /// Types of its parameters.
    pub params: &'static [ValType],
    /// Types of its results.
    pub results: &'static [ValType],
}

/// Functions that share an import module name.
pub struct Group {
    /// The import module name: `playfield:GROUP@VERSION`, or `env`.
    pub module: &'static str,
    /// What can be imported from it.
    pub functions: &'static [Function],
}

const fn f(name: &'static str, params: &'static [ValType], results: &'static [ValType]) -> Function {
    Function { name, params, results }
}

const I1: &[ValType] = &[I32];
const I2: &[ValType] = &[I32, I32];
const I3: &[ValType] = &[I32, I32, I32];
const I4: &[ValType] = &[I32, I32, I32, I32];
const I6: &[ValType] = &[I32, I32, I32, I32, I32, I32];
const I9: &[ValType] = &[I32, I32, I32, I32, I32, I32, I32, I32, I32];

/// Groups of the Playfield ABI.
#[rustfmt::skip]
pub const GROUPS: &[Group] = &[
    Group { module: "playfield:host@1", functions: &[
        f("tick_rate", I1, &[]),
        f("tick", &[], &[I64]),
        f("time_us", &[], &[I64]),
        f("unix_ms", &[], &[I64]),
        f("random", I2, &[]),
        f("exit", &[], &[]),
    ] },
    Group { module: "playfield:log@1", functions: &[
        f("write", I3, &[]),
    ] },
    Group { module: "playfield:video@1", functions: &[
        f("mode", I3, &[]),
        f("palette", I3, &[]),
        f("dirty", I4, &[]),
        f("present", I2, &[]),
    ] },
    Group { module: "playfield:audio@1", functions: &[
        f("wanted", &[], I1),
        f("push", I2, I1),
    ] },
    Group { module: "playfield:input@1", functions: &[
        f("players", &[], I1),
        f("pad", I2, &[]),
        f("keys", I2, &[]),
        f("pointer", I2, &[]),
        f("touches", I3, I1),
        f("text", I3, I1),
        f("rumble", I4, &[]),
    ] },
    Group { module: "playfield:storage@1", functions: &[
        f("read", I4, I1),
        f("write", I4, I1),
        f("remove", I2, I1),
    ] },
    Group { module: "playfield:timeline@1", functions: &[
        f("event", &[I32, I32, I64], &[]),
        f("mode", I1, &[]),
    ] },
    Group { module: "playfield:camera@1", functions: &[
        f("frame", &[], &[I64]),
        f("time_ms", &[], &[I64]),
        f("size", &[], I1),
        f("config", I2, I1),
        f("pixels", I3, I1),
        f("emit", I2, I1),
    ] },
    Group { module: "playfield:infer@1", functions: &[
        f("objects", I2, I1),
        f("labels", &[], I1),
        f("label", I3, I1),
        f("place", I4, I1),
        f("count", I3, &[I64]),
        f("events", I2, I1),
        f("counts", I2, I1),
    ] },
];

/// What WASM-4 offers, besides `env.memory`.
#[rustfmt::skip]
pub const WASM4: Group = Group { module: CARTRIDGE, functions: &[
    f("blit", I6, &[]),
    f("blitSub", I9, &[]),
    f("line", I4, &[]),
    f("hline", I3, &[]),
    f("vline", I3, &[]),
    f("oval", I4, &[]),
    f("rect", I4, &[]),
    f("text", I3, &[]),
    f("textUtf8", I4, &[]),
    f("textUtf16", I4, &[]),
    f("tone", I4, &[]),
    f("diskr", I2, I1),
    f("diskw", I2, I1),
    f("trace", I1, &[]),
    f("traceUtf8", I2, &[]),
    f("traceUtf16", I2, &[]),
    f("tracef", I2, &[]),
] };

/// The way of playing that importing a function of the group `input` tells of.
pub fn input_kind(function: &str) -> Option<InputKind> {
    match function {
        "pad" => Some(InputKind::Pad),
        "keys" => Some(InputKind::Keys),
        "pointer" => Some(InputKind::Mouse),
        "touches" => Some(InputKind::Touch),
        "text" => Some(InputKind::Text),
        _ => None,
    }
}
