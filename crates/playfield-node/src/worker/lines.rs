//! Lines from a pipe, each no longer than it may be.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Whole,
    /// As much of a line as is allowed; the rest is still to be read.
    Cut,
    /// There are no more.
    End,
}

/// Reads the next line into `into`, but at most `max` bytes of it.
pub(super) async fn next(from: &mut (impl AsyncBufRead + Unpin), max: usize, into: &mut Vec<u8>) -> io::Result<Line> {
    into.clear();
    loop {
        let chunk = from.fill_buf().await?;
        if chunk.is_empty() {
            return Ok(if into.is_empty() { Line::End } else { Line::Whole });
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let wanted = end.unwrap_or(chunk.len());
        let taken = wanted.min(max - into.len());
        into.extend_from_slice(&chunk[..taken]);
        if taken < wanted {
            from.consume(taken);
            return Ok(Line::Cut);
        }
        from.consume(end.map_or(taken, |end| end + 1));
        if end.is_some() {
            return Ok(Line::Whole);
        }
    }
}

/// Passes over the rest of a line that was cut.
pub(super) async fn skip(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<()> {
    loop {
        let chunk = from.fill_buf().await?;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let (length, done) = (end.map_or(chunk.len(), |end| end + 1), end.is_some() || chunk.is_empty());
        from.consume(length);
        if done {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &str, max: usize) -> Vec<(Line, String)> {
        let mut from = tokio::io::BufReader::with_capacity(3, text.as_bytes());
        let (mut lines, mut line) = (Vec::new(), Vec::new());
        loop {
            let what = next(&mut from, max, &mut line).await.unwrap();
            if what == Line::End {
                return lines;
            }
            lines.push((what, String::from_utf8(line.clone()).unwrap()));
            if what == Line::Cut {
                skip(&mut from).await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn lines_come_whole_or_cut() {
        async fn check(text: &str, expect: &[(Line, &str)]) {
            let expect: Vec<_> = expect.iter().map(|(what, line)| (*what, (*line).to_owned())).collect();
            assert_eq!(read(text, 5).await, expect, "{text:?}");
        }
        check("", &[]).await;
        check("a\n", &[(Line::Whole, "a")]).await;
        check("a\n\nbc", &[(Line::Whole, "a"), (Line::Whole, ""), (Line::Whole, "bc")]).await;
        check("12345\nb\n", &[(Line::Whole, "12345"), (Line::Whole, "b")]).await;
        check("1234567890\nb\n", &[(Line::Cut, "12345"), (Line::Whole, "b")]).await;
        check("1234567890", &[(Line::Cut, "12345")]).await;
    }
}
