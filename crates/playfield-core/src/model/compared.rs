//! What is found in tensors is what other programs find in them: `models/testdata.py` says which, and made the expectations.

use serde::Deserialize;

use super::*;

/// Boxes, and which of them stay.
#[derive(Deserialize)]
struct Suppression {
    iou: f32,
    agnostic: bool,
    boxes: Vec<f32>,
    scores: Vec<f32>,
    classes: Vec<u16>,
    kept: Vec<u32>,
}

/// Tensors of one family, and what is in them.
#[derive(Deserialize)]
struct Family {
    name: String,
    manifest: String,
    source: [u16; 2],
    /// How far places may be from the expected ones.
    #[serde(default = "exact")]
    within: f32,
    tensors: Vec<Numbers>,
    #[serde(default)]
    objects: Vec<Expected>,
    #[serde(default)]
    labels: Vec<Label>,
    map: Option<ClassMap>,
}

#[derive(Deserialize)]
struct Numbers {
    shape: Vec<usize>,
    data: Vec<f32>,
}

#[derive(Deserialize)]
struct Expected {
    class: u16,
    score: f32,
    #[serde(rename = "box")]
    area: [f32; 4],
    #[serde(default)]
    keypoints: Vec<f32>,
}

const fn exact() -> f32 {
    2e-5
}

fn near(one: f32, other: f32) -> bool {
    (one - other).abs() < exact()
}

#[test]
fn the_same_boxes_stay_as_with_supervision_and_onnx_runtime() {
    let cases: Vec<Suppression> = serde_json::from_str(include_str!("../../testdata/model/suppression.json")).unwrap();
    for (nth, case) in cases.iter().enumerate() {
        let toml = format!(
            "name = 'm'\ntask = 'detect'\nfile = 'm.onnx'\nlabels = ['a']\n[input]\nsize = [64, 64]\n[output]\n\
             decoder = 'yolo'\nmost = 1000\nagnostic = {}\niou = {:?}",
            case.agnostic, case.iou
        );
        let output = Manifest::parse(&toml).unwrap().output;
        let mut suppressor = Suppressor::default();
        for (index, (corners, score)) in case.boxes.as_chunks::<4>().0.iter().zip(&case.scores).enumerate() {
            let (class, index) = (case.classes[index], index as u32);
            suppressor.push(Candidate { corners: *corners, score: *score, class, index });
        }
        let kept: Vec<_> = suppressor.suppress(&output).iter().map(|candidate| candidate.index).collect();
        assert_eq!(kept, case.kept, "case {nth}");
    }
}

#[test]
fn every_family_says_what_other_programs_say() {
    let families: Vec<Family> = serde_json::from_str(include_str!("../../testdata/model/families.json")).unwrap();
    assert!(families.len() > 10);
    for family in &families {
        let manifest = Manifest::parse(&family.manifest).unwrap();
        let tensors: Vec<_> =
            family.tensors.iter().map(|t| Tensor { name: "", shape: &t.shape, data: &t.data }).collect();
        let mut found = Findings::default();
        Decoder::new(&manifest).decode(&tensors, family.source, &mut found).unwrap();
        compare(family, &found);
    }
}

fn compare(family: &Family, found: &Findings) {
    let name = &family.name;
    let [width, height] = family.source;
    assert_eq!(found.objects.len(), family.objects.len(), "{name} of {width}x{height}");
    for (object, expect) in found.objects.iter().zip(&family.objects) {
        let area = &object.area;
        let sides = [area.left, area.top, area.right, area.bottom];
        let same = object.class == expect.class && near(object.score, expect.score);
        assert!(
            same && sides.iter().zip(expect.area).all(|(is, expect)| (is - expect).abs() < family.within),
            "{name}: {object:?}"
        );
        let joints: Vec<_> = object.keypoints.iter().flat_map(|joint| [joint.at.x, joint.at.y, joint.score]).collect();
        assert_eq!(joints.len(), expect.keypoints.len(), "{name}");
        assert!(joints.iter().zip(&expect.keypoints).all(|(is, expect)| near(*is, *expect)), "{name}: {object:?}");
    }
    assert_eq!(found.labels.len(), family.labels.len(), "{name}");
    for (label, expect) in found.labels.iter().zip(&family.labels) {
        assert!(label.class == expect.class && near(label.score, expect.score), "{name}: {label:?} for {expect:?}");
    }
    assert_eq!(found.map, family.map, "{name}");
}
