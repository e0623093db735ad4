//! Ramshackle: two rams on a roof that falls apart. A cartridge for the WASM-4 console.
//!
//! ```text
//!   title <--> help
//!     |  two computers play behind the menu
//!     v
//!   match <--> pause
//!     |  to as many points as chosen
//!     v
//!   result --> match or title
//! ```
//!
//! Downwards: `menu` and `bout` know `world`, `world` knows `ram`, `clash`, `things`; those know `roof`,
//! and all `plane`.

const Chance = @import("chance.zig");
const arena = @import("arena.zig");
const bout = @import("bout.zig");
const buttons = @import("buttons.zig");
const computer = @import("computer.zig");
const disk = @import("disk.zig");
const hud = @import("hud.zig");
const jolt = @import("jolt.zig");
const menu = @import("menu.zig");
const music = @import("music.zig");
const scene = @import("scene.zig");
const sound = @import("sound.zig");
const sparks = @import("sparks.zig");
const w4 = @import("w4.zig");
const world = @import("world.zig");

const Screen = enum { title, help, match, pause, result };

var screen: Screen = .title;
/// Frames on this screen.
var age: u32 = 0;
var alone = true;
var minds: [2]computer.Mind = .{ .{}, .{} };
/// Behind the title: frames since a ram fell, and which roof it is.
var fallen: u16 = 0;
var shown: u8 = 0;

export fn start() void {
    disk.load();
    go(.title);
}

export fn update() void {
    buttons.read();
    Chance.stir(&Chance.fate, @as(u32, buttons.held[0]) | @as(u32, buttons.held[1]) << 8);
    switch (screen) {
        .title => titleScreen(),
        .help => helpScreen(),
        .match => matchScreen(),
        .pause => pauseScreen(),
        .result => resultScreen(),
    }
    age +%= 1;
    sound.step();
    music.step();
}

fn go(to: Screen) void {
    const from = screen;
    screen = to;
    age = 0;
    menu.open();
    jolt.calm();
    if (to == .title and from != .help or to == .title and world.time == 0) stageRaise();
    if (to == .title or to == .help) music.set(.stroll);
    if (to == .result) {
        sparks.clear();
        music.set(.stroll);
        sound.victory();
    }
}

/// The next roof behind the title.
fn stageRaise() void {
    minds = .{ .{ .level = .king }, .{ .level = .king } };
    world.begin(shown, 0);
    shown = @intCast((shown + 1) % arena.arenas.len);
    fallen = 0;
}

fn titleScreen() void {
    sound.hushed = true;
    playBehind();
    sound.hushed = false;
    scene.show(scene.risen_whole);
    act(menu.title(age));
}

fn playBehind() void {
    world.step(bothMinds());
    if (world.rams[0].alive() and world.rams[1].alive()) return;
    fallen += 1;
    if (fallen > 110) stageRaise();
}

fn bothMinds() [2]u8 {
    const rams = &world.rams;
    return .{ minds[0].play(&rams[0], &rams[1]), minds[1].play(&rams[1], &rams[0]) };
}

fn helpScreen() void {
    scene.show(scene.risen_whole);
    act(menu.help(age));
}

fn matchScreen() void {
    if (buttons.wantsPause()) return go(.pause);
    // A friend who presses X takes the computer's ram over.
    if (alone and buttons.pressedBy(1, w4.x_button)) {
        alone = false;
        sound.confirm();
    }
    bout.step(pads());
    if (bout.phase == .done) return finish();
    scene.show(risen());
    hud.show(alone);
}

fn pads() [2]u8 {
    if (!alone or bout.phase == .intro) return buttons.held;
    return .{ buttons.held[0], minds[1].play(&world.rams[1], &world.rams[0]) };
}

fn risen() u16 {
    return if (bout.phase == .intro) bout.timer else scene.risen_whole;
}

fn pauseScreen() void {
    scene.show(risen());
    hud.points();
    act(menu.pause(age));
}

/// The match is over: who won is kept.
fn finish() void {
    const snow = bout.points[0] > bout.points[1];
    const kept = &disk.kept;
    const alone_wins = if (snow) &kept.won[kept.level] else &kept.lost[kept.level];
    const wins = if (alone) alone_wins else &kept.together[if (snow) 0 else 1];
    wins.* +|= 1;
    disk.save();
    go(.result);
    resultScreen();
}

fn resultScreen() void {
    if (age % 5 == 0) sparks.paper(.{ .x = @floatFromInt(Chance.dust.below(150)), .y = -30 });
    sparks.step();
    scene.backdrop();
    act(menu.result(age, alone));
}

fn act(choice: menu.Choice) void {
    switch (choice) {
        .none => return,
        .alone, .together => begin(choice == .alone),
        .again => {
            if (screen == .result) climb();
            begin(alone);
        },
        .help => go(.help),
        .title => go(.title),
        .resume_play => screen = .match,
    }
    sound.confirm();
}

/// Who has beaten a rival meets the next one.
fn climb() void {
    const kept = &disk.kept;
    if (!alone or bout.points[0] < bout.points[1] or kept.level == 2) return;
    kept.level += 1;
    disk.save();
}

fn begin(by_oneself: bool) void {
    alone = by_oneself;
    minds[1] = .{ .level = @enumFromInt(disk.kept.level) };
    go(.match);
    bout.begin(disk.kept.points);
}
