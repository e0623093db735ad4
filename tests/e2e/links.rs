//! A machine with a camera that joins a server: it works on while the server is away, and tells all of it afterwards, once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::cameras::{put_sender, read_uploads};
use crate::server::{Server, folder, free_udp_ports, program};
use crate::wait;

/// A running `playfield camera`.
struct Machine {
    child: Child,
    folder: PathBuf,
}

impl Machine {
    fn join(address: &str, desired: &Value) -> Machine {
        let folder = folder();
        let udp = free_udp_ports(1);
        let ports = format!("{}-{}", udp.start(), udp.end());
        fs::write(folder.join("config.toml"), format!("[node]\nworkers = 1\nudp_ports = \"{ports}\"\n")).unwrap();
        fs::write(folder.join("desired.json"), desired.to_string()).unwrap();
        let child = launch(&folder, &["join", address, "--name", "Yard", "--desired", "desired.json"]);
        Machine { child, folder }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.child = launch(&self.folder, &["run"]);
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the machine's log:\n{}", self.log());
        }
    }
}

fn launch(folder: &Path, args: &[&str]) -> Child {
    Command::new(program())
        .current_dir(folder)
        .arg("camera")
        .args(args)
        .args(["--data", "data", "--config", "config.toml"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::options().create(true).append(true).open(folder.join("log")).unwrap())
        .spawn()
        .unwrap()
}

fn device(server: &Server, name: &str) -> Option<Value> {
    let devices = server.get("/api/v1/devices");
    devices["devices"].as_array()?.iter().find(|device| device["name"] == name).cloned()
}

fn online(server: &Server, name: &str) -> Value {
    wait("the camera to be at work", || device(server, name).filter(|device| device["state"] == "online"))
}

/// What the lines of a camera counted, in the order of its events.
fn crossings(server: &Server, id: &str) -> Vec<(String, u64)> {
    let events = server.get(&format!("/api/v1/devices/{id}/events?most=1000"));
    let mut events = events["events"].as_array().unwrap().clone();
    events.reverse();
    let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert!(seqs.windows(2).all(|two| two[1] == two[0] + 1), "{seqs:?}");
    let crossed = events.iter().filter(|event| event["event"] == "cross");
    let sum = |event: &Value| {
        let counts = event["counts"].as_array().unwrap().iter();
        counts.map(|count| count["in"].as_u64().unwrap_or(0) + count["out"].as_u64().unwrap_or(0)).sum()
    };
    crossed.map(|event| (event["line"].as_str().unwrap().to_owned(), sum(event))).collect()
}

/// Of each line the counts go up by one with each event, and begin anew at most so often.
fn without_gaps(crossings: &[(String, u64)], begins: usize) {
    for line in ["a", "b", "c"] {
        let counts: Vec<u64> = crossings.iter().filter(|(of, _)| of == line).map(|(_, sum)| *sum).collect();
        let mut began = usize::from(!counts.is_empty());
        for two in counts.windows(2) {
            if two[1] == 1 {
                began += 1;
            } else {
                assert_eq!(two[1], two[0] + 1, "{line}: {counts:?}");
            }
        }
        assert!(began <= begins, "{line}: {counts:?}");
    }
}

#[test]
fn a_machine_works_on_while_the_server_is_away_and_tells_all_of_it_once() {
    let mut server = Server::with_camera();
    let shown = wait("the server's own camera", || device(&server, "Street"));
    let mut desired = shown["desired"].clone();
    let road = desired["watch"]["line"].as_array().unwrap().iter().find(|line| line["name"] == "road").unwrap().clone();
    // Three lines of one road: what drives along it is counted three times.
    let line = |name: &str, by: f64| {
        let mut line = road.clone();
        line["name"] = json!(name);
        for end in ["from", "to"] {
            line[end][0] = json!((line[end][0].as_f64().unwrap() + by).clamp(0.0, 1.0));
        }
        line
    };
    desired["watch"]["line"] = json!([line("a", 0.0), line("b", 0.06), line("c", -0.06)]);
    desired["watch"]["zone"] = json!([]);

    let enrolment = server.ask("POST", "/api/v1/enrolments", &[], None);
    let address = enrolment["address"].as_str().unwrap();
    let mut machine = Machine::join(address, &desired);
    let joined = online(&server, "Yard");
    let id = joined["id"].as_str().unwrap().to_owned();
    assert_eq!(joined["health"]["model"].as_str().map_or("street", |model| model.split(' ').next().unwrap()), "street");
    assert!(joined["machine"]["version"].is_string());
    wait("its app", || device(&server, "Yard").filter(|device| device["app"]["state"] == "running"));
    wait("something to be counted", || (crossings(&server, &id).len() > 1).then_some(()));

    // The link is cut, and the camera goes on.
    server.kill();
    wait("the machine to notice", || machine.log().contains("not connected to the control plane").then_some(()));
    std::thread::sleep(std::time::Duration::from_secs(4));
    server.start_again();
    online(&server, "Yard");
    wait("what happened meanwhile", || {
        let device = device(&server, "Yard")?;
        (device["machine"]["waiting"] == 0).then_some(())
    });
    without_gaps(&crossings(&server, &id), 1);

    // The machine goes down while the link is cut, comes up without it, and does what it did before.
    server.kill();
    std::thread::sleep(std::time::Duration::from_secs(1));
    machine.kill();
    machine.start_again();
    wait("its camera without a server", || (machine.log().matches("a camera is at work").count() > 1).then_some(()));
    std::thread::sleep(std::time::Duration::from_secs(3));
    server.start_again();
    let again = online(&server, "Yard");
    assert_eq!(again["version"], joined["version"]);
    let before = crossings(&server, &id).len();
    wait("something more to be counted", || (crossings(&server, &id).len() > before).then_some(()));
    without_gaps(&crossings(&server, &id), 2);

    // It is changed, and its picture seen, as if it were the server's own.
    desired["hz"] = json!(5);
    let change = json!({"version": again["version"], "desired": desired});
    let changed = server.ask("PATCH", &format!("/api/v1/devices/{id}"), &[], Some(change));
    wait("the change", || device(&server, "Yard").filter(|device| device["running"] == changed["version"]));
    let browser = Browser::start(&server);
    let tab = browser.open(&format!("/cameras/{id}"));
    wait("what it finds with", || {
        tab.text(".privacy dl div:nth-child(2) dd").filter(|text| text.starts_with("street "))
    });
    tab.button("See the picture");
    tab.fill("Reason", "to see whether it can be seen");
    tab.exact_button("Look");
    wait("its picture", || tab.picture());

    // It is turned away, and ends.
    server.ask_status("DELETE", &format!("/api/v1/devices/{id}"), 204);
    wait("the machine to end", || machine.child.try_wait().unwrap());
    assert!(machine.log().contains("turned away") || device(&server, "Yard").is_none());
}

#[test]
fn an_app_on_another_machine_has_what_it_brings_along_and_uploads_over_the_link() {
    let apps = folder().join("apps");
    put_sender(&apps);
    let server = Server::with_apps(&apps);
    let mut desired = wait("the server's own camera", || device(&server, "Street"))["desired"].clone();
    (desired["app"], desired["app_pixels"]) = (json!("sender"), json!(true));
    let enrolment = server.ask("POST", "/api/v1/enrolments", &[], None);
    let _machine = Machine::join(enrolment["address"].as_str().unwrap(), &desired);
    let id = online(&server, "Yard")["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/devices/{id}");
    wait("its app", || device(&server, "Yard").filter(|device| device["app"]["state"] == "running"));
    let wanted = json!({ "reason": "what it blurs", "minutes": 5, "every_ms": 0, "uploads": true });
    let dataset = server.ask("POST", &format!("{path}/datasets"), &[], Some(wanted));
    let kept = || server.get(&format!("{path}/datasets"))["datasets"][0].clone();
    wait("some files", || (kept()["files"].as_u64()? >= 4).then_some(()));
    server.ask_status("DELETE", &format!("{path}/grants/{}", dataset["grant"]["id"].as_str().unwrap()), 204);
    assert_eq!(read_uploads(&server, &path, &dataset), kept()["files"].as_u64().unwrap());
}
