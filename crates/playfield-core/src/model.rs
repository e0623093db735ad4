//! Models of cameras: what their `model.toml` says, and what their numbers mean.
//!
//! An engine turns a picture into tensors; which numbers in them are boxes, scores or classes differs from one family of models to
//! the next. Here all of them become the one form of [`crate::metadata`], in fractions of the source's picture. An engine is not
//! needed for any of it: what comes out follows from the numbers alone.
//!
//! ```text
//!   model.toml -> Manifest --+-- fits(inputs, outputs) -> or a Refusal, in words
//!                            |
//!   picture -> Placement -> engine -> [Tensor] -> Decoder -> Findings      (objects, labels, a map)
//!                  |                                 ^
//!                  +------- the way back ------------+
//! ```
//!
//! Numbers come from foreign files: NaN, infinity and shapes that nobody announced are left out or refused, and never a panic.

#[cfg(test)]
mod compared;
mod decode;
mod fits;
mod manifest;
mod placement;
mod suppress;

use crate::metadata::{ClassMap, Label, Object};

pub use decode::Decoder;
pub use fits::{Element, Refusal, TensorInfo, fits};
pub use manifest::{
    Activation, BoxOrder, Colour, DecoderKind, Fit, Input, Layout, Manifest, ManifestError, Output, Role, Task, Unit,
};
pub use placement::{Place, Placement};
pub use suppress::{Candidate, Suppressor};

/// Numbers as an engine gives them. What is whole in the model (classes, counts) comes as the same number.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    /// Its name in the model.
    pub name: &'a str,
    /// Sizes from the outermost to the innermost.
    pub shape: &'a [usize],
    /// As many numbers as the shape's product.
    pub data: &'a [f32],
}

/// What a model found in one picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Things, the surest first.
    pub objects: Vec<Object>,
    /// What the whole picture shows, the surest first.
    pub labels: Vec<Label>,
    /// What each place of it shows.
    pub map: Option<ClassMap>,
}

impl Findings {
    /// Nothing was found; its memory is kept.
    pub fn clear(&mut self) {
        self.objects.clear();
        self.labels.clear();
        self.map = None;
    }
}
