//! Logs: for people by default, as JSON for machines.

use std::io::{IsTerminal, Write, stderr};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// The WebRTC library warns of what every browser does.
const DEFAULT: &str = "info,str0m=error";

/// Settings of logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Least level, and exceptions by target: `info,playfield_control=debug`.
    pub filter: String,
    /// One JSON object a line.
    pub json: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config { filter: DEFAULT.to_owned(), json: false }
    }
}

/// Sends logs to standard error from now on.
pub fn install(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter).context("`log.filter` is not a filter such as `info`")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    if config.json {
        builder.with_writer(stderr).json().init();
    } else {
        let colours = stderr().is_terminal();
        builder.with_writer(move || OneLine { to: stderr(), colours }).with_target(false).with_ansi(colours).init();
    }
    Ok(())
}

/// Logs of a process whose standard error a node reads: level first, no time of its own.
pub fn install_for_node() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(DEFAULT))
        .with_writer(|| OneLine { to: stderr(), colours: false })
        .with_target(false)
        .with_ansi(false)
        .without_time()
        .init();
}

/// Keeps a record on its line: what a guest logs may hold line breaks and worse, and must not pass for a record of ours.
struct OneLine<W> {
    to: W,
    /// Escape sequences are the library's, which lets none of others through.
    colours: bool,
}

impl<W: Write> OneLine<W> {
    fn escaped(&self, record: &str) -> String {
        let mut line = String::with_capacity(record.len());
        for c in record.chars() {
            match c {
                '\t' => line.push(' '),
                '\x1b' if self.colours => line.push(c),
                c if c.is_control() => line.extend(c.escape_default()),
                c => line.push(c),
            }
        }
        line
    }
}

impl<W: Write> Write for OneLine<W> {
    /// Takes one record, with the line break at its end, as the library writes them.
    fn write(&mut self, record: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        // At once, so that processes that share the pipe do not mix their lines.
        self.to.write_all((self.escaped(text) + "\n").as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(record: &str, colours: bool) -> String {
        let mut line = OneLine { to: Vec::new(), colours };
        assert_eq!(line.write(record.as_bytes()).unwrap(), record.len());
        String::from_utf8(line.to).unwrap()
    }

    #[test]
    fn a_record_is_a_line_whatever_is_in_it() {
        let foreign = " INFO guest: a\r\nERROR all is lost\0\u{85}\x1b[31m \u{fc}\ttab\n";
        assert_eq!(
            written(foreign, false),
            " INFO guest: a\\r\\nERROR all is lost\\u{0}\\u{85}\\u{1b}[31m \u{fc} tab\n"
        );
        assert_eq!(written("\x1b[32m INFO\x1b[0m ready\n", true), "\x1b[32m INFO\x1b[0m ready\n");
    }
}
