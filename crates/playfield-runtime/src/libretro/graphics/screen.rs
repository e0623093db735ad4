//! The framebuffer that a core draws into, in place of a screen.

#[allow(unsafe_code, reason = "OpenGL is C")]
mod ffi;

pub use ffi::{Screen, current_framebuffer};

/// Major and minor of `GL_VERSION`: `4.5 (...) Mesa`, `OpenGL ES 3.2 Mesa`. Whether it is ES.
fn version(text: &str) -> (bool, u32, u32) {
    let es = text.contains("OpenGL ES");
    let number =
        text.split(' ').find(|word| word.starts_with(|first: char| first.is_ascii_digit())).unwrap_or_default();
    let mut parts = number.split('.').map_while(|part| part.parse().ok());
    (es, parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_as_drivers_write_them() {
        let check = |text, expect| assert_eq!(version(text), expect, "{text}");
        check("4.5 (Core Profile) Mesa 22.3.6", (false, 4, 5));
        check("OpenGL ES 3.2 Mesa 22.3.6", (true, 3, 2));
        check("2.1.0 NVIDIA 340.108", (false, 2, 1));
        check("4.6.0 - Build 31.0", (false, 4, 6));
        check("", (false, 0, 0));
    }
}
