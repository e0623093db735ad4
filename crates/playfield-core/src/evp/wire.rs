//! JSON of the two dialects: what is sent, and what devices send, taken apart.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{
    Answer, Deployment, Desired, Dialect, Grant, Health, HealthState, Implementation, Key, LogLine, MOST_PARTS,
    Reconcile, Status,
};

/// Letters of a sentence of a device that are kept.
const SENTENCE: usize = 512;
/// Lines of a message of its log.
const MOST_LINES: usize = 256;
/// Settings of the agent that are numbers of seconds.
const NUMBERS: [&str; 2] = ["report-status-interval-min", "report-status-interval-max"];

/// The agent's own instance.
pub(super) const AGENT: &str = "$agent";
/// The device's own instance.
pub(super) const SYSTEM: &str = "$system";

/// All that is desired, as shared attributes.
pub(super) fn shared(dialect: Dialect, desired: &Desired) -> Map<String, Value> {
    let mut shared = Map::new();
    if let Some(wanted) = &desired.deployment {
        shared.extend([("deployment".to_owned(), deployment(dialect, wanted))]);
    }
    shared.extend(agent_settings(dialect, desired));
    for (key, value) in desired.settings.iter().filter(|(key, _)| key.instance != AGENT) {
        shared.insert(setting_name(key), setting(dialect, key, value));
    }
    shared
}

/// The agent's settings, wrapped twice, which only one dialect has.
pub(super) fn agent_settings(dialect: Dialect, desired: &Desired) -> Option<(String, Value)> {
    let own = desired.settings.iter().filter(|(key, _)| key.instance == AGENT);
    let value = |key: &Key, text: &str| match text.parse::<u32>() {
        Ok(seconds) if NUMBERS.contains(&key.topic.as_str()) => json!(seconds),
        _ => json!(text),
    };
    let own: Map<String, Value> = own.map(|(key, text)| (setting_name(key), value(key, text))).collect();
    let wrapped = || json!({"desiredDeviceConfig": own});
    (dialect == Dialect::Evp2 && !own.is_empty()).then(|| ("desiredDeviceConfig".to_owned(), wrapped()))
}

pub(super) fn setting_name(Key { instance, topic }: &Key) -> String {
    format!("configuration/{instance}/{topic}")
}

/// A setting's value. The device itself takes its settings as they are in both dialects.
pub(super) fn setting(dialect: Dialect, key: &Key, value: &str) -> Value {
    match dialect {
        Dialect::Evp1 if key.instance != SYSTEM => STANDARD.encode(value).into(),
        _ => value.into(),
    }
}

pub(super) fn deployment(dialect: Dialect, wanted: &Deployment) -> Value {
    let implementation = |implementation| match implementation {
        Implementation::Wasm => "wasm",
        Implementation::Python => "python",
        Implementation::Spawn => "spawn",
        Implementation::Dlfcn => "dlfcn",
    };
    let modules: Map<String, Value> = wanted
        .modules
        .iter()
        .map(|(id, module)| {
            let mut value = json!({
                "moduleImpl": implementation(module.implementation),
                "downloadUrl": module.url,
                "hash": module.sha256,
            });
            if dialect == Dialect::Evp2 {
                value["entryPoint"] = module.entry_point.as_str().into();
            }
            (id.clone(), value)
        })
        .collect();
    let instances: Map<String, Value> = wanted
        .instances
        .iter()
        .map(|(name, instance)| {
            let mut value = json!({
                "name": name,
                "moduleId": instance.module,
                "publish": instance.publish,
                "subscribe": instance.subscribe,
            });
            if !instance.streams.is_empty() {
                value["streams"] = instance.streams.clone().into();
            }
            if dialect == Dialect::Evp1 {
                let entry_point = wanted.modules.get(&instance.module).map(|module| module.entry_point.as_str());
                value["entryPoint"] = entry_point.unwrap_or("main").into();
                value["version"] = 1.into();
            }
            (name.clone(), value)
        })
        .collect();
    let whole = json!({
        "deploymentId": wanted.id,
        "instanceSpecs": instances,
        "modules": modules,
        "publishTopics": wanted.publish_topics,
        "subscribeTopics": wanted.subscribe_topics,
    });
    match dialect {
        Dialect::Evp2 => whole,
        Dialect::Evp1 => whole.to_string().into(),
    }
}

pub(super) fn command(dialect: Dialect, id: u64, instance: &str, method: &str, params: &Value) -> Value {
    let params = match dialect {
        Dialect::Evp2 => {
            // Parameters are text here; text goes as it is.
            let text = params.as_str().map_or_else(|| params.to_string(), str::to_owned);
            let request = json!({"reqid": id.to_string(), "method": method, "instance": instance, "params": text});
            json!({"direct-command-request": request})
        }
        Dialect::Evp1 => json!({"moduleInstance": instance, "moduleMethod": method, "params": params}),
    };
    json!({"method": "ModuleMethodCall", "params": params})
}

/// The answer to a command, and which one it says it is of.
pub(super) fn answer(mut value: Value) -> Option<(Option<u64>, Answer)> {
    if let Some(answer) = value.get_mut("direct-command-response").filter(|answer| answer.is_object()) {
        let id = answer["reqid"].as_str().and_then(|id| id.parse().ok());
        // Text that is JSON is told as that.
        let response = match answer["response"].take() {
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            other => other,
        };
        let message = sentence(&answer["errorMessage"]);
        return Some((
            id,
            match (answer["status"].as_str()?, message.as_str()) {
                ("ok", _) => Answer::Ok { response },
                (_, "Unknown method") => Answer::UnknownMethod,
                _ => Answer::Failed { message, response },
            },
        ));
    }
    value.get("moduleInstance")?;
    let response = value["response"].take();
    let answer = match value["status"].as_u64()? {
        0 => Answer::Ok { response },
        1 => Answer::UnknownMethod,
        _ => Answer::Failed { message: sentence(&response), response },
    };
    Some((None, answer))
}

/// What a device asks for: its own number of the request (one dialect alone), instance, file, storage.
pub(super) struct Wanted {
    pub reqid: Option<String>,
    pub dialect: Dialect,
    pub instance: String,
    pub filename: String,
    pub storage: Option<String>,
}

pub(super) fn token_request(value: &Value) -> Option<Wanted> {
    let text = |value: &Value, key: &str| {
        value[key].as_str().filter(|text| (1..=SENTENCE).contains(&text.len())).map(str::to_owned)
    };
    match value["method"].as_str()? {
        "evp-d2c" => {
            let request = value["params"].get("storagetoken-request")?;
            Some(Wanted {
                reqid: Some(text(request, "reqid")?),
                dialect: Dialect::Evp2,
                instance: text(request, "moduleInstanceId")?,
                filename: text(request, "filename")?,
                storage: text(request, "key"),
            })
        }
        "StorageToken" => {
            let request = &value["params"];
            Some(Wanted {
                reqid: None,
                dialect: Dialect::Evp1,
                instance: text(request, "moduleInstanceName")?,
                filename: text(request, "filename")?,
                storage: text(request, "storageName"),
            })
        }
        _ => None,
    }
}

pub(super) fn token_answer(dialect: Dialect, reqid: Option<&str>, answer: &Result<Grant, String>) -> Value {
    let mut told = match answer {
        Ok(grant) => json!({"URL": grant.url, "headers": grant.headers}),
        Err(why) if dialect == Dialect::Evp2 => json!({"errorMessage": why}),
        // Devices do not look at it, and give up after their own time.
        Err(why) => return json!({"error": why}),
    };
    if let Ok(Grant { expires_ms: Some(expires), .. }) = answer {
        told["expiresAtMillis"] = expires.to_string().into();
    }
    match dialect {
        Dialect::Evp2 => {
            told["reqid"] = reqid.unwrap_or_default().into();
            told["status"] = if answer.is_ok() { "ok" } else { "error" }.into();
            json!({"storagetoken-response": told})
        }
        Dialect::Evp1 => json!({"method": "StorageToken", "params": told}),
    }
}

/// The dialect that a `systemInfo` tells.
pub(super) fn dialect(info: &Value) -> Option<Dialect> {
    match info["protocolVersion"].as_str()? {
        "EVP2-TB" | "EVP2" => Some(Dialect::Evp2),
        "EVP1" | "EVP1-TB" => Some(Dialect::Evp1),
        _ => None,
    }
}

/// A value that is an object, or one in a string.
pub(super) fn unpacked(value: Value) -> Option<Value> {
    let value = match value {
        Value::String(text) => serde_json::from_str(&text).ok()?,
        other => other,
    };
    value.is_object().then_some(value)
}

pub(super) fn status(value: &Value) -> Status {
    let reconcile = match value["reconcileStatus"].as_str() {
        Some("applying") => Reconcile::Applying,
        Some("paused") => Reconcile::Paused,
        Some("ok") => Reconcile::Ok,
        Some("error") => Reconcile::Error,
        _ => Reconcile::Unknown,
    };
    let parts = |key: &str| -> BTreeMap<String, Health> {
        let parts = value[key].as_object().into_iter().flatten().take(MOST_PARTS);
        parts.map(|(name, part)| (cut(name), health(part))).collect()
    };
    Status {
        deployment: sentence(&value["deploymentId"]),
        reconcile,
        instances: parts("instances"),
        modules: parts("modules"),
    }
}

fn health(part: &Value) -> Health {
    let word = part.as_str().or(part["status"].as_str());
    let state = match word {
        Some("ok") => HealthState::Ok,
        Some("downloading") => HealthState::Downloading,
        Some("self-exiting") => HealthState::SelfExiting,
        Some("error") => HealthState::Error,
        _ => HealthState::Unknown,
    };
    Health { state, failure: Some(sentence(&part["failureMessage"])).filter(|failure| !failure.is_empty()) }
}

/// The bytes of a state. In one dialect they are base64; what is not that is taken as it is.
pub(super) fn state(dialect: Option<Dialect>, value: Value) -> Vec<u8> {
    match value {
        Value::String(text) if dialect == Some(Dialect::Evp1) => {
            STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes())
        }
        Value::String(text) => text.into_bytes(),
        other => other.to_string().into_bytes(),
    }
}

pub(super) fn log(value: &Value) -> Vec<LogLine> {
    let line = |line: &Value| LogLine {
        log: sentence(&line["log"]),
        app: sentence(&line["app"]),
        stream: sentence(&line["stream"]),
        time: sentence(&line["time"]),
    };
    value.as_array().into_iter().flatten().take(MOST_LINES).map(line).collect()
}

fn sentence(value: &Value) -> String {
    value.as_str().map(cut).unwrap_or_default()
}

fn cut(text: &str) -> String {
    text.chars().take(SENTENCE).collect()
}
