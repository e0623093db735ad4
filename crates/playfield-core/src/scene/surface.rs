//! What the ground and the houses look like, at a place given in metres.

use super::dice::{ease, noise, speck};
use super::layout::{House, Layout};
use super::light::{Colour, between, hex, scaled};
use super::space::V3;

/// Width of a painted line.
const LINE: f32 = 0.14;

/// What the ground is at a place. `fine` is 1 where small structure can be seen and 0 far away, where it would flicker.
pub(super) fn ground(street: &Layout, x: f32, y: f32, fine: f32) -> Colour {
    let ground = &street.ground;
    if y < -street.walks.0 {
        let tufts = noise(x * 0.35, y * 0.35, 3) * 0.5 + noise(x * 2.1, y * 2.1, 4) * 0.3 * fine;
        return scaled(ground.grass, 0.86 + 0.3 * tufts);
    }
    if y < 0.0 || y > street.kerb {
        return pavement(street, x, y, fine);
    }
    let worn = 0.94
        + 0.09 * noise(x * 0.16, y * 0.5, 7)
        + 0.05 * fine * (speck((x * 24.0).floor() as i32, (y * 24.0).floor() as i32, 9) - 0.5);
    let base = if bike_lane(street, y) { ground.bikes } else { ground.asphalt };
    let gutter = 1.0 - 0.14 * (1.0 - ease(y.min(street.kerb - y) / 0.35));
    match marking(street, x, y) {
        true => scaled(ground.marks, 0.9 + 0.1 * worn),
        false => scaled(base, worn * gutter),
    }
}

fn bike_lane(street: &Layout, y: f32) -> bool {
    street.bikes.iter().any(|lane| (y - lane.y).abs() < 0.8)
}

fn pavement(street: &Layout, x: f32, y: f32, fine: f32) -> Colour {
    let edge = if y < 0.0 { -y } else { y - street.kerb };
    if edge < 0.28 {
        let joint = (x - x.floor()) < 0.03;
        return scaled(street.ground.pavement, if joint { 0.95 } else { 1.09 });
    }
    let (column, row) = ((x / 0.9).floor(), (edge / 0.9).floor());
    let (fx, fy) = (x / 0.9 - column, edge / 0.9 - row);
    let joint = if fx < 0.05 || fy < 0.05 { 0.09 * fine } else { 0.0 };
    let slab = (speck(column as i32, row as i32, 11) - 0.5) * 0.07 * fine;
    let worn = (noise(x * 0.3, y * 0.3, 12) - 0.5) * 0.06;
    scaled(street.ground.pavement, 0.98 - joint + slab + worn)
}

/// Whether a place of the road is painted.
fn marking(street: &Layout, x: f32, y: f32) -> bool {
    let first = street.bikes[0].y + 0.8;
    let last = street.bikes[1].y - 0.8;
    let off = x.abs();
    if off < street.crossing {
        let bar = (y - 0.4) / (street.kerb - 0.8) * street.bars + 0.25;
        return y > 0.4 && y < street.kerb - 0.4 && bar - bar.floor() > 0.25 && bar - bar.floor() < 0.75;
    }
    let stop = off > street.crossing + 1.2 && off < street.crossing + 1.6;
    let half = (first + last) / 2.0;
    if stop && y > first && y < last && (x < 0.0) == (y < half) {
        return true;
    }
    if off < street.crossing + 1.6 {
        return false;
    }
    if (y - first).abs() < LINE / 2.0 || (y - last).abs() < LINE / 2.0 || lines_of_middle(y, half) {
        return true;
    }
    let lane = (y - first) / street.lane_width;
    let between_lanes =
        (lane - lane.round()).abs() * street.lane_width < LINE / 2.0 && y > first + 1.0 && y < last - 1.0;
    let dash = x / 6.0 - (x / 6.0).floor() < 0.5;
    (between_lanes && dash && (y - half).abs() > 1.0) || bays(street, x, y)
}

fn lines_of_middle(y: f32, half: f32) -> bool {
    ((y - half).abs() - 0.15).abs() < LINE / 2.0
}

/// Corners of the bays of parked cars.
fn bays(street: &Layout, x: f32, y: f32) -> bool {
    let Some(row) = street.parking else { return false };
    let bay = x / super::traffic::BAY;
    let side = (bay - bay.floor()) * super::traffic::BAY < LINE;
    side && y > row - 1.05 && y < row - 0.3 && !street.keeps_clear(x)
}

/// What a house shows at a place of its wall: its colour, and how much it shines in the evening.
pub(super) fn house(house: &House, at: V3, normal: V3) -> (Colour, f32) {
    let plaster = 0.97 + 0.05 * noise(at.x * 0.5, at.z * 0.5, house.seed);
    let wall = scaled(house.wall, plaster);
    if normal.y > -0.5 {
        return (scaled(wall, 0.92), 0.0);
    }
    let (along, width) = (at.x - house.left, house.right - house.left);
    if at.z < 3.5 {
        return shop(house, along, width, at.z);
    }
    if at.z < 3.75 {
        return (house.trim, 0.0);
    }
    windows(house, along, width, at.z, wall)
}

fn shop(house: &House, along: f32, width: f32, z: f32) -> (Colour, f32) {
    let door = width * 0.5 + (house.seed % 5) as f32 * 0.6 - 1.2;
    let from_door = (along - door).abs();
    if from_door < 0.62 && z < 2.4 {
        let glass = from_door < 0.4 && z > 0.9 && z < 2.1;
        return if glass { (hex(0x54707c), 0.7) } else { (scaled(house.cloth, 0.85), 0.0) };
    }
    let pane = (along - 0.6) / ((width - 1.2) / 4.0);
    let frame = (pane - pane.floor() - 0.5).abs() > 0.46;
    let glass = along > 0.6 && along < width - 0.6 && z > 0.55 && z < 2.7 && from_door > 0.8;
    if glass && !frame {
        let shine = ease((z - 0.5) / 2.2);
        let goods = if z < 1.3 { 0.25 * speck((along * 2.5) as i32, (z * 3.0) as i32, house.seed) } else { 0.0 };
        return (scaled(between(hex(0x3f525c), hex(0x86a3ad), shine), 0.9 + goods), 0.85);
    }
    (scaled(house.trim, if z < 0.55 { 0.78 } else { 0.93 }), 0.0)
}

fn windows(house: &House, along: f32, width: f32, z: f32, wall: Colour) -> (Colour, f32) {
    let columns = ((width - 1.0) / house.pace).floor().max(1.0);
    let margin = (width - columns * house.pace) / 2.0;
    let column = (along - margin) / house.pace;
    let floor = (z - 3.9) / 3.1;
    let inside = column > 0.0 && column < columns && z < house.height - 0.9;
    let (fx, fz) = ((column - column.floor() - 0.5) * house.pace, (floor - floor.floor()) * 3.1);
    if !inside || fx.abs() > 0.95 || !(0.62..2.72).contains(&fz) {
        return (wall, 0.0);
    }
    let (across, up) = (fx.abs(), fz - 0.7);
    if (0.52..0.58).contains(&across)
        || across < 0.66 && (0.0..0.09).contains(&(up - 1.75))
        || (-0.08..0.08).contains(&up) && across < 0.68
    {
        return (scaled(house.trim, 1.0), 0.0);
    }
    if across < 0.52 && (0.0..1.75).contains(&up) {
        return pane(house, column.floor() as i32, floor.floor() as i32, across, up);
    }
    let shutters = house.seed % 4 == 1 && (0.6..0.92).contains(&across) && (0.0..1.75).contains(&up);
    if shutters { (scaled(house.cloth, 0.95), 0.0) } else { (wall, 0.0) }
}

fn pane(house: &House, column: i32, floor: i32, across: f32, up: f32) -> (Colour, f32) {
    if across < 0.03 || (up - 1.2).abs() < 0.03 {
        return (house.trim, 0.0);
    }
    let home = speck(column, floor, house.seed);
    let curtain = home > 0.55 && across > 0.3;
    let glass = between(hex(0x415663), hex(0x9fb9c4), ease(up / 1.75 * 0.8 + home * 0.3));
    (if curtain { between(glass, hex(0xf3ecdf), 0.5) } else { glass }, if home > 0.45 { 0.9 } else { 0.08 })
}
