//! What cameras understand, as ONVIF Profile M writes it in JSON.
//!
//! A picture is a frame of a `tt:MetadataStream` (Analytics Service Specification, 5.5: attributes get an `@`, what repeats is a
//! list), an event a topic and a body (Core Specification, 9.11). Places are -1 to 1, and **y goes up**: the upper edge of a box is
//! the greater one.
//!
//! ```text
//!   Metadata -> PREFIX/onvif-mj/VideoAnalytics/1/MODEL                {"Frame": [{"@UtcTime", "@Source", "Object": [..]}]}
//!   Event    -> PREFIX/onvif-ej/RuleEngine/LineDetector/Crossed/&1/L  {"UtcTime", "Source": {..}, "Data": {..}}
//! ```

use serde_json::{Map, Value, json};

use crate::analytics::{Event, PlaceCount, What};
use crate::metadata::{Metadata, Object, Point, Rect};
use crate::rule::place_of;
use crate::time::utc;

/// The one video source of a camera.
const SOURCE: &str = "1";

/// Something to publish.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its topic below the prefix of the camera.
    pub topic: String,
    /// Its body.
    pub body: Value,
}

/// What is in a picture. `model` is what found it, `labels` the names of its classes.
pub fn frame(metadata: &Metadata, model: &str, labels: &[String]) -> Message {
    let mut frame = json!({"@UtcTime": utc(metadata.time_ms), "@Source": model});
    if !metadata.objects.is_empty() {
        let objects = metadata.objects.iter().enumerate();
        frame["Object"] = objects.map(|(at, it)| object(it, at, labels)).collect();
    }
    let model = level(model);
    let topic = format!("onvif-mj/VideoAnalytics/{SOURCE}/{}", if model.is_empty() { "model" } else { &model });
    Message { topic, body: json!({"Frame": [frame]}) }
}

/// What happened.
pub fn event(event: &Event, labels: &[String]) -> Message {
    let (topic, mut data) = described(event);
    let mut source = Map::from_iter([("VideoSource".to_owned(), json!(SOURCE))]);
    let mut topic = format!("onvif-ej/{topic}/&{SOURCE}");
    if let Some(place) = place_of(&event.what) {
        source.insert("Rule".to_owned(), json!(place));
        topic = format!("{topic}/{}", level(place));
    }
    if let (Some(thing), Some(data)) = (&event.thing, data.as_object_mut()) {
        data.insert("ObjectId".to_owned(), json!(thing.track));
        data.insert("ClassTypes".to_owned(), json!(class(thing.class, labels).0));
    }
    Message { topic, body: json!({"UtcTime": utc(event.time_ms), "Source": source, "Data": data}) }
}

/// The topic of an event (Analytics Service Specification, appendix A), and what it says. What has none there is in a namespace
/// of ours, as vendors do (Core Specification, 9.11).
fn described(event: &Event) -> (&'static str, Value) {
    let inside = event.counts.iter().filter_map(|count| count.now).fold(0, u64::saturating_add);
    let crossed = |count: &PlaceCount| count.came.saturating_add(count.left);
    match &event.what {
        What::Cross { direction, .. } => ("RuleEngine/LineDetector/Crossed", json!({"Direction": direction})),
        What::Enter { .. } => ("RuleEngine/FieldDetector/ObjectsInside", json!({"IsInside": true})),
        What::Leave { .. } => ("RuleEngine/FieldDetector/ObjectsInside", json!({"IsInside": false})),
        What::Dwell { entered_ms, .. } => {
            ("RuleEngine/LoiteringDetector/ObjectIsLoitering", json!({"Since": utc(*entered_ms), "IsLoitering": true}))
        }
        What::Crowd { count, begins, .. } => {
            ("RuleEngine/CountAggregation/OccupancyCounter", json!({"Count": count, "IsCrowd": begins}))
        }
        What::Absent { begins, .. } => {
            ("RuleEngine/CountAggregation/OccupancyCounter", json!({"Count": inside, "IsAbsent": begins}))
        }
        What::Count { .. } if event.counts.iter().any(|count| count.now.is_some()) => {
            ("RuleEngine/CountAggregation/OccupancyCounter", json!({"Count": inside}))
        }
        What::Count { .. } => {
            let count = event.counts.iter().map(crossed).fold(0, u64::saturating_add);
            ("RuleEngine/CountAggregation/Counter", json!({"Count": count}))
        }
        What::Speed { limit_mps, .. } => {
            let speed = event.thing.as_ref().and_then(|thing| thing.speed_mps);
            ("tns:playfield/Speed", json!({"Speed": speed, "Limit": limit_mps}))
        }
        What::Route { from, to, seconds } => {
            ("tns:playfield/Route", json!({"From": from, "To": to, "Seconds": seconds}))
        }
        What::App { app, value } => ("tns:playfield/App", json!({"App": app, "Value": value})),
        What::Gap { seconds } => ("tns:playfield/Gap", json!({"Seconds": seconds})),
    }
}

fn object(object: &Object, at: usize, labels: &[String]) -> Value {
    let (class, kind) = class(object.class, labels);
    let types = json!({"Type": [{"@Likelihood": object.score, "#text": class}]});
    let shape = json!({"BoundingBox": bounds(&object.area), "CenterOfGravity": point(object.area.middle())});
    let mut appearance = json!({"Shape": shape, "Class": types});
    if let Some(kind) = kind {
        appearance["VehicleInfo"] = json!([{"Type": {"@Likelihood": object.score, "#text": kind}}]);
    }
    // Of one that has no number yet, its place in the picture; numbers begin above.
    json!({"@ObjectId": object.track.unwrap_or(at as u64), "Appearance": appearance})
}

fn bounds(area: &Rect) -> Value {
    let (upper, lower) = (at(Point { x: area.left, y: area.top }), at(Point { x: area.right, y: area.bottom }));
    json!({"@left": upper.x, "@top": upper.y, "@right": lower.x, "@bottom": lower.y})
}

fn point(place: Point) -> Value {
    let place = at(place);
    json!({"@x": place.x, "@y": place.y})
}

/// Where a place of ours is in the frame of ONVIF.
fn at(place: Point) -> Point {
    Point { x: 2.0 * place.x - 1.0, y: 1.0 - 2.0 * place.y }
}

/// The word for a class, and of a vehicle which (Analytics Service Specification, tt:ObjectType and tt:VehicleType).
fn class(class: u16, labels: &[String]) -> (String, Option<&'static str>) {
    let Some(label) = labels.get(usize::from(class)) else { return (format!("Class{class}"), None) };
    let vehicle = |kind| ("Vehicle".to_owned(), Some(kind));
    match label.to_ascii_lowercase().as_str() {
        "person" | "pedestrian" | "human" | "people" => ("Human".to_owned(), None),
        "car" => vehicle("Car"),
        "truck" | "van" => vehicle("Truck"),
        "bus" => vehicle("Bus"),
        "bicycle" | "bike" | "cyclist" => vehicle("Bicycle"),
        "motorcycle" | "motorbike" => vehicle("Motorcycle"),
        "vehicle" => ("Vehicle".to_owned(), None),
        "dog" | "cat" | "bird" | "horse" | "sheep" | "cow" | "bear" | "animal" => ("Animal".to_owned(), None),
        "face" => ("Face".to_owned(), None),
        "license plate" | "licence plate" => ("LicensePlate".to_owned(), None),
        _ => (label.clone(), None),
    }
}

/// A name as one level of a topic.
fn level(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control() && !['/', '+', '#', '&'].contains(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<String> {
        ["person", "car", "umbrella"].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_picture_is_a_frame_whose_y_goes_up() {
        let area = Rect { left: 0.25, top: 0.125, right: 0.5, bottom: 1.0 };
        let person = Object { class: 0, score: 0.5, area, track: Some(15), ..Object::default() };
        let car = Object { class: 1, track: None, ..person.clone() };
        let metadata =
            Metadata { frame: 3, time_ms: 1_633_447_607_321, objects: vec![person, car], ..Metadata::default() };
        let Message { topic, body } = frame(&metadata, "my/classifier", &labels());
        assert_eq!(topic, "onvif-mj/VideoAnalytics/1/myclassifier");
        let shape = json!({
            "BoundingBox": {"@left": -0.5, "@top": 0.75, "@right": 0.0, "@bottom": -1.0},
            "CenterOfGravity": {"@x": -0.25, "@y": -0.125},
        });
        let of = |class: &str| json!({"Type": [{"@Likelihood": 0.5, "#text": class}]});
        let vehicle = json!([{"Type": {"@Likelihood": 0.5, "#text": "Car"}}]);
        let objects = json!([
            {"@ObjectId": 15, "Appearance": {"Shape": shape, "Class": of("Human")}},
            {"@ObjectId": 1, "Appearance": {"Shape": shape, "Class": of("Vehicle"), "VehicleInfo": vehicle}},
        ]);
        let expect = json!({"@UtcTime": "2021-10-05T15:26:47.321Z", "@Source": "my/classifier", "Object": objects});
        assert_eq!(body, json!({"Frame": [expect]}));
    }

    #[test]
    fn an_empty_picture_is_a_frame_without_objects() {
        let body = frame(&Metadata::default(), "", &[]).body;
        assert_eq!(body, json!({"Frame": [{"@UtcTime": "1970-01-01T00:00:00.000Z", "@Source": ""}]}));
    }

    #[test]
    fn events_have_the_topics_of_onvif() {
        let thing =
            json!({"track": 7, "class": 0, "at": {"x": 0, "y": 0}, "zones": [], "moves": true, "speed_mps": 4.0});
        let inside = json!([{"class": 0, "in": 5, "out": 3, "now": 2}, {"class": 1, "in": 1, "out": 0, "now": 1}]);
        for (what, topic, data) in [
            (
                json!({"event": "cross", "line": "do/or", "direction": "in", "thing": thing}),
                "RuleEngine/LineDetector/Crossed/&1/door",
                json!({"ObjectId": 7, "ClassTypes": "Human", "Direction": "in"}),
            ),
            (
                json!({"event": "enter", "zone": "z", "thing": thing}),
                "RuleEngine/FieldDetector/ObjectsInside/&1/z",
                json!({"ObjectId": 7, "ClassTypes": "Human", "IsInside": true}),
            ),
            (
                json!({"event": "dwell", "zone": "z", "entered_ms": 0, "seconds": 9, "thing": thing}),
                "RuleEngine/LoiteringDetector/ObjectIsLoitering/&1/z",
                json!({"ObjectId": 7, "ClassTypes": "Human", "Since": "1970-01-01T00:00:00.000Z", "IsLoitering": true}),
            ),
            (
                json!({"event": "crowd", "zone": "z", "begins": true, "count": 3}),
                "RuleEngine/CountAggregation/OccupancyCounter/&1/z",
                json!({"Count": 3, "IsCrowd": true}),
            ),
            (
                json!({"event": "count", "place": "z", "counts": inside}),
                "RuleEngine/CountAggregation/OccupancyCounter/&1/z",
                json!({"Count": 3}),
            ),
            (
                json!({"event": "count", "place": "l", "counts": [{"class": 0, "in": 5, "out": 3}]}),
                "RuleEngine/CountAggregation/Counter/&1/l",
                json!({"Count": 8}),
            ),
            (
                json!({"event": "speed", "zone": "z", "limit_mps": 2.5, "thing": thing}),
                "tns:playfield/Speed/&1/z",
                json!({"ObjectId": 7, "ClassTypes": "Human", "Speed": 4.0, "Limit": 2.5}),
            ),
        ] {
            let mut told = what.clone();
            told["time_ms"] = json!(86_399_999);
            let told: Event = serde_json::from_value(told).unwrap();
            let message = event(&told, &labels());
            assert_eq!(message.topic, format!("onvif-ej/{topic}"));
            assert_eq!(message.body["Data"], data);
            assert_eq!(message.body["UtcTime"], "1970-01-01T23:59:59.999Z");
            assert_eq!(message.body["Source"]["Rule"], place_of(&told.what).unwrap());
        }
        let gap: Event = serde_json::from_value(json!({"time_ms": 1, "event": "gap", "seconds": 9})).unwrap();
        assert_eq!(event(&gap, &[]).topic, "onvif-ej/tns:playfield/Gap/&1");
        assert_eq!(event(&gap, &[]).body["Source"], json!({"VideoSource": "1"}), "it is of no zone");
    }

    #[test]
    fn a_class_has_a_word_whatever_the_model_calls_it() {
        for (number, expect) in [(0, "Human"), (1, "Vehicle"), (2, "umbrella"), (3, "Class3")] {
            assert_eq!(class(number, &labels()).0, expect);
        }
    }
}
