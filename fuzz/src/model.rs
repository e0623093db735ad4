//! What is said about a model, and the numbers that come out of it.

use playfield_core::metadata::Rect;
use playfield_core::model::{Decoder, Element, Findings, Manifest, Tensor, TensorInfo, fits};

use crate::{Bytes, packets};

/// Most numbers of a tensor.
const MOST: usize = 1 << 14;

/// A `model.toml`, then tensors: how many sizes, the sizes (two bytes each), and numbers, which begin anew where they end too soon.
pub fn model(data: &[u8]) {
    let mut packets = packets(data);
    let Some(text) = packets.next().and_then(|text| std::str::from_utf8(text).ok()) else { return };
    let Ok(manifest) = Manifest::parse(text) else { return };
    let again = toml::to_string(&manifest).expect("a manifest is written");
    assert_eq!(Manifest::parse(&again).expect("what was written is read"), manifest);

    let tensors: Vec<_> = packets.take(8).filter_map(tensor).collect();
    let infos: Vec<_> = tensors.iter().map(|(shape, _)| info(shape)).collect();
    let (inputs, outputs) = infos.split_at(infos.len().min(1));
    if let Err(refusal) = fits(&manifest, inputs, outputs) {
        assert!(!refusal.to_string().is_empty());
    }

    let tensors: Vec<_> = tensors.iter().map(|(shape, data)| Tensor { name: "out", shape, data }).collect();
    let (mut decoder, mut found) = (Decoder::new(&manifest), Findings::default());
    for source in [[640, 360], [1, 1080], [0, 0]] {
        if decoder.decode(&tensors, source, &mut found).is_ok() {
            check(&manifest, &found);
        }
    }
}

fn tensor(packet: &[u8]) -> Option<(Vec<usize>, Vec<f32>)> {
    let mut bytes = Bytes(packet);
    let shape: Vec<_> = (0..bytes.u8() % 6).map(|_| usize::from(bytes.u16())).collect();
    let size = shape.iter().try_fold(1usize, |size, side| size.checked_mul(*side)).filter(|size| *size <= MOST)?;
    let numbers: Vec<_> = bytes.0.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect();
    let numbers = if numbers.is_empty() { vec![0.0] } else { numbers };
    Some((shape, numbers.into_iter().cycle().take(size).collect()))
}

/// A size of zero may be any.
fn info(shape: &[usize]) -> TensorInfo {
    let shape = shape.iter().map(|size| (*size > 0).then_some(*size)).collect();
    TensorInfo { name: "out".to_owned(), element: Some(Element::F32), shape: Some(shape) }
}

fn check(manifest: &Manifest, found: &Findings) {
    let fraction = |value: f32| (0.0..=1.0).contains(&value);
    let (labels, most) = (manifest.labels.len(), usize::from(manifest.output.most));
    assert!(found.objects.len() <= most && found.labels.len() <= most);
    assert!(found.objects.is_sorted_by(|one, next| one.score >= next.score));
    for object in &found.objects {
        let Rect { left, top, right, bottom } = object.area;
        assert!([left, top, right, bottom, object.score].into_iter().all(fraction) && left < right && top < bottom);
        assert!(usize::from(object.class) < labels && object.keypoints.len() == manifest.keypoints.len());
        assert!(object.keypoints.iter().all(|joint| [joint.at.x, joint.at.y, joint.score].into_iter().all(fraction)));
    }
    assert!(found.labels.iter().all(|label| usize::from(label.class) < labels && fraction(label.score)));
    if let Some(map) = &found.map {
        assert_eq!(map.classes.len(), usize::from(map.width) * usize::from(map.height));
        assert!(map.classes.iter().all(|class| usize::from(*class) < labels));
    }
}
