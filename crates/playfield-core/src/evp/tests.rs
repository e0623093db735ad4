//! A hub and a simulated device on virtual time, in both dialects; then devices that mean no good.

use std::time::Duration;

use serde_json::{Value, json};

use super::sim::Device;
use super::*;
use crate::smartcamera::{Class, Envelope, Form, Inference, Output as Inferred};
use crate::time::Time;

const BOTH: [Dialect; 2] = [Dialect::Evp2, Dialect::Evp1];
const HASH: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn at(seconds: u64) -> Time {
    Time::from_millis(1000 * seconds)
}

fn deployment(id: &str) -> Deployment {
    let module = Module {
        implementation: Implementation::Wasm,
        entry_point: "main".to_owned(),
        url: "http://hub/module".to_owned(),
        sha256: HASH.to_owned(),
    };
    let instance = Instance { module: "m1".to_owned(), ..Instance::default() };
    Deployment {
        id: id.to_owned(),
        instances: [("door".to_owned(), instance)].into(),
        modules: [("m1".to_owned(), module)].into(),
        ..Deployment::default()
    }
}

/// A device, the hub it is connected to, and what came of it.
struct Pair {
    hub: Hub,
    device: Device,
    now: Time,
    events: Vec<Event>,
}

impl Pair {
    fn new(dialect: Dialect) -> Pair {
        Pair::with(Device::new(dialect), None, Desired::default())
    }

    fn with(device: Device, known: Option<Dialect>, desired: Desired) -> Pair {
        Pair { hub: Hub::new(known, desired, 1), device, now: at(1), events: Vec::new() }
    }

    fn connect(mut self) -> Pair {
        assert!(Device::FILTERS.iter().all(|filter| self.hub.subscribe(filter)));
        self.device.connected();
        self.settle();
        self
    }

    /// Carries messages until both are silent.
    fn settle(&mut self) {
        loop {
            while let Some((topic, payload)) = self.device.poll() {
                self.hub.handle(self.now, &topic, payload.as_bytes());
            }
            let mut quiet = true;
            while let Some(output) = self.hub.poll() {
                match output {
                    Output::Publish { topic, payload } => {
                        quiet = false;
                        self.device.handle(&topic, &payload);
                    }
                    Output::Event(event) => self.events.push(event),
                }
            }
            if quiet {
                break;
            }
        }
    }

    fn deploy(&mut self, id: &str) {
        self.hub.deploy(self.now, deployment(id)).unwrap();
        self.settle();
    }

    fn download(&mut self) {
        for (module, _, sha256) in self.device.downloads() {
            self.device.downloaded(&module, &sha256);
        }
        self.settle();
    }

    fn command(&mut self, instance: &str, method: &str, params: Value) -> Answer {
        let id = self.hub.command(self.now, instance, method, &params, COMMAND_TIME).unwrap();
        self.settle();
        self.done(id).unwrap()
    }

    fn done(&self, wanted: u64) -> Option<Answer> {
        self.events.iter().rev().find_map(|event| match event {
            Event::Done { id, answer } if *id == wanted => Some(answer.clone()),
            _ => None,
        })
    }

    fn strange(&self) -> Vec<&'static str> {
        let strange = |event: &Event| if let Event::Strange(what) = event { Some(*what) } else { None };
        self.events.iter().filter_map(strange).collect()
    }
}

fn key(path: &str) -> Key {
    Key::parse(path).unwrap()
}

#[test]
fn a_device_says_what_it_is_and_gets_what_it_should_run() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect).connect();
        assert!(matches!(&pair.events[0], Event::Hello { dialect: told, .. } if *told == dialect));
        assert_eq!((pair.hub.dialect(), pair.hub.in_sync()), (Some(dialect), true));
        pair.deploy("one");
        assert_eq!(pair.hub.status().unwrap().reconcile, Reconcile::Applying);
        assert_eq!(pair.hub.status().unwrap().modules["m1"].state, HealthState::Downloading);
        assert!(!pair.hub.in_sync());
        assert_eq!(pair.device.downloads(), [("m1".to_owned(), "http://hub/module".to_owned(), HASH.to_owned())]);
        pair.download();
        assert!(pair.hub.in_sync());
        assert_eq!(pair.hub.status().unwrap().instances["door"].state, HealthState::Ok);
        assert_eq!(pair.strange(), [""; 0]);
    }
}

#[test]
fn a_module_of_another_hash_is_reported_as_broken() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect).connect();
        pair.deploy("one");
        pair.device.downloaded("m1", "ff");
        pair.settle();
        let status = pair.hub.status().unwrap();
        assert_eq!((status.reconcile, status.modules["m1"].state), (Reconcile::Error, HealthState::Error));
        assert_eq!(status.instances["door"].failure.as_deref(), Some("hash mismatch"));
        assert!(!pair.hub.in_sync());
    }
}

#[test]
fn what_was_wanted_while_it_was_away_is_there_after_it_connects() {
    for dialect in BOTH {
        for known in [None, Some(dialect)] {
            let settings = [(key("door/edge_app"), r#"{"threshold":0.5}"#.to_owned())].into();
            let desired = Desired { deployment: Some(deployment("two")), settings };
            let mut pair = Pair::with(Device::new(dialect), known, desired).connect();
            assert_eq!(pair.device.settings["door/edge_app"], r#"{"threshold":0.5}"#, "{dialect:?} {known:?}");
            pair.download();
            assert!(pair.hub.in_sync());
        }
    }
}

#[test]
fn a_device_that_comes_back_goes_on_with_what_it_has() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect).connect();
        pair.deploy("one");
        pair.download();
        let desired = Desired { deployment: Some(deployment("one")), ..Desired::default() };
        let mut again = Pair::with(pair.device, Some(dialect), desired).connect();
        assert_eq!(again.device.downloads(), [], "nothing is downloaded again");
        assert!(again.hub.in_sync());
        again.hub.deploy(again.now, Deployment::none("stop")).unwrap();
        again.settle();
        assert!(again.hub.in_sync() && again.hub.status().unwrap().instances.is_empty());
    }
}

#[test]
fn settings_are_set_changed_and_deleted() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect).connect();
        for (path, value) in [("door/edge_app", "one"), ("$system/system_settings", "{}"), ("door/edge_app", "two")] {
            pair.hub.set(key(path), Some(value.to_owned())).unwrap();
            pair.settle();
            assert_eq!(pair.device.settings[path], value);
        }
        pair.hub.set(key("door/edge_app"), None).unwrap();
        pair.settle();
        assert!(!pair.device.settings.contains_key("door/edge_app"));
        assert!(pair.device.settings.contains_key("$system/system_settings"));
    }
}

#[test]
fn the_agent_has_settings_in_one_dialect_only() {
    let interval = key("$agent/report-status-interval-max");
    let mut pair = Pair::new(Dialect::Evp2).connect();
    pair.hub.set(interval.clone(), Some("60".to_owned())).unwrap();
    pair.hub.set(key("$agent/configuration-id"), Some("60".to_owned())).unwrap();
    pair.settle();
    assert_eq!(pair.device.agent["configuration/$agent/report-status-interval-max"], 60);
    assert_eq!(pair.device.agent["configuration/$agent/configuration-id"], "60");
    let mut old = Pair::new(Dialect::Evp1).connect();
    assert_eq!(old.hub.set(interval, Some("60".to_owned())), Err(Refused::NoAgentSettings));
}

#[test]
fn a_command_is_answered_fails_or_is_not_known() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect).connect();
        let params = json!({"a": [1, "b"]});
        assert_eq!(pair.command("door", "echo", params.clone()), Answer::Ok { response: params });
        assert_eq!(pair.command("door", "none", json!({})), Answer::UnknownMethod);
        assert!(
            matches!(pair.command("door", "fail", json!({})), Answer::Failed { message, .. } if message == "Unknown error")
        );
        let Answer::Ok { response } = pair.command("$system", system::GET_IMAGE, system::get_image("1", "999999"))
        else {
            panic!()
        };
        assert_eq!(system::image(&response), Some(vec![0xff, 0xd8, 0xff, 0xd9]));
    }
}

#[test]
fn a_command_without_an_answer_ends_and_a_late_answer_is_known_as_that() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect).connect();
        let id = pair.hub.command(pair.now, "door", "echo", &json!({}), Duration::from_secs(5)).unwrap();
        let Some(Output::Publish { topic, payload }) = pair.hub.poll() else { panic!() };
        assert_eq!(pair.hub.next_timeout(), Some(at(6)));
        pair.hub.handle_timeout(at(5));
        assert_eq!(pair.hub.poll(), None);
        pair.hub.handle_timeout(at(6));
        pair.settle();
        assert_eq!((pair.done(id), pair.hub.next_timeout()), (Some(Answer::TimedOut), None));
        pair.device.handle(&topic, &payload);
        pair.settle();
        assert_eq!(pair.events.last(), Some(&Event::Late { id }));
    }
}

#[test]
fn commands_have_an_end_of_their_number_and_end_with_the_connection() {
    let mut pair = Pair::new(Dialect::Evp2).connect();
    let mut call = || pair.hub.command(at(2), "door", "echo", &json!({}), COMMAND_TIME);
    let ids: Vec<_> = std::iter::from_fn(|| call().ok()).collect();
    assert_eq!((ids.len(), call()), (8, Err(Refused::Busy)));
    pair.hub.close();
    let lost = std::iter::from_fn(|| pair.hub.poll());
    assert_eq!(
        lost.filter(|output| matches!(output, Output::Event(Event::Done { answer: Answer::Lost, .. }))).count(),
        8
    );
}

#[test]
fn nothing_is_sent_to_who_did_not_ask_or_does_not_listen() {
    let mut hub = Hub::new(Some(Dialect::Evp2), Desired::default(), 1);
    let call = |hub: &mut Hub| hub.command(at(1), "door", "echo", &json!({}), COMMAND_TIME);
    assert_eq!(call(&mut Hub::new(None, Desired::default(), 1)), Err(Refused::DialectUnknown));
    assert_eq!(call(&mut hub), Err(Refused::NotListening));
    hub.deploy(at(1), deployment("one")).unwrap();
    assert_eq!(hub.poll(), None, "it ignores PATCHes before its first question is answered");
    hub.subscribe("v1/devices/me/attributes/response/+");
    hub.handle(at(1), "v1/devices/me/attributes/request/1", b"{}");
    let Some(Output::Publish { topic, payload }) = hub.poll() else { panic!() };
    assert_eq!(topic, "v1/devices/me/attributes/response/1");
    assert!(payload.contains("\"deploymentId\":\"one\""));
}

#[test]
fn a_deployment_that_was_lost_is_sent_again() {
    let mut pair = Pair::new(Dialect::Evp2).connect();
    pair.hub.deploy(pair.now, deployment("one")).unwrap();
    assert!(matches!(pair.hub.poll(), Some(Output::Publish { .. })), "this one is lost");
    pair.now = at(20);
    pair.device.report();
    pair.settle();
    assert_eq!(pair.device.downloads(), []);
    pair.now = at(40);
    pair.device.report();
    pair.settle();
    assert_eq!(pair.device.downloads().len(), 1);
}

#[test]
fn a_firmware_that_speaks_another_dialect_is_told_everything_again() {
    let desired = Desired { deployment: Some(deployment("one")), ..Desired::default() };
    let mut pair = Pair::with(Device::new(Dialect::Evp1), Some(Dialect::Evp2), desired).connect();
    assert_eq!(pair.hub.dialect(), Some(Dialect::Evp1));
    pair.download();
    assert!(pair.hub.in_sync());
}

#[test]
fn states_telemetry_and_logs_come_as_they_were_meant() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect).connect();
        pair.events.clear();
        pair.device.state("door", "edge_app", r#"{"x":1}"#);
        let output = Inferred::Classification(vec![Class { class: 3, score: 0.5 }]);
        let inferences = vec![Inference { time_ms: 1_796_000_523_004, output }];
        let envelope = Envelope { model: "m".into(), device: "d".into(), image: false, inferences };
        pair.device.inferred("door", &envelope, Form::Flat);
        pair.device.log("door", "hello");
        pair.settle();
        let [Event::State { key: state, value }, Event::Telemetry { key: sent, value: json }, Event::Log(lines)] =
            &pair.events[..]
        else {
            panic!("{:?}", pair.events)
        };
        assert_eq!((state, value.as_slice()), (&key("door/edge_app"), br#"{"x":1}"#.as_slice()));
        assert_eq!(sent, &key("door/placeholder"));
        assert_eq!(Envelope::read(json, None).unwrap(), envelope);
        assert_eq!(
            (lines[0].log.as_str(), lines[0].app.as_str(), lines[0].stream.as_str()),
            ("hello", "door", "stdout")
        );
    }
}

#[test]
fn a_device_that_wants_to_upload_is_told_where() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect).connect();
        pair.device.upload("door", "images/20261130010203004.jpg");
        pair.settle();
        let Some(Event::TokenWanted(request)) = pair.events.last().cloned() else { panic!() };
        assert_eq!((request.instance.as_str(), request.filename.as_str()), ("door", "images/20261130010203004.jpg"));
        let headers = [("x-ms-blob-type".to_owned(), "BlockBlob".to_owned())].into();
        let grant = Grant { url: "http://hub/put".to_owned(), headers, expires_ms: Some(5) };
        pair.hub.answer_token(request.ticket, &Ok(grant.clone())).unwrap();
        pair.settle();
        let token = &pair.device.tokens[0];
        assert_eq!((token["URL"].as_str(), &token["expiresAtMillis"]), (Some("http://hub/put"), &json!("5")));
        assert_eq!(token["headers"], json!({"x-ms-blob-type": "BlockBlob"}));
        assert_eq!(pair.hub.answer_token(request.ticket, &Ok(grant)), Err(Refused::Gone));
    }
}

#[test]
fn the_messages_of_the_agents_own_tests_are_understood() {
    let mut hub = Hub::new(Some(Dialect::Evp2), Desired::default(), 1);
    let request = json!({"method": "evp-d2c", "params": {"storagetoken-request": {
        "reqid": "11034", "filename": "blob_test/azure_evp_file-1", "moduleInstanceId": "3cd184b68137"}}});
    hub.handle(at(1), "v1/devices/me/rpc/request/10002", request.to_string().as_bytes());
    let Some(Output::Event(Event::TokenWanted(request))) = hub.poll() else { panic!() };
    hub.subscribe("v1/devices/me/rpc/response/+");
    hub.answer_token(request.ticket, &Err("no room".to_owned())).unwrap();
    let Some(Output::Publish { topic, payload }) = hub.poll() else { panic!() };
    assert_eq!(topic, "v1/devices/me/rpc/response/10002");
    let expect = json!({"storagetoken-response": {"reqid": "11034", "status": "error", "errorMessage": "no room"}});
    assert_eq!(serde_json::from_str::<Value>(&payload).unwrap(), expect);
}

#[test]
fn a_hostile_device_gets_an_event_and_no_more() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = "x".repeat(MOST_MESSAGE + 1);
    let many: Value = (0..2000).map(|n| (format!("a/{n}"), json!(1))).collect::<serde_json::Map<_, _>>().into();
    for (topic, payload, expect) in [
        ("attributes", "", "no JSON"),
        ("attributes", "{\"a\":", "no JSON"),
        ("telemetry", "\u{0}", "no JSON"),
        ("telemetry", &deep[..MOST_MESSAGE], "no JSON"),
        ("telemetry", &long, "a message longer than any device sends"),
        ("telemetry", "[]", "telemetry that is no object"),
        ("telemetry", "{\"noslash\":1}", "telemetry of nobody"),
        ("telemetry", "{\"/\":1}", "telemetry of nobody"),
        ("telemetry", &many.to_string(), "more telemetry than fits into a message of a device"),
        ("attributes", "3", "attributes that are no object"),
        ("attributes", &many.to_string(), "more attributes than a device has"),
        ("attributes", "{\"state/a\":1}", "a state of nobody"),
        ("attributes", "{\"systemInfo\":3}", "a `systemInfo` that is no object"),
        ("attributes", "{\"systemInfo\":{}}", "a protocol version that is not known"),
        ("attributes", "{\"systemInfo\":{\"protocolVersion\":\"EVP9\"}}", "a protocol version that is not known"),
        ("attributes", "{\"deploymentStatus\":\"{\"}", "a status that is no object"),
        ("rpc/request/1", "{}", "a request that is not known"),
        ("rpc/request/1", "{\"method\":\"evp-d2c\"}", "a request that is not known"),
        ("rpc/response/1", "{}", "an answer that is not one"),
        ("rpc/response/1", "[]", "an answer that is not one"),
        ("rpc/response/1", "{\"direct-command-response\":3}", "an answer that is not one"),
        ("rpc/response/1", "{\"direct-command-response\":{\"status\":\"ok\"}}", "an answer that nobody waits for"),
        ("rpc/response/1", "{\"moduleInstance\":\"a\",\"status\":0}", "an answer that nobody waits for"),
        ("rpc/response/x", "{}", "a topic that devices do not publish to"),
        ("../you/telemetry", "{}", "a topic that devices do not publish to"),
    ] {
        let mut hub = Hub::new(Some(Dialect::Evp2), Desired::default(), 1);
        hub.handle(at(1), &format!("v1/devices/me/{topic}"), payload.as_bytes());
        assert_eq!(
            hub.poll(),
            Some(Output::Event(Event::Strange(expect))),
            "{topic} {}",
            &payload[..payload.len().min(80)]
        );
        assert_eq!(hub.poll(), None);
    }
}

#[test]
fn an_answer_for_another_command_ends_nobodys_wait() {
    let mut pair = Pair::new(Dialect::Evp2).connect();
    let id = pair.hub.command(pair.now, "door", "echo", &json!({}), COMMAND_TIME).unwrap();
    let forged = json!({"direct-command-response": {"reqid": (id + 1).to_string(), "status": "ok", "response": ""}});
    pair.hub.handle(pair.now, &format!("v1/devices/me/rpc/response/{id}"), forged.to_string().as_bytes());
    assert!(!std::iter::from_fn(|| pair.hub.poll()).any(|output| matches!(output, Output::Event(Event::Done { .. }))));
    assert!(pair.hub.next_timeout().is_some());
}

#[test]
fn requests_that_nobody_answers_do_not_pile_up() {
    let mut hub = Hub::new(Some(Dialect::Evp1), Desired::default(), 1);
    let request = json!({"method": "StorageToken", "params": {"filename": "f", "moduleInstanceName": "i"}}).to_string();
    let mut tickets = Vec::new();
    for number in 0..100 {
        hub.handle(at(1), &format!("v1/devices/me/rpc/request/{number}"), request.as_bytes());
        let Some(Output::Event(Event::TokenWanted(wanted))) = hub.poll() else { panic!() };
        tickets.push(wanted.ticket);
    }
    let refused = Err("full".to_owned());
    let open = tickets.into_iter().filter(|ticket| hub.answer_token(*ticket, &refused).is_ok()).count();
    assert_eq!(open, 32);
}

#[test]
fn what_does_not_fit_or_hang_together_is_refused_and_changes_nothing() {
    let mut pair = Pair::new(Dialect::Evp1).connect();
    let large = Some("x".repeat(MOST_DESIRED));
    assert_eq!(pair.hub.set(key("door/edge_app"), large), Err(Refused::TooLarge));
    let mut broken = deployment("one");
    broken.modules.clear();
    assert_eq!(pair.hub.deploy(pair.now, broken), Err(Refused::NoSuchModule));
    let mut slashed = deployment("one");
    slashed.instances = [("a/b".to_owned(), Instance { module: "m1".to_owned(), ..Instance::default() })].into();
    assert_eq!(pair.hub.deploy(pair.now, slashed), Err(Refused::BadName));
    let params = json!("x".repeat(MOST_DESIRED));
    assert_eq!(pair.hub.command(pair.now, "door", "echo", &params, COMMAND_TIME), Err(Refused::TooLarge));
    for path in ["door", "/x", "door/", "a\nb/c"] {
        assert_eq!(Key::parse(path), Err(Refused::BadName), "{path:?}");
    }
    assert_eq!(pair.hub.poll(), None);
    let settings: Vec<_> = (0..70).map(|n| pair.hub.set(key(&format!("door/{n}")), Some(String::new()))).collect();
    assert_eq!(settings.iter().filter(|set| set.is_ok()).count(), 64);
}

#[test]
fn a_status_is_cut_to_what_a_person_reads() {
    let mut hub = Hub::new(Some(Dialect::Evp2), Desired::default(), 1);
    let instances: serde_json::Map<_, _> =
        (0..500).map(|n| (format!("i{n}"), json!({"status": "burning", "failureMessage": "é".repeat(1000)}))).collect();
    let status = json!({"deploymentStatus": {"deploymentId": 7, "reconcileStatus": "odd", "instances": instances, "modules": 3}});
    hub.handle(at(1), "v1/devices/me/attributes", status.to_string().as_bytes());
    let Some(Output::Event(Event::Strange(what))) = hub.poll() else { panic!() };
    assert_eq!(what, "a message longer than any device sends");
    let instances: serde_json::Map<_, _> =
        (0..80).map(|n| (format!("i{n}"), json!({"failureMessage": "é".repeat(600)}))).collect();
    let status = json!({"deploymentStatus": {"deploymentId": 7, "reconcileStatus": "odd", "instances": instances, "modules": 3}});
    hub.handle(at(1), "v1/devices/me/attributes", status.to_string().as_bytes());
    let Some(Output::Event(Event::Status(status))) = hub.poll() else { panic!() };
    assert_eq!((status.deployment.as_str(), status.reconcile, status.instances.len()), ("", Reconcile::Unknown, 64));
    let health = status.instances.values().next().unwrap();
    assert_eq!((health.state, health.failure.as_ref().unwrap().chars().count()), (HealthState::Unknown, 512));
}
