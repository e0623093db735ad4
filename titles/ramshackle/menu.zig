//! The screens around a match: title, instructions, pause, result. Each tells what was chosen; `main` acts on it.

const Ram = @import("ram.zig");
const bout = @import("bout.zig");
const buttons = @import("buttons.zig");
const disk = @import("disk.zig");
const draw = @import("draw.zig");
const logo = @import("logo.zig");
const plane = @import("plane.zig");
const portrait = @import("portrait.zig");
const sound = @import("sound.zig");
const w4 = @import("w4.zig");
const world = @import("world.zig");

pub const Choice = enum { none, alone, together, help, title, resume_play, again };

const levels = [_][]const u8{ "LAMB", "RAM", "KING" };

var line: u8 = 0;

/// To the first line, as when a menu opens.
pub fn open() void {
    line = 0;
}

/// Up and down; sounds.
fn move(lines: u8) void {
    if (buttons.pressed(w4.down)) line = (line + 1) % lines;
    if (buttons.pressed(w4.up)) line = (line + lines - 1) % lines;
    if (buttons.pressed(w4.up | w4.down)) sound.choose();
}

fn pointer(y: i32, age: u32) void {
    const nudge: i32 = if (age / 10 % 2 == 0) 0 else 1;
    draw.text("\x85", 14 + nudge, y, draw.rust);
}

fn item(words: []const u8, n: u8, y: i32) void {
    draw.text(words, 26, y, if (n == line) draw.snow else draw.board);
}

pub fn title(age: u32) Choice {
    const lines = 5;
    move(lines);
    setting();
    logo.show(18, age);
    if (age > 50) draw.centredRimmed("LAST RAM STANDING", 44, draw.snow);
    draw.panel(6, 96, 148, 60);
    pointer(102 + @as(i32, line) * 10, age);
    item("ALONE", 0, 102);
    item("TWO PLAYERS", 1, 112);
    item("RIVAL", 2, 122);
    draw.text(levels[disk.kept.level], 90, 122, draw.rust);
    item("POINTS", 3, 132);
    draw.number(disk.kept.points, 90, 132, draw.rust);
    item("HOW TO PLAY", 4, 142);
    if (!buttons.pressed(w4.x_button)) return .none;
    return switch (line) {
        0 => .alone,
        1 => .together,
        4 => .help,
        else => .none,
    };
}

/// Left and right change a setting, and so does X.
fn setting() void {
    const up = buttons.pressed(w4.right | w4.x_button);
    const down = buttons.pressed(w4.left);
    if (!up and !down) return;
    const kept = &disk.kept;
    switch (line) {
        2 => kept.level = (kept.level + if (up) @as(u8, 1) else 2) % 3,
        3 => kept.points = 3 + (kept.points - 3 + if (up) @as(u8, 2) else 4) % 6,
        else => return,
    }
    sound.choose();
    disk.save();
}

var page: u8 = 0;
const pages = 4;

pub fn help(age: u32) Choice {
    if (buttons.pressed(w4.z_button | w4.left) and page > 0) {
        page -= 1;
        sound.choose();
    } else if (buttons.pressed(w4.x_button | w4.right)) {
        page += 1;
        sound.choose();
    } else if (buttons.pressed(w4.z_button)) page = pages;
    if (page >= pages) {
        page = 0;
        return .title;
    }
    draw.panel(2, 2, 156, 156);
    switch (page) {
        0 => helpButt(age),
        1 => helpHop(age),
        2 => helpGifts(),
        else => helpPads(),
    }
    draw.text("\x81 BACK     \x80 NEXT", 14, 145, draw.rust);
    return .none;
}

fn lines8(words: []const []const u8, y: i32) void {
    for (words, 0..) |row, i| draw.text(row, 8, y + @as(i32, @intCast(i)) * 10, draw.snow);
}

fn stage(y: i32) void {
    draw.box(14, y, 132, 10, draw.board);
    draw.shade(14, y, 132, 1, 8, draw.snow);
    draw.shade(14, y + 10, 132, 4, 7, draw.board);
}

/// A wind-up, a butt, and how far the other one goes.
fn helpButt(age: u32) void {
    draw.centred("BUTT", 10, draw.rust);
    stage(56);
    const t: i32 = @intCast(age % 150);
    const winding = t < 60;
    const run: i32 = if (winding) 0 else @min((t - 60) * 4, 44);
    const pushed: i32 = if (t < 71) 0 else @min((t - 71) * 3, 120);
    const x = 34 + run;
    portrait.show(.{ .x = x, .y = 60, .face = 0, .nod = if (winding) 3 else 0, .thrust = if (winding) -2 else 3 });
    const fell = @max(0, pushed - 52);
    portrait.show(.{ .x = 92 + pushed, .y = 60 + fell, .who = 1, .face = @intCast(@mod(@divTrunc(pushed, 9) + 4, 8)) });
    if (winding) {
        draw.box(x - 9, 36, 19, 5, draw.board);
        draw.box(x - 8, 37, @divTrunc(t * 17, 60), 3, draw.snow);
    }
    lines8(&.{
        "PUSH THE OTHER RAM",
        "OFF THE ROOF.",
        "HOLD \x80: WIND UP",
        "LET GO: BUTT",
        "LONGER IS HARDER.",
        "HORNS MEET HORNS:",
        "THE HARDER WINS.",
    }, 73);
}

fn helpHop(age: u32) void {
    draw.centred("HOP AND SLAM", 10, draw.rust);
    stage(56);
    const t: i32 = @intCast(age % 120);
    const up = if (t < 30) @divTrunc(t * (40 - t), 14) else if (t < 40) @as(i32, 21) else @max(0, 21 - (t - 40) * 5);
    const face: plane.Way = @intCast(if (t >= 30 and t < 40) @mod(t, 8) else 2);
    portrait.show(.{ .x = 80, .y = 60 - up, .face = face, .squash = if (t > 44 and t < 54) 0.6 else 0 });
    if (t > 44) {
        draw.ink(draw.night, 0);
        w4.line(70, 57, 62, 65);
        w4.line(90, 57, 98, 65);
    }
    lines8(&.{
        "\x81 HOPS OVER GAPS",
        "AND OVER BUTTS.",
        "\x81 IN MID-AIR: SLAM",
        "BOARDS CRACK, THEN",
        "FALL. MIND YOURS.",
        "PUSHED OVER? \x81 AT",
        "ONCE SAVES YOU.",
    }, 73);
}

fn helpGifts() void {
    const scene = @import("scene.zig");
    draw.centred("GIFTS", 10, draw.rust);
    for ([_]Ram.Gift{ .horn, .feather, .anvil }, 0..) |gift, i| {
        draw.blob(20, 32 + @as(i32, @intCast(i)) * 22, 17, 17, draw.night, draw.snow);
        scene.icon(gift, 20, 32 + @as(i32, @intCast(i)) * 22);
    }
    draw.text("HORN", 36, 24, draw.snow);
    draw.text("HARDER BUTTS", 36, 33, draw.board);
    draw.text("FEATHER", 36, 46, draw.snow);
    draw.text("HOLD \x81: GLIDE", 36, 55, draw.board);
    draw.text("ANVIL", 36, 68, draw.snow);
    draw.text("HARD TO PUSH", 36, 77, draw.board);
    lines8(&.{ "EACH ROUND HAS ITS", "ROOF AND TWIST.", "AFTER A WHILE ALL", "BOARDS FALL." }, 96);
}

fn helpPads() void {
    draw.centred("BUTTONS", 10, draw.rust);
    lines8(&.{ "PADS: ONE EACH,", "A IS \x80, B IS \x81.", "ONE KEYBOARD:" }, 28);
    draw.text("SNOW", 8, 62, draw.snow);
    draw.text("ARROWS", 50, 62, draw.snow);
    draw.text("\x80 X   \x81 Z", 50, 72, draw.snow);
    draw.text("RUST", 8, 86, draw.rust);
    draw.text("S E D F", 50, 86, draw.rust);
    draw.text("\x80 A   \x81 TAB", 50, 96, draw.rust);
    lines8(&.{ "PAUSE: HOLD \x80 AND", "\x81 FOR A MOMENT." }, 114);
}

pub fn pause(age: u32) Choice {
    move(3);
    draw.shade(0, 14, 160, 146, 8, draw.night);
    draw.panel(16, 50, 128, 62);
    draw.centred("PAUSE", 57, draw.rust);
    pointer2(72 + @as(i32, line) * 11, age);
    for ([_][]const u8{ "GO ON", "START AGAIN", "TO THE TITLE" }, 0..) |words, i| {
        const n: u8 = @intCast(i);
        draw.text(words, 38, 72 + @as(i32, n) * 11, if (n == line) draw.snow else draw.board);
    }
    draw.box(0, 140, 160, 20, draw.night);
    draw.centred("HOLD \x80:BUTT \x81:HOP", 142, draw.snow);
    draw.centred("\x81 IN THE AIR: SLAM", 151, draw.snow);
    if (!buttons.pressed(w4.x_button)) return .none;
    return ([_]Choice{ .resume_play, .again, .title })[line];
}

fn pointer2(y: i32, age: u32) void {
    const nudge: i32 = if (age / 10 % 2 == 0) 0 else 1;
    draw.text("\x85", 25 + nudge, y, draw.rust);
}

pub fn result(age: u32, alone: bool) Choice {
    const who: u1 = if (bout.points[0] > bout.points[1]) 0 else 1;
    move(2);
    podium(who, age);
    draw.centredRimmed(verdict(who, alone), 8, portrait.fleece(who));
    score(22);
    tally(alone);
    if (age < 50) return .none;
    draw.panel(18, 128, 124, 28);
    pointer2(@as(i32, 133) + @as(i32, line) * 10, age);
    const again = if (alone and who == 0) ([_][]const u8{ "NEXT: RAM", "NEXT: KING", "REMATCH" })[disk.kept.level] else "REMATCH";
    for ([_][]const u8{ again, "TITLE" }, 0..) |choice, i| {
        const n: u8 = @intCast(i);
        draw.text(choice, 38, 133 + @as(i32, n) * 10, if (n == line) draw.snow else draw.board);
    }
    if (!buttons.pressed(w4.x_button)) return .none;
    return if (line == 0) .again else .title;
}

fn verdict(who: u1, alone: bool) []const u8 {
    if (alone) return if (who == 0) "YOU WIN!" else "THE COMPUTER WINS";
    return if (who == 0) "SNOW WINS!" else "RUST WINS!";
}

/// The winner hops on the roof's last post; the other one sees stars.
fn podium(who: u1, age: u32) void {
    const t: i32 = @intCast(age % 36);
    const up = @divTrunc(t * (36 - t), 18);
    draw.box(62, 78, 36, 16, draw.night);
    draw.box(64, 78, 32, 14, draw.board);
    draw.shade(64, 78, 32, 2, 8, draw.snow);
    draw.box(40, 92, 80, 6, draw.board);
    draw.shade(40, 92, 80, 1, 8, draw.snow);
    draw.shade(40, 98, 80, 4, 7, draw.board);
    portrait.show(.{ .x = 80, .y = 80 - up, .who = who, .scale = 2, .face = 1, .squash = if (t < 4) 0.3 else 0 });
    portrait.show(.{ .x = 110, .y = 96, .who = 1 - who, .face = 3, .dazed = true, .squash = 0.25 });
}

fn score(y: i32) void {
    draw.number(bout.points[0], 64, y, draw.snow);
    draw.text(":", 76, y, draw.board);
    draw.number(bout.points[1], 88, y, draw.rust);
}

/// Butts of this match, and wins of all time.
fn tally(alone: bool) void {
    draw.text("BLOWS", 12, 106, draw.board);
    draw.number(world.hits[0], 84, 106, draw.snow);
    draw.number(world.hits[1], 124, 106, draw.rust);
    draw.text("ALL WINS", 12, 116, draw.board);
    const kept = &disk.kept;
    const wins: [2]u16 = if (alone) .{ kept.won[kept.level], kept.lost[kept.level] } else kept.together;
    draw.number(wins[0], 84, 116, draw.snow);
    draw.number(wins[1], 124, 116, draw.rust);
}
