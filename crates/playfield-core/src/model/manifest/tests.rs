//! What is said about a model is read, and a wrong word is named.

use super::*;

const STREET: &str = r#"
name = "street"
version = "1.0.0"
task = "detect"
file = "street.onnx"
licence = "MIT OR Apache-2.0"
labels = ["person", "car", "truck", "bicycle"]
[input]
size = [320, 192]
fit = "letterbox"
colour = "rgb"
layout = "nchw"
mean = [0, 0, 0]
std = [255, 255, 255]
pad = 114
[output]
decoder = "yolo"
threshold = 0.4
iou = 0.5
"#;

#[test]
fn what_is_not_said_is_as_the_family_has_it() {
    let manifest = Manifest::parse(STREET).unwrap();
    let short = "name = 'street'\ntask = 'detect'\nfile = 'street.onnx'\nlabels = ['person', 'car', 'truck', 'bicycle']\n\
                 [input]\nsize = [320, 192]\n[output]\ndecoder = 'yolo'";
    let short = Manifest::parse(short).unwrap();
    assert_eq!((&short.input, &short.output), (&manifest.input, &manifest.output));
    assert_eq!((short.output.box_order(), short.output.box_unit()), (BoxOrder::Cxcywh, Unit::Pixel));
    let ssd = Manifest::parse(&STREET.replace("yolo", "ssd")).unwrap().output;
    assert_eq!((ssd.box_order(), ssd.box_unit()), (BoxOrder::Yxyx, Unit::Fraction));
    assert_eq!(ssd.roles(), [Role::Boxes, Role::Classes, Role::Scores, Role::Count]);
    let detr = Manifest::parse(&STREET.replace("yolo", "detr")).unwrap().output;
    assert_eq!(detr.score_activation(), Activation::Sigmoid);
}

#[test]
fn what_was_written_is_read() {
    let manifest = Manifest::parse(STREET).unwrap();
    assert_eq!(Manifest::parse(&toml::to_string(&manifest).unwrap()).unwrap(), manifest);
}

#[test]
fn a_wrong_word_is_named() {
    let check = |from: &str, to: &str, expect: &str| {
        assert!(STREET.contains(from), "{from}");
        let error = Manifest::parse(&STREET.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check("pad = 114", "padding = 114", "unknown field `padding`");
    check("\"street\"", "\"Street\"", "`name` must be");
    check("street.onnx", "../street.onnx", "`file` must be");
    check("\"detect\"", "\"classify\"", "`task` must be \"detect\"");
    check("\"yolo\"", "\"yolo9000\"", "unknown variant `yolo9000`");
    check("[320, 192]", "[320, 1]", "`input.size` must be");
    check("[255, 255, 255]", "[0, 1, 1]", "`input.std` must be");
    check("[0, 0, 0]", "[nan, 0, 0]", "`input.mean` must be");
    check("threshold = 0.4", "threshold = 40", "`output.threshold` must be 0 to 1");
    check("threshold = 0.4", "threshold = 0.4\nbegin = 40", "`output.begin` must be 0 to 1");
    check("iou = 0.5", "iou = nan", "`output.iou` must be 0 to 1");
    check("iou = 0.5", "most = 0", "`output.most` must be");
    check("iou = 0.5", "tensors = ['boxes']", "`output.tensors` is for");
    check("decoder = \"yolo\"", "decoder = 'ssd'\ntensors = ['boxes', 'scores']", "`output.tensors` must say");
    check("\"car\"", "\"\"", "`labels` and");
    check("[input]", "keypoints = ['nose']\n[input]", "`keypoints` must name");
}

#[test]
fn the_manual_is_right() {
    let manual = include_str!("../../../../../docs/reference/models.md");
    let example = manual.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(Manifest::parse(example).unwrap().labels.len(), 4);
}
