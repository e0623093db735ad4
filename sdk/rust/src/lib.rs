//! What a Rust title needs: each function of `sdk/ABI.md` as a safe one, and helpers to draw and make sound.
//!
//! ```ignore
//! #![no_std]
//! use playfield_sdk::{Canvas8, Pad, Title, title, video};
//!
//! struct Hello { x: i32, pixels: [u8; 160 * 144] }
//!
//! impl Title for Hello {
//!     const NEW: Hello = Hello { x: 76, pixels: [0; 160 * 144] };
//!
//!     fn init(&mut self) {
//!         video::mode(160, 144, video::Format::Indexed);
//!         video::palette(0, &[0x10131c, 0xffc857]);
//!     }
//!
//!     fn tick(&mut self) {
//!         self.x += Pad::of(0).direction().0;
//!         let mut screen = Canvas8::new(&mut self.pixels, 160, 144);
//!         screen.clear(0);
//!         screen.text(self.x, 68, "HELLO", 1, 1);
//!         video::present_indexed(&self.pixels, 160);
//!     }
//! }
//!
//! title!(Hello);
//! ```
//!
//! | module | is |
//! |---|---|
//! | [`host`], [`log`], [`video`], [`audio`], [`input`], [`storage`], [`timeline`] | the capability groups, one each |
//! | [`camera`] | the groups of edge apps: a camera's pictures, what was understood of them, and the way out |
//! | [`canvas`] | drawing into indexed and RGBA pictures |
//! | [`synth`] | a small synthesiser and songs written as text |
//! | [`Buffer`] | large memory that takes no room in the module |
//! | [`math`] | sine, random numbers: the same on every machine |
#![no_std]

mod buffer;
pub mod camera;
pub mod canvas;
mod ffi;
mod font;
pub mod host;
pub mod input;
pub mod math;
pub mod synth;

pub use buffer::Buffer;
pub use canvas::{Canvas8, Canvas32};
pub use host::{audio, log, storage, timeline, video};
pub use input::{Keys, Pad, Pointer, Touches};
pub use synth::Synth;

/// A program that makes one picture each time it is asked.
pub trait Title {
    /// How it begins. It lives in the module's own memory, so it may be large.
    const NEW: Self;

    /// Called once, before the first picture.
    fn init(&mut self);

    /// Makes one picture and its sound.
    fn tick(&mut self);
}

/// Makes a [`Title`] the title of this module: exports what the host calls, and says what a panic does.
#[macro_export]
macro_rules! title {
    ($title:ty) => {
        #[cfg(target_arch = "wasm32")]
        mod playfield_title {
            use super::*;

            struct Cell(core::cell::UnsafeCell<$title>);

            // SAFETY: a module has one thread, and the host never calls it while it runs.
            unsafe impl Sync for Cell {}

            static TITLE: Cell = Cell(core::cell::UnsafeCell::new(<$title as $crate::Title>::NEW));

            #[unsafe(no_mangle)]
            extern "C" fn pf_init() {
                // SAFETY: the only other reference is made in `pf_tick`, which does not run now.
                $crate::Title::init(unsafe { &mut *TITLE.0.get() });
            }

            #[unsafe(no_mangle)]
            extern "C" fn pf_tick() {
                // SAFETY: as in `pf_init`.
                $crate::Title::tick(unsafe { &mut *TITLE.0.get() });
            }

            #[panic_handler]
            fn panic(info: &core::panic::PanicInfo) -> ! {
                $crate::log::panic(info)
            }
        }
    };
}
