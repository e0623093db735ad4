//! The text of the code that a camera looks at to find its hub: AITRIOS's enrolment format.

use std::fmt::Write;

const HEADER: &str = "AAIAAAAAAAAAAAAAAAAAAA==";
const END: &str = "U1FS";

/// What a camera is told. Source: `initial_setting_app_qrcode_private.h` of the system app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enrolment {
    /// Host of the hub, at most 64 characters.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Proof for the hub, at most 44 characters.
    pub token: Option<String>,
    /// Name of the wireless network, at most 32 characters.
    pub ssid: Option<String>,
    /// Its password, at most 32 characters.
    pub password: Option<String>,
    /// A server of time.
    pub ntp: Option<String>,
}

/// A value that the format has no place for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` must be 1 to {most} characters without `;`")]
pub struct Unfit {
    key: &'static str,
    most: usize,
}

impl Enrolment {
    /// The text, in one part.
    pub fn text(&self) -> Result<String, Unfit> {
        let mut text = format!("{HEADER}N=11;");
        let mut put = |letter: char, key, value: &str, most: usize| {
            if value.is_empty() || value.chars().count() > most || value.contains([';', '\n', '\r']) {
                return Err(Unfit { key, most });
            }
            // A string takes all.
            let _ = write!(text, "{letter}={value};");
            Ok(())
        };
        put('E', "host", &self.host, 64)?;
        put('H', "port", &self.port.to_string(), 5)?;
        put('t', "tls", if self.tls { "0" } else { "1" }, 1)?;
        let optional = [
            ('B', "token", &self.token, 44),
            ('S', "ssid", &self.ssid, 32),
            ('P', "password", &self.password, 32),
            ('T', "ntp", &self.ntp, 64),
        ];
        for (letter, key, value, most) in optional {
            value.as_ref().map_or(Ok(()), |value| put(letter, key, value, most))?;
        }
        text.push_str(END);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_reads_where_its_hub_is() {
        let plain = Enrolment { host: "192.0.2.1".to_owned(), port: 1883, ..Enrolment::default() };
        assert_eq!(plain.text().unwrap(), "AAIAAAAAAAAAAAAAAAAAAA==N=11;E=192.0.2.1;H=1883;t=1;U1FS");
        let whole = Enrolment {
            tls: true,
            token: Some("abc".to_owned()),
            ssid: Some("shop".to_owned()),
            password: Some("a=b".to_owned()),
            ntp: Some("pool.ntp.org".to_owned()),
            ..plain.clone()
        };
        let expect = "AAIAAAAAAAAAAAAAAAAAAA==N=11;E=192.0.2.1;H=1883;t=0;B=abc;S=shop;P=a=b;T=pool.ntp.org;U1FS";
        assert_eq!(whole.text().unwrap(), expect);
        let error = Enrolment { ssid: Some("a;b".to_owned()), ..plain }.text().unwrap_err();
        assert_eq!(error.to_string(), "`ssid` must be 1 to 32 characters without `;`");
    }
}
