//! Conventions of a device's own instance, `$system`: requests that are numbered and answered in states, and its pictures.
//!
//! ```text
//!   configuration/$system/TOPIC   {..., "req_info":{"req_id":"7"}}
//!   state/$system/TOPIC           {..., "res_info":{"res_id":"7","code":0,"detail_msg":"ok"}}
//! ```
//!
//! Codes are those of gRPC. Source: aitrios-edge-device-system-app 1.1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The device's own instance.
pub const INSTANCE: &str = super::wire::SYSTEM;
/// The method that takes a picture and answers with it.
pub const GET_IMAGE: &str = "direct_get_image";
/// Largest picture it answers with, in bytes.
pub const MOST_IMAGE: usize = 120_000;

/// How a request went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reply {
    /// Number of the request; empty: of none, as in the first report.
    pub id: String,
    /// 0: done. Else a code of gRPC.
    pub code: u8,
    /// In the device's words.
    pub detail: String,
}

/// Names of the codes, from 0.
const CODES: [&str; 17] = [
    "ok",
    "cancelled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
];

impl Reply {
    /// The reply in a state or in the answer of a command; none: it has none.
    pub fn of(state: &Value) -> Option<Reply> {
        let info = state.get("res_info")?;
        let text = |key: &str| info[key].as_str().unwrap_or_default().chars().take(256).collect();
        Some(Reply { id: text("res_id"), code: info["code"].as_u64()?.try_into().ok()?, detail: text("detail_msg") })
    }

    /// The code's name.
    pub fn word(&self) -> &'static str {
        CODES.get(usize::from(self.code)).copied().unwrap_or("unknown")
    }
}

/// The text of a setting of `$system`: the values, with the number of the request.
pub fn request(mut values: Map<String, Value>, id: &str) -> String {
    values.insert("req_info".to_owned(), json!({"req_id": id}));
    Value::Object(values).to_string()
}

/// Parameters of [`GET_IMAGE`]. `network` is the model whose input size the picture gets; 999999 by custom is none.
pub fn get_image(id: &str, network: &str) -> Value {
    json!({"req_info": {"req_id": id}, "sensor_name": "sensor_chip", "network_id": network})
}

/// The picture that [`GET_IMAGE`] was answered with: a JPEG. None: there is none, or it is too large or something else.
pub fn image(response: &Value) -> Option<Vec<u8>> {
    let text = response.get("image")?.as_str().filter(|text| text.len() <= MOST_IMAGE * 4 / 3 + 4)?;
    let bytes = STANDARD.decode(text).ok()?;
    (bytes.starts_with(&[0xff, 0xd8]) && bytes.len() <= MOST_IMAGE).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_carries_its_number_and_its_reply_names_it() {
        let text = request(Map::from_iter([("led_enabled".to_owned(), json!(true))]), "7");
        assert_eq!(text, r#"{"led_enabled":true,"req_info":{"req_id":"7"}}"#);
        let reply = Reply::of(&json!({"res_info": {"res_id": "7", "code": 3, "detail_msg": "no"}})).unwrap();
        assert_eq!((reply.id.as_str(), reply.word(), reply.detail.as_str()), ("7", "invalid_argument", "no"));
        assert_eq!(Reply::of(&json!({"led_enabled": true})), None);
        assert_eq!(Reply::of(&json!({"res_info": {"code": 300}})), None);
    }

    #[test]
    fn only_a_picture_of_its_size_is_one() {
        let answer = |bytes: &[u8]| json!({"image": STANDARD.encode(bytes)});
        assert_eq!(image(&answer(&[0xff, 0xd8, 1])), Some(vec![0xff, 0xd8, 1]));
        assert_eq!(image(&answer(b"GIF89a")), None);
        assert_eq!(image(&json!({"image": "****"})), None);
        assert_eq!(image(&json!({})), None);
        let mut large = vec![0; MOST_IMAGE + 1];
        large[..2].copy_from_slice(&[0xff, 0xd8]);
        assert_eq!(image(&answer(&large)), None);
    }
}
