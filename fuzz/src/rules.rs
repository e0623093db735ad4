//! Servers that rules speak to: what they answer.

use playfield_control::rules::mail::read_line;
use playfield_control::rules::mqtt::packet::read;

/// What a broker says, read as it comes, in whatever pieces; and the same as the lines of a mail server.
pub fn rules(data: &[u8]) {
    let mut rest = data;
    while let Ok(Some((said, used))) = read(rest) {
        assert!((2..=rest.len()).contains(&used));
        // More that follows changes nothing, and a packet that is cut is not another one.
        assert_eq!(read(&rest[..used]), Ok(Some((said, used))));
        assert_eq!(read(&rest[..used - 1]), Ok(None));
        rest = &rest[used..];
    }
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let Ok(line) = read_line(line) else { continue };
        assert!(line.code <= 999 && line.said.chars().count() <= 200);
        assert!(!line.said.contains(char::is_control), "it is shown as it is");
    }
}
