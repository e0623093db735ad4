//! Where somebody is, as a stick or two buttons: what a rule does as long as something is there, rather than once.
//!
//! Of all that is there one thing steers: the one that steered before, else the one that is nearest to where that was last, so that a
//! paddle does not jump from one person to the next. A camera that steers keeps the others from it until it has seen nobody for
//! [`GONE_MS`].

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Subject, When};
use crate::id::{DeviceId, SessionId};
use crate::input::{Pad, PadButton};
use crate::metadata::{Metadata, Object, Point};

/// Nobody there for so long: another camera, or anybody else, may steer.
pub const GONE_MS: u64 = 1_000;
/// Where of two buttons one is held: the outer thirds.
const THIRD: f32 = 1.0 / 3.0;

/// A pad that is moved by where something is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SteerAction {
    /// Of every session that plays this title,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// or of this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
    /// The seat, from 0.
    #[serde(default)]
    pub player: u8,
    /// Which way its place is read, within the zone of the rule, or the picture.
    #[serde(default)]
    pub along: Along,
    /// Whether it is read the other way round, as in a mirror.
    #[serde(default)]
    pub mirror: bool,
    /// An axis that is held there: `lx`, `ly`, `rx` or `ry`,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axis: Option<String>,
    /// or two buttons: one for the first third, one for the last, none between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buttons: Option<[String; 2]>,
}

/// A way across a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Along {
    /// From left to right.
    #[default]
    X,
    /// From the top down.
    Y,
}

impl SteerAction {
    /// What it is aimed at; none: at nothing, which [`super::Rule::check`] refuses.
    pub fn subject(&self) -> Option<Subject> {
        super::action::subject(self.title.as_ref(), self.session.as_ref())
    }

    /// The pad while something is there, from -1 to 1; none: no button or axis has that name, which [`super::Rule::check`] refuses.
    pub fn pad(&self, there: f32) -> Option<Pad> {
        match (&self.axis, &self.buttons) {
            (Some(axis), None) => super::action::axis(axis, there),
            (None, Some([first, last])) => {
                let (first, last) = (PadButton::from_name(first)?.bit(), PadButton::from_name(last)?.bit());
                let buttons = match there {
                    there if there < -THIRD => first,
                    there if there > THIRD => last,
                    _ => 0,
                };
                Some(Pad { buttons, ..Pad::default() })
            }
            _ => None,
        }
    }
}

/// Who steers.
#[derive(Debug, Default)]
pub struct Steering {
    by: Option<By>,
}

#[derive(Debug)]
struct By {
    device: DeviceId,
    track: u64,
    at: Point,
    seen_ms: u64,
}

/// What a camera sees, as much as steering needs of it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The camera.
    pub device: &'a DeviceId,
    /// The names of its classes, by number.
    pub labels: &'a [String],
    /// The zone that the rule names, by its corners; none: the rule names none.
    pub zone: Option<&'a [[f32; 2]]>,
    /// What is in its picture.
    pub seen: &'a Metadata,
}

impl Steering {
    /// Where who steers is, from -1 to 1, by this picture; none: nobody is there, or another camera steers.
    pub fn handle(&mut self, now_ms: u64, when: &When, action: &SteerAction, view: View<'_>) -> Option<f32> {
        let gone = |by: &By| now_ms.saturating_sub(by.seen_ms) >= GONE_MS;
        if self.by.as_ref().is_some_and(|by| by.device != *view.device && !gone(by)) {
            return None;
        }
        let before = self.by.as_ref().filter(|by| by.device == *view.device);
        let there = view.seen.objects.iter().filter_map(|object| Some((object.track?, feet(object), object)));
        let there = there.filter(|(_, at, object)| {
            when.names(object.class, view.labels) && view.zone.is_none_or(|zone| contains(zone, *at))
        });
        let strange = |(track, at, _): &(u64, Point, &Object)| {
            before.map_or(0.0, |by| if by.track == *track { -1.0 } else { (at.x - by.at.x).hypot(at.y - by.at.y) })
        };
        let (track, at, _) = there.min_by(|one, other| strange(one).total_cmp(&strange(other)))?;
        self.by = Some(By { device: view.device.clone(), track, at, seen_ms: now_ms });
        let place = place(view.zone, action.along, at);
        Some(if action.mirror { -place } else { place })
    }
}

/// Where a thing stands.
fn feet(object: &Object) -> Point {
    Point { x: object.area.middle().x, y: object.area.bottom }
}

/// How far along it is, from -1 to 1.
fn place(zone: Option<&[[f32; 2]]>, along: Along, at: Point) -> f32 {
    let (at, axis) = match along {
        Along::X => (at.x, 0),
        Along::Y => (at.y, 1),
    };
    let (from, to) = zone.map_or((0.0, 1.0), |zone| {
        let corners = zone.iter().map(|corner| corner[axis]);
        corners.fold((f32::MAX, f32::MIN), |(from, to), corner| (from.min(corner), to.max(corner)))
    });
    let share = if to > from { (at - from) / (to - from) } else { 0.5 };
    (share * 2.0 - 1.0).clamp(-1.0, 1.0)
}

/// Whether a place lies in an area: how often a ray from it meets the border (even-odd rule).
fn contains(zone: &[[f32; 2]], at: Point) -> bool {
    let borders = zone.iter().zip(zone.iter().cycle().skip(1));
    let meets = |([x1, y1], [x2, y2]): &(&[f32; 2], &[f32; 2])| {
        (*y1 > at.y) != (*y2 > at.y) && at.x < (x2 - x1) * (at.y - y1) / (y2 - y1) + x1
    };
    borders.filter(meets).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LABELS: [&str; 2] = ["person", "car"];

    /// A camera, and by track and class what stands where before it.
    type Picture<'a> = (u8, &'a [(u64, u16, f32)]);

    /// Where who steers is in each picture, a tenth of a second apart.
    fn check(action: serde_json::Value, zone: Option<&[[f32; 2]]>, pictures: &[Picture<'_>], expect: &[Option<f32>]) {
        let action: SteerAction = serde_json::from_value(action).unwrap();
        let when: When = serde_json::from_value(json!({"event": "present", "classes": ["person"]})).unwrap();
        let labels = LABELS.map(str::to_owned);
        let mut steering = Steering::default();
        let of = |(n, (camera, objects)): (usize, &Picture<'_>)| {
            let object = |(track, class, x): &(u64, u16, f32)| {
                let area = crate::metadata::Rect::around(Point { x: *x, y: 0.4 }, 0.1, 0.2);
                Object { class: *class, track: Some(*track), area, ..Object::default() }
            };
            let seen = Metadata { objects: objects.iter().map(object).collect(), ..Metadata::default() };
            let device = DeviceId::from_entropy([*camera; 16]);
            let view = View { device: &device, labels: &labels, zone, seen: &seen };
            steering.handle(n as u64 * 100, &when, &action, view).map(|there| (there * 100.0).round() / 100.0)
        };
        let found: Vec<_> = pictures.iter().enumerate().map(of).collect();
        assert_eq!(found, expect, "{pictures:?}");
    }

    fn stick() -> serde_json::Value {
        json!({"title": "pong", "axis": "lx"})
    }

    #[test]
    fn a_place_is_read_across_the_picture_or_the_zone() {
        let all: Vec<Picture<'_>> = vec![(1, &[(1, 0, 0.0)]), (1, &[(1, 0, 0.25)]), (1, &[(1, 0, 1.0)])];
        check(stick(), None, &all, &[Some(-1.0), Some(-0.5), Some(1.0)]);
        let mirror = json!({"title": "pong", "axis": "lx", "mirror": true});
        check(mirror, None, &all, &[Some(1.0), Some(0.5), Some(-1.0)]);
        let zone = [[0.2, 0.0], [0.3, 0.0], [0.3, 1.0], [0.2, 1.0]];
        check(stick(), Some(&zone), &all, &[None, Some(0.0), None]);
        let down = json!({"title": "pong", "axis": "ly", "along": "y"});
        check(down, None, &all[..1], &[Some(0.0)]);
    }

    #[test]
    fn one_steers_and_after_it_whoever_is_nearest() {
        let pictures: Vec<Picture<'_>> = vec![
            (1, &[(9, 1, 0.5), (1, 0, 0.2)]),
            (1, &[(2, 0, 0.0), (1, 0, 0.3)]),
            (1, &[(2, 0, 0.0), (3, 0, 0.5)]),
            (1, &[(9, 1, 0.5)]),
        ];
        check(stick(), None, &pictures, &[Some(-0.6), Some(-0.4), Some(0.0), None]);
    }

    #[test]
    fn one_camera_steers_until_it_has_seen_nobody_for_a_while() {
        let other: Picture<'_> = (2, &[(1, 0, 1.0)]);
        let pictures: Vec<Picture<'_>> = std::iter::once((1, &[(1, 0, 0.0)][..])).chain([other; 10]).collect();
        let mut expect = vec![None; 11];
        (expect[0], expect[10]) = (Some(-1.0), Some(1.0));
        check(stick(), None, &pictures, &expect);
    }

    #[test]
    fn a_place_is_an_axis_or_one_of_two_buttons() {
        let action = |what| serde_json::from_value::<SteerAction>(what).unwrap();
        assert_eq!(action(stick()).pad(-0.5).unwrap().lx, -16_384);
        let keys = action(json!({"title": "pong", "buttons": ["left", "right"]}));
        let held = [-1.0, -0.3, 0.0, 0.5].map(|there| keys.pad(there).unwrap().buttons);
        assert_eq!(held, [1 << 14, 0, 0, 1 << 15]);
        assert_eq!(action(json!({"buttons": ["left", "fire"]})).pad(0.0), None);
        assert_eq!(action(json!({})).pad(0.0), None);
    }
}
