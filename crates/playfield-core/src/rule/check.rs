//! Rules are checked before they are kept, and what is wrong is said in a sentence.

use super::{Action, InputAction, Kind, MOST_ACTIONS, MOST_DEVICES, MOST_SECONDS, MOST_TIMES, Rule, SteerAction, When};
use crate::id::DeviceId;
use crate::input::MAX_PLAYERS;

const MOST_ADDRESSES: usize = 16;

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {problem}")]
pub struct RuleError {
    /// Where.
    pub key: String,
    /// What, and what would be right.
    pub problem: String,
}

type Checked = Result<(), RuleError>;

fn wrong(key: impl Into<String>, problem: impl Into<String>) -> Checked {
    Err(RuleError { key: key.into(), problem: problem.into() })
}

impl Rule {
    /// Checks what no type does.
    pub fn check(&self) -> Checked {
        if !is_line(&self.name, 80) {
            return wrong("name", "must be 1 to 80 characters");
        }
        self.check_devices()?;
        check_when(&self.when)?;
        if self.cool_down_s > MOST_SECONDS {
            return wrong("cool_down_s", format!("must be at most {MOST_SECONDS}, a day"));
        }
        if self.actions.is_empty() || self.actions.len() > MOST_ACTIONS {
            return wrong("actions", format!("must be 1 to {MOST_ACTIONS}"));
        }
        let numbered = || self.actions.iter().enumerate().map(|(at, action)| (format!("actions[{at}]"), action));
        let present = self.when.event == Kind::Present;
        if let Some((key, action)) = numbered().find(|(_, action)| matches!(action, Action::Steer(_)) != present) {
            let why = match action {
                Action::Steer(_) => "steers by where something is: say `present` as the event of the rule",
                _ => "nothing happens where something is `present`: it can only `steer`",
            };
            return wrong(key, why);
        }
        numbered().try_for_each(|(key, action)| check_action(&key, action))
    }

    fn check_devices(&self) -> Checked {
        if self.devices.is_empty() || self.devices.len() > MOST_DEVICES {
            return wrong("devices", format!("must be 1 to {MOST_DEVICES} ids of cameras, or `*` for any"));
        }
        match self.devices.iter().find(|id| *id != "*" && id.parse::<DeviceId>().is_err()) {
            Some(id) => wrong("devices", format!("`{}` is no id of a camera, nor `*`", clip(id))),
            None => Ok(()),
        }
    }
}

fn check_when(when: &When) -> Checked {
    if when.place.as_deref().is_some_and(|place| !is_line(place, 200)) {
        return wrong("when.place", "must be the name of a zone or line, 1 to 200 characters");
    }
    if when.place.is_some() && when.event == Kind::Gap {
        return wrong("when.place", "a gap is of the whole picture; leave it out");
    }
    if when.classes.len() > 64 {
        return wrong("when.classes", "must be at most 64");
    }
    if when.direction.is_some() && when.event != Kind::Cross {
        return wrong("when.direction", "only `cross` has one; leave it out");
    }
    if !when.begins && !matches!(when.event, Kind::Crowd | Kind::Absent) {
        return wrong("when.begins", "only `crowd` and `absent` begin and end; leave it out");
    }
    if when.event == Kind::Present && (when.times != 1 || when.within_s.is_some()) {
        return wrong("when.times", "what is `present` lasts, and does not happen so often; leave it out");
    }
    if let Some(least) = when.at_least {
        check_least(when.event, least)?;
    }
    if !(1..=MOST_TIMES).contains(&when.times) {
        return wrong("when.times", format!("must be 1 to {MOST_TIMES}"));
    }
    match when.within_s {
        None if when.times > 1 => wrong("when.within_s", "is needed where `times` is more than 1"),
        Some(seconds) if !(1..=MOST_SECONDS).contains(&seconds) => {
            wrong("when.within_s", format!("must be 1 to {MOST_SECONDS}, a day"))
        }
        _ => Ok(()),
    }
}

fn check_least(event: Kind, least: f64) -> Checked {
    if matches!(event, Kind::Cross | Kind::Enter) {
        return wrong("when.at_least", "a thing crosses or enters once; say how often with `times` and `within_s`");
    }
    if event == Kind::Present {
        return wrong("when.at_least", "there is no number of what is `present`; leave it out");
    }
    if !(least.is_finite() && least >= 0.0) {
        return wrong("when.at_least", "must be a number from 0");
    }
    Ok(())
}

fn check_action(key: &str, action: &Action) -> Checked {
    match action {
        Action::Webhook { url } => check_url(key, url),
        Action::Mqtt { topic, .. } => match topic {
            Some(topic) if !is_topic(topic) => {
                wrong(format!("{key}.topic"), "must be 1 to 512 characters without `+` and `#`, as for publishing")
            }
            _ => Ok(()),
        },
        Action::Mail { to, subject } => check_mail(key, to, subject.as_deref()),
        Action::Input(input) => check_input(key, input),
        Action::Steer(steer) => check_steer(key, steer),
    }
}

fn check_url(key: &str, url: &str) -> Checked {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or("");
    let plain = url.len() <= 2048 && url.bytes().all(|byte| byte.is_ascii_graphic());
    if host.is_empty() || !plain {
        return wrong(format!("{key}.url"), "must begin with https:// or http:// and a host, without spaces");
    }
    if host.contains('@') {
        return wrong(format!("{key}.url"), "must not carry a name and password; what is sent is signed instead");
    }
    Ok(())
}

fn check_mail(key: &str, to: &[String], subject: Option<&str>) -> Checked {
    if to.is_empty() || to.len() > MOST_ADDRESSES {
        return wrong(format!("{key}.to"), format!("must be 1 to {MOST_ADDRESSES} addresses"));
    }
    if let Some(address) = to.iter().find(|address| !is_address(address)) {
        return wrong(format!("{key}.to"), format!("`{}` is no address; write name@example.com", clip(address)));
    }
    if subject.is_some_and(|subject| !is_line(subject, 200)) {
        return wrong(format!("{key}.subject"), "must be 1 to 200 characters on one line");
    }
    Ok(())
}

fn check_seat(key: &str, title: bool, session: bool, player: u8) -> Checked {
    if title == session {
        return wrong(key, "say `title` or `session`, one of them");
    }
    if usize::from(player) >= MAX_PLAYERS {
        return wrong(format!("{key}.player"), format!("must be 0 to {}", MAX_PLAYERS - 1));
    }
    Ok(())
}

fn check_steer(key: &str, steer: &SteerAction) -> Checked {
    check_seat(key, steer.title.is_some(), steer.session.is_some(), steer.player)?;
    if steer.axis.is_some() == steer.buttons.is_some() {
        return wrong(key, "say `axis` or `buttons`, one of them");
    }
    if steer.pad(0.0).is_none() {
        return wrong(key, "there is no such button or axis; buttons are a, b, x, y, up, ..., axes lx, ly, rx, ry");
    }
    Ok(())
}

fn check_input(key: &str, input: &InputAction) -> Checked {
    check_seat(key, input.title.is_some(), input.session.is_some(), input.player)?;
    if input.button.is_some() == input.axis.is_some() {
        return wrong(key, "say `button` or `axis`, one of them");
    }
    if input.axis.is_some() != input.value.is_some() {
        return wrong(format!("{key}.value"), "belongs to `axis`: -1 to 1");
    }
    if input.value.is_some_and(|value| !(-1.0..=1.0).contains(&value)) {
        return wrong(format!("{key}.value"), "must be -1 (left, up) to 1 (right, down)");
    }
    if input.pad().is_none() {
        return wrong(key, "there is no such button or axis; buttons are a, b, x, y, up, ..., axes lx, ly, rx, ry");
    }
    if !(16..=10_000).contains(&input.hold_ms) {
        return wrong(format!("{key}.hold_ms"), "must be 16 to 10000");
    }
    Ok(())
}

/// A line of text that people can read.
fn is_line(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// A topic that can be published to (MQTT 3.1.1, 4.7).
fn is_topic(topic: &str) -> bool {
    is_line(topic, 512) && !topic.contains(['+', '#'])
}

/// Not all that mail allows, and nothing that would be more than one address.
fn is_address(address: &str) -> bool {
    let plain = |text: &str| {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~".contains(&byte);
        !text.is_empty() && text.bytes().all(fine)
    };
    address.len() <= 254 && address.split_once('@').is_some_and(|(name, host)| plain(name) && plain(host))
}

fn clip(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(60).collect()
}
