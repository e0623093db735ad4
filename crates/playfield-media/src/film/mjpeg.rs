//! JPEGs one after another. A JPEG has no length; its segments have (ITU-T T.81, B.1.1).

/// See [`Length`](super::raw::Length).
pub(super) fn length(bytes: &[u8], seen: &mut usize, end: bool) -> Option<usize> {
    walk(bytes, seen).or(end.then_some(bytes.len()))
}

fn walk(bytes: &[u8], seen: &mut usize) -> Option<usize> {
    // What is no marker is data of a scan.
    let mut at = *seen;
    loop {
        *seen = at;
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xff)?;
        match *bytes.get(at + 1)? {
            0xd9 => return Some(at + 2),
            // A stuffed zero, a fill byte, a restart, a beginning: two bytes, no length.
            0xff => at += 1,
            0x00 | 0x01 | 0xd0..=0xd8 => at += 2,
            _ => {
                let length = bytes.get(at + 2..at + 4)?;
                at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
                if at > bytes.len() {
                    return None;
                }
            }
        }
    }
}
