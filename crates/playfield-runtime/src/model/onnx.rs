//! A look into an ONNX file before an engine has it: does it name other files? An engine would open them.
//!
//! The file is Protocol Buffers. Only the messages on the way to a tensor are walked through:
//!
//! ```text
//!   Model 7-> Graph 5-> Tensor 13-> (key 1, value 2)        also 15-> sparse tensors 1, 2
//!             Graph 1-> Node 5-> Attribute 5, 10-> Tensor   6, 11-> Graph   22, 23-> sparse tensors
//!   Model 25-> Function 7-> Node
//! ```

/// How deep graphs may lie in each other.
const MOST_DEPTH: usize = 32;

/// What a message is.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Function,
    Node,
    Attribute,
    Sparse,
    Tensor,
}

/// The first file that a model's weights are said to be in, besides its own. What cannot be parsed is left to the engine.
pub fn other_file(model: &[u8]) -> Option<String> {
    walk(model, Kind::Model, MOST_DEPTH)
}

fn walk(message: &[u8], kind: Kind, depth: usize) -> Option<String> {
    let Some(depth) = depth.checked_sub(1) else { return Some("graphs too deep to look into".to_owned()) };
    for (field, value) in fields(message) {
        let inner = match (kind, field) {
            (Kind::Model, 7) | (Kind::Attribute, 6 | 11) => Kind::Graph,
            (Kind::Model, 25) => Kind::Function,
            (Kind::Graph, 1) | (Kind::Function, 7) => Kind::Node,
            (Kind::Node, 5) => Kind::Attribute,
            (Kind::Graph, 15) | (Kind::Attribute, 22 | 23) => Kind::Sparse,
            (Kind::Graph, 5) | (Kind::Attribute, 5 | 10) | (Kind::Sparse, 1 | 2) => Kind::Tensor,
            (Kind::Tensor, 13) => return Some(named(value)),
            _ => continue,
        };
        if let Some(file) = walk(value, inner, depth) {
            return Some(file);
        }
    }
    None
}

/// The name in an entry of a tensor's other places.
fn named(entry: &[u8]) -> String {
    let name = fields(entry).find(|(field, _)| *field == 2).map(|(_, value)| String::from_utf8_lossy(value));
    name.unwrap_or_default().chars().take(100).collect()
}

/// The fields of a message that hold bytes; ends where it cannot be read.
fn fields(mut message: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    std::iter::from_fn(move || {
        loop {
            let tag = varint(&mut message)?;
            match tag & 7 {
                0 => drop(varint(&mut message)?),
                1 => message = message.get(8..)?,
                5 => message = message.get(4..)?,
                2 => {
                    let length = usize::try_from(varint(&mut message)?).ok()?;
                    let (value, rest) = message.split_at_checked(length)?;
                    message = rest;
                    return Some((tag >> 3, value));
                }
                _ => return None,
            }
        }
    })
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, value: &[u8]) -> Vec<u8> {
        let mut bytes = vec![];
        let tag = u16::from(number) << 3 | 2;
        let mut put = |mut value: usize| {
            while value > 127 {
                bytes.push(value as u8 | 0x80);
                value >>= 7;
            }
            bytes.push(value as u8);
        };
        put(usize::from(tag));
        put(value.len());
        bytes.extend_from_slice(value);
        bytes
    }

    #[test]
    fn other_files_are_found_wherever_a_tensor_may_be() {
        let entry = [field(1, b"location"), field(2, b"/etc/passwd")].concat();
        let tensor = [vec![8, 3], field(8, b"weights"), field(13, &entry)].concat();
        let check = |path: &[u8]| {
            let model = path.iter().rev().fold(tensor.clone(), |inner, number| field(*number, &inner));
            assert_eq!(other_file(&model).as_deref(), Some("/etc/passwd"), "{path:?}");
            let cut = &model[..model.len() - 1];
            assert_eq!(other_file(cut), None, "cut short");
        };
        check(&[7, 5]);
        check(&[7, 1, 5, 5]);
        check(&[7, 1, 5, 6, 5]);
        check(&[7, 1, 5, 11, 1, 5, 10]);
        check(&[7, 15, 1]);
        check(&[7, 1, 5, 22, 2]);
        check(&[25, 7, 5, 5]);
        assert_eq!(other_file(&field(7, &field(5, &[8, 3]))), None);
        assert_eq!(other_file(&[0xff; 64]), None);
    }

    #[test]
    fn endless_depth_is_refused() {
        let deep = (0..40).fold(field(5, b""), |inner, _| field(1, &field(5, &field(6, &inner))));
        assert!(other_file(&field(7, &deep)).is_some());
    }
}
