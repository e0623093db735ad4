//! Others' bytes are read, ours are read back, and hostile ones are refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;

pub(crate) mod vectors;

use vectors::*;

const SIZE: Size = Size { width: 300, height: 300 };

fn bytes(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

fn found(class: u32, score: f32, [left, top, right, bottom]: [i32; 4]) -> Found {
    Found { class, score, left, top, right, bottom }
}

/// Of the sample, as its own reader shows them.
fn sample() -> Detection {
    let objects = vec![found(18, 0.04296875, [4, 11, 119, 74]), found(8, 0.02734375, [19, 22, 247, 71])];
    Detection { objects, area_count: None }
}

fn counted() -> Detection {
    let objects = vec![found(18, 0.5, [4, 11, 119, 74]), found(0, 0.0, [0, 0, 5, -3])];
    Detection { objects, area_count: Some(vec![Count { class: 18, count: 3 }, Count { class: 0, count: 1 }]) }
}

fn classes() -> Output {
    let class = |class, score| Class { class, score };
    Output::Classification(vec![class(5, 0.79296875), class(2, 0.7890625)])
}

fn person() -> Output {
    let joint = |name: u8| {
        let nth = i32::from(name);
        Joint { name, score: f32::from(name) / 32.0, x: 10 * nth, y: 2 * nth }
    };
    Output::Pose(vec![Pose { score: 0.75, joints: (0..17).map(joint).collect() }])
}

#[test]
fn what_others_wrote_is_read() {
    let check = |text: &str, expect: Output| {
        let read = |kind| Output::from_flat(&bytes(text), kind).unwrap();
        assert_eq!(read(Some(expect.kind())), expect);
        assert_eq!(read(None), expect, "the kind is told from the shape");
    };
    check(DETECTION, Output::Detection(sample()));
    check(TOP_COUNTS, Output::Detection(counted()));
    check(ROOT_TOP, Output::Detection(Detection { area_count: None, ..counted() }));
    check(ROOT_COUNTS, Output::Detection(counted()));
    check(CLASSIFICATION, classes());
    check(POSE, person());
    let Output::Segmentation(map) = Output::from_flat(&bytes(SEGMENTATION), None).unwrap() else { panic!() };
    assert_eq!((map.width, map.height, map.num_classes), (3, 3, 2));
    assert_eq!(map.classes, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!((map.scores.len(), map.scores[0], map.scores[17]), (18, 0.154659, 0.047293));
}

#[test]
fn what_we_write_is_read_back_in_either_form() {
    for text in [DETECTION, TOP_COUNTS, CLASSIFICATION, POSE, SEGMENTATION] {
        let output = Output::from_flat(&bytes(text), None).unwrap();
        assert_eq!(Output::from_flat(&output.to_flat(), None).unwrap(), output);
        let mut json = Output::from_json(&output.to_json(), None).unwrap();
        if let (Output::Detection(read), Output::Detection(wrote)) = (&mut json, &output) {
            // An object of JSON has no order.
            read.area_count.clone_from(&wrote.area_count);
        }
        assert_eq!(json, output);
    }
    let nothing = Output::Detection(Detection::default());
    assert_eq!(Output::from_flat(&nothing.to_flat(), None).unwrap(), nothing);
    assert_eq!(Output::from_flat(&Output::Pose(vec![]).to_flat(), Some(Kind::Pose)).unwrap(), Output::Pose(vec![]));
}

#[test]
fn what_we_write_another_library_reads() {
    // The bytes in the file were read by `flatc --json`, which found the values of the sample.
    let written = Output::Detection(sample()).to_flat();
    assert_eq!(STANDARD.encode(&written), include_str!("tests/written.txt").trim());
}

#[test]
fn pixels_become_fractions_of_the_picture() {
    let metadata = Output::Detection(sample()).to_metadata(SIZE, 7, 9).unwrap();
    assert_eq!((metadata.frame, metadata.time_ms, metadata.objects.len()), (7, 9, 2));
    assert_eq!((metadata.objects[0].class, metadata.objects[0].score), (18, 0.04296875));
    assert_eq!(
        metadata.objects[0].area,
        Rect { left: 4.0 / 300.0, top: 11.0 / 300.0, right: 119.0 / 300.0, bottom: 74.0 / 300.0 }
    );
    assert_eq!(Output::from_metadata(&metadata, Kind::Detection, SIZE), Output::Detection(sample()));
    let outside =
        Output::Detection(Detection { objects: vec![found(1, 0.5, [400, -5, -400, i32::MAX])], area_count: None });
    let area = outside.to_metadata(SIZE, 0, 0).unwrap().objects[0].area;
    assert_eq!(area, Rect { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 }, "edges are ordered and in the picture");
    let large = Output::Detection(Detection { objects: vec![found(70_000, 0.5, [0; 4])], area_count: None });
    assert_eq!(large.to_metadata(SIZE, 0, 0), Err(Error::Number("a class")));
}

#[test]
fn a_person_has_a_box_around_the_joints_that_were_seen() {
    let metadata = person().to_metadata(SIZE, 0, 0).unwrap();
    let [one] = &metadata.objects[..] else { panic!() };
    assert_eq!((one.class, one.score, one.keypoints.len()), (0, 0.75, 17));
    let expect = Rect { left: 10.0 / 300.0, top: 2.0 / 300.0, right: 160.0 / 300.0, bottom: 32.0 / 300.0 };
    assert_eq!(one.area, expect, "the nose has a score of zero");
    assert_eq!(Output::from_metadata(&metadata, Kind::Pose, SIZE), person());
}

#[test]
fn labels_come_the_surest_first_and_maps_as_they_are() {
    let Output::Classification(mut list) = classes() else { panic!() };
    list.reverse();
    let metadata = Output::Classification(list).to_metadata(SIZE, 0, 0).unwrap();
    assert_eq!(metadata.labels.iter().map(|label| label.class).collect::<Vec<_>>(), [5, 2]);
    let map = Output::from_flat(&bytes(SEGMENTATION), None).unwrap().to_metadata(SIZE, 0, 0).unwrap();
    let Output::Segmentation(back) = Output::from_metadata(&map, Kind::Segmentation, SIZE) else { panic!() };
    assert_eq!((back.width, back.height, back.num_classes, back.classes.len()), (3, 3, 9, 9));
}

#[test]
fn an_envelope_is_read_whatever_its_version_says_of_the_format() {
    let check = |inference: Value| {
        let value = json!({"ModelID": "0311030000000100", "DeviceID": "sid-100A50500A2005042664012000000000",
            "Image": true, "Inferences": [inference]});
        assert!(Envelope::is(&value));
        let envelope = Envelope::read(&value, None).unwrap();
        assert_eq!((envelope.model.as_str(), envelope.image), ("0311030000000100", true));
        assert_eq!(
            envelope.inferences,
            [Inference { time_ms: 1_693_958_401_234, output: Output::Detection(sample()) }]
        );
        for form in [Form::Flat, Form::Json] {
            assert_eq!(Envelope::read(&envelope.write(form), None).unwrap(), envelope);
        }
    };
    let time = "20230906000001234";
    check(json!({"T": time, "O": DETECTION}));
    check(json!({"T": time, "O": DETECTION, "F": 0}));
    check(json!({"T": time, "F": 1, "O": [
        {"class_id": 18, "score": 0.04296875, "bounding_box": {"left": 4, "top": 11, "right": 119, "bottom": 74}},
        {"class_id": 8, "score": 0.02734375, "bounding_box": {"left": 19.0, "top": 22, "right": 247, "bottom": 71}},
    ]}));
}

#[test]
fn an_envelope_that_is_none_says_what_is_wrong() {
    let check = |inference: Value, says: &str| {
        let value = json!({"Inferences": [inference]});
        assert_eq!(Envelope::read(&value, None).unwrap_err().to_string(), says);
    };
    check(json!({}), "there is no `T` where the schema has one");
    check(json!({"T": "20230931000001234", "O": ""}), "`T` is not a number in its range");
    check(json!({"T": "20230906000001234"}), "there is no `O` where the schema has one");
    check(json!({"T": "20230906000001234", "O": "****"}), "`O` is no base64");
    check(json!({"T": "20230906000001234", "O": "AAAA"}), "the FlatBuffers do not hold together at byte 0");
    check(
        json!({"T": "20230906000001234", "O": "AAAA", "F": 7}),
        "there is no `O` of format `F` where the schema has one",
    );
    check(json!({"T": "20230906000001234", "O": [{}], "F": 1}), "there is no list of classes where the schema has one");
    assert!(!Envelope::is(&json!({"Inferences": 3})) && !Envelope::is(&json!(null)));
    let many = json!({"Inferences": vec![0; 300]});
    assert_eq!(Envelope::read(&many, None), Err(Error::TooMany("inferences")));
}

#[test]
fn no_cut_and_no_turned_byte_is_more_than_an_error() {
    for text in [DETECTION, TOP_COUNTS, ROOT_COUNTS, CLASSIFICATION, POSE, SEGMENTATION] {
        let whole = bytes(text);
        for end in 0..whole.len() {
            let _ = Output::from_flat(&whole[..end], None);
        }
        for at in 0..whole.len() {
            for turned in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = turned;
                if let Ok(output) = Output::from_flat(&bytes, None) {
                    assert_eq!(Output::from_flat(&output.to_flat(), Some(output.kind())).unwrap(), output);
                }
            }
        }
    }
}

#[test]
fn a_short_message_that_repeats_itself_is_not_unfolded() {
    // A list whose every entry is the same pose, whose every joint is the same.
    let mut bytes = Output::Pose(vec![Pose { score: 0.5, joints: vec![Joint::default()] }]).to_flat();
    let list = (0..bytes.len()).step_by(4).find(|&at| bytes[at..at + 4] == [1, 0, 0, 0]).unwrap();
    bytes[list..][..4].copy_from_slice(&1_000_000u32.to_le_bytes());
    bytes.resize(5_000_000, 0);
    assert_eq!(Output::from_flat(&bytes, Some(Kind::Pose)), Err(Error::TooMany("poses")));
}

#[test]
fn scores_that_are_no_numbers_are_refused() {
    let output = Output::Classification(vec![Class { class: 1, score: f32::NAN }]);
    assert_eq!(Output::from_flat(&output.to_flat(), Some(Kind::Classification)), Err(Error::Number("a score")));
    let json = serde_json::from_str(r#"[{"class_id":1,"score":1e39}]"#).unwrap();
    assert_eq!(Output::from_json(&json, Some(Kind::Classification)), Err(Error::Number("a score")));
    let small = json!({"height": 2, "width": 2, "class_id_map": [1, 2, 3], "num_class_id": 4});
    assert_eq!(Output::from_json(&small, None), Err(Error::Number("the size of the map")));
}

#[test]
fn times_are_read_and_written_to_the_millisecond() {
    let check = |text: &str, ms: u64| {
        assert_eq!(parse_time(text), Some(ms));
        assert_eq!(format_time(ms), text);
    };
    check("19700101000000000", 0);
    check("20000229235959999", 951_868_799_999);
    check("20240229120000500", 1_709_208_000_500);
    check("20261130010203004", 1_796_000_523_004);
    for wrong in
        ["", "2023090600000123", "20230229000000000", "20230001000000000", "20231301000000000", "2023090600000123x"]
    {
        assert_eq!(parse_time(wrong), None, "{wrong}");
    }
    for wrong in ["19691231235959999", "20230900000000000", "20230906240000000", "2023０906000001"] {
        assert_eq!(parse_time(wrong), None, "{wrong}");
    }
    assert_eq!(format_time(u64::MAX), "99991231235959999");
}
