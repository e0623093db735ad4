//! Draws windows into a picture, with the processor alone.
//!
//! It is a [`Renderer`] for Smithay, which decides what has to be drawn, and where. Nearly all there is to do is to copy rows
//! of one opaque window into the picture, so that is what is fast here; what is scaled, turned or translucent goes a slower way.

use std::collections::HashMap;
use std::sync::Arc;

use smithay::backend::allocator::dmabuf::Dmabuf;
use smithay::backend::allocator::format::FormatSet;
use smithay::backend::allocator::{Buffer as _, Fourcc};
use smithay::backend::renderer::sync::SyncPoint;
use smithay::backend::renderer::{
    Bind, Color32F, ContextId, DebugFlags, Frame, ImportDma, ImportDmaWl, ImportMem, ImportMemWl, Renderer,
    RendererSuper, Texture, TextureFilter,
};
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::utils::{Buffer, Physical, Rectangle, Size, Transform};
use smithay::wayland::compositor::SurfaceData;
use smithay::wayland::shm::shm_format_to_fourcc;

use super::cards;
use super::ffi::{self, Mapped};

/// Bytes of a pixel, of windows and of the picture.
const PIXEL: usize = 4;

/// Why something could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PaintError {
    /// Smithay gave something that is none of the formats offered.
    #[error("pixels of a kind that was not offered")]
    Format,
    /// The program's memory is not as long as it said, or gone.
    #[error("the memory of a window cannot be read")]
    Unreadable,
}

/// How a window's pixels lie in memory, each a little-endian word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Blue, green, red: `XRGB8888`, `ARGB8888`.
    Bgr,
    /// Red, green, blue: `XBGR8888`, `ABGR8888`.
    Rgb,
}

/// Formats of windows: which way round, and whether the fourth byte counts.
pub const FORMATS: [(Fourcc, bool); 4] =
    [(Fourcc::Xrgb8888, false), (Fourcc::Argb8888, true), (Fourcc::Xbgr8888, false), (Fourcc::Abgr8888, true)];

/// Where the pixels of a [`Window`] are.
#[derive(Clone, Debug)]
enum Pixels {
    /// In the program's memory.
    Theirs(WlBuffer),
    /// In a buffer that a graphics card drew.
    Drawn(Arc<Mapped>),
    /// In ours.
    Ours(Arc<Vec<u8>>),
}

/// The pixels of a window, or of a part of one.
#[derive(Clone, Debug)]
pub struct Window {
    pixels: Pixels,
    size: Size<i32, Buffer>,
    format: Fourcc,
}

impl Window {
    fn order(&self) -> Order {
        match self.format {
            Fourcc::Xbgr8888 | Fourcc::Abgr8888 => Order::Rgb,
            _ => Order::Bgr,
        }
    }

    fn translucent(&self) -> bool {
        FORMATS.iter().any(|(format, alpha)| *format == self.format && *alpha)
    }

    /// Hands out rows `y..` of `width` pixels from `x`, one after the other, as RGBA words.
    fn rows(
        &self,
        (x, y): (usize, usize),
        (width, height): (usize, usize),
        mut each: impl FnMut(usize, &mut [u32]),
    ) -> Result<(), PaintError> {
        let (all_width, all_height) = (self.size.w.max(0) as usize, self.size.h.max(0) as usize);
        if x + width > all_width || y + height > all_height {
            return Err(PaintError::Unreadable);
        }
        let mut row = vec![0u32; width];
        let swap = self.order() == Order::Bgr;
        let mut turned = |index, row: &mut [u32]| {
            if swap {
                row.iter_mut().for_each(|pixel| *pixel = swapped(*pixel));
            }
            each(index, row);
        };
        match &self.pixels {
            Pixels::Theirs(buffer) => ffi::read_rows(buffer, (x, y), height, &mut row, &mut turned),
            Pixels::Drawn(buffer) => buffer.read_rows((x, y), height, &mut row, &mut turned),
            Pixels::Ours(bytes) => {
                for index in 0..height {
                    let at = ((y + index) * all_width + x) * PIXEL;
                    let bytes = bytes.get(at..at + width * PIXEL).ok_or(PaintError::Unreadable)?;
                    for (pixel, bytes) in row.iter_mut().zip(bytes.chunks_exact(PIXEL)) {
                        *pixel = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                    }
                    turned(index, &mut row);
                }
                Ok(())
            }
        }
    }

    /// All its pixels as RGBA bytes, its alpha no longer multiplied in.
    pub fn to_rgba(&self) -> Result<Vec<u8>, PaintError> {
        let size = (self.size.w.max(0) as usize, self.size.h.max(0) as usize);
        let mut bytes = Vec::with_capacity(size.0 * size.1 * PIXEL);
        let translucent = self.translucent();
        self.rows((0, 0), size, |_, row| {
            for pixel in row {
                let [r, g, b, a] = pixel.to_le_bytes();
                let a = if translucent { a } else { 255 };
                let plain = |c: u8| (u32::from(c) * 255).checked_div(a.into()).unwrap_or(0).min(255) as u8;
                bytes.extend_from_slice(&[plain(r), plain(g), plain(b), a]);
            }
        })?;
        Ok(bytes)
    }
}

impl Texture for Window {
    fn width(&self) -> u32 {
        self.size.w.unsigned_abs()
    }

    fn height(&self) -> u32 {
        self.size.h.unsigned_abs()
    }

    fn format(&self) -> Option<Fourcc> {
        Some(self.format)
    }
}

/// Blue and red change places.
const fn swapped(pixel: u32) -> u32 {
    (pixel & 0xff00_ff00) | ((pixel >> 16) & 0xff) | ((pixel & 0xff) << 16)
}

/// The picture: RGBA words, rows without padding.
#[derive(Debug)]
pub struct Canvas<'a> {
    /// Its bytes.
    pub bytes: &'a mut [u8],
    /// Width and height.
    pub size: Size<i32, Physical>,
}

impl Texture for Canvas<'_> {
    fn width(&self) -> u32 {
        self.size.w.unsigned_abs()
    }

    fn height(&self) -> u32 {
        self.size.h.unsigned_abs()
    }

    fn format(&self) -> Option<Fourcc> {
        Some(Fourcc::Xbgr8888)
    }
}

impl Canvas<'_> {
    /// The pixels of `width` from `x` in row `y`.
    fn row(&mut self, x: i32, y: i32, width: i32) -> &mut [u8] {
        let at = (y as usize * self.size.w as usize + x as usize) * PIXEL;
        &mut self.bytes[at..at + width as usize * PIXEL]
    }

    fn whole(&self) -> Rectangle<i32, Physical> {
        Rectangle::from_size(self.size)
    }

    fn fill(&mut self, area: Rectangle<i32, Physical>, colour: Color32F) {
        let Some(area) = area.intersection(self.whole()) else { return };
        let byte = |part: f32| (part.clamp(0.0, 1.0) * 255.0).round() as u8;
        let pixel = [byte(colour.r()), byte(colour.g()), byte(colour.b()), byte(colour.a())];
        for y in area.loc.y..area.loc.y + area.size.h {
            for place in self.row(area.loc.x, y, area.size.w).chunks_exact_mut(PIXEL) {
                over(place, u32::from_le_bytes(pixel), 255);
            }
        }
    }
}

/// Lays a pixel, its alpha multiplied in, over another; `alpha` makes it weaker still.
fn over(place: &mut [u8], pixel: u32, alpha: u32) {
    let [r, g, b, a] = pixel.to_le_bytes();
    let scaled = |c: u8| (u32::from(c) * alpha + 127) / 255;
    let left = 255 - scaled(a);
    for (place, part) in place.iter_mut().zip([r, g, b]) {
        *place = (scaled(part) + (u32::from(*place) * left + 127) / 255).min(255) as u8;
    }
}

/// Draws.
#[derive(Debug, Default)]
pub struct Painter {
    context: ContextId<Window>,
    /// Buffers of a graphics card, as long as their programs have them.
    pub drawn: HashMap<Dmabuf, Arc<Mapped>>,
}

impl RendererSuper for Painter {
    type Error = PaintError;
    type TextureId = Window;
    type Framebuffer<'buffer> = Canvas<'buffer>;
    type Frame<'frame, 'buffer>
        = Painting<'frame, 'buffer>
    where
        'buffer: 'frame,
        Self: 'frame;
}

impl Renderer for Painter {
    fn context_id(&self) -> ContextId<Window> {
        self.context.clone()
    }

    fn downscale_filter(&mut self, _filter: TextureFilter) -> Result<(), PaintError> {
        Ok(())
    }

    fn upscale_filter(&mut self, _filter: TextureFilter) -> Result<(), PaintError> {
        Ok(())
    }

    fn set_debug_flags(&mut self, _flags: DebugFlags) {}

    fn debug_flags(&self) -> DebugFlags {
        DebugFlags::empty()
    }

    fn render<'frame, 'buffer>(
        &'frame mut self,
        canvas: &'frame mut Canvas<'buffer>,
        _size: Size<i32, Physical>,
        _transform: Transform,
    ) -> Result<Painting<'frame, 'buffer>, PaintError>
    where
        'buffer: 'frame,
    {
        Ok(Painting { context: self.context.clone(), canvas })
    }

    fn wait(&mut self, _sync: &SyncPoint) -> Result<(), PaintError> {
        Ok(())
    }
}

impl<'b> Bind<Canvas<'b>> for Painter {
    fn bind<'a>(&mut self, canvas: &'a mut Canvas<'b>) -> Result<Canvas<'a>, PaintError> {
        Ok(Canvas { bytes: canvas.bytes, size: canvas.size })
    }
}

impl ImportMem for Painter {
    fn import_memory(
        &mut self,
        data: &[u8],
        format: Fourcc,
        size: Size<i32, Buffer>,
        _flipped: bool,
    ) -> Result<Window, PaintError> {
        let len = size.w.max(0) as usize * size.h.max(0) as usize * PIXEL;
        let bytes = data.get(..len).ok_or(PaintError::Unreadable)?;
        known(format)?;
        Ok(Window { pixels: Pixels::Ours(Arc::new(bytes.to_vec())), size, format })
    }

    fn update_memory(&mut self, _: &Window, _: &[u8], _: Rectangle<i32, Buffer>) -> Result<(), PaintError> {
        // Nothing that is kept here is ever changed.
        Err(PaintError::Format)
    }

    fn mem_formats(&self) -> Box<dyn Iterator<Item = Fourcc>> {
        Box::new(FORMATS.into_iter().map(|(format, _)| format))
    }
}

impl ImportMemWl for Painter {
    fn import_shm_buffer(
        &mut self,
        buffer: &WlBuffer,
        _surface: Option<&SurfaceData>,
        _damage: &[Rectangle<i32, Buffer>],
    ) -> Result<Window, PaintError> {
        // The pixels are read when they are drawn.
        let shape = smithay::wayland::shm::with_buffer_contents(buffer, |_, _, shape| shape);
        let shape = shape.map_err(|_| PaintError::Unreadable)?;
        let format = shm_format_to_fourcc(shape.format).ok_or(PaintError::Format)?;
        known(format)?;
        Ok(Window { pixels: Pixels::Theirs(buffer.clone()), size: (shape.width, shape.height).into(), format })
    }
}

impl ImportDma for Painter {
    fn dmabuf_formats(&self) -> FormatSet {
        cards::formats().collect()
    }

    fn import_dmabuf(
        &mut self,
        buffer: &Dmabuf,
        _damage: Option<&[Rectangle<i32, Buffer>]>,
    ) -> Result<Window, PaintError> {
        // It was mapped when it was made, or refused; its pixels are read when they are drawn.
        let mapped = self.drawn.get(buffer).ok_or(PaintError::Unreadable)?;
        Ok(Window { pixels: Pixels::Drawn(mapped.clone()), size: buffer.size(), format: buffer.format().code })
    }
}

impl ImportDmaWl for Painter {}

fn known(format: Fourcc) -> Result<(), PaintError> {
    FORMATS.iter().any(|(known, _)| *known == format).then_some(()).ok_or(PaintError::Format)
}

/// A picture that is being drawn.
#[derive(Debug)]
pub struct Painting<'frame, 'buffer> {
    context: ContextId<Window>,
    canvas: &'frame mut Canvas<'buffer>,
}

impl Painting<'_, '_> {
    /// Rows of a window that is as large as its place, and the right way up.
    fn copy(
        &mut self,
        window: &Window,
        from: (i32, i32),
        dst: Rectangle<i32, Physical>,
        area: Rectangle<i32, Physical>,
        blend: Option<u32>,
    ) -> Result<(), PaintError> {
        let at = ((from.0 + area.loc.x - dst.loc.x) as usize, (from.1 + area.loc.y - dst.loc.y) as usize);
        let size = (area.size.w as usize, area.size.h as usize);
        window.rows(at, size, |index, row| {
            let places = self.canvas.row(area.loc.x, area.loc.y + index as i32, area.size.w);
            let places = places.chunks_exact_mut(PIXEL).zip(row);
            match blend {
                None => places.for_each(|(place, pixel)| place.copy_from_slice(&(*pixel | 0xff00_0000).to_le_bytes())),
                Some(alpha) => places.for_each(|(place, pixel)| over(place, *pixel, alpha)),
            }
        })
    }

    /// A window that is scaled or turned: each pixel of the picture looks where it comes from.
    fn sample(
        &mut self,
        window: &Window,
        src: Rectangle<f64, Buffer>,
        dst: Rectangle<i32, Physical>,
        areas: &[Rectangle<i32, Physical>],
        transform: Transform,
        alpha: u32,
    ) -> Result<(), PaintError> {
        let size = (window.size.w.max(0) as usize, window.size.h.max(0) as usize);
        let mut pixels = Vec::with_capacity(size.0 * size.1);
        window.rows((0, 0), size, |_, row| pixels.extend_from_slice(row))?;
        let opaque = if window.translucent() { 0 } else { 0xff00_0000 };
        let place = |x: i32, y: i32| {
            // From 0 to 1 in the place it is drawn at, then in the source, which was turned before it was drawn.
            let (u, v) = ((f64::from(x) + 0.5) / f64::from(dst.size.w), (f64::from(y) + 0.5) / f64::from(dst.size.h));
            let (u, v) = untransformed(transform, u, v);
            (src.loc.x + u * src.size.w - 0.5, src.loc.y + v * src.size.h - 0.5)
        };
        for area in areas {
            for y in area.loc.y..area.loc.y + area.size.h {
                let row = self.canvas.row(area.loc.x, y, area.size.w);
                for (x, out) in (area.loc.x..).zip(row.chunks_exact_mut(PIXEL)) {
                    let (u, v) = place(x - dst.loc.x, y - dst.loc.y);
                    over(out, bilinear(&pixels, size, u, v) | opaque, alpha);
                }
            }
        }
        Ok(())
    }
}

/// Where a point of a turned window was before it was turned; both from 0 to 1.
fn untransformed(transform: Transform, u: f64, v: f64) -> (f64, f64) {
    match transform {
        Transform::Normal => (u, v),
        Transform::_90 => (1.0 - v, u),
        Transform::_180 => (1.0 - u, 1.0 - v),
        Transform::_270 => (v, 1.0 - u),
        Transform::Flipped => (1.0 - u, v),
        Transform::Flipped90 => (v, u),
        Transform::Flipped180 => (u, 1.0 - v),
        Transform::Flipped270 => (1.0 - v, 1.0 - u),
    }
}

/// The colour between four pixels.
fn bilinear(pixels: &[u32], (width, height): (usize, usize), u: f64, v: f64) -> u32 {
    let split = |at: f64, len: usize| {
        let at = at.clamp(0.0, (len.saturating_sub(1)) as f64);
        let low = at as usize;
        (low, (low + 1).min(len.saturating_sub(1)), ((at - low as f64) * 256.0) as u32)
    };
    let ((left, right, across), (top, bottom, down)) = (split(u, width), split(v, height));
    let at = |x: usize, y: usize| pixels.get(y * width + x).copied().unwrap_or(0).to_le_bytes();
    let mix = |a: u8, b: u8, part: u32| (u32::from(a) * (256 - part) + u32::from(b) * part) >> 8;
    let (a, b, c, d) = (at(left, top), at(right, top), at(left, bottom), at(right, bottom));
    let parts = std::array::from_fn(|n| mix(mix(a[n], b[n], across) as u8, mix(c[n], d[n], across) as u8, down) as u8);
    u32::from_le_bytes(parts)
}

impl Frame for Painting<'_, '_> {
    type Error = PaintError;
    type TextureId = Window;

    fn context_id(&self) -> ContextId<Window> {
        self.context.clone()
    }

    fn clear(&mut self, colour: Color32F, areas: &[Rectangle<i32, Physical>]) -> Result<(), PaintError> {
        areas.iter().for_each(|area| self.canvas.fill(*area, colour));
        Ok(())
    }

    fn draw_solid(
        &mut self,
        dst: Rectangle<i32, Physical>,
        damage: &[Rectangle<i32, Physical>],
        colour: Color32F,
    ) -> Result<(), PaintError> {
        for area in damage {
            let area = Rectangle::new(area.loc + dst.loc, area.size);
            if let Some(area) = area.intersection(dst) {
                self.canvas.fill(area, colour);
            }
        }
        Ok(())
    }

    fn render_texture_from_to(
        &mut self,
        window: &Window,
        src: Rectangle<f64, Buffer>,
        dst: Rectangle<i32, Physical>,
        damage: &[Rectangle<i32, Physical>],
        opaque: &[Rectangle<i32, Physical>],
        transform: Transform,
        alpha: f32,
    ) -> Result<(), PaintError> {
        let bounds = self.canvas.whole();
        let inside = |area: &Rectangle<i32, Physical>| {
            Rectangle::new(area.loc + dst.loc, area.size).intersection(dst)?.intersection(bounds)
        };
        let areas: Vec<_> = damage.iter().filter_map(inside).filter(|area| !area.is_empty()).collect();
        let alpha = (alpha.clamp(0.0, 1.0) * 255.0).round() as u32;
        let whole = src.loc.x.fract() == 0.0 && src.loc.y.fract() == 0.0;
        let same = src.size.w == f64::from(dst.size.w) && src.size.h == f64::from(dst.size.h);
        if transform != Transform::Normal || !whole || !same {
            return self.sample(window, src, dst, &areas, transform, alpha);
        }
        let from = (src.loc.x as i32, src.loc.y as i32);
        for area in areas {
            let relative = Rectangle::new(area.loc - dst.loc, area.size);
            let covers = !window.translucent() || opaque.iter().any(|opaque| opaque.contains_rect(relative));
            let blend = (!covers || alpha != 255).then_some(alpha);
            self.copy(window, from, dst, area, blend)?;
        }
        Ok(())
    }

    fn transformation(&self) -> Transform {
        Transform::Normal
    }

    fn wait(&mut self, _sync: &SyncPoint) -> Result<(), PaintError> {
        Ok(())
    }

    fn finish(self) -> Result<SyncPoint, PaintError> {
        Ok(SyncPoint::signaled())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [0, 0, 255, 255];
    const CLEAR: [u8; 4] = [0, 0, 0, 0];

    fn draw(window: &[[u8; 4]], size: (i32, i32), dst: Rectangle<i32, Physical>, transform: Transform) -> Vec<[u8; 4]> {
        let mut painter = Painter::default();
        let bytes: Vec<u8> = window.concat();
        let window = painter.import_memory(&bytes, Fourcc::Argb8888, size.into(), false).unwrap();
        let mut bytes = [10, 20, 30, 255].repeat(16);
        let mut canvas = Canvas { bytes: &mut bytes, size: (4, 4).into() };
        let mut painting = painter.render(&mut canvas, (4, 4).into(), Transform::Normal).unwrap();
        let src = Rectangle::from_size(size.into()).to_f64();
        let damage = [Rectangle::from_size(dst.size)];
        painting.render_texture_from_to(&window, src, dst, &damage, &[], transform, 1.0).unwrap();
        drop(painting);
        bytes.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2], pixel[3]]).collect()
    }

    #[test]
    fn a_window_is_cut_at_the_edge_and_its_clear_pixels_show_what_is_behind() {
        let pixels =
            draw(&[RED, CLEAR, CLEAR, RED], (2, 2), Rectangle::new((3, 3).into(), (2, 2).into()), Transform::Normal);
        assert_eq!(pixels[15], [255, 0, 0, 255]);
        assert!(pixels[..15].iter().all(|pixel| *pixel == [10, 20, 30, 255]));
        let pixels = draw(&[RED, CLEAR], (2, 1), Rectangle::new((-1, 0).into(), (2, 1).into()), Transform::Normal);
        assert_eq!(pixels[0], [10, 20, 30, 255]);
    }

    #[test]
    fn a_window_is_turned_and_scaled() {
        // One column of two pixels, turned by a quarter, lies on its side.
        let dst = Rectangle::new((0, 0).into(), (2, 1).into());
        let pixels = draw(&[RED, CLEAR], (1, 2), dst, Transform::_90);
        let red: Vec<usize> = (0..16).filter(|at| pixels[*at] == [255, 0, 0, 255]).collect();
        assert_eq!(red.len(), 1, "{pixels:?}");
        let pixels = draw(&[RED], (1, 1), Rectangle::new((0, 0).into(), (4, 4).into()), Transform::Normal);
        assert!(pixels.iter().all(|pixel| *pixel == [255, 0, 0, 255]));
    }

    #[test]
    fn alpha_that_is_multiplied_in_is_laid_over() {
        let half = [0, 0, 128, 128];
        let pixels = draw(&[half], (1, 1), Rectangle::new((0, 0).into(), (1, 1).into()), Transform::Normal);
        assert_eq!(pixels[0], [128 + 5, 10, 15, 255]);
    }
}
