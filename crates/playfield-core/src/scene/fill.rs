//! Convex polygons with smooth edges, in whole pixels.

use super::space::Spot;

/// Most corners of a polygon.
pub(super) const CORNERS: usize = 24;

/// A place in the picture, in pixels.
type Place = (f32, f32);

/// An edge as the line `a * x + b * y + c = 0`: the distance to it in pixels, positive inside.
#[derive(Clone, Copy, Default)]
struct Edge {
    a: f32,
    b: f32,
    c: f32,
}

/// Covers the pixels of a convex polygon: calls `put(index, pixels, cover)` for runs of pixels of one row, where `cover` is 256
/// for whole pixels. `scale` makes pixels of spots; edges are `soft` pixels wide, and the shape grows by `grow` pixels, so that
/// faces which share an edge leave no gap.
pub(super) fn cover(
    points: &[Spot],
    (width, height): (usize, usize),
    scale: (f32, f32),
    (soft, grow): (f32, f32),
    mut put: impl FnMut(usize, usize, u32),
) {
    let mut edges = [Edge::default(); CORNERS];
    let Some((edges, low, high)) = prepare(points, scale, &mut edges) else { return };
    let reach = soft / 2.0 + grow;
    let first = (low.1 - reach).floor().clamp(0.0, height as f32) as usize;
    let last = (high.1 + reach).ceil().clamp(0.0, height as f32) as usize;
    for y in first..last {
        let at = y as f32 + 0.5;
        let outer = inside(edges, at, -reach);
        let inner = inside(edges, at, soft / 2.0 - grow);
        let clip = |x: f32| (x - 0.5).ceil().clamp(0.0, width as f32) as usize;
        // Sharp corners would reach far out.
        let (from, to) = (clip(outer.0.max(low.0 - reach)), clip(outer.1.min(high.0 + reach)));
        let solid_from = clip(inner.0).clamp(from, to.max(from));
        let solid_to = if inner.0 < inner.1 { clip(inner.1).clamp(solid_from, to.max(solid_from)) } else { solid_from };
        let row = y * width;
        let fringe = |from: usize, to: usize, put: &mut dyn FnMut(usize, usize, u32)| {
            for x in from..to {
                let near = edges.iter().map(|e| e.a * (x as f32 + 0.5) + e.b * at + e.c).fold(f32::MAX, f32::min);
                let share = ((near + grow) / soft + 0.5).clamp(0.0, 1.0);
                put(row + x, 1, (share * 256.0) as u32);
            }
        };
        fringe(from, solid_from, &mut put);
        if solid_from < solid_to {
            put(row + solid_from, solid_to - solid_from, 256);
        }
        fringe(solid_to, to, &mut put);
    }
}

/// The edges of a polygon, whichever way round it is, with the corners of the box around it. None: it has no area.
fn prepare<'a>(
    points: &[Spot],
    scale: (f32, f32),
    edges: &'a mut [Edge; CORNERS],
) -> Option<(&'a [Edge], Place, Place)> {
    let at = |i: usize| {
        let spot = points[i % points.len()];
        (spot.x * scale.0, spot.y * scale.1)
    };
    let (mut low, mut high, mut area) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN), 0.0);
    for i in 0..points.len() {
        let (a, b) = (at(i), at(i + 1));
        low = (low.0.min(a.0), low.1.min(a.1));
        high = (high.0.max(a.0), high.1.max(a.1));
        area += a.0 * b.1 - a.1 * b.0;
    }
    let way = if area > 0.0 { 1.0 } else { -1.0 };
    let mut count = 0;
    for i in 0..points.len().min(CORNERS) {
        let (p, q) = (at(i), at(i + 1));
        let (dx, dy) = (q.0 - p.0, q.1 - p.1);
        let length = (dx * dx + dy * dy).sqrt();
        if length > 1e-4 {
            let (a, b) = (-dy / length * way, dx / length * way);
            edges[count] = Edge { a, b, c: -(a * p.0 + b * p.1) };
            count += 1;
        }
    }
    (count > 2).then(|| (&edges[..count], low, high))
}

/// From where to where, on row `y`, the distance to all edges is at least `least`.
fn inside(edges: &[Edge], y: f32, least: f32) -> (f32, f32) {
    let (mut from, mut to) = (f32::MIN, f32::MAX);
    for edge in edges {
        let rest = least - edge.b * y - edge.c;
        if edge.a > 1e-6 {
            from = from.max(rest / edge.a);
        } else if edge.a < -1e-6 {
            to = to.min(rest / edge.a);
        } else if rest > 0.0 {
            return (0.0, 0.0);
        }
    }
    if from < to { (from, to) } else { (0.0, 0.0) }
}

/// Whether a spot lies in a convex polygon.
pub(super) fn holds(points: &[Spot], at: Spot) -> bool {
    let (mut left, mut right) = (false, false);
    let mut from = points[points.len() - 1];
    for &to in points {
        let side = (to.x - from.x) * (at.y - from.y) - (to.y - from.y) * (at.x - from.x);
        left |= side > 0.0;
        right |= side < 0.0;
        from = to;
    }
    !(left && right)
}
