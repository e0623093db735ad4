//! Names that guests choose for themselves: foreign text that others read.

/// Longest name, in characters.
pub const MOST_CHARS: usize = 24;
/// Accents on one letter; more would climb over other lines.
const MOST_MARKS: usize = 2;

/// A name as others may see it: one line of at most [`MOST_CHARS`] characters that are seen, none of which turns the direction
/// of what follows. None: nothing is left of it.
pub fn clean(text: &str) -> Option<String> {
    let (mut name, mut marks, mut space) = (String::new(), 0, false);
    let mut chars = 0;
    // Text of any length may come; what is looked at is bounded too.
    for c in text.chars().take(16 * MOST_CHARS) {
        if c.is_whitespace() {
            space = chars > 0;
            continue;
        }
        if c.is_control() || is_unseen(c) {
            continue;
        }
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if marks > MOST_MARKS {
            continue;
        }
        if chars + usize::from(space) >= MOST_CHARS {
            break;
        }
        if std::mem::take(&mut space) {
            name.push(' ');
            chars += 1;
        }
        name.push(c);
        chars += 1;
    }
    (!name.is_empty()).then_some(name)
}

/// Characters that show nothing and change others: directions, joiners, tags, private use.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// Marks that are put over or under the letter before.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{64b}'..='\u{65f}'
        | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line_that_is_seen() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(clean(text).as_deref(), expect, "{text:?}");
        check("Ada", Some("Ada"));
        check("  Ada \n\t Lovelace ", Some("Ada Lovelace"));
        check("Łukasz 山田", Some("Łukasz 山田"));
        check("<b>&amp;", Some("<b>&amp;"));
        check("", None);
        check(" \u{200b}\u{202e}\u{7} ", None);
        check("a\u{202e}b\u{2066}c\u{0}d", Some("abcd"));
        check("e\u{301}\u{301}\u{301}\u{301}x", Some("e\u{301}\u{301}x"));
        check("123456789 123456789 1234567", Some("123456789 123456789 1234"));
        check("123456789 123456789 123 567", Some("123456789 123456789 123"));
        check(&"x".repeat(100_000), Some(&"x".repeat(24)));
    }

    #[test]
    fn what_is_clean_stays_as_it_is() {
        for text in ["a  b", "e\u{301}\u{301}\u{301}", "123456789 123456789 123 567", "\u{feff} x y"] {
            let once = clean(text).unwrap();
            assert_eq!(clean(&once), Some(once));
        }
    }
}
