//! At which hours of which days a rule holds.
//!
//! Hours are those of a fixed distance from UTC: there is no table of time zones, so a rule does not follow summer time by
//! itself. Who wants it to writes two rules, or changes the distance twice a year.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const DAY_MIN: i64 = 24 * 60;
const MINUTE_MS: i64 = 60_000;
/// The furthest that clocks are from UTC, in minutes.
const FURTHEST: i16 = 14 * 60;

/// Hours at which a rule holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// Days on which it begins; none: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// From this minute on.
    #[schema(value_type = String, example = "22:00")]
    pub from: ClockTime,
    /// Until this minute comes. Not after `from`: on the next day.
    #[schema(value_type = String, example = "06:00")]
    pub to: Until,
    /// How far the clock is ahead of UTC.
    #[schema(value_type = String, example = "+01:00")]
    pub utc_offset: UtcOffset,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

const DAYS: [Day; 7] = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun];

impl Schedule {
    /// Whether it holds at this moment: Unix time in milliseconds.
    pub fn holds(&self, unix_ms: u64) -> bool {
        let ahead = i64::from(self.utc_offset.0) * MINUTE_MS;
        let minutes = i64::try_from(unix_ms).unwrap_or(i64::MAX).saturating_add(ahead).div_euclid(MINUTE_MS);
        let (day, minute) = (minutes.div_euclid(DAY_MIN), minutes.rem_euclid(DAY_MIN));
        let (from, to) = (i64::from(self.from.0), i64::from(self.to.0.0));
        if from < to {
            return (from..to).contains(&minute) && self.names(day);
        }
        (minute >= from && self.names(day)) || (minute < to && self.names(day - 1))
    }

    /// Whether a day is one of them, counted from the first of 1970, which was a Thursday.
    fn names(&self, day: i64) -> bool {
        self.days.is_empty() || self.days.contains(&DAYS[(day + 3).rem_euclid(7) as usize])
    }
}

/// A minute of a day, as `HH:MM`, up to `24:00`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClockTime(u16);

/// The end of the hours; the end of the day, where it is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Until(pub ClockTime);

impl Default for Until {
    fn default() -> Until {
        Until(ClockTime(DAY_MIN as u16))
    }
}

/// How far a clock is ahead of UTC, as `+HH:MM`, `-HH:MM` or `Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UtcOffset(i16);

/// A time that does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTime {
    /// Of a day.
    #[error("`{0}` is no time of a day; write hours and minutes, such as 22:00, up to 24:00")]
    Clock(String),
    /// From UTC.
    #[error("`{0}` is no distance from UTC; write +01:00, -05:30 or Z, at most 14 hours")]
    Offset(String),
}

fn hours_and_minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| text.parse::<u16>().ok().filter(|_| text.len() == 2 && text.is_ascii());
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn clip(text: &str) -> String {
    text.chars().take(20).collect()
}

impl FromStr for ClockTime {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<ClockTime, BadTime> {
        let minutes = hours_and_minutes(text).filter(|minutes| i64::from(*minutes) <= DAY_MIN);
        minutes.map(ClockTime).ok_or_else(|| BadTime::Clock(clip(text)))
    }
}

impl FromStr for UtcOffset {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<UtcOffset, BadTime> {
        let bad = || BadTime::Offset(clip(text));
        if text == "Z" {
            return Ok(UtcOffset(0));
        }
        let sign = match text.bytes().next() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(bad()),
        };
        let minutes = hours_and_minutes(&text[1..]).map(|minutes| minutes as i16);
        minutes.filter(|minutes| *minutes <= FURTHEST).map(|minutes| UtcOffset(sign * minutes)).ok_or_else(bad)
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.unsigned_abs();
        write!(f, "{}{:02}:{:02}", if self.0 < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
    }
}

macro_rules! text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = BadTime;

            fn try_from(text: String) -> Result<Self, BadTime> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(time: $name) -> String {
                time.to_string()
            }
        }
    };
}

text!(ClockTime);
text!(UtcOffset);
