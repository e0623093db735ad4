//! What cartridges print. Lines are cut at [`LIMIT`] bytes, so that a format string cannot multiply itself into gigabytes.

/// Longest line, in bytes.
const LIMIT: usize = 4096;

/// The bytes up to the zero that ends a string; each one is a character of its own, as in the reference runtime.
pub(super) fn c_string(mem: &[u8], ptr: u32) -> Result<String, String> {
    let rest = mem.get(ptr as usize..).unwrap_or_default();
    let end = rest.iter().position(|&byte| byte == 0);
    let end = end.ok_or_else(|| format!("the string at {ptr:#x} has no end inside the memory"))?;
    Ok(cut(rest[..end.min(LIMIT)].iter().map(|&byte| char::from(byte)).collect()))
}

/// The format string at `fmt` with the arguments at `stack`: `%c`, `%d`, `%x` and `%s` take four bytes, `%f` eight.
///
/// A zero after a `%` does not end the string, in the console neither.
pub(super) fn format(mem: &[u8], fmt: u32, stack: u32) -> Result<String, String> {
    let mut bytes = mem.get(fmt as usize..).unwrap_or_default().iter().copied();
    let mut next = || bytes.next().ok_or_else(|| format!("the string at {fmt:#x} has no end inside the memory"));
    let mut stack = Stack { mem, at: stack as usize };
    let mut line = String::new();
    loop {
        match next()? {
            0 => break,
            b'%' => match next()? {
                b'c' => line.push(char::from_u32(u32::from(stack.int()? as u16)).unwrap_or('\u{fffd}')),
                b'd' => line += &stack.int()?.to_string(),
                b'x' => line += &signed_hex(stack.int()?),
                b's' => line += &c_string(mem, stack.int()? as u32)?,
                b'f' => line += &number(stack.float()?),
                b'%' => line.push('%'),
                other => line.extend(['%', char::from(other)]),
            },
            byte => line.push(char::from(byte)),
        }
        if line.len() > LIMIT {
            break;
        }
    }
    Ok(cut(line))
}

/// At most [`LIMIT`] bytes of a line.
pub(super) fn cut(mut line: String) -> String {
    line.truncate(line.floor_char_boundary(LIMIT));
    line
}

/// The arguments of a format string.
struct Stack<'a> {
    mem: &'a [u8],
    at: usize,
}

impl Stack<'_> {
    fn int(&mut self) -> Result<i32, String> {
        self.take().map(i32::from_le_bytes)
    }

    fn float(&mut self) -> Result<f64, String> {
        self.take().map(f64::from_le_bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let rest = self.mem.get(self.at..).unwrap_or_default();
        let bytes = rest.first_chunk::<N>();
        let bytes = bytes.ok_or_else(|| format!("the argument at {:#x} lies outside the memory", self.at))?;
        self.at += N;
        Ok(*bytes)
    }
}

/// Hexadecimal with a sign, as scripts print numbers.
fn signed_hex(value: i32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{:x}", value.unsigned_abs())
}

/// The shortest decimal that reads back as `value`, in the notation of ECMAScript (`Number::toString`).
fn number(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.into()
    } else if value == 0.0 {
        "0".into()
    } else if (1e-6..1e21).contains(&size) {
        format!("{value}")
    } else {
        let text = format!("{value:e}");
        if size >= 1.0 { text.replace('e', "e+") } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_takes_its_arguments_from_the_stack() {
        let mut mem = vec![0; 256];
        mem[200..204].copy_from_slice(b"pad\0");
        let mut check = |fmt: &[u8], stack: &[u8], expect: &str| {
            mem[..64].fill(0);
            mem[..fmt.len()].copy_from_slice(fmt);
            mem[100..100 + stack.len()].copy_from_slice(stack);
            assert_eq!(format(&mem, 0, 100).as_deref(), Ok(expect));
        };
        let int = |value: i32| value.to_le_bytes();
        let float = |value: f64| value.to_le_bytes();
        check(b"", b"", "");
        check(b"100%% %y", b"", "100% %y");
        check(b"%d,%d", &[int(-7), int(70)].concat(), "-7,70");
        check(b"%x %x", &[int(255), int(-255)].concat(), "ff -ff");
        check(b"%c%c", &[int(65), int(0xd800)].concat(), "A\u{fffd}");
        check(b"<%s> %d", &[int(200), int(1)].concat(), "<pad> 1");
        check(b"%f %d", &[&float(0.1)[..], &int(3)].concat(), "0.1 3");
        check(b"a%\0b\0c", b"", "a%\0b");
        for (value, text) in [
            (1.0, "1"),
            (-0.0, "0"),
            (1e21, "1e+21"),
            (123456789012345680000.0, "123456789012345680000"),
            (1.5e-7, "1.5e-7"),
            (0.000001, "0.000001"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            check(b"%f", &float(value), text);
        }
    }

    #[test]
    fn strings_outside_the_memory_are_refused_and_long_ones_cut() {
        let mut mem = vec![b'a'; 0x10000];
        assert!(c_string(&mem, 0).is_err());
        assert!(c_string(&mem, u32::MAX).is_err());
        *mem.last_mut().unwrap() = 0;
        assert_eq!(c_string(&mem, 0xffff).as_deref(), Ok(""));
        assert_eq!(c_string(&mem, 0).unwrap().len(), LIMIT);
        for pair in mem[..0x8000].chunks_exact_mut(2) {
            pair.copy_from_slice(b"%s");
        }
        mem[0x8000] = 0;
        mem[0x9000..].fill(0);
        assert!(format(&mem, 0, 0x9000).unwrap().len() <= LIMIT);
        assert!(format(&mem, 0, 0xfffe).is_err());
    }
}
