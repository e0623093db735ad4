//! What rays meet: boxes and balls of things that stand still.

use super::dice::Dice;
use super::layout::{Layout, Tree};
use super::light::{Colour, hex, scaled};
use super::space::{V3, v3};

/// The form of a solid.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// From one corner to the opposite one.
    Block(V3, V3),
    /// Middle and the three radii.
    Ball(V3, V3),
}

/// What a solid is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stuff {
    /// One colour.
    Plain(Colour),
    /// Leaves of this colour.
    Leaves(Colour),
    /// The house of this number.
    House(usize),
    /// Stripes of this colour and white, so many metres wide.
    Stripes(Colour),
    /// A lamp: shines in the evening.
    Lamp,
}

/// A thing that stands still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solid {
    pub(super) form: Form,
    pub(super) stuff: Stuff,
}

/// A line from a place in a direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ray {
    from: V3,
    along: V3,
    inverse: V3,
}

impl Ray {
    pub(super) fn new(from: V3, along: V3) -> Ray {
        let inverse = |v: f32| 1.0 / if v.abs() < 1e-7 { 1e-7 } else { v };
        Ray { from, along, inverse: v3(inverse(along.x), inverse(along.y), inverse(along.z)) }
    }
}

/// Where a ray meets a solid: how far along the ray, and which way the surface faces.
pub(super) type Hit = (f32, V3);

impl Solid {
    /// Where a ray meets it first.
    pub(super) fn meet(&self, ray: &Ray) -> Option<Hit> {
        match self.form {
            Form::Block(low, high) => block(low, high, ray),
            Form::Ball(middle, radii) => ball(middle, radii, ray),
        }
    }

    /// Its corners, or those of the block around it.
    pub(super) fn corners(&self) -> [V3; 8] {
        let (low, high) = match self.form {
            Form::Block(low, high) => (low, high),
            Form::Ball(middle, radii) => (middle - radii, middle + radii),
        };
        std::array::from_fn(|i| {
            let pick = |bit: usize, a: f32, b: f32| if i >> bit & 1 == 0 { a } else { b };
            v3(pick(0, low.x, high.x), pick(1, low.y, high.y), pick(2, low.z, high.z))
        })
    }
}

fn block(low: V3, high: V3, ray: &Ray) -> Option<Hit> {
    let slab = |from: f32, low: f32, high: f32, inverse: f32| {
        let (a, b) = ((low - from) * inverse, (high - from) * inverse);
        if a < b { (a, b) } else { (b, a) }
    };
    let x = slab(ray.from.x, low.x, high.x, ray.inverse.x);
    let y = slab(ray.from.y, low.y, high.y, ray.inverse.y);
    let z = slab(ray.from.z, low.z, high.z, ray.inverse.z);
    let (near, far) = (x.0.max(y.0).max(z.0), x.1.min(y.1).min(z.1));
    if near > far || near < 1e-3 {
        return None;
    }
    let towards = |along: f32| if along > 0.0 { -1.0 } else { 1.0 };
    let normal = match near {
        near if near == x.0 => v3(towards(ray.along.x), 0.0, 0.0),
        near if near == y.0 => v3(0.0, towards(ray.along.y), 0.0),
        _ => v3(0.0, 0.0, towards(ray.along.z)),
    };
    Some((near, normal))
}

fn ball(middle: V3, radii: V3, ray: &Ray) -> Option<Hit> {
    let shrink = |v: V3| v3(v.x / radii.x, v.y / radii.y, v.z / radii.z);
    let (o, d) = (shrink(ray.from - middle), shrink(ray.along));
    let (a, b, c) = (d.dot(d), o.dot(d), o.dot(o) - 1.0);
    let inside = b * b - a * c;
    if inside <= 0.0 {
        return None;
    }
    let t = (-b - inside.sqrt()) / a;
    (t > 1e-3).then(|| (t, shrink(o + d * t).unit()))
}

/// All that stands on a street.
pub(super) fn solids(street: &Layout) -> Vec<Solid> {
    let mut all = Vec::new();
    for (i, house) in street.houses.iter().enumerate() {
        let low = v3(house.left, street.front(), 0.0);
        all.push(Solid { form: Form::Block(low, v3(house.right, low.y + 9.0, house.height)), stuff: Stuff::House(i) });
        let eaves = v3(house.left - 0.08, low.y - 0.22, house.height - 0.45);
        let top = v3(house.right + 0.08, low.y + 9.0, house.height);
        all.push(Solid { form: Form::Block(eaves, top), stuff: Stuff::Plain(house.trim) });
        let (back, pitch) = (v3(0.0, 0.9, house.height), v3(0.0, 8.5, 1.5 + (house.seed % 3) as f32 * 0.4));
        let roof =
            Form::Block(v3(house.left + 0.15, low.y, 0.0) + back, v3(house.right - 0.15, low.y, house.height) + pitch);
        all.push(Solid {
            form: roof,
            stuff: Stuff::Plain(hex([0x6d6a70, 0x8a5a4c, 0x7b7f86][house.seed as usize / 3 % 3])),
        });
        let chimney = v3(house.left + 1.6, low.y + 1.6, house.height);
        let form = Form::Block(chimney, chimney + v3(0.7, 0.7, 2.9));
        all.push(Solid { form, stuff: Stuff::Plain(hex(0x9c6650)) });
        if house.seed % 3 != 0 {
            let awning = v3(house.left + 0.5, low.y - 1.0, 2.75);
            let end = v3(house.right - 0.5, low.y, 3.1);
            all.push(Solid { form: Form::Block(awning, end), stuff: Stuff::Stripes(house.cloth) });
        }
    }
    street.trees.iter().for_each(|tree| grow(tree, &mut all));
    for &foot in &street.lamps {
        let inward = if foot.y < street.kerb / 2.0 { 1.0 } else { -1.0 };
        post(foot, inward, &mut all);
    }
    for (i, &at) in street.planters.iter().enumerate() {
        let (low, high) = (at - v3(0.55, 0.22, 0.0), at + v3(0.55, 0.22, 0.45));
        all.push(Solid { form: Form::Block(low, high), stuff: Stuff::Plain(hex(0x9a6a4a)) });
        let blooms = [0xc85a6e, 0x7fa04a, 0xd8a03f, 0x5f8f48][i % 4];
        for side in [-0.3, 0.05, 0.32] {
            let form = Form::Ball(at + v3(side, 0.0, 0.55), v3(0.26, 0.24, 0.27));
            all.push(Solid { form, stuff: Stuff::Leaves(hex(if side > 0.0 { 0x6a9148 } else { blooms })) });
        }
    }
    for &at in &street.benches {
        let mut part = |low: V3, high: V3, colour: u32| {
            all.push(Solid { form: Form::Block(at + low, at + high), stuff: Stuff::Plain(hex(colour)) });
        };
        part(v3(-0.9, -0.25, 0.40), v3(0.9, 0.22, 0.48), 0xa87a4f);
        part(v3(-0.9, -0.30, 0.55), v3(0.9, -0.24, 0.88), 0xa87a4f);
        part(v3(-0.75, -0.2, 0.0), v3(-0.68, 0.18, 0.4), 0x4b4f55);
        part(v3(0.68, -0.2, 0.0), v3(0.75, 0.18, 0.4), 0x4b4f55);
    }
    all
}

fn grow(tree: &Tree, all: &mut Vec<Solid>) {
    let (foot, r) = (tree.at, tree.spread);
    let trunk = v3(0.13, 0.13, 0.0);
    let top = foot + v3(0.13, 0.13, tree.height - r);
    all.push(Solid { form: Form::Block(foot - trunk, top), stuff: Stuff::Plain(hex(0x7a5c44)) });
    let dice = Dice::new(tree.seed);
    for i in 0..5 {
        let d = dice.of(i);
        let (out, size) = if i == 0 { (0.0, 0.95) } else { (0.55, d.between(0, 0.55, 0.78)) };
        let shift = v3(d.between(1, -1.0, 1.0), d.between(2, -1.0, 1.0), d.between(3, -0.7, 1.0)) * (out * r);
        let middle = foot + v3(0.0, 0.0, tree.height - r) + shift;
        let leaf = scaled(tree.leaf, d.between(4, 0.92, 1.08));
        let radii = v3(r * size, r * size, r * size * 0.92);
        all.push(Solid { form: Form::Ball(middle, radii), stuff: Stuff::Leaves(leaf) });
    }
}

/// Height of a lamp above the ground.
pub(super) const LAMP_HEIGHT: f32 = 5.6;

/// Where the light of a lamp post with this foot hangs.
fn post(foot: V3, inward: f32, all: &mut Vec<Solid>) {
    let iron = Stuff::Plain(hex(0x3f474d));
    let mut part = |low: V3, high: V3, stuff: Stuff| {
        let (a, b) = (v3(low.x, low.y * inward, low.z), v3(high.x, high.y * inward, high.z));
        let (low, high) = (v3(a.x, a.y.min(b.y), a.z), v3(b.x, a.y.max(b.y), b.z));
        all.push(Solid { form: Form::Block(foot + low, foot + high), stuff });
    };
    part(v3(-0.11, -0.11, 0.0), v3(0.11, 0.11, 0.7), iron);
    part(v3(-0.06, -0.06, 0.7), v3(0.06, 0.06, LAMP_HEIGHT), iron);
    part(v3(-0.05, -0.05, LAMP_HEIGHT), v3(0.05, 1.3, LAMP_HEIGHT + 0.09), iron);
    part(v3(-0.14, 0.75, LAMP_HEIGHT - 0.12), v3(0.14, 1.4, LAMP_HEIGHT), Stuff::Lamp);
}
