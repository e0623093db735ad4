//! SPDX licence expressions (SPDX 2.3, annex D): `A OR B`, `A AND B`, `A WITH B`, brackets; and the old `A/B` for OR.

/// Whether a set of allowed licences satisfies the expression. One that does not parse is not satisfied.
pub fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: &words, allowed };
    parser.any() == Some(true) && parser.words.is_empty()
}

struct Parser<'a> {
    words: &'a [&'a str],
    allowed: &'a dyn Fn(&str) -> bool,
}

impl Parser<'_> {
    fn take(&mut self, wanted: &str) -> bool {
        let here = self.words.first() == Some(&wanted);
        if here {
            self.words = &self.words[1..];
        }
        here
    }

    fn any(&mut self) -> Option<bool> {
        let mut value = self.all()?;
        while self.take("OR") {
            value |= self.all()?;
        }
        Some(value)
    }

    fn all(&mut self) -> Option<bool> {
        let mut value = self.one()?;
        while self.take("AND") {
            value &= self.one()?;
        }
        Some(value)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let value = self.any()?;
            return self.take(")").then_some(value);
        }
        let (id, rest) = self.words.split_first().filter(|(id, _)| !matches!(**id, "OR" | "AND" | "WITH" | ")"))?;
        self.words = rest;
        if !self.take("WITH") {
            return Some((self.allowed)(id));
        }
        let (exception, rest) = self.words.split_first()?;
        self.words = rest;
        Some((self.allowed)(&format!("{id} WITH {exception}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_says() {
        let allowed = |id: &str| ["MIT", "BSD-3-Clause", "Apache-2.0 WITH LLVM-exception"].contains(&id);
        let check = |text: &str, expect| assert_eq!(satisfied(text, &allowed), expect, "{text}");
        check("MIT", true);
        check("GPL-3.0", false);
        check("MIT OR GPL-3.0", true);
        check("GPL-3.0/MIT", true);
        check("MIT AND GPL-3.0", false);
        check("MIT AND BSD-3-Clause", true);
        check("(MIT OR GPL-3.0) AND BSD-3-Clause", true);
        check("GPL-3.0 OR MIT AND BSD-3-Clause", true);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("Apache-2.0", false);
        check("MIT OR", false);
        check("(MIT", false);
        check("MIT MIT", false);
        check("", false);
    }
}
