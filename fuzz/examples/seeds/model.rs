//! Tensors of every family of models, as other programs made them (`models/testdata.py`).

use playfield_fuzz::packed;
use serde_json::Value;

/// Name and input.
pub fn all() -> Vec<(String, Vec<u8>)> {
    let families = include_str!("../../../crates/playfield-core/testdata/model/families.json");
    let families: Vec<Value> = serde_json::from_str(families).expect("the tests read it too");
    families.iter().map(|family| (name(family), packed(messages(family).iter().map(Vec::as_slice)))).collect()
}

fn name(family: &Value) -> String {
    let words = family["name"].as_str().unwrap_or_default();
    words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

fn messages(family: &Value) -> Vec<Vec<u8>> {
    let manifest = family["manifest"].as_str().unwrap_or_default().as_bytes().to_vec();
    let tensors = family["tensors"].as_array().into_iter().flatten().map(|tensor| {
        let numbers =
            |key: &str| tensor[key].as_array().into_iter().flatten().filter_map(Value::as_f64).collect::<Vec<_>>();
        let shape = numbers("shape");
        let mut bytes = vec![shape.len() as u8];
        bytes.extend(shape.iter().flat_map(|side| (*side as u16).to_le_bytes()));
        bytes.extend(numbers("data").iter().flat_map(|number| (*number as f32).to_le_bytes()));
        bytes
    });
    std::iter::once(manifest).chain(tensors).collect()
}
