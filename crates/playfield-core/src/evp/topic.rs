//! Topics of the device API, and filters of subscriptions.
//!
//! A topic names no device: `v1/devices/me/...` is whoever is at the other end of the connection.

/// What all topics begin with.
pub const PREFIX: &str = "v1/devices/me/";
/// Subscriptions one device may have.
const MOST_FILTERS: usize = 16;

/// Where a device publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// It asks for its shared attributes: `attributes/request/ID`.
    AttributesRequest(u64),
    /// It reports: `attributes`.
    Attributes,
    /// `telemetry`
    Telemetry,
    /// It asks for a service: `rpc/request/ID`.
    Request(u64),
    /// It answers a command: `rpc/response/ID`.
    Response(u64),
}

impl Topic {
    /// Reads a topic; none: no topic of this API that a device publishes to.
    pub fn parse(topic: &str) -> Option<Topic> {
        let rest = topic.strip_prefix(PREFIX)?;
        let numbered = |prefix: &str| {
            let digits = rest.strip_prefix(prefix)?;
            let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
            if plain { digits.parse().ok() } else { None }
        };
        match rest {
            "attributes" => Some(Topic::Attributes),
            "telemetry" => Some(Topic::Telemetry),
            _ => numbered("attributes/request/")
                .map(Topic::AttributesRequest)
                .or_else(|| numbered("rpc/request/").map(Topic::Request))
                .or_else(|| numbered("rpc/response/").map(Topic::Response)),
        }
    }
}

/// What a device subscribed to.
#[derive(Clone, Debug, Default)]
pub struct Filters(Vec<String>);

impl Filters {
    /// Adds one. False: it is malformed, leads out of the device's own topics, or there are too many.
    pub fn add(&mut self, filter: &str) -> bool {
        let own = filter.starts_with(PREFIX) || filter == "#" || filter == "v1/devices/me/#";
        if !own || !is_filter(filter) {
            return false;
        }
        if self.0.iter().any(|known| known == filter) {
            return true;
        }
        let room = self.0.len() < MOST_FILTERS;
        if room {
            self.0.push(filter.to_owned());
        }
        room
    }

    /// Takes one away.
    pub fn remove(&mut self, filter: &str) {
        self.0.retain(|known| known != filter);
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a message with this topic is wanted.
    pub fn want(&self, topic: &str) -> bool {
        self.0.iter().any(|filter| matches(filter, topic))
    }
}

/// MQTT 3.1.1, 4.7.1: `+` stands alone in its level, `#` alone in the last one.
fn is_filter(filter: &str) -> bool {
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let alone = level.len() == 1;
        if (level.contains('+') && !alone) || (level.contains('#') && (!alone || levels.peek().is_some())) {
            return false;
        }
    }
    (1..=256).contains(&filter.len())
}

/// MQTT 3.1.1, 4.7: whether a topic matches a filter.
fn matches(filter: &str, topic: &str) -> bool {
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            // `a/#` also matches `a`.
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_of_devices_are_known_and_others_are_not() {
        let check = |topic: &str, expect| assert_eq!(Topic::parse(topic), expect, "{topic}");
        check("v1/devices/me/attributes", Some(Topic::Attributes));
        check("v1/devices/me/telemetry", Some(Topic::Telemetry));
        check("v1/devices/me/attributes/request/10000", Some(Topic::AttributesRequest(10_000)));
        check("v1/devices/me/rpc/request/7", Some(Topic::Request(7)));
        check("v1/devices/me/rpc/response/18446744073709551615", Some(Topic::Response(u64::MAX)));
        for other in ["", "v1/devices/me/", "v1/devices/you/telemetry", "v1/devices/me/rpc/response/", "telemetry"] {
            check(other, None);
        }
        for number in ["+1", "-1", "1/2", "18446744073709551616", "one"] {
            check(&format!("v1/devices/me/rpc/response/{number}"), None);
        }
    }

    #[test]
    fn a_filter_wants_what_the_standard_says() {
        let check = |filter: &str, topic: &str, expect| {
            let mut filters = Filters::default();
            assert!(filters.add(filter), "{filter}");
            assert_eq!(filters.want(topic), expect, "{filter} {topic}");
        };
        let response = "v1/devices/me/rpc/response/1";
        check("v1/devices/me/rpc/response/+", response, true);
        check("v1/devices/me/rpc/+", response, false);
        check("v1/devices/me/+/response/+", response, true);
        check("v1/devices/me/rpc/response/1/#", response, true);
        check("v1/devices/me/#", response, true);
        check("#", response, true);
        check("v1/devices/me/attributes", "v1/devices/me/attributes", true);
        check("v1/devices/me/attributes", "v1/devices/me/attributes/response/1", false);
    }

    #[test]
    fn filters_that_lead_elsewhere_or_are_too_many_are_refused() {
        let mut filters = Filters::default();
        for bad in
            ["", "a/b", "v1/devices/you/#", "v1/devices/me/a+", "v1/devices/me/#/a", "v1/devices/me/a#", "$SYS/#"]
        {
            assert!(!filters.add(bad), "{bad}");
        }
        assert!((0..20).filter(|n| filters.add(&format!("v1/devices/me/{n}"))).count() == MOST_FILTERS);
        assert!(filters.add("v1/devices/me/0"), "once more is the same one");
        filters.remove("v1/devices/me/0");
        assert!(filters.add("v1/devices/me/a") && !filters.want("v1/devices/me/0"));
    }
}
