//! A browser that does what a test says, through `tests/browser/driver.mjs`: a Chromium, or a Firefox.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use playfield_transport::relay::Relay;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::picture::Picture;
use crate::server::{Server, root};
use crate::wait;

/// Longest a command may take; the driver gives up before, with a reason.
const ANSWER: Duration = Duration::from_secs(60);

/// How long a browser has to close.
const FAREWELL: Duration = Duration::from_secs(5);

/// A browser with an empty profile. Dropping it ends it and all its processes.
pub struct Browser {
    child: Child,
    lines: RefCell<Receiver<String>>,
    complaints: Arc<Mutex<String>>,
}

/// What a tab is shown on, where that is no ordinary computer.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Device {
    /// A telephone: a touch screen, and no mouse.
    pub touch: bool,
    /// It has gamepads: made-up ones, which a test holds.
    pub gamepads: bool,
    /// What its browser lacks: `encodedTransform`, `h264`, `frameTimes`, `mediaDevices`, `webrtc`; `inputChannel`: one that lets anything through.
    pub lacks: Vec<&'static str>,
}

/// A finger on a share of an element.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Finger {
    /// A selector, or `picture`.
    pub on: &'static str,
    pub x: f64,
    pub y: f64,
}

/// What a player is doing.
#[derive(Debug, Deserialize)]
pub struct Player {
    pub state: String,
    pub session: Option<String>,
    /// How pictures come: `lossless` or `h264`.
    pub video: String,
    pub ends: Vec<End>,
    pub errors: Vec<Value>,
}

/// How a session ended, as the player told its page.
#[derive(Clone, Debug, Deserialize)]
pub struct End {
    pub reason: String,
    pub detail: String,
}

/// What came of the sound track.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Sound {
    pub packets: u64,
    pub energy: f64,
}

impl Browser {
    /// A browser for the pages of a server.
    pub fn start(server: &Server) -> Browser {
        Browser::of_kind(&kind(), server, None)
    }

    /// A Chromium whose camera is this film, and whose person lets pages use it.
    pub fn with_camera(server: &Server, film: &Path) -> Browser {
        Browser::of_kind("chromium", server, Some(("PLAYFIELD_CAMERA", film)))
    }

    /// A Chromium whose microphone is this file, a WAVE, and whose person lets pages use it.
    pub fn with_microphone(server: &Server, file: &Path) -> Browser {
        Browser::of_kind("chromium", server, Some(("PLAYFIELD_MICROPHONE", file)))
    }

    /// A Firefox for the pages of a server.
    pub fn firefox(server: &Server) -> Browser {
        Browser::of_kind("firefox", server, None)
    }

    fn of_kind(kind: &str, server: &Server, has: Option<(&str, &Path)>) -> Browser {
        let mut child = Command::new("node")
            .arg(root().join("tests/browser/driver.mjs"))
            .args([&server.url, kind])
            .envs(has)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that all the browser's processes can be ended together.
            .process_group(0)
            .spawn()
            .expect("node runs");
        let (sender, lines) = sync_channel(16);
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let complaints = Arc::new(Mutex::new(String::new()));
        let (mut stderr, heard) = (child.stderr.take().unwrap(), complaints.clone());
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut buffer) {
                heard.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        });
        Browser { child, lines: RefCell::new(lines), complaints }
    }

    /// A browser whose media takes the way through a relay.
    pub fn start_behind(relay: &Relay, server: &Server) -> Browser {
        let browser = Browser::start(server);
        let ports: serde_json::Map<_, _> = relay.ports().map(|(from, to)| (from.to_string(), json!(to))).collect();
        browser.ask(json!({ "do": "reroute", "address": relay.address(), "ports": ports }));
        browser
    }

    /// Whether a relay for the browsers of [`Browser::start`] may be on loopback.
    pub fn knows_loopback() -> bool {
        kind() != "firefox"
    }

    /// A new tab at a path of the server.
    pub fn open(&self, path: &str) -> Tab<'_> {
        let number = self.ask(json!({ "do": "open", "path": path }));
        Tab { browser: self, number: number.as_u64().unwrap() }
    }

    /// A new tab of another device, at the catalogue.
    pub fn open_on(&self, device: &Device) -> Tab<'_> {
        self.open_page_on(device, "/")
    }

    /// The same, at a path of the server.
    pub fn open_page_on(&self, device: &Device, path: &str) -> Tab<'_> {
        let number = self.ask(json!({ "do": "open", "path": path, "device": device }));
        Tab { browser: self, number: number.as_u64().unwrap() }
    }

    /// A tab of somebody else, with nothing that others keep, at a path of the server.
    pub fn open_elsewhere(&self, path: &str) -> Tab<'_> {
        self.open_page_on(&Device::default(), path)
    }

    /// The trip everybody makes, on another device.
    pub fn play_on(&self, device: &Device, title: &str) -> Tab<'_> {
        let tab = self.open_on(device);
        tab.click(title);
        tab.playing();
        tab
    }

    /// The trip everybody makes: the catalogue, a click, and a picture.
    pub fn play(&self, title: &str) -> Tab<'_> {
        let tab = self.open("/");
        tab.click(title);
        tab.playing();
        tab
    }

    fn ask(&self, command: Value) -> Value {
        let mut stdin = self.child.stdin.as_ref().unwrap();
        let sent = writeln!(stdin, "{command}").and_then(|()| stdin.flush());
        let line = sent.ok().and_then(|()| self.lines.borrow().recv_timeout(ANSWER).ok());
        let complaints = || self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let line = line.unwrap_or_else(|| panic!("the browser's driver did not answer {command}\n{}", complaints()));
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        match answer.get_mut("ok") {
            Some(value) => value.take(),
            None => panic!("{command}: {}\n{}", answer["error"], complaints()),
        }
    }
}

/// The browser to test in.
fn kind() -> String {
    std::env::var("PLAYFIELD_BROWSER").unwrap_or("chromium".to_owned())
}

impl Drop for Browser {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- what the pages said\n{}", self.complaints.lock().unwrap_or_else(PoisonError::into_inner));
        }
        // Without anybody to ask, the driver closes the browser and ends.
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && begun.elapsed() < FAREWELL {
            thread::sleep(Duration::from_millis(20));
        }
        let group = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        let _ = kill_process_group(group, Signal::KILL);
        drop(self.child.wait());
    }
}

/// One tab.
pub struct Tab<'a> {
    browser: &'a Browser,
    number: u64,
}

impl Tab<'_> {
    fn ask(&self, what: &str, mut with: Value) -> Value {
        with["do"] = json!(what);
        with["tab"] = json!(self.number);
        self.browser.ask(with)
    }

    /// Clicks a title of the catalogue.
    pub fn click(&self, title: &str) {
        self.ask("click", json!({ "title": title }));
    }

    /// Clicks the button of that name.
    pub fn button(&self, name: &str) {
        self.ask("button", json!({ "name": name }));
    }

    /// Clicks the button of exactly that name.
    pub fn exact_button(&self, name: &str) {
        self.ask("button", json!({ "name": name, "exact": true }));
    }

    /// Puts text into the field of that name.
    pub fn fill(&self, name: &str, text: &str) {
        self.ask("fill", json!({ "name": name, "text": text }));
    }

    /// Puts a file into the field of that name.
    pub fn upload(&self, name: &str, file: &Path) {
        self.ask("upload", json!({ "name": name, "file": file }));
    }

    /// Chooses of the list of that name.
    pub fn choose(&self, name: &str, choice: &str) {
        self.ask("choose", json!({ "name": name, "choice": choice }));
    }

    /// Turns the switch of that name.
    pub fn switch(&self, name: &str) {
        self.ask("switch", json!({ "name": name }));
    }

    /// Ticks the box of that name, or no longer.
    pub fn tick(&self, name: &str) {
        self.ask("tick", json!({ "name": name }));
    }

    /// How the picture fits its room from now on.
    pub fn set_scale(&self, scale: &str) {
        self.ask("scale", json!({ "scale": scale }));
    }

    /// Presses a key for a moment.
    pub fn press(&self, key: &str) {
        self.ask("press", json!({ "key": key }));
    }

    /// Asks for the picture another way.
    pub fn set_video(&self, mode: &str) {
        self.ask("video", json!({ "mode": mode }));
    }

    /// Connections the page has made until now.
    pub fn connections(&self) -> u64 {
        self.ask("connections", json!({})).as_u64().unwrap()
    }

    /// Holds a key from now on, or lets go of it.
    pub fn hold(&self, key: &str, down: bool) {
        self.ask("hold", json!({ "key": key, "down": down }));
    }

    /// Types as an input method does.
    pub fn type_text(&self, text: &str) {
        self.ask("type", json!({ "text": text }));
    }

    /// Moves the mouse to a share of the picture.
    pub fn mouse(&self, x: f64, y: f64) {
        self.ask("mouse", json!({ "x": x, "y": y }));
    }

    /// Moves the mouse from the picture's middle by so many CSS pixels.
    pub fn nudge(&self, dx: i32, dy: i32) {
        self.ask("nudge", json!({ "dx": dx, "dy": dy }));
    }

    /// Clicks a mouse button where the mouse is.
    pub fn click_mouse(&self, button: &str) {
        self.ask("clickMouse", json!({ "button": button }));
    }

    /// Turns the wheel by so many notches, down where positive.
    pub fn wheel(&self, notches: i32) {
        self.ask("wheel", json!({ "notches": notches }));
    }

    /// Gives the window another size, in CSS pixels.
    pub fn resize(&self, width: u16, height: u16) {
        self.ask("resize", json!({ "width": width, "height": height }));
    }

    /// What the pointer looks like over the picture, as CSS has it.
    pub fn cursor(&self) -> String {
        self.ask("cursor", json!({})).as_str().unwrap().to_owned()
    }

    /// Puts a text into the device's clipboard.
    pub fn set_clipboard(&self, text: &str) {
        self.ask("clipboard", json!({ "text": text }));
    }

    /// What is in the device's clipboard.
    pub fn clipboard(&self) -> String {
        self.ask("clipboard", json!({})).as_str().unwrap().to_owned()
    }

    /// Whether the page has the mouse for itself.
    pub fn locked(&self) -> bool {
        self.ask("locked", json!({})) == true
    }

    /// The fingers that are down from now on.
    pub fn touch(&self, fingers: &[Finger]) {
        self.ask("touch", json!({ "fingers": fingers }));
    }

    /// What the made-up gamepads hold from now on: for each, its buttons and four axes.
    pub fn gamepads(&self, pads: &[(&[&str], [f64; 4])]) {
        let pads: Vec<_> = pads.iter().map(|(buttons, axes)| json!({ "buttons": buttons, "axes": axes })).collect();
        self.ask("gamepads", json!({ "pads": pads }));
    }

    /// How the made-up gamepads were shaken until now.
    pub fn shaken(&self) -> Value {
        self.ask("shaken", json!({}))
    }

    /// Whether an element is there to be seen.
    pub fn visible(&self, selector: &str) -> bool {
        self.ask("visible", json!({ "selector": selector })) == true
    }

    /// Closes the tab.
    pub fn close(self) {
        self.ask("close", json!({}));
    }

    /// Loads the page anew.
    pub fn reload(&self) {
        self.ask("reload", json!({}));
    }

    /// The text of the first element that fits.
    pub fn text(&self, selector: &str) -> Option<String> {
        self.ask("text", json!({ "selector": selector })).as_str().map(str::to_owned)
    }

    /// What a field holds.
    pub fn value(&self, selector: &str) -> String {
        self.ask("value", json!({ "selector": selector })).as_str().unwrap().to_owned()
    }

    /// What the player is doing; none: there is no player.
    pub fn player(&self) -> Option<Player> {
        serde_json::from_value(self.ask("player", json!({}))).unwrap()
    }

    /// What the player shows; none: nothing yet.
    pub fn picture(&self) -> Option<Picture> {
        serde_json::from_value(self.ask("picture", json!({}))).unwrap()
    }

    /// The saved states of the title; `rgba` of each is its small picture.
    pub fn states(&self) -> Value {
        self.ask("states", json!({}))
    }

    /// Runs the self-test on its page; what it found.
    pub fn self_test(&self) -> Value {
        self.ask("selfTest", json!({}))
    }

    /// What came of the sound track.
    pub fn sound(&self) -> Sound {
        serde_json::from_value(self.ask("sound", json!({}))).unwrap()
    }

    /// Waits for pictures; the session they are of.
    pub fn playing(&self) -> String {
        wait("pictures in the player", || {
            let player = self.player()?;
            assert!(player.ends.is_empty() && player.errors.is_empty(), "{player:?}");
            self.picture()?;
            player.session.filter(|_| player.state == "playing")
        })
    }

    /// Waits for the end; what the player said of it.
    pub fn end(&self) -> End {
        wait("the player to say how it ended", || self.player()?.ends.first().cloned())
    }

    /// Waits for a picture of the probe that is as wanted.
    pub fn probe(
        &self,
        what: &str,
        wanted: impl Fn(&crate::picture::Probe) -> bool,
    ) -> (Picture, crate::picture::Probe) {
        wait(what, || {
            let picture = self.picture()?;
            let probe = picture.probe().filter(&wanted)?;
            Some((picture, probe))
        })
    }
}
