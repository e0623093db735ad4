//! Times as `YYYYMMDDhhmmssSSS`, in UTC: 17 digits that also name files.

const DAY_MS: u64 = 86_400_000;

/// Unix time in milliseconds. None: it is no such time, or before 1970.
pub fn parse_time(text: &str) -> Option<u64> {
    if text.len() != 17 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| text[from..to].parse::<u64>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second, ms) = (part(8, 10)?, part(10, 12)?, part(12, 14)?, part(14, 17)?);
    // 60 is a leap second.
    if hour > 23 || minute > 59 || second > 60 || year < 1970 {
        return None;
    }
    let days = days(year, month, day)?;
    Some(days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + ms)
}

/// Unix time in milliseconds as 17 digits; what is after the year 9999 is its end.
pub fn format_time(time_ms: u64) -> String {
    let time_ms = time_ms.min(253_402_300_799_999);
    let (days, ms) = (time_ms / DAY_MS, time_ms % DAY_MS);
    let (year, month, day) = date(days);
    let second = ms / 1000;
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}{:03}", second / 3600, second / 60 % 60, second % 60, ms % 1000)
}

/// Days since 1970 of a date. Years begin in March, so that the leap day is the last one.
/// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".)
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let shifted = if month > 2 { year } else { year - 1 };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
    let days = (shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + of_year).checked_sub(719_468)?;
    // What does not come back the same is no date: a 31st of April, a 13th month.
    (date(days) == (year, month, day)).then_some(days)
}

fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}
