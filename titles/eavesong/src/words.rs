//! Short texts made of parts, without a heap.

pub struct Words {
    bytes: [u8; 24],
    len: usize,
}

impl Words {
    pub fn new(text: &str) -> Words {
        Words { bytes: [0; 24], len: 0 }.and(text)
    }

    pub fn and(mut self, text: &str) -> Words {
        for byte in text.bytes().take(self.bytes.len() - self.len) {
            self.bytes[self.len] = byte;
            self.len += 1;
        }
        self
    }

    pub fn number(self, value: u32) -> Words {
        let mut digits = [0; 10];
        let (mut at, mut rest) = (digits.len(), value);
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.and(core::str::from_utf8(&digits[at..]).unwrap_or(""))
    }

    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or("")
    }
}
