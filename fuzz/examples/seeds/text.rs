//! JSON and TOML as the product, its people and their programs write them.

const SESSION: &str = "ses-0123456789bcdfgh";
const VIEWER: &str = "vwr-0123456789bcdfgh";

/// Target, name and text.
pub fn all() -> Vec<(&'static str, &'static str, String)> {
    let mut seeds = vec![
        ("config", "manual", include_str!("../../../playfield.toml").to_owned()),
        ("config", "all-tables", CONFIG.to_owned()),
        ("manifest", "full", MANIFEST.to_owned()),
        ("manifest", "smallest", "id = 'pong'\nname = 'Pong'\nentry = 'pong.wasm'\n".to_owned()),
        ("manifest", "name", "space_race 2".to_owned()),
        ("manifest", "app", APP.to_owned()),
        ("manifest", "aitrios", AITRIOS.to_owned()),
        ("log", "by-hand", LOG.to_owned()),
    ];
    for (target, name, text) in JSON {
        seeds.push((target, name, text.replace("SESSION", SESSION).replace("VIEWER", VIEWER)));
    }
    seeds
}

const CONFIG: &str = "\
data = 'kept'
[control]
listen = ['127.0.0.1:8080', '[::]:8443']
ops_listen = '127.0.0.1:9464'
titles = ['titles']
sign_in_token = 'sixteen letters!'
trusted_proxies = ['192.0.2.1']
[control.limits]
sessions_per_address = 2
[control.times]
grace_ms = 1000
[node]
workers = 2
udp_ports = '40000-40015'
bind = ['127.0.0.1', '::1']
compile = { memory_mb = 2048, seconds = 60 }
[log]
filter = 'info,str0m=error'
json = true
";

const APP: &str = "id = 'bay'\nname = 'Bay'\nentry = 'bay.wasm'\ntensors = true\nlimits = { memory_mb = 2, tick_ms = 50 }\n\
    [output]\nbytes_per_minute = 4096\n[output.fields]\nfree = { kind = 'boolean' }\nn = { kind = 'number', min = -1.5, max = 9, step = 0.5 }\n";
const AITRIOS: &str = r#"{"manifest_version": "1.0.0", "edge_app": {"app_name": "Doors 2", "file_name": "doors.wasm", "version": "1.2.0", "compiled_flg": false}}"#;
const MANIFEST: &str = "\
id = 'pong'
name = 'Pöng'
version = '1.2.3'
summary = 'Two bats and a ball.'
entry = 'build/pong.wasm'
cover = 'cover.png'
authors = ['Ada']
licence = 'MIT OR Apache-2.0'
tags = ['two players']
players = { min = 1, max = 4 }
input = ['pad', 'keys', 'mouse', 'motion', 'touch', 'text']
keys_as_pad = false
[limits]
memory_mb = 64
storage_kb = 1024
";

const LOG: &str = r#"{"playfield":1,"seed":7,"startUnixMs":1700000000000}

{"frame":1,"pad":["a","left"],"lx":-0.5,"ly":1,"rx":0.25,"ry":-1,"l2":0.5,"r2":1}
{"frame":2,"player":1,"mouse":{"x":80,"y":-80,"dx":3,"dy":-4,"wheel":120,"wheelX":-120,"buttons":["left","forward"]}}
{"frame":2,"keys":["KeyW","ArrowUp","Space","ShiftLeft"]}
{"frame":4,"text":"hi ü","touch":[{"id":0,"x":10,"y":20},{"id":3,"x":-1,"y":300}]}
{"frame":4,"touch":[]}
{"frame":60,"player":1,"connected":false}
{"frame":18446744073709551615,"pad":[]}
"#;

const JSON: &[(&str, &str, &str)] = &[
    ("api", "create", r#"{"title":"pong","offer":"v=0\r\n","profile":"secret","video":"lossless"}"#),
    ("api", "connect", r#"{"offer":"v=0","video":"h264"}"#),
    ("api", "session-id", "SESSION"),
    ("api", "invite", r#"{"role":"player","slot":1,"expires_s":60}"#),
    (
        "api",
        "invitation",
        r#"{"invite":{"id":"inv-0123456789bcdfgh","role":"spectator","slot":null,"expires_ms":9},"session":"SESSION","title":"pong",
            "name":"Pong","taken":false}"#,
    ),
    (
        "api",
        "created",
        r#"{"session":{"id":"SESSION","title":"pong","state":"pendingReconnection","reason":"guestTrap","detail":"x","resumes":1,
            "created_ms":5,"ended_ms":null},"viewer":{"id":"VIEWER","token":"t","role":"host","slot":0},"answer":"v=0"}"#,
    ),
    (
        "api",
        "titles",
        r#"{"titles":[{"id":"pong","name":"Pong","version":"1.0.0","summary":"","authors":[],"licence":null,"tags":["a"],
            "players":{"min":1,"max":4},"input":["pad","text"],"badges":["deterministic","lossless"],
            "picture":{"width":160,"height":144,"format":"indexed8"},"cover":"/c.png","problem":null}]}"#,
    ),
    ("signal", "text", r#"{"type":"text","text":"hé\u0001"}"#),
    ("signal", "video", r#"{"type":"video","mode":"auto","carrier":"channel"}"#),
    ("signal", "visible", r#"{"type":"visible","visible":false}"#),
    (
        "signal",
        "hello",
        r#"{"type":"hello","slot":0,"tick_hz":60,"video":"lossless","videos":["lossless","h264"],"input":["pad"],
            "keys_as_pad":true,"estimates":false}"#,
    ),
    ("signal", "microphone", r#"{"type":"microphone","on":true}"#),
    ("signal", "microphone-told", r#"{"type":"microphone","records":true,"yours":false,"whose":"Host"}"#),
    ("signal", "rumble", r#"{"type":"rumble","place":1,"strong":255,"weak":0,"ms":5000}"#),
    ("signal", "people", r#"{"type":"people","seats":[0,1],"away":[1],"watching":2}"#),
    ("signal", "end", r#"{"type":"end","reason":"idleTimeout","detail":"Nobody played."}"#),
    (
        "signal",
        "stats",
        r#"{"type":"stats","bitrate_bps":5,"receipt":{"pictures":2,"stages":[{"name":"wait","p50_ms":0.1,"p95_ms":1.5,"p99_ms":2,
            "max_ms":3}],"node":null,"clock_error_ms":0.5,"counts":{"lost":1},"verdict":"Good."}}"#,
    ),
    ("bus", "ready", r#"{"from":"ready","udp":["127.0.0.1:40000","[::1]:40000"]}"#),
    ("bus", "load", r#"{"from":"load","sessions":1,"viewers":2,"pictures":3,"bytes_sent":4,"late_ticks":5}"#),
    ("bus", "reply", r#"{"from":"reply","id":7,"reply":"started","answer":"v=0"}"#),
    ("bus", "refused", r#"{"from":"reply","id":7,"reply":"refused","reason":"badModule","detail":"no"}"#),
    ("bus", "stored", r#"{"from":"event","event":"stored","session":"SESSION","key":"k","value":"AP8H"}"#),
    (
        "bus",
        "state",
        r#"{"from":"event","event":"state","session":"SESSION","state":"terminated","reason":"applicationExit","detail":null}"#,
    ),
    (
        "bus",
        "start",
        r#"{"id":1,"request":"start","spec":{"id":"SESSION","title":"pong","module":"m.wasm","compiled":null,
            "limits":{"memory_mb":64,"storage_kb":1},"input":["pad"],"keys_as_pad":true,"picture":null,"seed":9,"start_unix_ms":1,
            "storage":{"k":"AA=="},"times":{"connection_ms":1,"grace_ms":2,"idle_ms":3,"total_ms":4},"resume":true},
            "attach":{"viewer":"VIEWER","role":"host","slot":0,"video":"auto","offer":"v=0"}}"#,
    ),
    ("bus", "stop", r#"{"id":2,"request":"stop","session":"SESSION","reason":"apiTerminated"}"#),
    ("bus", "leave", r#"{"id":3,"request":"leave","session":"SESSION","viewer":"VIEWER"}"#),
    ("bus", "seats", r#"{"from":"reply","id":7,"reply":"seats","taken":[0,2]}"#),
    ("bus", "worker", r#"{"udp":["127.0.0.1:1"],"public_ips":["::1"],"max_sessions":3,"checkpoints":"c"}"#),
    ("bus", "refusal", r#"{"refused":{"reason":"badModule","detail":"no"}}"#),
    (
        "bus",
        "compiled",
        r#"{"compiled":"c","facts":{"dialect":"wasm4","snapshots":true,"groups":["a"],"picture":{"width":1,"height":2,
            "format":"rgba8"}}}"#,
    ),
];
