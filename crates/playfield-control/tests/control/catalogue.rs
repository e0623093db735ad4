//! Titles appear, change and go as their files do.

use playfield_control::Config;
use playfield_core::api::{Badge, EndReason, Title};
use playfield_core::bus::{Reply, Request};
use playfield_core::manifest::InputKind;
use playfield_store::bus::Bus;
use playfield_store::db::Db;

use crate::node::{Node, PNG};
use crate::world::{Folder, World, node_id};

fn listed(world: &World) -> Vec<(String, Option<String>)> {
    world.control.catalogue().titles().into_iter().map(|title| (title.id, title.problem)).collect()
}

async fn scan(world: &World, times: u32) {
    for _ in 0..times {
        world.control.catalogue().scan().await;
    }
}

fn title(world: &World, id: &str) -> Title {
    world.control.catalogue().get(id).unwrap().title()
}

#[tokio::test]
async fn a_dropped_cartridge_appears_and_a_removed_one_goes() {
    let world = World::new().await;
    let path = world.folder.write("Space Race.wasm", b"wasm4 cartridge");
    scan(&world, 1).await;
    assert_eq!(listed(&world).len(), 1, "it may still be being written");
    scan(&world, 1).await;
    let race = title(&world, "space-race");
    assert_eq!((race.name.as_str(), race.players.max), ("Space Race", 4));
    assert_eq!(race.input, [InputKind::Pad, InputKind::Mouse]);
    assert_eq!(race.badges, [Badge::Deterministic, Badge::Snapshots, Badge::Lossless]);
    std::fs::remove_file(path).unwrap();
    scan(&world, 1).await;
    assert_eq!(listed(&world), [("pong".to_owned(), None)]);
}

#[tokio::test]
async fn a_path_may_name_one_title_instead_of_a_folder_of_them() {
    let folder = Folder::new();
    folder.title("pong", "id = 'pong'\nname = 'Pong'\nentry = 'pong.wasm'", b"module");
    folder.write("race.wasm", b"wasm4");
    folder.write("other.wasm", b"wasm4");
    let bus = Bus::local();
    let _node = Node::start(&bus, &node_id());
    let db = Db::open(&folder.path("data/playfield.db")).await.unwrap();
    let titles = ["titles/pong", "titles/race.wasm", "not there"].map(|path| folder.path(path)).to_vec();
    let control = World::control_of(&folder, &bus, &db, Config { titles, ..Config::default() }).await;
    control.catalogue().scan().await;
    let ids: Vec<_> = control.catalogue().titles().into_iter().map(|title| title.id).collect();
    assert_eq!(ids, ["pong", "race"]);
}

#[tokio::test]
async fn a_file_that_grows_is_waited_for() {
    let world = World::new().await;
    world.folder.write("late.wasm", b"");
    scan(&world, 3).await;
    for part in [b"broken".as_slice(), b"broken half", b"whole wasm4"] {
        world.folder.write("late.wasm", part);
        scan(&world, 1).await;
        assert!(world.control.catalogue().get("late").is_none());
    }
    scan(&world, 1).await;
    assert_eq!(title(&world, "late").problem, None);
}

#[tokio::test]
async fn a_new_build_replaces_the_old_one_when_it_is_whole() {
    let world = World::new().await;
    let module = || world.control.catalogue().get("pong").unwrap().module.clone().unwrap().id;
    let before = module();
    world.folder.write("pong/pong.wasm", b"module, better");
    scan(&world, 1).await;
    assert_eq!(module(), before);
    scan(&world, 1).await;
    assert_ne!(module(), before);
}

#[tokio::test]
async fn what_cannot_be_played_stays_listed_with_its_problem() {
    let folder = Folder::new();
    folder.write("bad.wasm", b"broken");
    folder.write("unbuilt/title.toml", b"id = 'unbuilt'\nname = 'Unbuilt'\nentry = 'out.wasm'");
    folder.write("typo/title.toml", b"id = 'typo'\nnmae = 'Typo'\nentry = 'typo.wasm'");
    folder.write("notes.txt", b"not a title");
    let world = World::on(folder, Config::default()).await;
    let expected =
        [("bad", "playfield:teleport@1"), ("typo", "unknown field `nmae`"), ("unbuilt", "out.wasm is not there")];
    let listed = listed(&world);
    assert_eq!(listed.len(), expected.len());
    for ((id, problem), (expect, says)) in listed.iter().zip(expected) {
        assert_eq!(id, expect);
        assert!(problem.as_ref().unwrap().contains(says), "{problem:?}");
    }
    let reply = world.here().post("/api/v1/sessions", serde_json::json!({"title": "bad"})).await;
    assert_eq!(reply.problem(409, "titleBroken").reason, Some(EndReason::BadModule));
    world.folder.write("unbuilt/out.wasm", b"module");
    scan(&world, 2).await;
    assert_eq!(title(&world, "unbuilt").problem, None);
}

#[tokio::test]
async fn who_had_an_id_first_keeps_it() {
    let world = World::new().await;
    world.folder.title("a-copy", "id = 'pong'\nname = 'Copy'\nentry = 'a-copy.wasm'", b"copy");
    scan(&world, 3).await;
    assert_eq!(title(&world, "pong").name, "Pong");
    let refused = world.control.catalogue().refused().await;
    let (place, reason) = refused.first_key_value().unwrap();
    assert!(place.ends_with("a-copy") && reason.contains("`pong` is taken by"), "{reason}");
    std::fs::remove_dir_all(world.folder.path("titles/pong")).unwrap();
    scan(&world, 1).await;
    assert_eq!(title(&world, "pong").name, "Copy");
    assert!(world.control.catalogue().refused().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_title_waits_for_a_node_and_for_one_that_is_busy() {
    let folder = Folder::new();
    folder.write("pong.wasm", b"wasm4");
    let bus = Bus::local();
    let db = Db::open(&folder.path("data/playfield.db")).await.unwrap();
    let control = World::control(&folder, &bus, &db, Config::default()).await;
    let problem = || control.catalogue().get("pong").unwrap().problem.clone();
    control.catalogue().scan().await;
    assert_eq!(problem().as_deref(), Some("waiting for a node to look at it"));
    let node = Node::start(&bus, &node_id());
    let busy = "other titles are being prepared; try again in a moment";
    node.answers(move |_| Some(Reply::Refused { reason: EndReason::PlacementTimeout, detail: busy.to_owned() }));
    control.catalogue().scan().await;
    assert_eq!(problem().as_deref(), Some(busy));
    node.answers(|_| None);
    control.catalogue().scan().await;
    assert_eq!(problem().as_deref(), Some(busy), "a busy node is not asked at once again");
    tokio::time::advance(std::time::Duration::from_secs(6)).await;
    control.catalogue().scan().await;
    assert_eq!(problem(), None);
}

#[tokio::test]
async fn a_title_without_a_cover_has_one_drawn_once() {
    let world = World::new().await;
    world.here().get("/api/v1/titles/pong/cover").await.problem(404, "notFound");
    assert!(world.control.catalogue().draw_a_cover().await);
    assert!(!world.control.catalogue().draw_a_cover().await);
    let address = title(&world, "pong").cover;
    let cover = world.here().get(&address).await;
    assert_eq!((cover.status.as_u16(), cover.header("content-type"), cover.body.as_slice()), (200, "image/png", PNG));
    assert!(cover.header("cache-control").contains("immutable"));
    let again = world.here().with("if-none-match", cover.header("etag")).get("/api/v1/titles/pong/cover").await;
    assert_eq!((again.status.as_u16(), again.header("cache-control")), (304, "private, no-cache"));
    let drawn = || world.node.asked().iter().filter(|asked| matches!(asked, Request::Cover { .. })).count();
    assert_eq!(drawn(), 1);
    let later = World::control(&world.folder, &world.bus, &world.db, Config::default()).await;
    later.catalogue().scan().await;
    assert!(later.catalogue().get("pong").unwrap().cover.is_some(), "it is kept by the module's hash");
    assert_eq!(drawn(), 1);
}

#[tokio::test]
async fn a_cover_that_cannot_be_drawn_is_not_tried_for_ever() {
    let world = World::new().await;
    world.node.answers(|request| {
        let refused = Reply::Refused { reason: EndReason::GuestHung, detail: "it hung".to_owned() };
        matches!(request, Request::Cover { .. }).then_some(refused)
    });
    assert!(world.control.catalogue().draw_a_cover().await);
    assert!(!world.control.catalogue().draw_a_cover().await);
}

#[tokio::test]
async fn a_cover_beside_the_manifest_is_used_if_it_is_a_png() {
    let folder = Folder::new();
    for (id, bytes) in [("good", PNG), ("gif", b"GIF89a".as_slice())] {
        folder.title(id, &format!("id = '{id}'\nname = '{id}'\nentry = '{id}.wasm'\ncover = 'cover.png'"), b"module");
        folder.write(&format!("{id}/cover.png"), bytes);
    }
    let world = World::on(folder, Config::default()).await;
    let good = world.here().get(&title(&world, "good").cover).await;
    assert_eq!((good.status.as_u16(), good.body.as_slice()), (200, PNG));
    world.here().get(&title(&world, "gif").cover).await.problem(404, "notFound");
    assert_eq!(title(&world, "gif").problem, None, "it plays all the same");
}
