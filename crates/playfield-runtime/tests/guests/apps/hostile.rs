//! Apps that go too far: they end, are told of, and start again ever less often; what they say stays within what they declared.

use playfield_core::app::{AppState, AppStatus, ENVELOPE};

use super::*;

/// How the app did last.
fn status(reports: &[Report]) -> Option<AppStatus> {
    reports.iter().rev().find_map(|report| match report {
        Report::App(status) => Some(status.clone()),
        _ => None,
    })
}

/// Fails at once, and says why in these words alone.
fn ends(wasm: &[u8], more: &str, expect: &str) {
    let mut app = beside(wasm, manifest(FIELDS, more), false);
    let made = app.see(view(0));
    let status = status(&made.reports).unwrap();
    assert_eq!((status.state, status.restarts, status.detail.as_deref()), (AppState::Waiting, 1, Some(expect)));
    assert!(!made.lines.is_empty(), "the device's log says more");
    assert!(app.see(view(500)).reports.is_empty(), "it waits");
}

#[test]
fn an_app_that_fails_is_told_of_in_fixed_words() {
    ends(&looking("unreachable"), "", "it crashed");
    ends(&looking("(drop (i32.load (i32.const -4)))"), "", "it crashed");
    ends(
        &app("(func $deep (call $deep) (drop (i32.load (i32.const 0)))) (func (export \"pf_tick\") (call $deep))"),
        "",
        "it crashed",
    );
    ends(&app("(func (export \"pf_init\") unreachable) (func (export \"pf_tick\"))"), "", "it crashed");
    // A number of its own in the sentence would be a way out.
    ends(&looking("(call $log (i32.const 123456) (i32.const 0) (i32.const 0))"), "", "it crashed");
}

#[test]
fn an_app_that_takes_too_long_is_stopped() {
    let began = std::time::Instant::now();
    ends(&looking("(loop $on (br $on))"), "limits = { tick_ms = 50 }", "a picture took it longer than its 50 ms");
    ends(
        &app("(func (export \"pf_init\") (loop $on (br $on))) (func (export \"pf_tick\"))"),
        "",
        "it did not start in time",
    );
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    // So is one that keeps its host busy.
    let floods = "(data (i32.const 2048) \"{\\\"n\\\":5}\") (func (export \"pf_tick\") (loop $on (drop (call $emit (i32.const 2048) (i32.const 7))) (br $on)))";
    ends(&app(floods), "limits = { tick_ms = 50 }", "a picture took it longer than its 50 ms");
    let asks = "(loop $on (drop (call $events (i32.const 2048) (i32.const 9))) (drop (call $counts (i32.const 2048) (i32.const 9))) (br $on))";
    ends(&looking(asks), "limits = { tick_ms = 50 }", "a picture took it longer than its 50 ms");
}

#[test]
fn an_app_that_wants_too_much_memory_is_told_so() {
    let limits = "limits = { memory_mb = 1 }";
    let grows = "(if (i32.eq (memory.grow (i32.const 32)) (i32.const -1)) (then unreachable))";
    ends(&looking(grows), limits, "it needs more than its 1 MiB of memory");
    let starts = module("(memory (export \"memory\") 1000) (func (export \"pf_tick\"))");
    ends(&starts, limits, "it needs more than its 1 MiB of memory");
}

#[test]
fn an_app_that_crashes_is_started_again_ever_less_often() {
    let mut app = beside(&looking("(call $say (call $frame)) unreachable"), manifest(FIELDS, ""), false);
    let mut starts = Vec::new();
    for second in 0..300 {
        let made = app.see(view(second * 1_000));
        if !emitted(&made).is_empty() {
            starts.push(second);
        }
    }
    // What it said before it crashed has left.
    assert_eq!(starts, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
}

#[test]
fn an_app_that_starts_again_remembers_nothing_but_its_budget() {
    let counts = "(global $n (mut i64) (i64.const 0)) (func (export \"pf_tick\") (global.set $n (i64.add (global.get $n) (i64.const 1)))
        (call $say (global.get $n)) (if (i64.ge_s (global.get $n) (i64.const 3)) (then unreachable)))";
    let mut app = beside(&app(counts), manifest(FIELDS, ""), false);
    let said: Vec<i64> =
        (0..10).flat_map(|nth| emitted(&app.see(view(nth * 400)))).map(|value| value["n"].as_i64().unwrap()).collect();
    assert_eq!(said, [1, 2, 3, 1, 2, 3]);
    // It uses its bytes up, and crashes: a fresh start gives none back.
    let wasteful = "(data (i32.const 2048) \"{\\\"n\\\":5}\") (func (export \"pf_tick\") (loop $on (br_if $on (i32.eqz (call $emit (i32.const 2048) (i32.const 7))))) unreachable)";
    let mut app = beside(&super::app(wasteful), manifest(FIELDS, ""), false);
    let first = emitted(&app.see(view(0))).len();
    let second = emitted(&app.see(view(1_000))).len();
    let (most, each) = (65_536 / 4, 7 + ENVELOPE as usize);
    assert_eq!(first, most / each);
    assert_eq!(second, (most % each + 65_536 * 3 / 4 / 60) / each, "what was left, and what came back in a second");
}

#[test]
fn a_flood_of_words_is_cut_to_the_budget_of_any_minute() {
    let floods = "(data (i32.const 2048) \"{\\\"n\\\":123456789}\") (func (export \"pf_tick\") (local $n i32)
        (loop $on (drop (call $emit (i32.const 2048) (i32.const 15)))
          (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $on (i32.lt_u (local.get $n) (i32.const 500)))))";
    let mut app = beside(&super::app(floods), manifest(FIELDS, ""), false);
    let mut sent: Vec<(u64, usize)> = Vec::new();
    let mut last = None;
    for nth in 0..1_500 {
        let ms = nth * 100;
        let made = app.see(view(ms));
        let bytes: usize = emitted(&made).iter().map(|value| value.to_string().len() + ENVELOPE as usize).sum();
        sent.push((ms, bytes));
        last = status(&made.reports).or(last);
    }
    let minutes = sent.windows(600).map(|minute| minute.iter().map(|(_, bytes)| bytes).sum::<usize>());
    let most = minutes.max().unwrap();
    assert!((60_000..=65_536).contains(&most), "{most}");
    let last = last.unwrap();
    assert_eq!((last.state, last.refused), (AppState::Running, 1_000), "it was refused, and goes on");
}

#[test]
fn a_flood_of_lines_stays_here_and_is_cut() {
    let floods = "(loop $on (call $note (i32.const 0) (i32.const 262144)) (br $on))";
    let mut app = beside(&looking(floods), manifest(FIELDS, "limits = { tick_ms = 50 }"), false);
    let made = app.see(view(0));
    assert!(made.lines.len() <= 11 && made.lines.iter().all(|line| line.len() <= 600), "{}", made.lines.len());
    assert!(emitted(&made).is_empty());
}

#[test]
fn one_that_cannot_be_run_is_refused_for_good() {
    let game = module(
        "(import \"playfield:audio@1\" \"wanted\" (func (result i32))) (memory (export \"memory\") 1) (func (export \"pf_tick\"))",
    );
    let mut app = beside(&game, manifest(FIELDS, ""), false);
    let reports: Vec<_> = (0..100).flat_map(|nth| app.see(view(nth * 1_000)).reports).collect();
    let status = status(&reports).unwrap();
    assert_eq!((reports.len(), status.state), (1, AppState::Refused));
    assert!(status.detail.unwrap().contains("`playfield:audio@1`"));
}
