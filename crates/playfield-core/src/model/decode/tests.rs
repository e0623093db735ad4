//! Each family's numbers, written by hand; and numbers that are none. What other programs make of larger ones: `../compared.rs`.

use super::*;
use crate::metadata::{ClassMap, Label, Rect};

/// A model of 64 by 32 pixels with the labels a, b and c.
fn manifest(decoder: &str, more: &str) -> Manifest {
    let task = match decoder {
        "classes" => "classify",
        "segments" => "segment",
        "pose" => "pose",
        _ => "detect",
    };
    let joints = if task == "pose" { "['nose', 'tail']" } else { "[]" };
    let text = format!(
        "name = 'm'\ntask = '{task}'\nfile = 'm.onnx'\nlabels = ['a', 'b', 'c']\nkeypoints = {joints}\n\
         [input]\nsize = [64, 32]\n[output]\ndecoder = '{decoder}'\n{more}"
    );
    Manifest::parse(&text).unwrap()
}

fn decode(manifest: &Manifest, tensors: &[(&[usize], &[f32])]) -> Result<Findings, Refusal> {
    let tensors: Vec<_> = tensors.iter().map(|(shape, data)| Tensor { name: "out", shape, data }).collect();
    let mut findings = Findings::default();
    // As large as the model's picture: nothing is moved.
    Decoder::new(manifest).decode(&tensors, [64, 32], &mut findings).map(|()| findings)
}

/// Class, and the box in pixels of the model's picture.
fn boxes(manifest: &Manifest, tensors: &[(&[usize], &[f32])]) -> Vec<(u16, [f32; 4])> {
    let pixels = |area: Rect| [area.left * 64.0, area.top * 32.0, area.right * 64.0, area.bottom * 32.0];
    decode(manifest, tensors).unwrap().objects.iter().map(|object| (object.class, pixels(object.area))).collect()
}

#[test]
fn yolo_has_a_score_for_each_class() {
    let columns = [[16.0, 16.0, 8.0, 4.0, 0.1, 0.9, 0.2], [17.0, 16.0, 8.0, 4.0, 0.0, 0.8, 0.0], [0.0; 7]];
    let by_field: Vec<_> = (0..7).flat_map(|field| columns.map(|column| column[field])).collect();
    let expect = [(1, [12.0, 14.0, 20.0, 18.0])];
    assert_eq!(boxes(&manifest("yolo", ""), &[(&[1, 7, 3], &by_field)]), expect);
    assert_eq!(boxes(&manifest("yolo", ""), &[(&[1, 3, 7], columns.as_flattened())]), expect, "the other way round");
    let more = boxes(&manifest("yolo", "iou = 0.9"), &[(&[1, 7, 3], &by_field)]);
    assert_eq!(more.len(), 2, "they overlap by less");
}

#[test]
fn yolo_may_count_in_fractions_and_give_logits() {
    let column = [0.25, 0.5, 0.125, 0.125, -2.0, 2.0, -9.0];
    let more = "unit = 'fraction'\nactivation = 'sigmoid'";
    let found = decode(&manifest("yolo", more), &[(&[1, 7, 1], &column)]).unwrap();
    assert_eq!((found.objects.len(), found.objects[0].class), (1, 1));
    assert!((found.objects[0].score - 0.880_797).abs() < 1e-5, "{found:?}");
    assert_eq!(found.objects[0].area, Rect { left: 0.1875, top: 0.4375, right: 0.3125, bottom: 0.5625 });
    let error = decode(&manifest("yolo", ""), &[(&[1, 7, 1], &column)]).unwrap_err().to_string();
    assert!(error.contains("no scores of 0 to 1"), "{error}");
}

#[test]
fn yolo5_also_says_how_sure_it_is_of_anything() {
    let rows = [[16.0, 16.0, 8.0, 4.0, 0.9, 0.1, 0.9, 0.2], [40.0, 16.0, 8.0, 4.0, 0.3, 1.0, 1.0, 1.0]];
    let found = decode(&manifest("yolo5", ""), &[(&[1, 2, 8], rows.as_flattened())]).unwrap();
    assert_eq!(found.objects.len(), 1);
    assert!((found.objects[0].score - 0.81).abs() < 1e-6);
}

#[test]
fn boxes_that_are_suppressed_already_stay_as_they_are() {
    let rows = [
        [12.0, 14.0, 20.0, 18.0, 0.5, 0.0],
        [12.0, 14.0, 20.0, 18.0, 0.9, 2.0],
        [12.0, 14.0, 20.0, 18.0, 0.9, 3.0],
        [0.0, 0.0, 0.0, 0.0, 0.9, 0.0],
    ];
    let expect = [(2, [12.0, 14.0, 20.0, 18.0]), (0, [12.0, 14.0, 20.0, 18.0])];
    assert_eq!(boxes(&manifest("end-to-end", ""), &[(&[1, 4, 6], rows.as_flattened())]), expect);
}

#[test]
fn every_order_of_a_box_is_the_same_box() {
    let check = |order: &str, unit: &str, numbers: [f32; 4]| {
        let more = format!("order = '{order}'\nunit = '{unit}'\ntensors = ['boxes', 'scores', 'classes', 'count']");
        let tensors: &[(&[usize], &[f32])] =
            &[(&[1, 1, 4], &numbers), (&[1, 1], &[0.5]), (&[1, 1], &[2.0]), (&[1], &[1.0])];
        assert_eq!(boxes(&manifest("ssd", &more), tensors), [(2, [16.0, 8.0, 48.0, 12.0])], "{order} {unit}");
    };
    check("xyxy", "pixel", [16.0, 8.0, 48.0, 12.0]);
    check("yxyx", "pixel", [8.0, 16.0, 12.0, 48.0]);
    check("xxyy", "pixel", [16.0, 48.0, 8.0, 12.0]);
    check("xywh", "pixel", [16.0, 8.0, 32.0, 4.0]);
    check("cxcywh", "pixel", [32.0, 10.0, 32.0, 4.0]);
    check("xyxy", "fraction", [0.25, 0.25, 0.75, 0.375]);
    check("yxyx", "fraction", [0.25, 0.25, 0.375, 0.75]);
    check("xxyy", "fraction", [0.25, 0.75, 0.25, 0.375]);
    check("xywh", "fraction", [0.25, 0.25, 0.5, 0.125]);
}

#[test]
fn ssd_may_stand_by_coordinate_and_has_a_count() {
    let planar = [8.0, 0.0, 16.0, 0.0, 12.0, 4.0, 48.0, 4.0];
    let manifest = manifest("ssd", "unit = 'pixel'");
    let tensors = |count| -> Vec<(u16, [f32; 4])> {
        let rest: [(&[usize], &[f32]); 3] = [(&[2], &[1.0, 0.0]), (&[2], &[0.9, 0.8]), (&[1], count)];
        boxes(&manifest, &[[(&[4usize, 2][..], &planar[..])].as_slice(), &rest].concat())
    };
    assert_eq!(tensors(&[1.0]), [(1, [16.0, 8.0, 48.0, 12.0])]);
    assert_eq!(tensors(&[9.0]).len(), 2);
    assert_eq!(tensors(&[f32::NAN]).len(), 0);
    assert_eq!(tensors(&[-1.0]).len(), 0);
}

#[test]
fn detr_has_no_suppression_and_may_say_nothing() {
    let places = [[0.5, 0.5, 0.5, 0.25], [0.5, 0.5, 0.5, 0.25]];
    let logits = [[-9.0, 2.0, 0.0], [-9.0, -9.0, -9.0]];
    let tensors: &[(&[usize], &[f32])] = &[(&[1, 2, 4], places.as_flattened()), (&[1, 2, 3], logits.as_flattened())];
    assert_eq!(boxes(&manifest("detr", ""), tensors), [(1, [16.0, 12.0, 48.0, 20.0])]);
    let nothing = [[0.0, 5.0, 0.0, 9.0], [0.0, 0.0, 5.0, 0.0]];
    let tensors: &[(&[usize], &[f32])] = &[(&[1, 2, 4], places.as_flattened()), (&[1, 2, 4], nothing.as_flattened())];
    let found = decode(&manifest("detr", "activation = 'softmax'"), tensors).unwrap();
    assert_eq!(found.objects.iter().map(|object| object.class).collect::<Vec<_>>(), [2]);
    assert!((found.objects[0].score - 0.980_18).abs() < 1e-4, "{found:?}");
}

#[test]
fn the_surest_classes_are_told() {
    let check = |more: &str, numbers: &[f32], expect: &[u16]| {
        let found = decode(&manifest("classes", more), &[(&[1, 3], numbers)]).unwrap();
        assert_eq!(found.labels.iter().map(|label| label.class).collect::<Vec<_>>(), expect, "{more} {numbers:?}");
        assert!(found.labels.iter().all(|label| (0.0..=1.0).contains(&label.score)));
    };
    check("threshold = 0.1", &[0.2, 0.7, 0.1], &[1, 0, 2]);
    check("threshold = 0.1\nmost = 1", &[0.2, 0.7, 0.1], &[1]);
    check("activation = 'softmax'", &[-3.0, 9.0, 1.0], &[1]);
    check("activation = 'softmax'", &[1e9, 9.0, 1.0], &[0]);
    check("activation = 'sigmoid'", &[3.0, 9.0, -1.0], &[1, 0]);
    check("", &[f32::NAN, 0.5, f32::INFINITY], &[1]);
    check("activation = 'softmax'", &[f32::NAN, 9.0, 1.0], &[1]);
    check("activation = 'softmax'", &[f32::NAN; 3], &[]);
    let softmax = decode(&manifest("classes", "activation = 'softmax'"), &[(&[1, 3], &[0.0, 2.0, 1.0])]).unwrap();
    assert!(matches!(softmax.labels[..], [Label { class: 1, score }] if (score - 0.665_24).abs() < 1e-4));
    let error = decode(&manifest("classes", ""), &[(&[1, 3], &[-3.0, 9.0, 1.0])]).unwrap_err().to_string();
    assert!(error.contains("activation = \"softmax\""), "{error}");
}

#[test]
fn a_pose_has_its_joints_in_the_source_picture() {
    let column = [32.0, 16.0, 32.0, 16.0, 0.9, 0.0, 0.0, 16.0, 8.0, 0.7, 999.0, f32::NAN, 0.5];
    let found = decode(&manifest("pose", ""), &[(&[1, 13, 1], &column)]).unwrap();
    let nose = Keypoint { at: Point { x: 0.25, y: 0.25 }, score: 0.7 };
    assert_eq!(found.objects[0].keypoints, [nose, Keypoint::default()]);
    let flat = [32.0, 16.0, 32.0, 16.0, 0.9, 0.0, 0.0, 16.0, 8.0, 999.0, 8.0];
    let found = decode(&manifest("pose", ""), &[(&[1, 11, 1], &flat)]).unwrap();
    let tail = Keypoint { at: Point { x: 1.0, y: 0.25 }, score: 0.9 };
    assert_eq!(found.objects[0].keypoints, [Keypoint { score: 0.9, ..nose }, tail]);
}

#[test]
fn a_map_leaves_out_what_is_around_the_picture() {
    // A source of 32 by 32 stands in the middle of 64 by 32: the inner two of four columns.
    let decode = |more: &str, shape: &[usize], data: &[f32]| {
        let mut found = Findings::default();
        let manifest = manifest("segments", more);
        let tensor = Tensor { name: "out", shape, data };
        Decoder::new(&manifest).decode(&[tensor], [32, 32], &mut found).map(|()| found.map.unwrap())
    };
    let map = |width, height, classes: &[u16]| ClassMap { width, height, classes: classes.to_vec() };
    let ids = [0.0, 1.0, 2.0, 0.0, 0.0, 2.0, f32::NAN, 0.0];
    assert_eq!(decode("", &[1, 2, 4], &ids).unwrap(), map(2, 2, &[1, 2, 2, 0]));
    assert_eq!(decode("", &[1, 1, 2, 4], &ids).unwrap(), map(2, 2, &[1, 2, 2, 0]));
    assert_eq!(decode("map = [4, 1]", &[1, 2, 4], &ids).unwrap(), map(4, 1, &[2, 2, 0, 0]));
    let planes = [[0.0, 9.0, 0.0, 0.0], [0.0, 1.0, 3.0, 0.0], [9.0, 0.0, 2.0, 9.0]];
    assert_eq!(decode("", &[1, 3, 1, 4], planes.as_flattened()).unwrap(), map(2, 1, &[0, 1]));
    assert!(decode("", &[1, 5, 1, 4], &[0.0; 20]).unwrap_err().to_string().contains("needs [1, 3, H, W]"));
    let large = decode("", &[1, 256, 512], &vec![0.0; 256 * 512]).unwrap();
    assert_eq!((large.width, large.height), (128, 128));
}

#[test]
fn boxes_come_back_from_a_letterbox() {
    let mut found = Findings::default();
    let column = [32.0, 16.0, 16.0, 32.0, 0.9, 0.0, 0.0];
    let tensor = Tensor { name: "out", shape: &[1, 7, 1], data: &column };
    Decoder::new(&manifest("yolo", "")).decode(&[tensor], [100, 100], &mut found).unwrap();
    assert_eq!(found.objects[0].area, Rect { left: 0.25, top: 0.0, right: 0.75, bottom: 1.0 });
}

#[test]
fn garbage_is_left_out_or_refused_and_never_a_panic() {
    let garbage = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, 1e38, -1e38, 0.5, f32::MIN_POSITIVE];
    let mut seed = 1u32;
    let mut number = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        garbage[(seed >> 24) as usize % garbage.len()]
    };
    for decoder in ["yolo", "yolo5", "end-to-end", "ssd", "detr", "classes", "pose", "segments"] {
        let manifest = manifest(decoder, "threshold = 0.0");
        let mut decoder = Decoder::new(&manifest);
        for shape in [
            &[1, 7, 9][..],
            &[1, 9, 8],
            &[1, 9, 6],
            &[1, 13, 9],
            &[1, 3],
            &[1, 3, 4, 5],
            &[1, 0, 4],
            &[],
            &[1, usize::MAX, 7],
        ] {
            let size = shape.iter().fold(1usize, |size, side| size.saturating_mul(*side)).min(1000);
            let data: Vec<_> = (0..size).map(|_| number()).collect();
            let some: Vec<_> = (0..9).map(|_| number()).collect();
            let tensors = [
                Tensor { name: "out", shape, data: &data },
                Tensor { name: "b", shape: &[1, 9], data: &some },
                Tensor { name: "c", shape: &[1, 9], data: &some },
                Tensor { name: "d", shape: &[1], data: &some[..1] },
            ];
            let mut found = Findings::default();
            let _ = decoder.decode(&tensors, [0, 0], &mut found);
            let _ = decoder.decode(&tensors, [1920, 1080], &mut found);
            for object in &found.objects {
                let sides = [object.area.left, object.area.top, object.area.right, object.area.bottom, object.score];
                assert!(sides.iter().all(|side| (0.0..=1.0).contains(side)), "{object:?}");
                assert!(usize::from(object.class) < 3);
            }
        }
    }
}
