//! A picture becomes the numbers a model wants: its size, colours, order and scale.
//!
//! A pixel that covers several of the source's is their mean (an area filter), and one that covers less than one lies between its
//! neighbours (bilinear), each axis for itself. Columns first, since that runs along the memory:
//!
//! ```text
//!   rows of bytes --* weights of 256ths, 16 bits--> one row --* weights--> pixels --colours, mean, deviation--> tensor
//! ```
//!
//! What is needed for a size of picture is kept, so pictures of one size ask for no memory.

mod axis;

use playfield_core::frame::{Picture, PixelFormat, Shape};
use playfield_core::model::{Colour, Input, Layout, Placement};

use axis::{Axis, WHOLE};

/// Channels of a source's pixel.
const RGBA: usize = 4;

/// The numbers of one picture.
#[derive(Clone, Copy, Debug)]
pub struct Prepared<'a> {
    /// Batch, channels, rows and columns, in the model's order.
    pub shape: [usize; 4],
    /// The numbers.
    pub numbers: Numbers<'a>,
}

/// Numbers as a model takes them.
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'a> {
    /// After mean and deviation.
    Floats(&'a [f32]),
    /// As they are, 0 to 255.
    Bytes(&'a [u8]),
}

/// Prepares pictures for one model; keeps its memory.
#[derive(Debug)]
pub struct Preparer {
    input: Input,
    bytes: bool,
    plan: Option<Plan>,
    /// A source in another format, as RGBA.
    rgba: Vec<u8>,
    /// One row of the result over the source's columns: in 256ths, and as floats.
    sums: Vec<u16>,
    row: Vec<f32>,
    /// The same over the result's columns.
    line: Vec<[f32; RGBA]>,
    /// The tensor; one of the two is used.
    floats: Vec<f32>,
    whole: Vec<u8>,
}

/// What follows from the size of a source.
#[derive(Debug)]
struct Plan {
    source: Shape,
    placement: Placement,
    columns: Axis,
    rows: Axis,
}

impl Plan {
    fn new(source: Shape, input: &Input) -> Plan {
        let placement = Placement::new(input.fit, [source.width, source.height], input.size);
        let axis = |from: f32, to: f32, side: u16, count: u32| {
            let (from, to, side) = (f64::from(from), f64::from(to), f64::from(side));
            Axis::new(from * side, (to - from) * side, side as usize, count as usize)
        };
        let (from, to) = (placement.from, placement.to);
        let columns = axis(from.left, from.right, source.width, to.width);
        let rows = axis(from.top, from.bottom, source.height, to.height);
        Plan { source, placement, columns, rows }
    }
}

impl Preparer {
    /// For models that take such pictures, as floats or as `bytes`.
    pub fn new(input: &Input, bytes: bool) -> Preparer {
        let (input, plan) = (input.clone(), None);
        let (rgba, sums, row, line, floats, whole) = Default::default();
        Preparer { input, bytes, plan, rgba, sums, row, line, floats, whole }
    }

    /// The numbers of a picture, which has as many bytes as it says.
    pub fn prepare(&mut self, picture: &Picture) -> Prepared<'_> {
        let plan = match self.plan.take() {
            Some(plan) if plan.source == picture.shape() => plan,
            _ => self.plan(picture.shape()),
        };
        if picture.format != PixelFormat::Rgba8 {
            picture.to_rgba(&mut self.rgba);
        }
        let pixels = if picture.format == PixelFormat::Rgba8 { &picture.pixels } else { &self.rgba };
        let stride = usize::from(picture.width) * RGBA;
        let used = plan.columns.used();
        for (y, (first, parts)) in plan.rows.parts().enumerate() {
            let rows = pixels.chunks_exact(stride).skip(first).map(|row| &row[used.start * RGBA..used.end * RGBA]);
            sum(rows.zip(parts.iter().copied()), &mut self.sums, &mut self.row);
            across(&plan.columns, &self.row, &mut self.line);
            let (x, y) = (plan.placement.to.x as usize, plan.placement.to.y as usize + y);
            if self.bytes {
                write(&self.input, &self.line, [x, y], &mut self.whole, |value, _, _| (value + 0.5) as u8);
            } else {
                write(&self.input, &self.line, [x, y], &mut self.floats, |value, mean, scale| (value - mean) * scale);
            }
        }
        self.plan = Some(plan);
        self.prepared()
    }

    fn prepared(&self) -> Prepared<'_> {
        let [width, height] = self.input.size.map(usize::from);
        let channels = self.input.colour.channels();
        let shape = match self.input.layout {
            Layout::Nchw => [1, channels, height, width],
            Layout::Nhwc => [1, height, width, channels],
        };
        let numbers = if self.bytes { Numbers::Bytes(&self.whole) } else { Numbers::Floats(&self.floats) };
        Prepared { shape, numbers }
    }

    /// Gets ready for pictures of another size: what is around them is filled now, and stays.
    fn plan(&mut self, source: Shape) -> Plan {
        let plan = Plan::new(source, &self.input);
        let used = plan.columns.used();
        self.sums.resize((used.end - used.start) * RGBA, 0);
        self.row.resize((used.end - used.start) * RGBA, 0.0);
        self.line.resize(plan.placement.to.width as usize, [0.0; RGBA]);
        let [width, height] = self.input.size.map(usize::from);
        let size = width * height * self.input.colour.channels();
        let pad = f32::from(self.input.pad);
        let padding = vec![[pad; RGBA]; width];
        if self.bytes {
            self.whole.resize(size, 0);
            self.whole.fill(self.input.pad);
        } else {
            self.floats.resize(size, 0.0);
            for y in 0..height {
                write(&self.input, &padding, [0, y], &mut self.floats, |value, mean, scale| (value - mean) * scale);
            }
        }
        plan
    }
}

/// Rows times their weights. Each product and all together stay below 65,536, which the compiler does not know.
fn sum<'a>(rows: impl Iterator<Item = (&'a [u8], u16)>, sums: &mut [u16], row: &mut [f32]) {
    for (nth, (bytes, part)) in rows.enumerate() {
        if nth == 0 {
            for (sum, byte) in sums.iter_mut().zip(bytes) {
                *sum = u16::from(*byte).wrapping_mul(part);
            }
        } else {
            for (sum, byte) in sums.iter_mut().zip(bytes) {
                *sum = sum.wrapping_add(u16::from(*byte).wrapping_mul(part));
            }
        }
    }
    for (float, sum) in row.iter_mut().zip(sums) {
        *float = f32::from(*sum) * (1.0 / WHOLE as f32);
    }
}

/// One row at its new width: 0 to 255 for each channel.
fn across(columns: &Axis, row: &[f32], line: &mut [[f32; RGBA]]) {
    let start = columns.used().start;
    let (pixels, _) = row.as_chunks::<RGBA>();
    for (to, (first, weights)) in line.iter_mut().zip(columns.weights()) {
        let mut sum = [0.0; RGBA];
        for (pixel, weight) in pixels[first - start..].iter().zip(weights) {
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += value * weight;
            }
        }
        *to = sum;
    }
}

/// Puts a row of pixels into the tensor at x and y, in the model's colours and order.
fn write<T>(
    input: &Input,
    line: &[[f32; RGBA]],
    [x, y]: [usize; 2],
    tensor: &mut [T],
    number: impl Fn(f32, f32, f32) -> T,
) {
    let [width, height] = input.size.map(usize::from);
    let colours: &[[f32; 3]] = match input.colour {
        Colour::Rgb => &[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        Colour::Bgr => &[[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
        Colour::Gray => &[[0.299, 0.587, 0.114]],
    };
    for (channel, [red, green, blue]) in colours.iter().enumerate() {
        let (mean, scale) = (input.mean[channel], 1.0 / input.std[channel]);
        let (start, step) = match input.layout {
            Layout::Nchw => (channel * width * height + y * width + x, 1),
            Layout::Nhwc => ((y * width + x) * colours.len() + channel, colours.len()),
        };
        for (to, [r, g, b, _]) in tensor[start..].iter_mut().step_by(step).zip(line) {
            *to = number(r * red + g * green + b * blue, mean, scale);
        }
    }
}

#[cfg(test)]
mod tests;
