//! Cores that draw with OpenGL: a core written for these tests (`drawing.c`), and whatever driver this machine has, which is Mesa's
//! for the processor where there is no graphics card.

use playfield_core::frame::Damage;
use playfield_core::input::TickInput;
use playfield_runtime::{Guest, GuestError, Snapshot};

use super::console::{Console, core};

const OPENGL: u32 = 1;
const GLES2: u32 = 2;
const CORE: u32 = 3;

/// Drivers that draw with the processor are large.
const MEMORY: u64 = 512 << 20;

fn try_open(script: &str, run_ahead: u8) -> Result<Console, GuestError> {
    Console::try_open(script, Default::default(), |opening| {
        opening.core = core("drawing").to_owned();
        opening.rules.read.push(opening.core.clone());
        opening.rules.memory_limit = MEMORY;
        opening.run_ahead = run_ahead;
    })
}

/// Opens the core; on a machine without a driver this says which packages are missing.
fn open(script: &str) -> Console {
    try_open(script, 0).unwrap_or_else(|error| panic!("{script}: {error}"))
}

/// Why it does not open.
fn refused(script: &str) -> String {
    try_open(script, 0).err().unwrap_or_else(|| panic!("{script}: it opens")).to_string()
}

/// The whole picture, a colour for each pixel, by rows from the top.
fn rows(console: &Console) -> Vec<Vec<u32>> {
    let picture = console.guest.picture();
    let mut rgba = Vec::new();
    picture.to_rgba(&mut rgba);
    let pixels = rgba.chunks_exact(4).map(|pixel| u32::from_be_bytes([0, pixel[0], pixel[1], pixel[2]]));
    pixels.collect::<Vec<_>>().chunks(picture.width.into()).map(<[u32]>::to_vec).collect()
}

/// A row of one colour with a bar of another.
fn bar(width: usize, back: u32, from: usize, len: usize, colour: u32) -> Vec<u32> {
    (0..width).map(|x| if (from..from + len).contains(&x) { colour } else { back }).collect()
}

#[test]
fn every_kind_of_opengl_shows_the_same_picture_the_right_way_up() {
    for (kind, version) in [(OPENGL, ""), (GLES2, ""), (CORE, "major=3 minor=3"), (4, ""), (5, "major=3 minor=1")] {
        for origin in [0, 1] {
            let script = format!("kind={kind} {version} origin={origin} depth=1 stencil=1 most=64");
            let mut console = open(&script);
            console.tick();
            let row = console.tick();
            assert_eq!(row[..3], [0xff0000, 2, 1], "{script}");
            assert_eq!(row[4..9], [1 << 8 | OPENGL, 1, 1, 0, 1], "{script}");
            let rows = rows(&console);
            let (blue, orange) = (0x0000ff, 0xff8000);
            assert_eq!((rows.len(), rows[0].len()), (8, 16));
            assert_eq!([&rows[1], &rows[2]], [&bar(16, blue, 2, 1, orange); 2], "{script}");
            assert_eq!(rows[3], vec![blue; 16], "{script}");
            let depth = [vec![0x00ff00; 4], vec![0xff0000; 2], vec![blue; 10]].concat();
            assert_eq!([&rows[4], &rows[5]], [&depth; 2], "the nearer is seen: {script}");
            assert_eq!(rows[7], bar(16, blue, 4, 4, 0xffff00), "{script}");
        }
    }
}

#[test]
fn a_picture_moves_and_the_one_before_may_stay() {
    let mut console = open("same=4");
    for tick in 1..=3 {
        console.tick();
        assert_eq!(rows(&console)[1], bar(16, 0x0000ff, tick, 1, 0xff8000));
    }
    let tick = console.guest.tick(&TickInput::default()).unwrap();
    assert_eq!(tick.damage, Damage::None);
    assert_eq!(console.row()[1], 3, "it is the one before");
    assert_eq!(console.tick()[1], 5);
}

#[test]
fn a_picture_may_grow_while_it_runs() {
    let mut console = open("grow=3 depth=1");
    console.tick();
    console.tick();
    assert_eq!((console.guest.picture().width, console.guest.picture().height), (16, 8));
    let row = console.tick();
    assert_eq!(row[1..6], [3, 1, 0, 1 << 8 | OPENGL, 1], "the same context and framebuffer");
    let rows = rows(&console);
    assert_eq!((rows.len(), rows[0].len()), (20, 40));
    assert_eq!(rows[2], bar(40, 0x0000ff, 3, 1, 0xff8000));
    assert_eq!(rows[19], vec![0x0000ff; 40]);
}

#[test]
fn a_state_is_saved_and_taken_up_with_the_context_current() {
    // It lets go of its context at the end of a picture: the next call must find it all the same.
    let mut console = open("unbind=2");
    console.tick();
    console.tick();
    let mut saved = Snapshot::default();
    console.guest.snapshot(&mut saved).unwrap();
    let row = console.tick();
    assert_eq!((row[1], row[3]), (3, 1));
    console.guest.restore(&saved).unwrap();
    assert_eq!(console.tick()[1], 3);
    let mut elsewhere = open("");
    elsewhere.guest.restore(&saved).unwrap();
    assert_eq!(elsewhere.tick()[1], 3, "in another process");
}

#[test]
fn running_ahead_shows_the_picture_of_later() {
    let mut console = try_open("", 2).unwrap();
    assert_eq!([console.tick()[1], console.tick()[1], console.tick()[1]], [3, 4, 5]);
    assert_eq!(rows(&console)[1], bar(16, 0x0000ff, 5, 1, 0xff8000));
}

#[test]
fn a_core_is_told_before_its_context_goes() {
    let mut console = open("");
    console.tick();
    console.guest.finish();
    let said = std::fs::read_to_string(console.folder.join("saves/destroyed.txt"));
    assert_eq!(said.unwrap(), "current");
}

#[test]
fn a_context_that_is_lost_ends_its_own_session_in_words() {
    let mut console = open("lose=2");
    let mut neighbour = open("");
    console.tick();
    console.tick();
    let error = console.guest.tick(&TickInput::default()).unwrap_err().to_string();
    assert!(error.starts_with("the title crashed: its OpenGL context is lost (EGL_BAD_"), "{error}");
    neighbour.tick();
    assert_eq!(neighbour.tick()[1], 2);
}

#[test]
fn a_framebuffer_that_cannot_be_made_ends_the_session_in_words() {
    let said = refused("most=1000000");
    assert!(
        said.contains("a framebuffer of 1000000x1000000 for its OpenGL cannot be made: this node's driver"),
        "{said}"
    );
    let mut console = open("grow=2 taller=1000000");
    console.tick();
    let error = console.guest.tick(&TickInput::default()).unwrap_err().to_string();
    assert!(
        error.starts_with("the title crashed: a framebuffer of 64x1000000 for its OpenGL cannot be made"),
        "{error}"
    );
}

#[test]
fn what_is_not_offered_is_refused_by_name() {
    let said = refused("kind=6");
    assert!(said.contains("Drawing core does not take its content"), "{said}");
    let why = "it wants to draw with Vulkan, and only OpenGL is offered";
    assert_eq!(said.matches(why).count(), 1, "{said}");
    assert!(refused("kind=7").contains("Direct3D 11"));
    let said = refused("kind=3 major=9 minor=9");
    assert!(said.contains("it draws with OpenGL 9.9, which this node's driver has not"), "{said}");
}
