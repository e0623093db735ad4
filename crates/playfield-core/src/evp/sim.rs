//! A simulated device: the other side of the protocol, for tests of whoever speaks to devices.
//!
//! It behaves as libevp-agent does where a hub can tell: it ignores PATCHes until its first question was answered, drops a command
//! whose id it still knows, keeps what it was told to run over a lost connection, and reports what became of it. It downloads
//! nothing itself: its driver does, and says what came.

use std::collections::{BTreeMap, VecDeque};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Dialect;
use crate::smartcamera::{Envelope, Form};

/// Ids of commands that a device still knows.
const KNOWN: usize = 16;
/// The id of its first question, asked until it is answered.
const FIRST: u64 = 10_000;

/// A device.
#[derive(Debug)]
pub struct Device {
    dialect: Dialect,
    /// What it should run, as it was told last.
    deployment: Value,
    /// SHA-256 of what was downloaded, by module.
    modules: BTreeMap<String, String>,
    /// Settings as their instances see them, by `instance/topic`.
    pub settings: BTreeMap<String, String>,
    /// Settings of the agent.
    pub agent: Map<String, Value>,
    /// Where uploads may go, newest last: `URL` and `headers`, or what went wrong.
    pub tokens: Vec<Value>,
    answered: bool,
    known: VecDeque<u64>,
    next: u64,
    out: VecDeque<(String, String)>,
}

impl Device {
    /// One that was never switched on.
    pub fn new(dialect: Dialect) -> Device {
        Device {
            dialect,
            deployment: Value::Null,
            modules: BTreeMap::new(),
            settings: BTreeMap::new(),
            agent: Map::new(),
            tokens: Vec::new(),
            answered: false,
            known: VecDeque::new(),
            next: FIRST + 1,
            out: VecDeque::new(),
        }
    }

    /// What it subscribes to.
    pub const FILTERS: [&str; 4] = [
        "v1/devices/me/attributes",
        "v1/devices/me/attributes/response/+",
        "v1/devices/me/rpc/request/+",
        "v1/devices/me/rpc/response/+",
    ];

    /// It is connected and has subscribed: it asks, and says what it is.
    pub fn connected(&mut self) {
        self.answered = false;
        self.known.clear();
        self.publish(&format!("attributes/request/{FIRST}"), &json!({}));
        let info = match self.dialect {
            Dialect::Evp2 => json!({"os": "Linux", "arch": "aarch64", "evp_agent": "v1.48.5",
                "wasmMicroRuntime": "WAMR-2.1.0", "protocolVersion": "EVP2-TB"}),
            Dialect::Evp1 => json!({"utsname": {"sysname": "NuttX", "machine": "xtensa"}, "protocolVersion": "EVP1"}),
        };
        self.publish("attributes", &json!({"systemInfo": info}));
        self.report();
    }

    /// What it publishes next: topic and payload.
    pub fn poll(&mut self) -> Option<(String, String)> {
        self.out.pop_front()
    }

    /// Modules it has to download: id, address and the SHA-256 they should have.
    pub fn downloads(&self) -> Vec<(String, String, String)> {
        let modules = self.deployment["modules"].as_object().into_iter().flatten();
        let text = |module: &Value, key: &str| module[key].as_str().unwrap_or_default().to_owned();
        let wanted = modules.filter(|(id, _)| !self.modules.contains_key(*id));
        wanted.map(|(id, module)| (id.clone(), text(module, "downloadUrl"), text(module, "hash"))).collect()
    }

    /// A module came, with this SHA-256.
    pub fn downloaded(&mut self, module: &str, sha256: &str) {
        self.modules.insert(module.to_owned(), sha256.to_owned());
        self.report();
    }

    /// It says how it is with its deployment.
    pub fn report(&mut self) {
        let sound = |id: &str| {
            let wanted = self.deployment["modules"][id]["hash"].as_str();
            self.modules.get(id).map(|sha256| Some(sha256.as_str()) == wanted)
        };
        let word = |sound| match sound {
            None => "downloading",
            Some(true) => "ok",
            Some(false) => "error",
        };
        let part = |sound: Option<bool>, module: &str| {
            let failure = if sound == Some(false) { "hash mismatch" } else { "" };
            json!({"status": word(sound), "moduleId": module, "failureMessage": failure})
        };
        let each = |key: &str| self.deployment[key].as_object().into_iter().flatten();
        let modules: Map<_, _> = each("modules").map(|(id, _)| (id.clone(), part(sound(id), id))).collect();
        let instances: Map<_, _> = each("instanceSpecs")
            .map(|(name, spec)| {
                let module = spec["moduleId"].as_str().unwrap_or_default();
                (name.clone(), part(sound(module), module))
            })
            .collect();
        let all: Vec<_> = modules.values().map(|module| module["status"].as_str().unwrap_or_default()).collect();
        let reconcile = match () {
            () if all.contains(&"error") => "error",
            () if all.contains(&"downloading") => "applying",
            () => "ok",
        };
        let mut status = json!({"instances": instances, "modules": modules});
        if let Some(id) = self.deployment["deploymentId"].as_str() {
            status["deploymentId"] = id.into();
            status["reconcileStatus"] = reconcile.into();
        }
        let status = match self.dialect {
            Dialect::Evp2 => status,
            Dialect::Evp1 => status.to_string().into(),
        };
        self.publish("attributes", &json!({"deploymentStatus": status}));
    }

    /// An instance reports a value.
    pub fn state(&mut self, instance: &str, topic: &str, value: &str) {
        let value = match self.dialect {
            Dialect::Evp2 => value.to_owned(),
            Dialect::Evp1 => STANDARD.encode(value),
        };
        self.publish("attributes", &json!({format!("state/{instance}/{topic}"): value}));
    }

    /// An instance sends what a model made of pictures.
    pub fn inferred(&mut self, instance: &str, envelope: &Envelope, form: Form) {
        self.publish("telemetry", &json!({format!("{instance}/placeholder"): envelope.write(form)}));
    }

    /// An instance wrote a line.
    pub fn log(&mut self, instance: &str, line: &str) {
        let line = json!({"log": line, "app": instance, "stream": "stdout", "time": "2026-11-30T01:02:03Z"});
        self.publish("telemetry", &json!({"device/log": [line]}));
    }

    /// An instance has a file to upload.
    pub fn upload(&mut self, instance: &str, filename: &str) {
        let number = self.next;
        self.next += 1;
        let request = match self.dialect {
            Dialect::Evp2 => {
                let request = json!({"reqid": number.to_string(), "filename": filename, "moduleInstanceId": instance});
                json!({"method": "evp-d2c", "params": {"storagetoken-request": request}})
            }
            Dialect::Evp1 => {
                json!({"method": "StorageToken", "params": {"filename": filename, "moduleInstanceName": instance}})
            }
        };
        self.publish(&format!("rpc/request/{number}"), &request);
    }

    /// The hub published.
    pub fn handle(&mut self, topic: &str, payload: &str) {
        let Ok(value) = serde_json::from_str::<Value>(payload) else { return };
        let topic = topic.trim_start_matches(super::topic::PREFIX);
        let number = |prefix: &str| topic.strip_prefix(prefix).and_then(|number| number.parse::<u64>().ok());
        if topic == "attributes" && self.answered {
            self.update(&value);
        } else if number("attributes/response/") == Some(FIRST) {
            self.update(&value["shared"]);
            self.answered = true;
        } else if let Some(number) = number("rpc/request/") {
            self.command(number, &value);
        } else if number("rpc/response/").is_some() {
            let params =
                if value["method"] == "StorageToken" { &value["params"] } else { &value["storagetoken-response"] };
            if !params.is_null() {
                self.tokens.push(params.clone());
            }
        }
    }

    fn update(&mut self, shared: &Value) {
        for (name, value) in shared.as_object().into_iter().flatten() {
            let setting = name.strip_prefix("configuration/");
            match (name.as_str(), setting) {
                ("deployment", _) => self.deploy(value),
                ("desiredDeviceConfig", _) if self.dialect == Dialect::Evp2 => {
                    let own = value["desiredDeviceConfig"].as_object().cloned().unwrap_or_default();
                    self.agent.extend(own);
                }
                ("deleted", _) => {
                    let names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                    for name in names {
                        self.settings.remove(name.trim_start_matches("configuration/"));
                    }
                }
                (_, Some(path)) => self.setting(path, value.as_str().unwrap_or_default()),
                _ => {}
            }
        }
    }

    fn deploy(&mut self, value: &Value) {
        let whole = match (self.dialect, value) {
            (Dialect::Evp1, Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
            (Dialect::Evp2, value) => value.clone(),
            _ => return,
        };
        let wanted = |id: &String| {
            whole["modules"].get(id).is_some_and(|new| new["hash"] == self.deployment["modules"][id]["hash"])
        };
        self.modules.retain(|id, _| wanted(id));
        self.deployment = whole;
        self.report();
    }

    /// What an instance gets; the device's own come as they are.
    fn setting(&mut self, path: &str, value: &str) {
        let plain = self.dialect == Dialect::Evp2 || path.starts_with("$system/");
        let value = if plain {
            value.to_owned()
        } else {
            let Some(text) = STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
                return;
            };
            text
        };
        self.settings.insert(path.to_owned(), value);
    }

    fn command(&mut self, number: u64, value: &Value) {
        let params = &value["params"];
        let (id, instance, method, params) = match self.dialect {
            Dialect::Evp2 => {
                let request = &params["direct-command-request"];
                let id = request["reqid"].as_str().and_then(|id| id.parse().ok());
                (id, request["instance"].as_str(), request["method"].as_str(), request["params"].clone())
            }
            Dialect::Evp1 => (
                Some(number),
                params["moduleInstance"].as_str(),
                params["moduleMethod"].as_str(),
                params["params"].clone(),
            ),
        };
        let (Some(id), Some(instance), Some(method)) = (id, instance, method) else { return };
        if value["method"] != "ModuleMethodCall" || self.known.contains(&id) {
            return;
        }
        self.known.push_front(id);
        self.known.truncate(KNOWN);
        let answer = self.call(instance, method, params);
        let payload = match self.dialect {
            Dialect::Evp2 => {
                let mut told = json!({"reqid": id.to_string(), "status": if answer.is_ok() { "ok" } else { "error" }});
                match answer {
                    Ok(response) => told["response"] = response.to_string().into(),
                    Err(message) => told["errorMessage"] = message.into(),
                }
                json!({"direct-command-response": told})
            }
            Dialect::Evp1 => {
                let status = match answer {
                    Ok(_) => 0,
                    Err("Unknown method") => 1,
                    Err(_) => 2,
                };
                json!({"moduleInstance": instance, "response": answer.unwrap_or_else(Value::from), "status": status})
            }
        };
        self.publish(&format!("rpc/response/{number}"), &payload);
    }

    /// Its instances know `echo` and `fail`; the device itself takes pictures.
    fn call(&self, instance: &str, method: &str, params: Value) -> Result<Value, &'static str> {
        match (instance, method) {
            ("$system", super::system::GET_IMAGE) => {
                let image = STANDARD.encode([0xff, 0xd8, 0xff, 0xd9]);
                Ok(json!({"image": image, "res_info": {"res_id": "", "code": 0, "detail_msg": "ok"}}))
            }
            (_, "echo") => Ok(match params {
                Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
                other => other,
            }),
            (_, "fail") => Err("Unknown error"),
            _ => Err("Unknown method"),
        }
    }

    fn publish(&mut self, topic: &str, payload: &Value) {
        self.out.push_back((format!("{}{topic}", super::topic::PREFIX), payload.to_string()));
    }
}
