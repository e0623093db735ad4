//! Titles come by being put into a folder.

use std::fs;

use serde_json::Value;

use crate::browser::Browser;
use crate::picture::sha256;
use crate::server::{Server, folder, root};
use crate::wait;

/// A cartridge of another console, all by itself: a rectangle, at the same place in every picture.
const CARTRIDGE: &str = r#"(module
    (import "env" "memory" (memory 1 1))
    (import "env" "rect" (func $rect (param i32 i32 i32 i32)))
    (func (export "update")
        (i32.store16 (i32.const 0x14) (i32.const 0x42))
        (call $rect (i32.const 30) (i32.const 20) (i32.const 100) (i32.const 60))))"#;

#[test]
fn a_module_put_into_the_folder_appears_and_a_broken_one_says_what_is_wrong() {
    let titles = folder();
    let server = Server::with_titles(&titles);
    let browser = Browser::start(&server);
    let tab = browser.open("/");
    wait("an empty catalogue", || tab.text("main").filter(|text| text.contains("No titles yet")));

    let cartridge = titles.join("lone-cart.wasm");
    fs::write(&cartridge, wat::parse_str(CARTRIDGE).unwrap()).unwrap();
    fs::write(titles.join("broken.wasm"), b"\0asm\x01\0\0\0 and then nothing that makes sense").unwrap();
    fs::create_dir(titles.join("no-module")).unwrap();
    fs::copy(root().join("titles/probe/title.toml"), titles.join("no-module/title.toml")).unwrap();

    let find = |id: &str| {
        let list = server.get("/api/v1/titles");
        list["titles"].as_array().unwrap().iter().find(|title| title["id"] == *id).cloned()
    };
    let judged = |id: &str, wanted: fn(&Value) -> bool| wait(id, || find(id).filter(|title| wanted(&title["problem"])));
    judged("lone-cart", Value::is_null);
    for id in ["broken", "probe"] {
        let title = judged(id, Value::is_string);
        let problem = title["problem"].as_str().unwrap();
        tab.click(id);
        let shown = wait("its problem on the screen", || tab.text("dialog .trouble"));
        assert_eq!(shown, problem);
        tab.button("Close");
    }

    tab.click("lone-cart");
    tab.playing();
    let picture = tab.picture().unwrap();
    assert_eq!((picture.width, picture.height), (160, 160));
    assert_eq!(picture.sha256, sha256(&cartridge, "", 5));
    fs::remove_dir_all(titles).unwrap();
}
