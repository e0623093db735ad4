//! What operators do with cameras that speak MQTT: enrol, deploy, set, call, revoke. And what cameras do over HTTP: get modules,
//! bring files.
//!
//! What is wanted is written down first, then told to the camera if it is there; one that is not is told when it comes.

use std::time::Duration;

use playfield_core::evp::api::{
    CallMethod, Camera, CameraFile, CameraModule, EnrolCamera, EnrolledCamera, Named, Proof, PutSetting, Results,
    SettingKept, Twin,
};
use playfield_core::evp::qr::Enrolment;
use playfield_core::evp::{Answer, Deployment, Key, Refused, system};
use playfield_core::id::{EvpId, Token};
use playfield_store::blob::BlobId;
use playfield_store::db::{EvpDevice, EvpModule, EvpProof, EvpUpload};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::app::App;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::invites::malformed;
use crate::mqtt::{Call, Link, Order, Verb, What, tls};
use crate::secret::{hash, random};

/// Longest name of a camera or module, in characters.
const NAME: usize = 64;
/// How long a command is waited for, in seconds.
const WAIT_S: u32 = 30;
const WAIT_RANGE_S: std::ops::RangeInclusive<u32> = 1..=90;
/// Files that are listed.
const FILES: u32 = 1000;

impl App {
    /// Makes a camera known.
    pub(crate) async fn enrol_camera(&self, wanted: EnrolCamera) -> Result<EnrolledCamera, Failure> {
        let name = name(&wanted.name)?;
        if wanted.certificate.is_some() && wanted.qr.is_some() {
            return Err(malformed("a camera with a known `certificate` needs no `qr`"));
        }
        let no_pem = || malformed("`certificate` must be one certificate in PEM form");
        let certificate = wanted.certificate.as_deref().map(|pem| tls::fingerprint_of_pem(pem).ok_or_else(no_pem));
        let certificate = certificate.transpose()?;
        let (id, secret) = (EvpId::from_entropy(random()?), Token::from_entropy(random()?));
        let secret_hash = Some(hash(secret.reveal().as_bytes()));
        let qr = wanted.qr.as_ref().map(|qr| Enrolment {
            host: qr.host.clone(),
            port: qr.port,
            tls: true,
            token: Some(secret.reveal().to_owned()),
            ssid: qr.ssid.clone(),
            password: qr.password.clone(),
            ntp: qr.ntp.clone(),
        });
        let qr = qr.map(|qr| qr.text()).transpose().map_err(|unfit| malformed(&unfit.to_string()))?;
        let proof = match (certificate, &qr) {
            (Some(_), _) => EvpProof { certificate, ..EvpProof::default() },
            (None, Some(_)) => EvpProof { token: secret_hash, ..EvpProof::default() },
            (None, None) => EvpProof { password: secret_hash, ..EvpProof::default() },
        };
        let device = EvpDevice {
            id: id.clone(),
            name,
            has_password: proof.password.is_some(),
            certificate,
            enrolling: proof.token.is_some(),
            results: wanted.results.map(|results| (results.kind, results.size)),
            dialect: None,
            info: None,
            deployment: None,
            status: None,
            created_ms: now_ms(),
            seen_ms: None,
            revoked: false,
        };
        if !self.db.insert_evp(device.clone(), proof, self.config.mqtt.devices).await? {
            let detail = "another camera has this certificate, or there are as many as may be; revoke one";
            return Err(Failure::new(Kind::LimitReached, detail));
        }
        if let Some(qr) = &wanted.qr {
            // A camera that has enrolled itself is told where to stay.
            let place = json!({"endpoint_url": qr.host, "endpoint_port": qr.port, "protocol_version": "TB"});
            let key = Key { instance: system::INSTANCE.to_owned(), topic: "PRIVATE_endpoint_settings".to_owned() };
            let value = system::request(place.as_object().cloned().unwrap_or_default(), id.as_str());
            self.db.put_evp_setting(id.clone(), key, Some(value)).await?;
        }
        let user = id.as_str().to_owned();
        let password = device.has_password.then_some(secret);
        Ok(EnrolledCamera { camera: self.camera_told(device), user, password, qr })
    }

    /// All cameras.
    pub(crate) async fn cameras(&self) -> Result<Vec<Camera>, Failure> {
        Ok(self.db.evp_devices().await?.into_iter().map(|device| self.camera_told(device)).collect())
    }

    /// One camera.
    pub(crate) async fn camera(&self, id: &EvpId) -> Result<Camera, Failure> {
        Ok(self.camera_told(self.camera_row(id).await?))
    }

    async fn camera_row(&self, id: &EvpId) -> Result<EvpDevice, Failure> {
        self.db.evp_device(id.clone()).await?.ok_or_else(|| no_camera(id.as_str()))
    }

    /// A camera that may come.
    async fn good_camera(&self, id: &EvpId) -> Result<EvpDevice, Failure> {
        let row = self.camera_row(id).await?;
        if row.revoked { Err(Failure::new(Kind::Forbidden, "this camera was revoked; enrol it anew")) } else { Ok(row) }
    }

    fn camera_told(&self, device: EvpDevice) -> Camera {
        let proof = match &device {
            _ if device.revoked => Proof::Revoked,
            _ if device.enrolling => Proof::Enrolling,
            _ if device.has_password => Proof::Password,
            _ => Proof::Certificate,
        };
        let has = |wanted: &Deployment| device.status.as_ref().is_some_and(|status| status.has(wanted));
        let in_sync = device.deployment.as_ref().is_none_or(has);
        let connected = self.mqtt.is_online(&device.id);
        let results = device.results.map(|(kind, size)| Results { kind, size });
        let EvpDevice { id, name, dialect, info, deployment, status, created_ms, seen_ms, .. } = device;
        Camera { id, name, proof, connected, dialect, info, deployment, status, in_sync, results, created_ms, seen_ms }
    }

    /// A camera may not come any more, and is sent away if it is here.
    pub(crate) async fn revoke_camera(&self, id: &EvpId) -> Result<(), Failure> {
        let revoked = self.db.revoke_evp(id.clone(), now_ms()).await?;
        self.mqtt.end(id, "it was revoked");
        revoked.then_some(()).ok_or_else(|| no_camera(id.as_str()))
    }

    /// What should run on a camera. Answers with what was written down.
    pub(crate) async fn deploy(&self, id: &EvpId, mut wanted: Deployment) -> Result<Deployment, Failure> {
        self.good_camera(id).await?;
        if wanted.id.is_empty() {
            wanted.id = uuid(random()?);
        }
        for module in wanted.modules.values() {
            if !module.url.is_empty() {
                return Err(malformed("a module has no `url` here: it is uploaded first, and named by its `sha256`"));
            }
            let blob: BlobId =
                module.sha256.parse().map_err(|_| malformed("`sha256` must be 64 lower-case hex digits"))?;
            if !self.mqtt.modules.contains(&blob).await? {
                let detail = format!("there is no module `{blob}`; upload it to /api/v1/evp/modules first");
                return Err(Failure::new(Kind::NotFound, detail));
            }
        }
        let mut desired = self.db.evp_desired(id.clone()).await?;
        desired.deployment = Some(wanted.clone());
        desired.check().map_err(refused)?;
        self.db.set_evp_deployment(id.clone(), wanted.clone()).await?;
        self.mqtt.order(id, Order::Deploy(wanted.clone()));
        Ok(wanted)
    }

    /// A setting of an instance.
    pub(crate) async fn set_camera(&self, id: &EvpId, key: Key, wanted: PutSetting) -> Result<SettingKept, Failure> {
        self.good_camera(id).await?;
        let (value, request) = match wanted.value {
            Value::String(text) => (text, None),
            Value::Object(values) if key.instance == system::INSTANCE && !values.contains_key("req_info") => {
                let request = format!("{}", u32::from_le_bytes(random()?));
                (system::request(values, &request), Some(request))
            }
            other => (other.to_string(), None),
        };
        let mut desired = self.db.evp_desired(id.clone()).await?;
        desired.settings.insert(key.clone(), value.clone());
        desired.check().map_err(refused)?;
        self.db.put_evp_setting(id.clone(), key.clone(), Some(value.clone())).await?;
        Ok(SettingKept { sent: self.mqtt.order(id, Order::Set(key, Some(value))), request })
    }

    /// An instance has a setting no more.
    pub(crate) async fn unset_camera(&self, id: &EvpId, key: Key) -> Result<(), Failure> {
        self.good_camera(id).await?;
        self.db.put_evp_setting(id.clone(), key.clone(), None).await?;
        self.mqtt.order(id, Order::Set(key, None));
        Ok(())
    }

    /// Settings and states.
    pub(crate) async fn twin(&self, id: &EvpId) -> Result<Twin, Failure> {
        self.camera_row(id).await?;
        let named = |key: Key, value: &[u8], reported_ms| {
            let text = String::from_utf8_lossy(value);
            let value = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.as_ref()));
            Named { instance: key.instance, topic: key.topic, value, reported_ms }
        };
        let desired = self.db.evp_desired(id.clone()).await?.settings;
        let reported = self.db.evp_states(id.clone()).await?;
        Ok(Twin {
            desired: desired.into_iter().map(|(key, value)| named(key, value.as_bytes(), None)).collect(),
            reported: reported.into_iter().map(|s| named(s.key, &s.value, Some(s.reported_ms))).collect(),
        })
    }

    /// Calls a method of an instance, and waits for the answer.
    pub(crate) async fn call_camera(&self, id: &EvpId, wanted: CallMethod) -> Result<Answer, Failure> {
        self.good_camera(id).await?;
        let wait_s = wanted.timeout_s.unwrap_or(WAIT_S);
        if !WAIT_RANGE_S.contains(&wait_s) {
            return Err(malformed("`timeout_s` must be 1 to 90 seconds"));
        }
        let CallMethod { instance, method, params, .. } = wanted;
        let (answer, answered) = oneshot::channel();
        let wait = Duration::from_secs(wait_s.into());
        let away = || Failure::new(Kind::DeviceOffline, "this camera is not connected, or has too much to do");
        if !self.mqtt.order(id, Order::Call(Call { instance, method, params, wait, answer })) {
            return Err(away());
        }
        // A connection that ends drops what it was asked.
        match answered.await {
            Ok(answer) => answer.map_err(refused),
            Err(_) => Err(away()),
        }
    }

    /// A picture that a camera takes now: JPEG.
    pub(crate) async fn camera_image(&self, id: &EvpId) -> Result<Vec<u8>, Failure> {
        let params = system::get_image(&u32::from_le_bytes(random()?).to_string(), "999999");
        let (instance, method) = (system::INSTANCE.to_owned(), system::GET_IMAGE.to_owned());
        let answer = self.call_camera(id, CallMethod { instance, method, params, timeout_s: None }).await?;
        match answer {
            Answer::Ok { response } => system::image(&response).ok_or_else(|| {
                let why = system::Reply::of(&response).map(|reply| format!("{}: {}", reply.word(), reply.detail));
                let why = why.unwrap_or_else(|| "it sent none".to_owned());
                Failure::new(Kind::DeviceFailed, format!("the camera took no picture; {why}"))
            }),
            Answer::TimedOut => Err(Failure::new(Kind::DeviceTimeout, "the camera did not answer in time")),
            Answer::Lost => Err(Failure::new(Kind::DeviceOffline, "the camera went away before it answered")),
            Answer::UnknownMethod => Err(Failure::new(Kind::DeviceFailed, "this camera takes no pictures on demand")),
            Answer::Failed { message, .. } => Err(Failure::new(Kind::DeviceFailed, message)),
        }
    }

    /// Keeps code for cameras.
    pub(crate) async fn put_camera_module(&self, called: &str, bytes: Vec<u8>) -> Result<CameraModule, Failure> {
        let (name, size) = (name(called)?, bytes.len() as u64);
        if bytes.is_empty() {
            return Err(malformed("a module has at least one byte"));
        }
        let blob = self.mqtt.modules.put(bytes).await?;
        let module = EvpModule { blob, name, bytes: size, created_ms: now_ms() };
        self.db.put_evp_module(module.clone()).await?;
        Ok(module_told(module))
    }

    /// All code for cameras.
    pub(crate) async fn camera_modules(&self) -> Result<Vec<CameraModule>, Failure> {
        Ok(self.db.evp_modules().await?.into_iter().map(module_told).collect())
    }

    /// Files that a camera brought.
    pub(crate) async fn camera_files(&self, id: &EvpId) -> Result<Vec<CameraFile>, Failure> {
        self.camera_row(id).await?;
        let told = |EvpUpload { name, bytes, uploaded_ms, .. }| CameraFile { name, bytes, uploaded_ms };
        Ok(self.db.evp_uploads(id.clone(), FILES).await?.into_iter().map(told).collect())
    }

    /// One of them.
    pub(crate) async fn camera_file(&self, id: &EvpId, name: String) -> Result<Vec<u8>, Failure> {
        let none = || Failure::new(Kind::NotFound, "this camera has brought no file of this name, or it made room");
        let file = self.db.evp_upload(id.clone(), name).await?.ok_or_else(none)?;
        self.mqtt.files.get(&file.blob).await?.ok_or_else(none)
    }

    /// What a link is for, if it is good now and its camera may come.
    pub(crate) async fn camera_link(&self, path: &str, verb: Verb) -> Result<Link, Failure> {
        let bad = || Failure::new(Kind::NotFound, "this link is not valid, or its time is over");
        let link = self.mqtt.link(path, now_ms()).filter(|link| link.verb == verb).ok_or_else(bad)?;
        let device = self.db.evp_device(link.device.clone()).await?;
        if device.is_some_and(|device| !device.revoked) { Ok(link) } else { Err(bad()) }
    }

    /// The module that a link is for.
    pub(crate) async fn camera_module(&self, link: &Link) -> Result<Vec<u8>, Failure> {
        let none = || Failure::new(Kind::NotFound, "there is no such module");
        let blob = link.name.parse().map_err(|_| none())?;
        self.mqtt.modules.get(&blob).await?.ok_or_else(none)
    }

    /// Keeps a file that a camera brings.
    pub(crate) async fn take_camera_file(&self, link: Link, bytes: Vec<u8>) -> Result<(), Failure> {
        let size = bytes.len() as u64;
        let quota = u64::from(self.config.mqtt.uploads_mb) << 20;
        {
            let _one = self.mqtt.filing.lock().await;
            let blob = self.mqtt.files.put(bytes).await?;
            let upload = EvpUpload { name: link.name.clone(), blob, bytes: size, uploaded_ms: now_ms() };
            for loose in self.db.put_evp_upload(link.device.clone(), upload, quota).await? {
                self.mqtt.files.remove(&loose).await?;
            }
        }
        self.mqtt.tell(&link.device, What::Uploaded { name: link.name, bytes: size });
        Ok(())
    }
}

fn module_told(EvpModule { blob, name, bytes, created_ms }: EvpModule) -> CameraModule {
    CameraModule { sha256: blob.as_str().to_owned(), name, bytes, created_ms }
}

fn name(wanted: &str) -> Result<String, Failure> {
    let name = wanted.trim();
    let good = (1..=NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if good { Ok(name.to_owned()) } else { Err(malformed("`name` must be one line of 1 to 64 characters")) }
}

pub(crate) fn no_camera(id: &str) -> Failure {
    let id: String = id.chars().take(64).collect();
    Failure::new(Kind::NotFound, format!("there is no camera `{id}`"))
}

pub(crate) fn refused(refused: Refused) -> Failure {
    let kind = match refused {
        Refused::Busy | Refused::TooLarge => Kind::LimitReached,
        Refused::BadName | Refused::NoSuchModule => Kind::Malformed,
        Refused::DialectUnknown | Refused::NotListening | Refused::Gone => Kind::DeviceOffline,
        Refused::NoAgentSettings => Kind::DeviceFailed,
    };
    Failure::new(kind, refused.to_string())
}

/// A random UUID (RFC 9562, 5.4).
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
