//! What can be said of rules: how patient they are, and where mail and MQTT go.

use std::path::PathBuf;

use playfield_core::id::Token;
use serde::{Deserialize, Serialize};

use crate::config::ConfigError;

/// Settings of rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether webhooks may go to this machine and to private networks. Default false: else whoever may write a rule could reach
    /// what only this machine can.
    pub private_webhooks: bool,
    /// PEM file with certificates that are believed besides those of the system, of webhooks, mail and MQTT. Default none.
    pub trust: Option<PathBuf>,
    /// How often something is tried before it is given up. Default 8.
    pub tries: u32,
    /// How long to wait before it is tried again, in milliseconds; four times as long each time, up to six hours. Default 5,000.
    pub first_wait_ms: u64,
    /// Actions that may wait; of more the oldest are given up. Default 10,000.
    pub waiting: u32,
    /// Actions that are kept on record once they are over, the newest. Default 10,000.
    pub log: u32,
    /// Where mail is handed in.
    pub mail: MailConfig,
    /// The broker for messages.
    pub mqtt: MqttConfig,
}

/// Where mail is handed in (RFC 6409).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailConfig {
    /// The server's name; none: no mail is sent.
    pub host: Option<String>,
    /// Its port. Default 587.
    pub port: u16,
    /// How the way there is kept private. Default `starttls`.
    pub tls: MailTls,
    /// Who signs in there, by `AUTH PLAIN`. Default nobody.
    pub user: Option<String>,
    /// The password of `user`.
    #[serde(skip_serializing)]
    pub password: Option<Token>,
    /// Whom mail is from. Default `playfield@localhost`.
    pub from: String,
}

/// How the way to a mail server is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// TLS begins after a command, and mail is refused where it cannot (RFC 3207).
    #[default]
    Starttls,
    /// TLS from the first byte, on port 465 (RFC 8314).
    Tls,
    /// Not at all: for a server on this machine. No password is sent.
    None,
}

/// The broker for messages (MQTT 3.1.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MqttConfig {
    /// The broker's name; none: no messages are sent.
    pub host: Option<String>,
    /// Its port. Default 1883; with TLS brokers use 8883.
    pub port: u16,
    /// Whether TLS is spoken from the first byte. Default false.
    pub tls: bool,
    /// Who signs in there. Default nobody.
    pub user: Option<String>,
    /// The password of `user`.
    #[serde(skip_serializing)]
    pub password: Option<Token>,
    /// What we are called there: no other client of the broker has that name. Default `playfield`.
    pub client_id: String,
    /// What all our topics begin with. Default `playfield`.
    pub prefix: String,
    /// What the topics begin with by which Home Assistant finds cameras; empty: it is not told. Default `homeassistant`.
    pub discovery: String,
    /// Whether pictures and events are told as ONVIF Profile M does, below `PREFIX/CAMERA/onvif-mj` and `onvif-ej`. Default
    /// false.
    pub onvif: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            private_webhooks: false,
            trust: None,
            tries: 8,
            first_wait_ms: 5_000,
            waiting: 10_000,
            log: 10_000,
            mail: MailConfig::default(),
            mqtt: MqttConfig::default(),
        }
    }
}

impl Default for MailConfig {
    fn default() -> Self {
        MailConfig {
            host: None,
            port: 587,
            tls: MailTls::Starttls,
            user: None,
            password: None,
            from: "playfield@localhost".to_owned(),
        }
    }
}

impl Default for MqttConfig {
    fn default() -> Self {
        MqttConfig {
            host: None,
            port: 1883,
            tls: false,
            user: None,
            password: None,
            client_id: "playfield".to_owned(),
            prefix: "playfield".to_owned(),
            discovery: "homeassistant".to_owned(),
            onvif: false,
        }
    }
}

impl Config {
    /// Checks what serde cannot.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, problem| Err(ConfigError { key, problem });
        if self.tries == 0 {
            return wrong("rules.tries", "must be at least 1");
        }
        if self.first_wait_ms == 0 {
            return wrong("rules.first_wait_ms", "must be at least 1");
        }
        if self.waiting == 0 {
            return wrong("rules.waiting", "must be at least 1");
        }
        self.mail.check()?;
        self.mqtt.check()
    }
}

impl MailConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, problem| Err(ConfigError { key, problem });
        if self.user.is_some() != self.password.is_some() {
            return wrong("rules.mail.user", "and `password` belong together: give both or neither");
        }
        if self.user.is_some() && self.tls == MailTls::None {
            return wrong("rules.mail.tls", "must be \"starttls\" or \"tls\" where there is a password to send");
        }
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>,;\"\\()[]".contains(&byte);
        if !self.from.bytes().all(plain) || self.from.matches('@').count() != 1 || self.from.len() > 254 {
            return wrong("rules.mail.from", "must be one address, such as playfield@example.com");
        }
        Ok(())
    }
}

impl MqttConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, problem| Err(ConfigError { key, problem });
        if self.password.is_some() && self.user.is_none() {
            return wrong("rules.mqtt.password", "needs a `user`");
        }
        if !(1..=64).contains(&self.client_id.len()) || self.client_id.chars().any(char::is_control) {
            return wrong("rules.mqtt.client_id", "must be 1 to 64 characters");
        }
        let is_topic = |text: &str| text.len() <= 200 && !text.contains(['+', '#', '\0']) && !text.starts_with('$');
        if self.prefix.is_empty() || !is_topic(&self.prefix) {
            return wrong("rules.mqtt.prefix", "must be the beginning of a topic, without `+`, `#` and a `$` in front");
        }
        if !is_topic(&self.discovery) {
            return wrong("rules.mqtt.discovery", "must be empty or the beginning of a topic, without `+` and `#`");
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Config), expect: Option<&str>) {
        let mut config = Config::default();
        change(&mut config);
        assert_eq!(config.check().err().map(|error| error.key), expect);
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        check(|_| {}, None);
        check(|config| config.tries = 0, Some("rules.tries"));
        check(|config| config.mail.user = Some("a".to_owned()), Some("rules.mail.user"));
        let signed_in = |config: &mut Config, tls| {
            config.mail = MailConfig {
                user: Some("a".to_owned()),
                password: Some(Token::from("b".to_owned())),
                tls,
                ..MailConfig::default()
            };
        };
        check(|config| signed_in(config, MailTls::None), Some("rules.mail.tls"));
        check(|config| signed_in(config, MailTls::Tls), None);
        for from in ["", "a", "a@b@c", "a@b>\r\n", "A <a@b>"] {
            check(|config| config.mail.from = from.to_owned(), Some("rules.mail.from"));
        }
        check(|config| config.mqtt.prefix = "a/#".to_owned(), Some("rules.mqtt.prefix"));
        check(|config| config.mqtt.discovery = String::new(), None);
        check(|config| config.mqtt.password = Some(Token::from("b".to_owned())), Some("rules.mqtt.password"));
    }

    #[test]
    fn the_file_in_the_tree_states_the_defaults() {
        let text = include_str!("../../../../playfield.toml");
        let whole: toml::Table = toml::from_str(text).unwrap();
        let stated = whole["control"]["rules"].clone();
        assert_eq!(stated.clone().try_into::<Config>().unwrap(), Config::default());
        assert_eq!(stated, toml::Value::try_from(Config::default()).unwrap(), "every key is there");
    }
}
