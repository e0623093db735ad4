//! Lines, rectangles and ovals, pixel for pixel as the reference runtime of the console draws them.
//!
//! Its quirks are kept on purpose, since cartridges show them: a rectangle of negative size still draws some of its
//! edges, an oval whose outline is transparent gets one in the fourth colour, and one with outline 15 is not drawn.

use super::SIZE;
use super::canvas::Canvas;

/// Ovals larger than this, in pixels, are not drawn: walking one takes a step for each pixel, seen or not, and the
/// console's own numbers, which are floating point, are exact only up to here.
const OVAL_LIMIT: i64 = 1 << 17;

/// A horizontal line of `len` pixels.
pub(super) fn hline(canvas: &mut Canvas, x: i64, y: i64, len: i64) {
    if let Some(stroke) = canvas.colors.pixel(0) {
        canvas.span(stroke, x, y, x + len);
    }
}

/// A vertical line of `len` pixels.
pub(super) fn vline(canvas: &mut Canvas, x: i64, y: i64, len: i64) {
    if let Some(stroke) = canvas.colors.pixel(0) {
        canvas.column(stroke, x, y, y + len);
    }
}

/// A line between two points, both drawn.
///
/// The console's is Bresenham's, always walked downwards: step `k` is `k` pixels along the longer side and
/// `shorter * k / longer` along the other, rounded to the nearest, a half down. So the walk can start where the line comes
/// into sight, however far away its ends are.
pub(super) fn line(canvas: &mut Canvas, from: (i64, i64), to: (i64, i64)) {
    let Some(stroke) = canvas.colors.pixel(0) else { return };
    let ((x1, y1), (x2, y2)) = if from.1 > to.1 { (to, from) } else { (from, to) };
    let (dx, dy) = ((x2 - x1).abs(), y2 - y1);
    let sign = if x1 < x2 { 1 } else { -1 };
    if dx > dy {
        let (first, last) = if sign > 0 { (-x1, SIZE - 1 - x1) } else { (x1 - (SIZE - 1), x1) };
        let (first, last) = (first.max(0), last.min(dx));
        let mut slope = Slope::new(dy, dx, first);
        for k in first..=last {
            canvas.point(stroke, x1 + sign * k, y1 + slope.next());
        }
    } else {
        let (first, last) = ((-y1).max(0), (SIZE - 1 - y1).min(dy));
        let mut slope = Slope::new(dx, dy, first);
        for k in first..=last {
            canvas.point(stroke, x1 + sign * slope.next(), y1 + k);
        }
    }
}

/// `shorter * k / longer` for one `k` after the other, rounded to the nearest, a half down.
struct Slope {
    whole: i64,
    /// What is left over, of `turn`.
    rest: i64,
    step: i64,
    turn: i64,
}

impl Slope {
    /// From step `first` on.
    fn new(shorter: i64, longer: i64, first: i64) -> Slope {
        let turn = 2 * longer.max(1);
        let reached = i128::from(2 * shorter) * i128::from(first) + i128::from(longer.max(1) - 1);
        let (whole, rest) = (reached / i128::from(turn), reached % i128::from(turn));
        Slope { whole: whole as i64, rest: rest as i64, step: 2 * shorter, turn }
    }

    fn next(&mut self) -> i64 {
        let whole = self.whole;
        self.rest += self.step;
        if self.rest >= self.turn {
            self.rest -= self.turn;
            self.whole += 1;
        }
        whole
    }
}

/// A rectangle: filled with draw colour 1, its outline in draw colour 2.
pub(super) fn rect(canvas: &mut Canvas, x: i64, y: i64, width: i64, height: i64) {
    let (right, bottom) = (x + width, y + height);
    let (seen_left, seen_top) = (x.max(0), y.max(0));
    let (seen_right, seen_bottom) = (right.clamp(0, SIZE), bottom.clamp(0, SIZE));
    if let Some(fill) = canvas.colors.pixel(0) {
        for row in seen_top..seen_bottom {
            canvas.span(fill, seen_left, row, seen_right);
        }
    }
    if let Some(stroke) = canvas.colors.pixel(1) {
        canvas.column(stroke, x, seen_top, seen_bottom);
        canvas.column(stroke, right - 1, seen_top, seen_bottom);
        canvas.span(stroke, seen_left, y, seen_right);
        canvas.span(stroke, seen_left, bottom - 1, seen_right);
    }
}

/// An oval: filled with draw colour 1, its outline in draw colour 2.
pub(super) fn oval(canvas: &mut Canvas, x: i64, y: i64, width: i64, height: i64) {
    let outline = canvas.colors.raw(1);
    if outline == 15 || width.abs() > OVAL_LIMIT || height.abs() > OVAL_LIMIT {
        return;
    }
    let stroke = outline.wrapping_sub(1) & 3;
    let fill = canvas.colors.pixel(0);
    let mut walk = OvalWalk::new(x, y, width, height);
    loop {
        for row in [walk.north, walk.south] {
            canvas.point(stroke, walk.east, row);
            canvas.point(stroke, walk.west, row);
        }
        if let Some(fill) = fill {
            canvas.span(fill, walk.west + 1, walk.north, walk.east);
            canvas.span(fill, walk.west + 1, walk.south, walk.east);
        }
        if !walk.step() {
            break;
        }
    }
    // A thin oval meets in the middle before it reached its ends: they are two more columns.
    let missing = (height - (walk.north - walk.south) + 1).div_euclid(2).max(0);
    for column in [walk.west - 1, walk.east + 1] {
        canvas.column(stroke, column, walk.north, walk.north + missing);
        canvas.column(stroke, column, walk.south - missing + 1, walk.south + 1);
    }
}

/// The midpoint walk along a quarter of an oval's edge, from its sides to its top and bottom; the other quarters mirror it.
struct OvalWalk {
    north: i64,
    south: i64,
    west: i64,
    east: i64,
    /// The decision terms of the midpoint method, and how they grow with a step down or across.
    error: i64,
    across: i64,
    down: i64,
    across_growth: i64,
    down_growth: i64,
}

impl OvalWalk {
    fn new(x: i64, y: i64, width: i64, height: i64) -> OvalWalk {
        let (a, b) = (width - 1, height - 1);
        // Even heights have no middle row: 1 there, and -1 where the height is not positive.
        let odd = b % 2;
        let (a_squared, b_squared) = (a * a, b * b);
        let north = y + height.div_euclid(2);
        let across = 4 * (1 - a) * b_squared;
        let down = 4 * (odd + 1) * a_squared;
        OvalWalk {
            north,
            south: north - odd,
            west: x,
            east: x + a,
            error: across + down + odd * a_squared,
            across,
            down,
            across_growth: 8 * b_squared,
            down_growth: 8 * a_squared,
        }
    }

    /// Goes on by a pixel down, across or both; false once the two sides have met.
    fn step(&mut self) -> bool {
        let twice = 2 * self.error;
        if twice <= self.down {
            self.north += 1;
            self.south -= 1;
            self.down += self.down_growth;
            self.error += self.down;
        }
        if twice >= self.across || twice > self.down {
            self.west += 1;
            self.east -= 1;
            self.across += self.across_growth;
            self.error += self.across;
        }
        self.west <= self.east
    }
}
