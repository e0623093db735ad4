//! A camera at work, from its source to the page that shows what it counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::{Server, folder, root};
use crate::wait;

/// An AITRIOS app with threads, as AITRIOS's own library makes them.
const THREADS: &str = "crates/playfield-runtime/tests/guests/aitrios/threads.wasm";

/// One that uploads what it sees.
const SENDER: &str = "crates/playfield-runtime/tests/guests/aitrios/sender.wasm";

/// The demo camera's path, once it is at work.
fn camera(server: &Server) -> String {
    let id = wait("the camera", || {
        let devices = server.get("/api/v1/devices");
        let device = devices["devices"].as_array()?.first()?.clone();
        (device["state"] == "online").then(|| device["id"].as_str().map(str::to_owned))?
    });
    format!("/api/v1/devices/{id}")
}

/// Changes what it is to do.
fn change(server: &Server, path: &str, keys: &Value) {
    let mut desired = server.get(path)["desired"].clone();
    keys.as_object().unwrap().iter().for_each(|(key, value)| desired[key] = value.clone());
    let changed = server.ask("PATCH", path, &[], Some(json!({ "desired": desired })));
    assert!(changed["id"].is_string(), "{changed}");
}

#[test]
fn an_app_with_threads_has_a_process_of_its_own_that_takes_no_camera_with_it() {
    let apps = folder().join("apps");
    fs::create_dir_all(apps.join("threads")).unwrap();
    fs::copy(root().join(THREADS), apps.join("threads/threads.wasm")).unwrap();
    let limits = "limits = { memory_mb = 8, tick_ms = 1000 }\n[output]\nbytes_per_minute = 100000";
    let fields = "[output.fields]\nclass = { kind = 'integer', min = 0, max = 9 }";
    let manifest = format!("id = 'threads'\nname = 'Threads'\nentry = 'threads.wasm'\n{limits}\n{fields}\n");
    fs::write(apps.join("threads/app.toml"), manifest).unwrap();
    fs::create_dir_all(apps.join("packed")).unwrap();
    fs::copy(root().join(THREADS), apps.join("packed/edge_app.wasm")).unwrap();
    let packed =
        json!({ "app_name": "edge_app", "file_name": "edge_app.wasm", "version": "1.2.0", "compiled_flg": false });
    let packed = json!({ "manifest_version": "1.0.0", "edge_app": packed });
    fs::write(apps.join("packed/manifest.json"), packed.to_string()).unwrap();
    let server = Server::with_apps(&apps);
    let path = camera(&server);
    let run = json!({ "edge_app": { "common_settings": { "process_state": 2 } } });
    change(&server, &path, &json!({ "app": "threads", "app_config": run }));
    let says = |what: &str, wanted: &dyn Fn(&Value) -> bool| {
        wait(what, || Some(server.get(&path)["app"].clone()).filter(|app| wanted(app)))
    };
    let running = says("what it says", &|app| app["state"] == "running" && app["bytes"].as_u64() > Some(0));
    assert_eq!((&running["dialect"], &running["restarts"]), (&json!("aitrios"), &json!(0)), "{running}");
    let event = wait("what it said on record", || {
        let events = server.get(&format!("{path}/events"));
        events["events"].as_array()?.iter().find(|event| event["app"] == "threads").cloned()
    });
    assert!(event["value"]["class"].is_u64(), "{event}");

    // Somebody kills it: its camera goes on, and it is started again.
    let (camera, app) = (server.guests_of("camera"), server.guests_of("app"));
    assert_eq!((camera.len(), app.len()), (1, 1));
    kill_process(Pid::from_raw(app[0] as i32).unwrap(), Signal::KILL).unwrap();
    says("another one", &|app| app["restarts"] == 1 && app["state"] == "running");
    assert_eq!(server.guests_of("camera"), camera);
    assert_ne!(server.guests_of("app"), app);
    wait("why it ended", || server.log().contains("its process was killed").then_some(()));

    // The same as AITRIOS packs it, without a word of ours.
    change(&server, &path, &json!({ "app": "packed" }));
    says("the package", &|app| {
        app["app"] == "edge-app" && app["version"] == "1.2.0" && app["bytes"].as_u64() > Some(0)
    });

    change(&server, &path, &json!({ "app": null }));
    wait("no process of an app", || server.guests_of("app").is_empty().then_some(()));
}

#[test]
fn a_model_that_cannot_be_used_is_refused_with_the_reason_and_the_camera_goes_on() {
    let (apps, street) = (folder().join("apps"), root().join("models/street"));
    let manifest = fs::read_to_string(street.join("model.toml")).unwrap();
    let weights = fs::read(street.join("street.onnx")).unwrap();
    let put = |name: &str, manifest: &str, weights: &[u8]| {
        let model = apps.with_file_name("models").join(name);
        fs::create_dir_all(&model).unwrap();
        fs::write(model.join("model.toml"), manifest).unwrap();
        fs::write(model.join("street.onnx"), weights).unwrap();
    };
    put("half", &manifest, &weights[..weights.len() / 2]);
    put("other", &manifest.replace("320, 192", "640, 384"), &weights);
    let large = fs::read(root().join("crates/playfield-runtime/testdata/model/large.onnx")).unwrap();
    put("large", &manifest.replace("320, 192", "96, 64").replace(", \"bicycle\"", ""), &large);
    put("again", &manifest, &weights);
    let server = Server::with_apps(&apps);
    let path = camera(&server);
    let process = server.guests_of("camera");
    let ask = |model: &str| {
        let mut desired = server.get(&path)["desired"].clone();
        desired["model"] = json!(model);
        server.ask("PATCH", &path, &[], Some(json!({ "desired": desired })))
    };
    for (model, why) in [
        ("half", "cannot load the model"),
        ("other", "`input.size`"),
        ("large", "more than the 512 MiB of memory that a camera has"),
        ("none", "there is no model"),
    ] {
        let refused = ask(model);
        assert!(refused["detail"].as_str().unwrap().contains(why), "{refused}");
    }
    assert_eq!(server.guests_of("camera"), process, "it works on as before");
    assert_eq!(ask("again")["desired"]["model"], "again");
    wait("the camera with the other model", || {
        let device = server.get(&path);
        (device["state"] == "online" && device["running"] == device["version"]).then_some(())
    });
    assert_ne!(server.guests_of("camera"), process);
}

#[test]
fn a_model_and_an_app_are_added_on_the_page_and_a_camera_is_given_them() {
    let folder = folder();
    let zip = |name: &str, files: &[PathBuf]| {
        let archive = folder.join(name);
        let made = Command::new("python3").args(["-m", "zipfile", "-c"]).arg(&archive).args(files).status().unwrap();
        assert!(made.success());
        archive
    };
    let street = root().join("models/street");
    let night = zip("night.zip", &["model.toml", "street.onnx"].map(|file| street.join(file)));
    let none = zip("none.zip", &[street.join("model.toml"), root().join("README.md")]);
    let theirs = zip("threads.zip", &[root().join(THREADS)]);
    let server = Server::with_camera();
    let path = camera(&server);
    let browser = Browser::start(&server);
    let tab = browser.open("/cameras");
    tab.button("Add one");
    tab.upload("Archive", &none);
    tab.button("An app");
    tab.exact_button("Add it");
    wait("the reason", || tab.text("form [role=alert]").filter(|why| why.contains("neither an app.toml")));
    tab.upload("Archive", &theirs);
    tab.exact_button("Add it");
    wait("the app", || tab.text("section li:has-text('threads') .facts").filter(|facts| facts.contains("no camera")));
    tab.button("Add one");
    tab.button("A model");
    tab.upload("Archive", &night);
    tab.exact_button("Add it");
    wait("the model", || tab.text("section li:has-text('night')").filter(|facts| facts.contains("Finds person")));

    let tab = browser.open(&path.replace("/api/v1/devices", "/cameras"));
    tab.button("Change what it runs");
    tab.choose("Finds with", "night");
    tab.choose("App", "threads");
    tab.exact_button("Set");
    wait("the camera with both", || {
        let device = server.get(&path);
        let has = [&device["desired"]["model"], &device["desired"]["app"]] == ["night", "threads"];
        (has && device["state"] == "online" && device["running"] == device["version"]).then_some(())
    });
    wait("the process of the app", || (server.guests_of("app").len() == 1).then_some(()));
    let used = server.ask("DELETE", "/api/v1/releases/app/threads", &[], None);
    assert!(used["detail"].as_str().unwrap().contains("has `threads`"), "{used}");
}

#[test]
fn a_newcomer_sees_what_a_camera_counts_and_its_picture_with_leave_alone() {
    let server = Server::with_camera();
    let device = wait("the camera", || {
        let devices = server.get("/api/v1/devices");
        let device = devices["devices"].as_array()?.first()?.clone();
        (device["state"] == "online").then_some(device)
    });
    let path = format!("/api/v1/devices/{}", device["id"].as_str().unwrap());
    let browser = Browser::start(&server);
    let tab = browser.open(&format!("/cameras/{}", device["id"].as_str().unwrap()));
    wait("what it finds with", || {
        tab.text(".privacy dl div:nth-child(2) dd").filter(|text| text.starts_with("street "))
    });
    wait("something to happen", || tab.text(".events li time"));
    wait("a count", || tab.text(".count b"));
    let counted = || server.get(&format!("{path}/counts"))["counts"].as_array().map_or(0, Vec::len);
    wait("a minute's counts", || (counted() > 0).then_some(()));
    assert!(tab.text(".privacy").unwrap().contains("No picture leaves this camera"));
    assert!(tab.player().is_none());

    tab.button("See the picture");
    tab.fill("Reason", "to see whether it can be seen");
    tab.exact_button("Look");
    wait("its picture", || tab.picture());
    assert!(tab.text(".privacy").unwrap().contains("The picture leaves this camera"));
    tab.button("Stop looking");
    wait("no picture any more", || tab.player().is_none().then_some(()));
    let grants = wait("the record", || {
        let grants = server.get(&format!("{path}/grants"));
        grants["grants"][0]["ended_ms"].is_u64().then_some(grants)
    });
    assert_eq!(grants["grants"][0]["reason"], "to see whether it can be seen");
}

/// Reads an archive at an address: the annotations, and how each picture begins and ends.
const READ: &str = "
import io, json, sys, urllib.request, zipfile
archive = zipfile.ZipFile(io.BytesIO(urllib.request.urlopen(sys.argv[1]).read()))
names = [name for name in archive.namelist() if name.startswith('images/')]
ends = {name: (archive.read(name)[:2] + archive.read(name)[-2:]).hex() for name in names}
print(json.dumps({'annotations': json.loads(archive.read('annotations.json')), 'pictures': ends}))
";

#[test]
fn pictures_are_kept_while_the_page_says_so_and_come_as_coco() {
    let server = Server::with_camera();
    let device = wait("the camera", || {
        let devices = server.get("/api/v1/devices");
        let device = devices["devices"].as_array()?.first()?.clone();
        (device["state"] == "online").then_some(device)
    });
    let id = device["id"].as_str().unwrap();
    let browser = Browser::start(&server);
    let tab = browser.open(&format!("/cameras/{id}"));
    tab.button("Keep pictures");
    tab.fill("What for", "bicycles are missed");
    tab.exact_button("Keep");
    wait("the page to say so", || {
        tab.text(".privacy").filter(|text| text.contains("Pictures of this camera are kept"))
    });
    let path = format!("/api/v1/devices/{id}/datasets");
    let kept = || server.get(&path)["datasets"][0].clone();
    wait("some pictures", || (kept()["pictures"].as_u64()? >= 3).then_some(()));
    tab.exact_button("Stop");
    wait("the page to say that it is over", || {
        tab.text(".privacy").filter(|text| text.contains("No picture leaves this camera"))
    });
    let kept = kept();
    let address = format!("{}{path}/{}", server.url, kept["grant"]["id"].as_str().unwrap());
    let read = Command::new("python3").args(["-c", READ, &address]).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    let pictures = read["pictures"].as_object().unwrap();
    assert_eq!(pictures.len() as u64, kept["pictures"].as_u64().unwrap());
    assert!(pictures.values().all(|ends| ends == "ffd8ffd9"), "each is a whole JPEG: {pictures:?}");
    let coco = &read["annotations"];
    assert_eq!(coco["info"]["description"], "Street: bicycles are missed");
    let (images, found) = (coco["images"].as_array().unwrap(), coco["annotations"].as_array().unwrap());
    assert!(images.iter().all(|image| pictures.contains_key(image["file_name"].as_str().unwrap())));
    assert!(images.iter().all(|image| image["width"] == 640 && image["height"] == 360));
    assert!(!found.is_empty(), "a street with nobody on it in all of them");
    for annotation in found {
        let [left, top, width, height] = [0, 1, 2, 3].map(|at| annotation["bbox"][at].as_f64().unwrap());
        assert!(left >= 0.0 && top >= 0.0 && left + width <= 640.01 && top + height <= 360.01, "{annotation}");
    }
}

/// Reads an archive at an address: the names of what an app uploaded, and how each begins.
const UPLOADS: &str = "
import io, json, sys, urllib.request, zipfile
archive = zipfile.ZipFile(io.BytesIO(urllib.request.urlopen(sys.argv[1]).read()))
assert archive.testzip() is None
print(json.dumps({name: archive.read(name)[:17].decode('latin-1') for name in archive.namelist()}))
";

/// Puts the app that uploads into a folder of apps, with words that it fetches.
pub fn put_sender(apps: &Path) {
    fs::create_dir_all(apps.join("sender/files")).unwrap();
    fs::copy(root().join(SENDER), apps.join("sender/sender.wasm")).unwrap();
    fs::write(apps.join("sender/files/words.txt"), "a word of its own").unwrap();
    let limits = "pixels = true\nlimits = { memory_mb = 8, tick_ms = 1000 }\n[output]\nbytes_per_minute = 100000";
    let field = |name: &str| format!("{name} = {{ kind = 'integer', min = 0, max = 9999 }}");
    let fields = format!("[output.fields]\n{}\n{}", field("kept"), field("lost"));
    let manifest = format!("id = 'sender'\nname = 'Sender'\nentry = 'sender.wasm'\n{limits}\n{fields}\n");
    fs::write(apps.join("sender/app.toml"), manifest).unwrap();
}

/// Reads what it uploaded into a dataset: pictures, and notes of what it fetched. How many.
pub fn read_uploads(server: &Server, path: &str, dataset: &Value) -> u64 {
    let address = format!("{}{path}/datasets/{}", server.url, dataset["grant"]["id"].as_str().unwrap());
    let read = Command::new("python3").args(["-c", UPLOADS, &address]).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let files: Value = serde_json::from_slice(&read.stdout).unwrap();
    let uploads = files.as_object().unwrap().iter().filter(|(name, _)| name.starts_with("uploads/"));
    let check = |(name, begins): (&String, &Value)| {
        let begins = begins.as_str().unwrap();
        match name.rsplit_once('.').unwrap() {
            (name, "jpg") => assert!(name.contains("-20260102") && begins.starts_with("\u{ff}\u{d8}"), "{name}"),
            (name, "txt") => assert_eq!(begins, "a word of its own", "{name}"),
            other => panic!("{other:?}"),
        }
    };
    uploads.map(check).count() as u64
}

#[test]
fn what_an_aitrios_app_uploads_leaves_while_somebody_keeps_it_and_at_no_other_time() {
    let apps = folder().join("apps");
    put_sender(&apps);
    let server = Server::with_apps(&apps);
    let path = camera(&server);
    change(&server, &path, &json!({ "app": "sender", "app_pixels": true }));
    let said = || {
        let events = server.get(&format!("{path}/events?most=200"));
        let of = |event: &&Value| event["app"] == "sender" && event["value"].is_object();
        let newest = events["events"].as_array()?.iter().find(of)?["value"].clone();
        Some((newest["kept"].as_u64()?, newest["lost"].as_u64()?))
    };
    wait("the app to be denied", || said().filter(|(_, lost)| *lost > 0));
    assert_eq!(said().unwrap().0, 0, "nobody keeps anything");
    wait("its log", || server.log().contains("which nobody lets it").then_some(()));

    let browser = Browser::start(&server);
    let tab = browser.open(path.trim_start_matches("/api/v1/devices").replacen('/', "/cameras/", 1).as_str());
    wait("the app on the page", || tab.text(".counts").filter(|text| text.contains("App: sender")));
    tab.button("Keep pictures");
    tab.fill("What for", "what it blurs");
    tab.tick("Pictures");
    tab.tick("What sender uploads");
    tab.exact_button("Keep");
    wait("the page to say so", || tab.text(".privacy").filter(|text| text.contains("What its app uploads is kept")));
    let kept = || server.get(&format!("{path}/datasets"))["datasets"][0].clone();
    wait("some files", || (kept()["files"].as_u64()? >= 6).then_some(()));
    wait("the app to hear of it", || said().filter(|(kept, _)| *kept >= 4));
    tab.exact_button("Stop");
    wait("the page to say that it is over", || {
        tab.text(".privacy").filter(|text| text.contains("No picture leaves this camera"))
    });
    let over = kept();
    let lost = said().unwrap().1;
    wait("the app to be denied again", || said().filter(|(_, more)| *more > lost + 2));
    assert_eq!(kept()["files"], over["files"], "nothing more is kept");
    assert_eq!((&over["pictures"], &over["every_ms"]), (&json!(0), &json!(0)));

    assert_eq!(read_uploads(&server, &path, &over), over["files"].as_u64().unwrap());
    assert_eq!(server.get(&path)["app"]["restarts"], 0, "it ran on all the time");
}
