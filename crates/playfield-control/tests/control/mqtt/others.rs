//! Other people's clients: Debian's `mosquitto_pub` and `mosquitto_sub`, where they are installed.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::stage::next;
use super::*;

fn mosquitto(which: &str, stage: &Stage, camera: &EnrolledCamera) -> Command {
    let mut command = Command::new(which);
    let password = camera.password.as_ref().unwrap().reveal();
    let port = stage.address.port().to_string();
    command.args(["-h", "127.0.0.1", "-p", &port, "-u", &camera.user, "-P", password, "-V", "mqttv311"]);
    command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn mosquittos_clients_speak_with_it() {
    if Command::new("mosquitto_pub").arg("--help").output().await.is_err() {
        println!("skipped: mosquitto_pub is not installed (Debian: mosquitto-clients)");
        return;
    }
    let stage = Stage::new().await;
    let camera = stage.enrol(json!({"name": "door"})).await;
    let mut events = stage.events();
    let (topic, value) = ("v1/devices/me/telemetry", r#"{"door/count":3}"#);
    let sent = mosquitto("mosquitto_pub", &stage, &camera).args(["-q", "1", "-t", topic, "-m", value]).output().await;
    let sent = sent.unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let event = next(&mut events, |what| matches!(what, What::Telemetry { .. })).await;
    assert!(matches!(&event.what, What::Telemetry { value, .. } if *value == json!(3)));

    // What it said of itself is known when it comes again to listen; a command at QoS 1 reaches it.
    let hello = r#"{"systemInfo":{"protocolVersion":"EVP1"}}"#;
    let topic_of_hello = "v1/devices/me/attributes";
    let said =
        mosquitto("mosquitto_pub", &stage, &camera).args(["-q", "1", "-t", topic_of_hello, "-m", hello]).output();
    assert!(said.await.unwrap().status.success());
    let mut listener = mosquitto("mosquitto_sub", &stage, &camera);
    listener.args(["-q", "1", "-t", "v1/devices/me/rpc/request/+", "-v", "-C", "1"]);
    let mut listener = listener.spawn().unwrap();
    let calling = async {
        // Until it has connected and subscribed, nothing can be called.
        let body = json!({"instance": "door", "method": "echo", "timeout_s": 1});
        while stage.post(&camera, "/commands", body.clone()).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut heard = String::new();
    let mut lines = BufReader::new(listener.stdout.take().unwrap());
    let (read, ()) = tokio::join!(lines.read_line(&mut heard), calling);
    read.unwrap();
    assert!(heard.starts_with("v1/devices/me/rpc/request/"), "{heard}");
    assert!(heard.contains(r#""moduleMethod":"echo""#), "{heard}");

    let wrong =
        mosquitto("mosquitto_pub", &stage, &camera).args(["-P", "wrong", "-t", topic, "-m", value]).output().await;
    let wrong = wrong.unwrap();
    assert!(!wrong.status.success());
    let five =
        mosquitto("mosquitto_pub", &stage, &camera).args(["-V", "mqttv5", "-t", topic, "-m", value]).output().await;
    let told = String::from_utf8_lossy(&five.unwrap().stderr).to_lowercase();
    assert!(told.contains("version"), "{told}");
}
