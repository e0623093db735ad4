//! Libretro cores in processes of their own: the real frontend and the real program, and cores written for these tests that
//! do what their content says (`core.c`, `drawing.c`).

#![allow(clippy::unwrap_used)]

mod console;
mod graphics;
mod states;

use console::{Console, pad};
use playfield_core::frame::{Damage, PixelFormat};
use playfield_core::input::{Key, PadButton, TickInput};
use playfield_runtime::{Guest, GuestError, GuestEvent, LogLevel, Snapshot};

#[test]
fn a_core_makes_pictures_of_what_is_pressed() {
    let mut console = Console::open("");
    assert_eq!(console.guest.name(), "Test core 1.0");
    assert_eq!(console.tick()[..2], [0xff0000, 1]);
    let mut input = TickInput::default();
    input.players[0].pad.buttons = pad(&[PadButton::A, PadButton::Left]);
    input.players[0].pad.lx = -1000;
    input.players[1].pad.buttons = pad(&[PadButton::B]);
    let row = console.tick_with(&input);
    // Their B and left; the left stick; their A of the second pad.
    assert_eq!(row[2..5], [1 | 1 << 6, (-1000i16 as u16).into(), 1]);
    assert_eq!(console.tick()[1..5], [3, 0, 0, 0]);
    assert_eq!(console.row()[7], 16_667, "the time of a picture is told");
}

#[test]
fn every_pixel_format_shows_the_same_picture() {
    for format in 0..3 {
        let mut console = Console::open(&format!("format={format}"));
        let row = console.tick();
        assert_eq!(row[0], 0xff0000, "format {format}");
        assert_eq!(console.guest.picture().format, PixelFormat::Indexed8, "few colours are indexed");
    }
}

#[test]
fn a_picture_may_grow_turn_and_stay() {
    let mut console = Console::open("grow=2 same=3 aspect=133");
    console.tick();
    assert_eq!((console.guest.picture().width, console.guest.aspect()), (16, Some(1.33)));
    console.tick();
    assert_eq!(console.guest.picture().width, 32);
    let tick = console.guest.tick(&TickInput::default()).unwrap();
    assert_eq!(tick.damage, Damage::None, "the core said that it is the one before");
    let mut turned = Console::open("turn=1 aspect=200");
    turned.tick();
    let picture = turned.guest.picture();
    assert_eq!((picture.width, picture.height, turned.guest.aspect()), (8, 16, Some(0.5)));
}

#[test]
fn only_rows_that_changed_are_damaged() {
    let mut console = Console::open("");
    console.tick();
    // The number of the tick stands in the first row.
    let tick = console.guest.tick(&TickInput::default()).unwrap();
    let Damage::All = tick.damage else { panic!("a new colour is a new palette: {:?}", tick.damage) };
    let same = Console::open("same=2 format=1").tick_twice();
    assert_eq!(same, Damage::None);
}

#[test]
fn a_core_may_run_at_another_rate_and_its_sound_keeps_time() {
    for (script, frames) in [("rate=32040 volume=9000", 800), ("rate=48000 volume=9000 single=1", 800), ("volume=0", 0)]
    {
        let mut console = Console::open(script);
        let made: usize = (0..60).map(|_| console.sound()).sum();
        assert!(made.abs_diff(frames * 60) <= 100, "{script}: {made} samples in a second");
    }
    let mut console = Console::open("fps=5994 faster=3 volume=9000");
    assert_eq!(console.guest.tick_hz(), 60, "59.94 is played at 60");
    for _ in 0..3 {
        console.tick();
    }
    assert_eq!(console.guest.tick_hz(), 120);
}

#[test]
fn settings_of_every_generation_are_shown_chosen_and_kept() {
    for (generation, count) in [(0, 1), (1, 1), (2, 2), (3, 1)] {
        let mut console = Console::open(&format!("options={generation}"));
        let settings = console.settings();
        let own = settings.iter().filter(|setting| setting.key.starts_with("test_")).count();
        assert_eq!(own, count, "generation {generation}");
        assert_eq!((settings[0].label.as_str(), settings[0].value.as_str()), ("Colour", "red"));
        assert_eq!(console.tick()[0], 0xff0000);
        console.guest.choose("test_colour", "green");
        assert_eq!(console.tick()[0], 0x00ff00, "generation {generation}");
        assert_eq!(console.settings()[0].value, "green");
        let kept = console.kept();
        let mut again = Console::open_with(&format!("options={generation}"), kept, |_| {});
        assert_eq!(again.tick()[0], 0x00ff00, "it is chosen the next time too");
    }
}

#[test]
fn a_title_may_choose_and_only_what_is_offered_can_be_chosen() {
    let green = |opening: &mut playfield_runtime::libretro::Opening| {
        opening.options.insert("test_colour".to_owned(), "green".to_owned());
    };
    let mut console = Console::open_with("hide=1", Default::default(), green);
    assert_eq!(console.tick()[0], 0x00ff00);
    assert!(console.settings().iter().all(|setting| setting.key != "test_size"), "it is hidden");
    console.guest.choose("test_colour", "blue");
    console.guest.choose("no_such_thing", "1");
    assert_eq!(console.tick()[0], 0x00ff00);
    let said = console.events.iter().filter(|event| matches!(event, GuestEvent::Message(_))).count();
    assert_eq!(said, 2);
}

#[test]
fn controllers_and_disks_are_settings_too() {
    for disks in [1, 2] {
        let mut console = Console::open(&format!("disks={disks}"));
        let settings = console.settings();
        let find = |key: &str| settings.iter().find(|setting| setting.key == key).unwrap();
        let labels = |key: &str| find(key).choices.iter().map(|choice| choice.label.clone()).collect::<Vec<_>>();
        assert_eq!(labels("playfield/port/0"), ["Pad", "Light gun", "Nothing"]);
        assert_eq!(labels("playfield/disk").len(), 2);
        if disks == 2 {
            assert_eq!(labels("playfield/disk"), ["Side A", "Side B"]);
        }
        console.guest.choose("playfield/port/0", "260");
        console.guest.choose("playfield/disk", "1");
        let row = console.tick();
        assert_eq!(row[9..11], [260, 1]);
    }
}

#[test]
fn a_light_gun_is_a_pointer_and_keys_are_typed() {
    let mut console = Console::open("");
    let mut input = TickInput::default();
    input.players[0].pointer.x = 12;
    input.players[0].keys.set(Key(0x1a), true);
    input.players[0].keys.set(Key(0xe1), true);
    input.players[0].text = "W".to_owned();
    console.tick();
    let row = console.tick_with(&input);
    assert_eq!((row[5], row[6]), (18_431, 1), "the middle of pixel 12 of 16, and a key that is held");
    assert_eq!(row[8], u32::from(b'w') | u32::from(b'W') << 12 | 1 << 20, "key, character, shift");
}

#[test]
fn battery_memory_is_kept_when_it_changes_and_at_the_end() {
    let mut console = Console::open("save=5");
    for _ in 0..31 {
        console.tick();
    }
    let kept = console.kept();
    assert_eq!(kept["sram"][0], 1);
    let mut again = Console::open_with("save=2", kept, |_| {});
    assert_eq!(again.tick()[11], 1);
    again.tick();
    again.guest.finish();
    assert_eq!(again.kept()["sram"][0], 2, "before the next look at it would have been due");
}

#[test]
fn a_state_is_saved_and_taken_up_again() {
    let mut console = Console::open("save=2");
    console.tick();
    let mut saved = Snapshot::default();
    console.guest.snapshot(&mut saved).unwrap();
    assert_eq!(saved.tick, 1);
    assert_eq!(console.tick()[11], 1);
    console.guest.restore(&saved).unwrap();
    assert_eq!((console.guest.tick_count(), console.tick()[1]), (1, 2));
    let mut elsewhere = Console::open("save=2");
    elsewhere.guest.restore(&saved).unwrap();
    assert_eq!(elsewhere.tick()[1], 2, "in another process");
    let wrong = Snapshot { tick: 1, bytes: b"something else".to_vec() };
    assert!(matches!(console.guest.restore(&wrong), Err(GuestError::NoSnapshot(_))));
}

#[test]
fn keys_that_were_down_in_a_state_are_let_go_of_and_those_that_are_held_stay() {
    let mut console = Console::open("");
    let mut held = TickInput::default();
    held.players[0].keys.set(Key(0x1a), true);
    assert_eq!((console.tick()[13], console.tick_with(&held)[13]), (0, 1));
    let (mut with, mut without) = (Snapshot::default(), Snapshot::default());
    console.guest.snapshot(&mut with).unwrap();
    assert_eq!(console.tick()[13], 0, "it is let go of");
    console.guest.snapshot(&mut without).unwrap();
    console.guest.restore(&with).unwrap();
    assert_eq!(console.tick()[13], 0, "nobody holds it now");
    assert_eq!(console.tick_with(&held)[13], 1);
    for state in [&without, &with] {
        console.guest.restore(state).unwrap();
        assert_eq!(console.tick_with(&held)[13], 1, "it is held all the time");
    }
}

#[test]
fn a_core_without_states_says_so() {
    for (script, expect) in [("stateless=1", "cannot save"), ("quirks=0x10", "same run")] {
        let console = Console::open(script);
        let why = console.guest.snapshots().unwrap_err().to_string();
        assert!(why.contains(expect), "{script}: {why}");
    }
    assert!(Console::open("quirks=2").guest.snapshots().is_ok(), "one that needs a picture first");
}

#[test]
fn running_ahead_shows_the_picture_of_later_and_goes_on_from_now() {
    let mut console = Console::open_with("save=3", Default::default(), |opening| opening.run_ahead = 2);
    assert_eq!([console.tick()[1], console.tick()[1], console.tick()[1]], [3, 4, 5]);
    let mut saved = Snapshot::default();
    console.guest.snapshot(&mut saved).unwrap();
    let mut plain = Console::open("");
    plain.guest.restore(&saved).unwrap();
    let row = plain.tick();
    assert_eq!((row[1], row[11]), (4, 1), "the state is that of the third picture, and what was done ahead is undone");
}

#[test]
fn what_a_core_says_is_heard() {
    let mut console = Console::open("message=2 log=2 print=2 rumble=2");
    console.tick();
    console.events.clear();
    console.tick();
    let logged = |level, line: &str| GuestEvent::Log { level, line: line.to_owned() };
    assert!(console.events.contains(&GuestEvent::Message("Hello, player".to_owned())));
    assert!(console.events.contains(&logged(LogLevel::Info, "line 7 of many")), "{:?}", console.events);
    let shakes = console.events.iter().filter_map(|event| match event {
        GuestEvent::Rumble { player, rumble } => Some((*player, rumble.strong, rumble.weak)),
        _ => None,
    });
    assert_eq!(shakes.collect::<Vec<_>>(), [(1, 0x80, 0)]);
    console.until(|events| events.contains(&logged(LogLevel::Info, "printed")));
}

#[test]
fn files_are_written_read_and_listed() {
    let mut console = Console::open("files=1");
    assert_eq!(console.tick()[12], 1, "one more than the step that failed");
    assert_eq!(std::fs::read(console.folder.join("saves/moved.txt")).unwrap(), b"written");
}

#[test]
fn a_core_that_crashes_hangs_or_leaves_ends_its_own_session_in_words() {
    for (script, expect) in [
        ("crash=3", "the title crashed: its process crashed (segmentation fault)"),
        ("abort=3", "the title crashed: its process gave up (abort)"),
        ("leave=3", "the title crashed: its process ended by itself (exit code 3)"),
        (
            "eat=3",
            "the title needs more than its 64 MiB of memory; `limits.memory_mb` in its `title.toml` gives it more",
        ),
        ("hang=3", "the title did not finish a picture in time and was stopped"),
    ] {
        let mut console = Console::open(script);
        let mut neighbour = Console::open("");
        console.tick();
        console.tick();
        let error = console.guest.tick(&TickInput::default()).unwrap_err();
        assert_eq!(error.to_string(), expect, "{script}");
        assert_eq!(neighbour.tick()[1], 1);
    }
    let mut console = Console::open("shutdown=2");
    console.tick();
    assert!(console.guest.tick(&TickInput::default()).unwrap().exited, "it may end by itself");
}

#[test]
fn what_cannot_be_opened_says_why() {
    let refused = |script: &str| Console::try_open(script, Default::default(), |_| {}).err().unwrap().to_string();
    assert!(
        refused("refuse=1").contains("does not take its content; it said: no bios, no 42"),
        "{}",
        refused("refuse=1")
    );
    let other = |change: &dyn Fn(&mut playfield_runtime::libretro::Opening)| {
        Console::try_open("", Default::default(), |opening| change(opening)).err().unwrap().to_string()
    };
    let no_core = other(&|opening| opening.core = "/nowhere/none_libretro.so".into());
    assert!(no_core.contains("cannot be loaded"), "{no_core}");
    let no_content = other(&|opening| opening.content = Some(opening.core.with_file_name("none.test")));
    assert!(no_content.contains("none.test cannot be read"), "{no_content}");
    let wrong = other(&|opening| opening.content = Some("/etc/hostname.gb".into()));
    assert!(wrong.contains("plays files that end in test, txt"), "{wrong}");
    let no_library = other(&|opening| opening.core = opening.content.clone().unwrap());
    assert!(no_library.contains("cannot be loaded") && no_library.contains("file too short"), "{no_library}");
}

#[test]
fn content_may_come_in_an_archive() {
    use std::io::Write;
    let pack = |opening: &mut playfield_runtime::libretro::Opening, name: &str| {
        let script = opening.content.take().unwrap();
        let archive = script.with_extension("zip");
        let mut writer = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
        for (name, bytes) in [("notes.md", b"no script".to_vec()), (name, std::fs::read(script).unwrap())] {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(&bytes).unwrap();
        }
        writer.finish().unwrap();
        opening.content = Some(archive);
    };
    let mut console = Console::open_with("grow=2", Default::default(), |opening| pack(opening, "disc one/a.test"));
    console.tick();
    console.tick();
    assert_eq!(console.guest.picture().width, 32, "the script in the archive is played");
    let refused = Console::try_open("", Default::default(), |opening| pack(opening, "a.rom")).err().unwrap();
    let GuestError::BadModule(said) = refused else { panic!("{refused:?}") };
    assert!(said.contains("holds nothing that this core plays, which is files that end in test, txt"), "{said}");
}
