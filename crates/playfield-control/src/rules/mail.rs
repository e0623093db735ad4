//! Mail: handed in to the server of the settings (RFC 5321, RFC 6409), one conversation for each.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use playfield_core::time::utc;
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::config::{MailConfig, MailTls};
use super::connect::{Connector, Way};
use super::deliver::Outcome;

/// The first thing we say. Who sends from behind a router has no name of its own that would mean anything.
const HELLO: &str = "EHLO [127.0.0.1]";
/// How long a conversation may take.
const CONVERSATION: Duration = Duration::from_secs(60);
/// Most bytes of a line of an answer, and most lines of one.
const LINE: u64 = 2_048;
const LINES: usize = 64;
/// Bytes of a word of a subject before it is written as another one (RFC 2047: 75 letters, base64 and frame included).
const WORD: usize = 42;

/// A mail to be sent.
pub(super) struct Mail<'a> {
    /// Names it, so that a mail that comes twice is known.
    pub id: &'a str,
    pub to: &'a [String],
    /// None: made of what happened.
    pub subject: Option<&'a str>,
    /// What happened, as the envelope of webhooks.
    pub body: &'a str,
}

/// Why it was not sent.
#[derive(Debug)]
struct Trouble {
    detail: String,
    /// The server said that it will never take it.
    forever: bool,
}

impl From<String> for Trouble {
    fn from(detail: String) -> Trouble {
        Trouble { detail, forever: false }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Trouble {
        Trouble::from(format!("the mail server: {error}"))
    }
}

/// Sends it, and says what became of it.
pub(super) async fn send(config: &MailConfig, connector: &Connector, mail: Mail<'_>, now_ms: u64) -> Outcome {
    let Some(host) = config.host.as_deref() else {
        return Outcome::Never("no mail server is set: `host` under [control.rules.mail]".to_owned());
    };
    let text = message(config, &mail, now_ms);
    let conversation = converse(config, host, connector, mail.to, &text);
    match tokio::time::timeout(CONVERSATION, conversation).await {
        Ok(Ok(said)) => Outcome::Done(said),
        Ok(Err(Trouble { detail, forever: true })) => Outcome::Never(detail),
        Ok(Err(Trouble { detail, .. })) => Outcome::Again(detail),
        Err(_) => Outcome::Again(format!("{host} took longer than {} s", CONVERSATION.as_secs())),
    }
}

async fn converse(
    config: &MailConfig,
    host: &str,
    connector: &Connector,
    to: &[String],
    text: &str,
) -> Result<String, Trouble> {
    let way = connector.connect(host, config.port, config.tls == MailTls::Tls, false).await?;
    let mut talk = Talk { way: BufReader::new(way) };
    talk.answer(2).await?;
    talk.say("EHLO", HELLO, 2).await?;
    if config.tls == MailTls::Starttls {
        talk.say("STARTTLS", "STARTTLS", 2).await?;
        talk = talk.secure(host, connector).await?;
        talk.say("EHLO", HELLO, 2).await?;
    }
    if let (Some(user), Some(password)) = (&config.user, &config.password) {
        let plain = BASE64_STANDARD.encode(format!("\0{user}\0{}", password.reveal()));
        talk.say("AUTH", &format!("AUTH PLAIN {plain}"), 2).await?;
    }
    talk.say("MAIL FROM", &format!("MAIL FROM:<{}>", config.from), 2).await?;
    for address in to {
        talk.say("RCPT TO", &format!("RCPT TO:<{address}>"), 2).await?;
    }
    talk.say("DATA", "DATA", 3).await?;
    let said = talk.say("the mail", &format!("{text}\r\n."), 2).await?;
    // It has the mail; how it says goodbye changes nothing.
    let _ = talk.say("QUIT", "QUIT", 2).await;
    Ok(said)
}

/// A conversation with a server.
struct Talk {
    way: BufReader<Way>,
}

impl Talk {
    /// Says a line, and reads the answer, whose first digit is to be this. `step` names the line in what went wrong: the line
    /// itself may hold a password.
    async fn say(&mut self, step: &str, line: &str, expect: u16) -> Result<String, Trouble> {
        self.way.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.way.flush().await?;
        let named = |trouble: Trouble| Trouble { detail: format!("{step}: {}", trouble.detail), ..trouble };
        self.answer(expect).await.map_err(named)
    }

    /// The last line of an answer; all lines but the last have a `-` behind their number.
    async fn answer(&mut self, expect: u16) -> Result<String, Trouble> {
        for _ in 0..LINES {
            let mut line = Vec::new();
            (&mut self.way).take(LINE).read_until(b'\n', &mut line).await?;
            if line.last() != Some(&b'\n') {
                return Err(Trouble::from("the mail server ended the conversation".to_owned()));
            }
            let Line { code, last, said } = read_line(&line)?;
            if !last {
                continue;
            }
            return match code / 100 {
                class if class == expect => Ok(said),
                class => Err(Trouble { detail: format!("the mail server says {said}"), forever: class == 5 }),
            };
        }
        Err(Trouble::from("the mail server's answer has no end".to_owned()))
    }

    /// What came before TLS began is not believed after it.
    async fn secure(self, host: &str, connector: &Connector) -> Result<Talk, Trouble> {
        if !self.way.buffer().is_empty() {
            return Err(Trouble::from("the mail server spoke out of turn before TLS".to_owned()));
        }
        Ok(Talk { way: BufReader::new(connector.secure(host, self.way.into_inner()).await?) })
    }
}

/// A line of an answer (RFC 5321, 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, of three digits.
    pub code: u16,
    /// No more lines follow.
    pub last: bool,
    /// All of it, as it may be shown: at most 200 letters, none of which controls anything.
    pub said: String,
}

/// Reads a line of an answer. An error is a sentence.
pub fn read_line(line: &[u8]) -> Result<Line, String> {
    let text = String::from_utf8_lossy(line);
    let (code, rest) = text.split_at_checked(3).unwrap_or(("", ""));
    if !code.bytes().all(|letter| letter.is_ascii_digit()) {
        return Err("this is no mail server: its answer has no number".to_owned());
    }
    let code = code.parse().map_err(|_| "this is no mail server: its answer has no number".to_owned())?;
    let said = text.trim_end().chars().filter(|letter| !letter.is_control()).take(200).collect();
    Ok(Line { code, last: !rest.starts_with('-'), said })
}

/// The mail as it is sent, without the dot at its end. All of the body is base64, so no line of it begins with one.
fn message(config: &MailConfig, mail: &Mail<'_>, now_ms: u64) -> String {
    let event: Value = serde_json::from_str(mail.body).unwrap_or_default();
    let data = &event["data"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (rule, device) = (word(&data["rule"]["name"]), word(&data["device"]["name"]));
    let made = if device.is_empty() { rule.clone() } else { format!("{rule}: {device}") };
    let pretty = serde_json::to_string_pretty(&data["event"]).unwrap_or_default();
    let text = format!("{rule}\r\n{device}\r\n{}\r\n\r\n{}\r\n", word(&event["time"]), pretty.replace('\n', "\r\n"));
    let encoded = BASE64_STANDARD.encode(text);
    let lines = encoded.as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\r\n");
    let domain = config.from.split('@').next_back().unwrap_or("localhost");
    format!(
        "From: <{}>\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{domain}>\r\nAuto-Submitted: auto-generated\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{lines}",
        config.from,
        mail.to.iter().map(|address| format!("<{address}>")).collect::<Vec<_>>().join(",\r\n "),
        subject(mail.subject.unwrap_or(&made)),
        date(now_ms),
        mail.id,
    )
}

/// A subject on lines that are short enough, in words of UTF-8 where it is not ASCII (RFC 2047).
fn subject(text: &str) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.is_ascii() && text.len() <= 60 {
        return text;
    }
    let mut words = vec![String::new()];
    for letter in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + letter.len_utf8() <= WORD => word.push(letter),
            _ => words.push(letter.to_string()),
        }
    }
    let words = words.iter().map(|word| format!("=?utf-8?B?{}?=", BASE64_STANDARD.encode(word)));
    words.collect::<Vec<_>>().join("\r\n ")
}

/// A moment as mail writes it (RFC 5322, 3.3).
fn date(unix_ms: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = utc(unix_ms);
    let mut parts = text.split(['-', 'T', '.']);
    let mut part = || parts.next().unwrap_or("");
    let (year, month, day, time) = (part(), part(), part(), part());
    let month = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).unwrap_or(&"Jan");
    format!("{}, {day} {month} {year} {time} +0000", DAYS[(unix_ms / 86_400_000 % 7) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_an_answer_has_a_number_and_may_not_be_the_last() {
        let line = |code, last, said: &str| Ok(Line { code, last, said: said.to_owned() });
        assert_eq!(read_line(b"250-here\r\n"), line(250, false, "250-here"));
        assert_eq!(read_line(b"550 no \x1b[2Jsuch\r\n"), line(550, true, "550 no [2Jsuch"));
        assert_eq!(read_line(b"221\n"), line(221, true, "221"));
        for wrong in [&b"+25 ok\r\n"[..], b"25", b"HTTP/1.1 400", "2\u{fc}0".as_bytes(), b""] {
            assert!(read_line(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_date_is_that_of_mail() {
        assert_eq!(date(0), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(date(1_793_577_600_000 + 3_723_000), "Mon, 02 Nov 2026 01:02:03 +0000");
    }

    #[test]
    fn a_subject_is_short_words_and_no_header_comes_in_by_it() {
        assert_eq!(subject("Somebody: door"), "Somebody: door");
        assert_eq!(subject("a\r\nBcc: x"), "a  Bcc: x");
        let long = subject(&"Tür ".repeat(30));
        assert!(long.lines().all(|line| line.trim().len() <= 75 && line.contains("=?utf-8?B?")), "{long}");
        let words = long.lines().map(|line| line.trim().trim_start_matches("=?utf-8?B?").trim_end_matches("?="));
        let whole: Vec<u8> = words.flat_map(|word| BASE64_STANDARD.decode(word).unwrap_or_default()).collect();
        assert_eq!(String::from_utf8_lossy(&whole), "Tür ".repeat(30));
    }

    #[test]
    fn a_mail_says_which_rule_and_what_happened() {
        let body = r#"{"time": "T", "data": {"rule": {"name": "Gate"}, "device": {"name": "Door"}, "event": {"event": "enter"}}}"#;
        let to = ["a@example.com".to_owned(), "b@example.com".to_owned()];
        let text = message(&MailConfig::default(), &Mail { id: "dlv-1", to: &to, subject: None, body }, 0);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        for line in ["To: <a@example.com>,\r\n <b@example.com>", "Subject: Gate: Door", "Message-ID: <dlv-1@localhost>"]
        {
            assert!(head.contains(line), "{head}");
        }
        let body = BASE64_STANDARD.decode(body.replace("\r\n", "")).unwrap_or_default();
        assert!(String::from_utf8_lossy(&body).contains("\"event\": \"enter\""));
        assert!(text.lines().all(|line| line.len() <= 76 && !line.starts_with('.')));
    }
}
