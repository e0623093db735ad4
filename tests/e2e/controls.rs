//! What a person can change about playing: other keys and buttons, several gamepads, how the picture fits.

use crate::browser::{Device, Tab};
use crate::devices::play_echo;
use crate::wait;

const A: u16 = 1;
const B: u16 = 1 << 1;
const X: u16 = 1 << 2;
const REST: [f64; 4] = [0.0; 4];

fn with_gamepads() -> Device {
    Device { gamepads: true, ..Device::default() }
}

/// Opens the page where keys and buttons are changed.
fn open_bindings(tab: &Tab) {
    tab.press("Escape");
    tab.button("Controls");
    tab.button("Keys and buttons");
}

/// Leaves it, and the menu with it.
fn close_bindings(tab: &Tab) {
    for _ in 0..3 {
        tab.press("Escape");
    }
    wait("the menu to close", || (!tab.visible(".card.menu")).then_some(()));
}

#[test]
fn a_key_that_was_changed_moves_the_guest_also_after_a_reload() {
    play_echo("input = ['pad']", &Device::default(), |tab| {
        open_bindings(tab);
        tab.button("A, key");
        tab.press("KeyJ");
        close_bindings(tab);
        tab.hold("KeyJ", true);
        tab.echo("the new key", |echo| echo.pad() == A);
        tab.hold("KeyJ", false);
        // What pressed it before does no more; the other button still has its keys.
        tab.hold("KeyX", true);
        tab.hold("KeyZ", true);
        tab.echo("the other button alone", |echo| echo.pad() == B);
        tab.hold("KeyX", false);
        tab.hold("KeyZ", false);

        tab.reload();
        tab.playing();
        tab.hold("KeyJ", true);
        tab.echo("the new key, kept", |echo| echo.pad() == A);
        tab.hold("KeyJ", false);
        open_bindings(tab);
        tab.button("Reset this title");
        close_bindings(tab);
        tab.hold("KeyX", true);
        tab.echo("the usual key", |echo| echo.pad() == A);
    });
}

#[test]
fn a_key_of_the_title_may_be_another_key() {
    play_echo("input = ['keys']", &Device::default(), |tab| {
        // A title that reads keys has a use for a short Escape itself.
        tab.hold("Escape", true);
        wait("the menu", || tab.visible(".card.menu").then_some(()));
        tab.hold("Escape", false);
        tab.button("Controls");
        tab.button("Keys and buttons");
        tab.button("Change a key");
        tab.press("KeyW");
        tab.press("KeyI");
        close_bindings(tab);
        tab.hold("KeyI", true);
        tab.echo("the key it stands for, and no other", |echo| echo.key("KeyW") && !echo.key("KeyI"));
    });
}

#[test]
fn a_pad_button_that_was_changed_presses_another() {
    play_echo("input = ['pad']", &with_gamepads(), |tab| {
        tab.gamepads(&[(&[], REST)]);
        open_bindings(tab);
        tab.button("A, gamepad");
        tab.gamepads(&[(&["y"], REST)]);
        wait("the button to be taken", || {
            tab.text(".binding:nth-child(2) .cell:last-of-type").filter(|text| text == "Y")
        });
        tab.gamepads(&[(&[], REST)]);
        close_bindings(tab);
        tab.gamepads(&[(&["y"], REST)]);
        tab.echo("the changed button", |echo| echo.pad() == A);
    });
}

#[test]
fn gamepads_come_and_go_and_the_person_is_told() {
    play_echo("input = ['pad']", &with_gamepads(), |tab| {
        tab.echo("a picture", |_| true);
        let told = |what: &str| {
            let what = what.to_owned();
            wait(&what, || tab.text(".notice").filter(|text| text.contains(&what)));
        };
        tab.gamepads(&[(&[], REST)]);
        told("made-up gamepad 0 is connected");
        tab.gamepads(&[(&["a"], REST), (&["b"], REST)]);
        told("made-up gamepad 1 is connected");
        // One viewer is one player: what both hold is one pad.
        tab.echo("both pads", |echo| echo.pad() == A | B);
        tab.gamepads(&[(&["a"], REST)]);
        told("made-up gamepad 1 is gone");
        tab.echo("what the other holds", |echo| echo.pad() == A);

        tab.press("Escape");
        tab.button("Controls");
        tab.switch("made-up gamepad 0");
        tab.press("Escape");
        tab.press("Escape");
        tab.gamepads(&[(&[], REST)]);
        tab.gamepads(&[(&["b"], REST)]);
        tab.echo("a pad that is left out", |echo| echo.pad() == 0);
        tab.gamepads(&[]);
        told("made-up gamepad 0 is gone");
    });
}

#[test]
fn a_second_gamepad_is_a_second_player_where_the_title_has_two() {
    play_echo("input = ['pad']\nplayers = { min = 1, max = 2 }", &with_gamepads(), |tab| {
        tab.echo("a picture", |_| true);
        tab.gamepads(&[(&[], REST), (&[], REST)]);
        tab.gamepads(&[(&["a"], REST), (&[], REST)]);
        tab.echo("the first player's pad", |echo| echo.pad() == A);
        tab.gamepads(&[(&["a"], REST), (&["b"], REST)]);
        let second = || tab.text(".notice").filter(|text| text.contains("player 2"));
        wait("the person to be told", second);
        tab.gamepads(&[(&["x"], REST), (&["b"], REST)]);
        tab.echo("the first player's pad alone", |echo| echo.pad() == X);
    });
}

#[test]
fn pointing_is_right_however_the_picture_fits() {
    play_echo("input = ['mouse']", &Device::default(), |tab| {
        for scale in ["fit", "integer", "fill"] {
            tab.set_scale(scale);
            tab.mouse(0.5, 0.5);
            tab.echo(scale, |echo| echo.pointer() == (32, 4));
            // Filled, the sides of this wide picture are cut off.
            let (x, pixel) = if scale == "fill" { (0.45, 28) } else { (0.1, 6) };
            tab.mouse(x, 0.9);
            tab.echo(scale, |echo| echo.pointer() == (pixel, 7));
        }
    });
}

#[test]
fn what_the_browser_lacks_is_told_in_one_place() {
    let device = Device { lacks: vec!["encodedTransform"], ..Device::default() };
    play_echo("input = ['pad']", &device, |tab| {
        tab.press("Escape");
        tab.button("This browser");
        let told = wait("the page", || tab.text(".lacks"));
        assert!(told.contains("Encoded transforms"), "{told}");
    });
}
