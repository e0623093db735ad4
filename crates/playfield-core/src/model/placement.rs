//! Where a source's picture lies in the model's, and the way back.

use super::manifest::Fit;
use crate::metadata::{Point, Rect};

/// A rectangle of whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Left edge, in pixels.
    pub x: u32,
    /// Upper edge, in pixels.
    pub y: u32,
    /// At least 1.
    pub width: u32,
    /// At least 1.
    pub height: u32,
}

/// Which part of a source's picture a model sees, and where in its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// The part of the source that is seen, in its fractions.
    pub from: Rect,
    /// Where it lies in the model's picture.
    pub to: Place,
    /// Width and height of the model's picture.
    pub input: [u16; 2],
}

impl Placement {
    /// Puts a picture of `source` pixels (width, height) into one of `input` pixels.
    pub fn new(fit: Fit, source: [u16; 2], input: [u16; 2]) -> Placement {
        let [sw, sh] = source.map(|side| f64::from(side.max(1)));
        let [iw, ih] = input.map(|side| f64::from(side.max(1)));
        let whole = Rect { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };
        let all = Place { x: 0, y: 0, width: iw as u32, height: ih as u32 };
        let (from, to) = match fit {
            Fit::Stretch => (whole, all),
            Fit::Letterbox => {
                let scale = (iw / sw).min(ih / sh);
                let width = (sw * scale).round().clamp(1.0, iw);
                let height = (sh * scale).round().clamp(1.0, ih);
                // An odd pixel is left on the right and below, as Ultralytics has it.
                let (x, y) = (((iw - width) / 2.0 - 0.1).round(), ((ih - height) / 2.0 - 0.1).round());
                (whole, Place { x: x as u32, y: y as u32, width: width as u32, height: height as u32 })
            }
            Fit::Crop => {
                let scale = (iw / sw).max(ih / sh);
                let (width, height) = ((iw / scale / sw) as f32, (ih / scale / sh) as f32);
                (Rect::around(Point { x: 0.5, y: 0.5 }, width, height), all)
            }
        };
        Placement { from, to, input }
    }

    /// A place in the model's picture, in pixels, as a fraction of the source's; it may lie outside of it.
    pub fn back(&self, x: f32, y: f32) -> Point {
        let along = |at: f32, start: u32, length: u32| (at - start as f32) / length as f32;
        Point {
            x: self.from.left + along(x, self.to.x, self.to.width) * (self.from.right - self.from.left),
            y: self.from.top + along(y, self.to.y, self.to.height) * (self.from.bottom - self.from.top),
        }
    }

    /// The part of a box that lies in the source's picture, in its fractions; none: it lies outside, or is no box.
    pub fn back_box(&self, [left, top, right, bottom]: [f32; 4]) -> Option<Rect> {
        let (start, end) = (self.back(left, top), self.back(right, bottom));
        let area = Rect { left: start.x, top: start.y, right: end.x, bottom: end.y };
        let numbers = [area.left, area.top, area.right, area.bottom].iter().all(|side| side.is_finite());
        let area = area.clipped();
        (numbers && area.left < area.right && area.top < area.bottom).then_some(area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(x: u32, y: u32, width: u32, height: u32) -> Place {
        Place { x, y, width, height }
    }

    #[test]
    fn a_letterboxed_picture_keeps_its_proportions() {
        let check = |source, input, expect| {
            assert_eq!(Placement::new(Fit::Letterbox, source, input).to, expect, "{source:?} in {input:?}");
        };
        check([1280, 720], [320, 192], place(0, 6, 320, 180));
        check([1280, 720], [640, 640], place(0, 140, 640, 360));
        check([720, 1280], [320, 320], place(70, 0, 180, 320));
        check([640, 479], [320, 320], place(0, 40, 320, 240));
        check([1920, 1], [64, 64], place(0, 31, 64, 1));
        check([320, 192], [320, 192], place(0, 0, 320, 192));
    }

    #[test]
    fn what_a_model_sees_has_its_way_back() {
        let check = |fit, source: [u16; 2], input: [u16; 2]| {
            let placement = Placement::new(fit, source, input);
            let to = placement.to;
            let start = placement.back(to.x as f32, to.y as f32);
            let end = placement.back((to.x + to.width) as f32, (to.y + to.height) as f32);
            for (is, expect) in [(start.x, placement.from.left), (end.y, placement.from.bottom)] {
                assert!((is - expect).abs() < 1e-6, "{fit:?} {source:?} {input:?}");
            }
            let middle = placement.back(to.x as f32 + to.width as f32 / 2.0, to.y as f32 + to.height as f32 / 2.0);
            assert!((middle.x - 0.5).abs() < 1e-6 && (middle.y - 0.5).abs() < 1e-6);
        };
        for fit in [Fit::Letterbox, Fit::Stretch, Fit::Crop] {
            check(fit, [1280, 720], [320, 320]);
            check(fit, [480, 640], [320, 192]);
            check(fit, [1, 1], [8, 8]);
        }
        let crop = Placement::new(Fit::Crop, [1280, 720], [224, 224]).from;
        assert!((crop.left - 0.21875).abs() < 1e-6 && (crop.right - 0.78125).abs() < 1e-6, "{crop:?}");
        assert!((crop.top, crop.bottom) == (0.0, 1.0), "{crop:?}");
    }

    #[test]
    fn what_lies_in_the_pad_is_no_box() {
        let placement = Placement::new(Fit::Letterbox, [640, 320], [640, 640]);
        assert_eq!(placement.back_box([0.0, 0.0, 640.0, 100.0]), None);
        assert_eq!(placement.back_box([f32::NAN, 200.0, 640.0, 300.0]), None);
        assert_eq!(placement.back_box([0.0, 200.0, f32::INFINITY, 300.0]), None);
        let whole = Rect { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };
        assert_eq!(placement.back_box([-9.0, 0.0, 700.0, 640.0]), Some(whole));
    }
}
