//! A Linux program, and what goes between it and a browser besides pictures and sound: `guests/probe.c` does one thing for each
//! key, and says what it sees.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::browser::{Browser, Device, Tab};
use crate::server::{Server, folder, root};
use crate::wait;

/// A folder with the program as a title, and `more` in its manifest.
fn titles(more: &str) -> PathBuf {
    titles_by("probe.c", "['{0}']", more)
}

/// The same, of this source and started by this command, in which `{0}` is the program.
fn titles_by(source: &str, command: &str, more: &str) -> PathBuf {
    let titles = folder();
    let (title, program) = (titles.join("probe"), titles.join("probe/probe"));
    fs::create_dir(&title).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program);
    let status = compiler.arg(root().join("tests/e2e/guests").join(source)).status();
    assert!(status.expect("there is a C compiler").success());
    let program = program.display().to_string();
    let command = command.replace("{0}", &program);
    let manifest = format!(
        "id = 'probe'\nname = 'Probe'\nplayers = {{ min = 1, max = 2 }}\n[program]\ncommand = {command}\nread = ['{program}']\n{more}",
    );
    fs::write(title.join("title.toml"), manifest).unwrap();
    titles
}

/// Plays the program, until `then` has seen enough.
fn play(more: &str, then: impl FnOnce(&Server, &Browser, &Tab)) {
    play_in(titles(more), |server, browser, tab| {
        says(server, "size");
        then(server, browser, tab);
    });
}

fn play_in(titles: PathBuf, then: impl FnOnce(&Server, &Browser, &Tab)) {
    let server = Server::with_titles(&titles);
    let browser = Browser::start(&server);
    wait("the title", || server.get("/api/v1/titles")["titles"].get(0)?["problem"].is_null().then_some(()));
    let tab = browser.play("probe");
    tab.playing();
    then(&server, &browser, &tab);
    drop(server);
    fs::remove_dir_all(titles).unwrap();
}

/// Plays a program that records what it hears from its start on, in a browser that has this microphone.
fn record(microphone: Option<&Path>, device: &Device, then: impl FnOnce(&Server, &Browser, &Tab)) {
    // What is heard is 16 bits at 16 kHz.
    let recorder = "parec --raw --format=s16le --rate=16000 --channels=1 --latency-msec=20 > $HOME/heard &";
    let titles = titles_by("probe.c", &format!(r#"["sh", "-c", "{recorder} exec '{{0}}'"]"#), "microphone = true");
    let server = Server::with_titles(&titles);
    let browser = microphone.map_or_else(|| Browser::start(&server), |file| Browser::with_microphone(&server, file));
    wait("the title", || server.get("/api/v1/titles")["titles"].get(0)?["problem"].is_null().then_some(()));
    let tab = browser.play_on(device, "probe");
    tab.playing();
    then(&server, &browser, &tab);
    drop(server);
    fs::remove_dir_all(titles).unwrap();
}

/// What was recorded until now, in pieces of 50 ms: how loud the tone is in each of them, and how loud another one.
fn levels(server: &Server) -> Vec<[f64; 2]> {
    let bytes = find(&server.data(), "heard").and_then(|file| fs::read(file).ok()).unwrap_or_default();
    let samples: Vec<f64> = bytes.chunks_exact(2).map(|two| f64::from(i16::from_le_bytes([two[0], two[1]]))).collect();
    let level = |piece: &[f64], hz: f64| {
        let step = hz / 16_000.0 * std::f64::consts::TAU;
        let sum = |of: fn(f64) -> f64| piece.iter().enumerate().map(|(n, s)| s * of(n as f64 * step)).sum::<f64>();
        sum(f64::sin).hypot(sum(f64::cos)) * 2.0 / piece.len() as f64
    };
    samples.chunks_exact(800).map(|piece| [level(piece, 440.0), level(piece, 1_000.0)]).collect()
}

/// A WAVE of a tone of 440 Hz that comes and goes as words do: what is steady a browser takes for noise.
fn words(file: &Path) {
    let wave = |n: u32| {
        let loud = (f64::from(n) / 48_000.0 * std::f64::consts::TAU * 2.0).sin().max(0.0);
        ((f64::from(n) * 440.0 * std::f64::consts::TAU / 48_000.0).sin() * loud * 16_000.0) as i16
    };
    let samples: Vec<u8> = (0..96_000).flat_map(|n| wave(n).to_le_bytes()).collect();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + samples.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(48_000_u32.to_le_bytes());
    bytes.extend(96_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend((samples.len() as u32).to_le_bytes());
    bytes.extend(samples);
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_program_hears_the_microphone_while_it_is_on() {
    let folder = folder();
    let file = folder.join("words.wav");
    words(&file);
    record(Some(&file), &Device::default(), |server, _, tab| {
        asked(tab);
        assert!(levels(server).iter().all(|level| *level == [0.0; 2]), "it is silent until somebody says yes");
        tab.button("Turn on");
        wait("the sign that it is on", || tab.text(".live").filter(|text| text.contains("Microphone is on")));
        let heard = |[tone, other]: &[f64; 2]| *tone > 1_000.0 && *tone > 10.0 * other;
        wait("words", || (levels(server).iter().filter(|level| heard(level)).count() > 20).then_some(()));
        // Over another connection it goes on.
        tab.set_video("h264");
        let before = levels(server).len();
        wait("words again", || {
            let levels = levels(server);
            (levels.len() > before + 40 && levels[before + 20..].iter().filter(|level| heard(level)).count() > 5)
                .then_some(())
        });
        tab.button("Turn off");
        wait("silence", || levels(server).iter().rev().take(20).all(|level| *level == [0.0; 2]).then_some(()));
        assert!(!tab.visible(".live"));
    });
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn one_persons_microphone_is_heard_and_the_hosts_before_others() {
    let folder = folder();
    let file = folder.join("words.wav");
    words(&file);
    let on = |tab: &Tab| wait("the sign that it is on", || tab.visible(".live").then_some(()));
    record(Some(&file), &Device::default(), |server, browser, host| {
        asked(host);
        host.button("Not now");
        let guest = browser.open_elsewhere(&invite_player(host));
        guest.button("Play");
        guest.playing();
        assert!(!guest.visible(".speaks") && !guest.visible(".asks"), "nobody has let the guest speak");
        host.hold("Escape", true);
        wait("the menu", || host.visible(".card.menu").then_some(()));
        host.hold("Escape", false);
        host.button("People");
        host.button("Guest 2");
        host.switch("Microphone");
        (0..3).for_each(|_| host.press("Escape"));
        asked(&guest);
        guest.button("Turn on");
        on(&guest);
        wait("the guest's words", || levels(server).iter().any(|[tone, _]| *tone > 1_000.0).then_some(()));
        // What was refused is asked again where it is wanted.
        host.mouse(0.5, 0.5);
        host.exact_button("Microphone");
        host.button("Turn on");
        on(host);
        wait("word of it", || guest.text(".notice").filter(|text| text.contains("Host is heard now")));
        assert!(!guest.visible(".live"));
        guest.mouse(0.5, 0.5);
        guest.exact_button("Microphone");
        wait("word of it again", || (!guest.visible(".live")).then_some(()));
        assert!(host.visible(".live"), "nobody takes it from the host");
    });
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn who_has_no_microphone_is_told_in_a_sentence() {
    let silent = |server: &Server| levels(server).iter().all(|level| *level == [0.0; 2]);
    record(None, &Device::default(), |server, _, tab| {
        asked(tab);
        tab.button("Turn on");
        wait("the sentence", || tab.text(".notice").filter(|text| text.contains("microphone")));
        assert!(!tab.visible(".live") && !tab.visible(".asks") && silent(server));
    });
    let insecure = Device { lacks: vec!["mediaDevices"], ..Device::default() };
    record(None, &insecure, |server, _, tab| {
        let said = wait("the sentence", || tab.text(".notice").filter(|text| text.contains("Probe wants to hear")));
        assert!(said.contains("only to pages that come by HTTPS"), "{said}");
        assert!(!tab.visible(".asks") && silent(server));
    });
}

/// Waits until a player asks for the microphone, because a program records.
fn asked(tab: &Tab) {
    wait("the question", || tab.text(".asks p").filter(|text| text.contains("Probe wants to hear your microphone")));
}

/// Waits until the program has said this.
fn says(server: &Server, what: &str) {
    let line = format!("probe: {what}");
    wait(&line, || server.log().contains(&line).then_some(()));
}

/// Makes a link for a player. A program reads keys, so Escape must be held for the menu.
fn invite_player(host: &Tab) -> String {
    host.hold("Escape", true);
    wait("the menu", || host.visible(".card.menu").then_some(()));
    host.hold("Escape", false);
    host.button("People");
    host.button("Invite somebody");
    host.button("Make a link for player 2");
    let link = host.value(".link");
    (0..3).for_each(|_| host.press("Escape"));
    let (_, path) = link.split_once("/join").expect("the address of a link");
    format!("/join{path}")
}

#[test]
fn a_programs_pointer_is_drawn_by_the_browser() {
    play("", |server, _, tab| {
        tab.mouse(0.4, 0.5);
        tab.mouse(0.5, 0.5);
        tab.press("KeyT");
        wait("a named pointer", || (tab.cursor() == "text").then_some(()));
        tab.press("KeyI");
        wait("an image", || tab.cursor().starts_with("url(\"data:image/png;base64,").then_some(()));
        assert!(tab.cursor().ends_with(", default"), "{}", tab.cursor());
        // Who comes back is told what it looks like now.
        tab.reload();
        tab.playing();
        wait("the image again", || tab.cursor().starts_with("url(").then_some(()));
        tab.press("KeyH");
        wait("no pointer", || (tab.cursor() == "none").then_some(()));
        says(server, "key 35");
    });
}

#[test]
fn a_program_locks_the_mouse_while_it_wants_to() {
    play("", |server, _, tab| {
        tab.mouse(0.5, 0.5);
        tab.click_mouse("left");
        says(server, "button");
        assert!(!tab.locked(), "it has not asked for that");
        tab.press("KeyL");
        wait("the hint", || tab.text(".status").filter(|text| text.contains("Click to lock the mouse")));
        tab.click_mouse("left");
        wait("the lock", || tab.locked().then_some(()));
        says(server, "locked");
        wait("motion", || {
            tab.nudge(20, 10);
            server.log().contains("probe: motion").then_some(())
        });
        assert!(!tab.visible(".status"), "the hint is gone");
        tab.press("KeyU");
        wait("the mouse to be free", || (!tab.locked()).then_some(()));
    });
}

#[test]
fn a_programs_screen_follows_the_hosts_window() {
    play("", |server, browser, tab| {
        says(server, "size 1000x700");
        wait("a picture of that size", || {
            tab.picture().filter(|picture| (picture.width, picture.height) == (1000, 700))
        });
        let guest = browser.open_elsewhere(&invite_player(tab));
        guest.button("Play");
        guest.playing();
        guest.resize(500, 400);
        tab.set_video("h264");
        tab.resize(801, 601);
        says(server, "size 800x600");
        let video = |tab: &Tab| tab.player().filter(|player| player.video == "h264").and_then(|_| tab.picture());
        wait("video of that size", || video(tab).filter(|picture| (picture.width, picture.height) == (800, 600)));
        tab.resize(640, 480);
        says(server, "size 640x480");
        wait("video of that size", || video(tab).filter(|picture| (picture.width, picture.height) == (640, 480)));
        assert!(!server.log().contains("size 500x400"), "a guest's window changes nothing");
    });
}

#[test]
fn a_program_may_keep_its_size() {
    play("size = [640, 360]\nresize = false", |server, _, tab| {
        wait("a picture", || tab.picture().filter(|picture| (picture.width, picture.height) == (640, 360)));
        tab.resize(900, 600);
        // Whatever is asked after that is answered after it.
        tab.press("KeyT");
        says(server, "key 20");
        assert_eq!(tab.picture().map(|picture| (picture.width, picture.height)), Some((640, 360)));
    });
}

#[test]
fn text_is_copied_and_pasted_both_ways() {
    play("", |server, _, tab| {
        tab.set_clipboard("Grüße from\nthe browser");
        tab.press("Control+KeyV");
        says(server, "pasted 24: Grüße from");
        // A great deal of it.
        tab.set_clipboard(&"0123456789".repeat(60_000));
        tab.press("Control+KeyV");
        says(server, "pasted 600000: ");
        tab.press("Control+KeyC");
        wait("what the program copied", || (tab.clipboard() == "copied by the probe").then_some(()));
    });
}

#[test]
fn programs_of_x11_have_the_clipboard_too() {
    let titles = folder();
    fs::create_dir(titles.join("xterm")).unwrap();
    // Pasting from the keyboard takes the selection in this program, and copying by the mouse fills the clipboard. It answers where
    // its cursor is once it has understood what was written before.
    let understood = r"stty -icanon -echo; printf '\\033[6n'; dd bs=1 count=6 of=written; stty icanon echo";
    let script = format!("echo copied; {understood}; read line; echo \\\"$line\\\" > pasted; sleep 1000");
    let manifest = format!(
        "id = 'xterm'\nname = 'Xterm'\n[program]\n\
         command = ['xterm', '-xrm', '*selectToClipboard: true', '-e', 'sh', '-c', \"{script}\"]\n"
    );
    fs::write(titles.join("xterm/title.toml"), manifest).unwrap();
    let server = Server::with_titles(&titles);
    let browser = Browser::start(&server);
    wait("the title", || server.get("/api/v1/titles")["titles"].get(0)?["problem"].is_null().then_some(()));
    let tab = browser.play("xterm");
    tab.playing();
    wait("a text", || {
        find(&server.data(), "written").filter(|file| fs::metadata(file).is_ok_and(|file| file.len() == 6))
    });
    tab.mouse(0.015, 0.01);
    tab.click_mouse("left");
    tab.click_mouse("left");
    wait("what is copied by two clicks", || (tab.clipboard() == "copied").then_some(()));
    tab.set_clipboard("from the browser\n");
    tab.press("Shift+Insert");
    wait("what is pasted", || {
        let pasted = find(&server.data(), "pasted").and_then(|file| fs::read_to_string(file).ok());
        pasted.filter(|text| text == "from the browser\n")
    });
    drop(server);
    fs::remove_dir_all(titles).unwrap();
}

/// A file of that name, somewhere in a folder.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<PathBuf> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    let here = entries.iter().find(|path| path.file_name().is_some_and(|own| own == name)).cloned();
    here.or_else(|| entries.iter().filter(|path| path.is_dir()).find_map(|path| find(path, name)))
}

#[test]
fn characters_without_a_key_are_typed_by_the_keys_of_the_program() {
    play("", |server, _, tab| {
        // As a keyboard on a screen types: a text, and no keys.
        tab.type_text("t");
        says(server, "key 20");
        tab.type_text("Ж");
        wait("a notice", || tab.text(".toast").filter(|text| text.contains("has no key for 'Ж'")));
    });
}

#[test]
fn a_keyboard_has_the_layout_of_the_manifest() {
    play("keyboard = 'de'", |server, _, tab| {
        tab.type_text("ß");
        says(server, "key 12");
    });
}

#[test]
fn ends_are_told_apart_and_the_last_lines_are_for_the_host_alone() {
    play("", |_, browser, tab| {
        let guest = browser.open_elsewhere(&invite_player(tab));
        guest.button("Play");
        guest.playing();
        tab.press("KeyX");
        let (host, other) = (tab.end(), guest.end());
        assert_eq!((host.reason.as_str(), other.reason.as_str()), ("applicationExit", "applicationExit"));
        assert!(host.detail.contains("with exit code 3"), "{host:?}");
        assert_eq!(host.detail, other.detail);
        assert!(tab.text(".said").is_some_and(|said| said.contains("probe: I give up")));
        assert!(!guest.visible(".said"));
    });
    play("", |_, _, tab| {
        tab.press("KeyK");
        let end = tab.end();
        assert_eq!(end.reason, "guestTrap");
        assert!(end.detail.contains("crashed (segmentation fault)"), "{end:?}");
        assert!(tab.text(".said").is_some_and(|said| said.contains("about to crash")));
    });
}

#[test]
fn a_program_that_does_not_answer_is_told_until_it_does() {
    play("", |server, _, tab| does_not_answer(server, tab, "probe"));
}

#[test]
fn a_window_of_x11_that_does_not_answer_is_told_until_it_does() {
    play_in(titles_by("window.c", "['{0}']", ""), |server, _, tab| {
        // A window that answers is asked too.
        tab.press("KeyA");
        wait("the question", || server.log().contains("window: asked").then_some(()));
        does_not_answer(server, tab, "window");
    });
}

fn does_not_answer(server: &Server, tab: &Tab, program: &str) {
    tab.press("KeyS");
    // What is done while it is asked counts too: it sleeps again once it has answered.
    for then in ["KeyS", "KeyT"] {
        wait("the notice", || tab.text(".status").filter(|text| text.contains("does not answer")));
        tab.press(then);
        wait("the notice to go", || (!tab.visible(".status")).then_some(()));
    }
    wait("the last key", || server.log().contains(&format!("{program}: key 20")).then_some(()));
}
