//! The console: its registers, and the calls it offers. Nothing of the game is in here.

pub const palette: *[4]u32 = @ptrFromInt(0x04);
pub const colors: *u16 = @ptrFromInt(0x14);
pub const gamepads: *const volatile [4]u8 = @ptrFromInt(0x16);
/// 160x160 pixels of 2 bits, the leftmost pixel of a byte in its lowest bits.
pub const framebuffer: *[6400]u8 = @ptrFromInt(0xa0);

pub const x_button: u8 = 1;
pub const z_button: u8 = 2;
pub const left: u8 = 16;
pub const right: u8 = 32;
pub const up: u8 = 64;
pub const down: u8 = 128;

pub extern fn hline(x: i32, y: i32, len: u32) void;
pub extern fn vline(x: i32, y: i32, len: u32) void;
pub extern fn line(x1: i32, y1: i32, x2: i32, y2: i32) void;
pub extern fn oval(x: i32, y: i32, width: i32, height: i32) void;
pub extern fn rect(x: i32, y: i32, width: i32, height: i32) void;
pub extern fn textUtf8(ptr: [*]const u8, len: usize, x: i32, y: i32) void;
pub extern fn tone(frequency: u32, duration: u32, volume: u32, flags: u32) void;
pub extern fn diskr(ptr: [*]u8, size: u32) u32;
pub extern fn diskw(ptr: [*]const u8, size: u32) u32;
