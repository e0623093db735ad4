//! Parts of a picture that a model looks at again, by themselves: what is small in the whole picture is larger there.
//!
//! ```text
//!   picture -> model -----------------------------> objects
//!      '-> region -> model -> objects, placed ---------^ joined, settled: each thing once, the surest word counts
//! ```

use crate::metadata::{Keypoint, Object, Rect};

/// Most regions of one camera: each costs as much as the whole picture.
pub const MOST_REGIONS: usize = 4;
/// Least width and height, as a fraction of the picture's.
const LEAST: f32 = 0.05;
/// What ends so near the edge of a region goes on beyond it: a fraction of the region's side.
const EDGE: f32 = 0.015;
/// Boxes of one thing: so much of the smaller one lies in the other, and of both together.
const INSIDE: f32 = 0.6;
const SAME: f32 = 0.3;
/// Boxes that are one thing whoever found them: so much of both together, or all but so little of the smaller one and `SAME` of both.
const COVERS: f32 = 0.5;
const WITHIN: f32 = 0.9;

/// Whether these can be looked at. A sentence says what is wrong and what would be right.
pub fn check(regions: &[Rect]) -> Result<(), String> {
    if regions.len() > MOST_REGIONS {
        return Err(format!("`region` may be there {MOST_REGIONS} times; each costs as much as the whole picture"));
    }
    let inside = |region: &Rect| {
        let sides = [region.left, region.top, region.right, region.bottom];
        let within = sides.iter().all(|side| (0.0..=1.0).contains(side));
        within && region.right - region.left >= LEAST && region.bottom - region.top >= LEAST
    };
    match regions.iter().all(inside) {
        true => Ok(()),
        false => Err(format!(
            "`region` must have `left`, `top`, `right` and `bottom` from 0 to 1, and be at least {LEAST} wide and high"
        )),
    }
}

/// The pixels of a region: from and to, of columns and of rows; at least one of each.
pub fn pixels(region: &Rect, width: u16, height: u16) -> [std::ops::Range<usize>; 2] {
    let span = |from: f32, to: f32, side: u16| {
        let side = usize::from(side);
        let at = |fraction: f32| ((fraction * side as f32).round() as usize).min(side);
        let from = at(from).min(side.saturating_sub(1));
        from..at(to).max(from + 1)
    };
    [span(region.left, region.right, width), span(region.top, region.bottom, height)]
}

/// Joins what was found in a region with what was found in the whole picture.
pub fn join(objects: &mut Vec<Object>, region: &Rect, found: &[Object]) {
    let before = objects.len();
    for object in found {
        if is_cut(region, &object.area) {
            continue;
        }
        let object = Object { area: placed(region, &object.area), keypoints: joints(region, object), ..object.clone() };
        // Of what reaches out of the region, only the part within can be the same.
        let own = objects[..before].iter_mut().find(|other| is_same(&other.area.overlap(region), &object.area));
        match own {
            Some(own) if own.score >= object.score || reaches_out(region, &own.area) => {}
            Some(own) => *own = object,
            None => objects.push(object),
        }
    }
}

/// Each thing once, when all regions are joined: several looks at one thing rarely agree on its box, and not always on its class.
/// The surest come first afterwards.
pub fn settle(objects: &mut Vec<Object>) {
    objects.sort_by(|one, other| other.score.total_cmp(&one.score));
    let mut kept = 0;
    for at in 0..objects.len() {
        let (surer, rest) = objects.split_at(at);
        if !surer[..kept].iter().any(|surer| covers(&surer.area, &rest[0].area)) {
            objects.swap(kept, at);
            kept += 1;
        }
    }
    objects.truncate(kept);
}

fn covers(one: &Rect, other: &Rect) -> bool {
    let (iou, least) = (one.iou(other), one.area().min(other.area()));
    iou > COVERS || iou > SAME && one.overlap(other).area() > WITHIN * least
}

/// Whether a box of a region ends at an edge that is none of the picture's.
fn is_cut(region: &Rect, area: &Rect) -> bool {
    region.left > 0.0 && area.left < EDGE
        || region.top > 0.0 && area.top < EDGE
        || region.right < 1.0 && area.right > 1.0 - EDGE
        || region.bottom < 1.0 && area.bottom > 1.0 - EDGE
}

/// Whether a box of the picture goes on beyond a region: the whole picture shows more of it.
fn reaches_out(region: &Rect, area: &Rect) -> bool {
    area.overlap(region).area() < area.area() * (1.0 - EDGE)
}

fn placed(region: &Rect, area: &Rect) -> Rect {
    let (x, y) = (|x: f32| region.left + x * region.width(), |y: f32| region.top + y * region.height());
    Rect { left: x(area.left), top: y(area.top), right: x(area.right), bottom: y(area.bottom) }
}

fn joints(region: &Rect, object: &Object) -> Vec<Keypoint> {
    let placed = |joint: &Keypoint| {
        let mut joint = *joint;
        joint.at.x = region.left + joint.at.x * region.width();
        joint.at.y = region.top + joint.at.y * region.height();
        joint
    };
    object.keypoints.iter().map(placed).collect()
}

fn is_same(one: &Rect, other: &Rect) -> bool {
    let least = one.area().min(other.area());
    one.overlap(other).area() >= INSIDE * least && one.iou(other) >= SAME
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGION: Rect = Rect { left: 0.25, top: 0.5, right: 0.75, bottom: 1.0 };

    fn object(class: u16, score: f32, [left, top, right, bottom]: [f32; 4]) -> Object {
        Object { class, score, area: Rect { left, top, right, bottom }, ..Object::default() }
    }

    #[test]
    fn what_is_found_there_is_found_once_and_where_it_is() {
        let check = |found: Object, expect: &[Object]| {
            let mut objects = vec![object(0, 0.5, [0.3, 0.6, 0.4, 0.8])];
            join(&mut objects, &REGION, &[found]);
            assert_eq!(objects, expect);
        };
        let known = object(0, 0.5, [0.3, 0.6, 0.4, 0.8]);
        let again = [0.1, 0.2, 0.3, 0.6];
        check(object(0, 0.4, again), std::slice::from_ref(&known));
        // The surer one counts, whatever it takes the thing for.
        check(object(3, 0.75, again), &[object(3, 0.75, [0.3, 0.6, 0.4, 0.8])]);
        check(object(3, 0.75, [0.5, 0.5, 0.75, 0.75]), &[known.clone(), object(3, 0.75, [0.5, 0.75, 0.625, 0.875])]);
        // What goes on beyond the region was cut; what ends with the picture was not.
        check(object(3, 0.75, [0.0, 0.5, 0.2, 0.75]), std::slice::from_ref(&known));
        check(object(3, 0.75, [0.5, 0.0, 0.75, 0.75]), std::slice::from_ref(&known));
        check(object(3, 0.75, [0.5, 0.5, 0.75, 1.0]), &[known, object(3, 0.75, [0.5, 0.75, 0.625, 1.0])]);
    }

    #[test]
    fn what_reaches_out_of_it_is_as_the_whole_picture_has_it() {
        let long = object(1, 0.5, [0.1, 0.5, 0.4, 0.8]);
        let mut objects = vec![long.clone()];
        // Not quite to the edge: it might be a thing of its own.
        join(&mut objects, &REGION, &[object(1, 0.75, [0.02, 0.02, 0.3, 0.6])]);
        assert_eq!(objects, [long]);
    }

    #[test]
    fn two_things_of_one_region_stay_two() {
        let mut objects = Vec::new();
        let area = [0.25, 0.25, 0.5, 0.5];
        join(&mut objects, &REGION, &[object(0, 0.5, area), object(1, 0.75, area)]);
        assert_eq!(objects.len(), 2, "the model has told them apart");
    }

    #[test]
    fn what_several_looks_found_is_one_thing_as_the_surest_has_it() {
        let check = |found: &[Object], expect: &[Object]| {
            let mut objects = found.to_vec();
            settle(&mut objects);
            assert_eq!(objects, expect);
        };
        let car = object(1, 0.75, [0.4, 0.4, 0.6, 0.6]);
        let truck = object(2, 0.5, [0.41, 0.42, 0.62, 0.6]);
        let half = object(1, 0.625, [0.4, 0.4, 0.5, 0.6]);
        let rider = object(3, 0.875, [0.45, 0.45, 0.5, 0.55]);
        let behind = object(1, 0.25, [0.52, 0.4, 0.72, 0.6]);
        check(&[truck.clone(), car.clone()], std::slice::from_ref(&car));
        check(&[half, car.clone(), truck], std::slice::from_ref(&car));
        // What is much smaller, or only half hidden, is something else.
        check(&[behind.clone(), car.clone(), rider.clone()], &[rider, car, behind]);
        check(&[], &[]);
    }

    #[test]
    fn a_region_lies_in_the_picture_and_is_not_too_small() {
        let says = |regions: &[Rect]| check(regions).err().unwrap_or_default();
        assert_eq!(says(&[REGION]), "");
        assert!(says(&[Rect { right: 1.5, ..REGION }]).contains("`right`"));
        assert!(says(&[Rect { right: 0.26, ..REGION }]).contains("0.05 wide"));
        assert!(says(&[Rect { left: f32::NAN, ..REGION }]).contains("`left`"));
        assert!(says(&[REGION; 5]).contains("4 times"));
        assert_eq!(pixels(&REGION, 640, 360), [160..480, 180..360]);
        assert_eq!(pixels(&Rect { left: 1.0, ..REGION }, 1, 1), [0..1, 0..1], "however small the picture is");
    }
}
