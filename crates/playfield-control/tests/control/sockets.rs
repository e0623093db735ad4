//! Over real sockets: plain, and with TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use playfield_control::Config;
use playfield_core::id::Token;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::world::World;

fn free(address: &str) -> Config {
    let listen = vec![address.parse().unwrap()];
    Config { listen, ops_listen: Some("127.0.0.1:0".parse().unwrap()), demo_camera: false, ..Config::default() }
}

/// One request, and all that comes back until the connection is closed.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn it_serves_finishes_what_was_asked_and_stops() {
    let World { control, node, db, folder: _folder, .. } = World::with(free("127.0.0.1:0")).await;
    let serving = control.bind().await.unwrap();
    let (door, ops) = (serving.addresses()[0], serving.ops_address().unwrap());
    assert_eq!(serving.urls(), [format!("http://{door}")]);
    let (stop, stopped) = oneshot::channel::<()>();
    let (slow, come) = oneshot::channel::<()>();
    let running = tokio::spawn(serving.run(async {
        let _ = stopped.await;
    }));
    assert!(ask(connect(door).await, &get("/api/v1/titles")).await.contains("\"pong\""));
    assert!(ask(connect(ops).await, &get("/healthz")).await.ends_with("ok\n"));

    // An idle connection does not hold the end up; a request that is being worked on is finished.
    let mut idle = connect(door).await;
    let mut slow = Some(slow);
    node.answers(move |request| {
        if matches!(request, playfield_core::bus::Request::Start { .. }) {
            let _ = slow.take().unwrap().send(());
        }
        None
    });
    let body = r#"{"title":"pong"}"#;
    let length = body.len();
    let create = format!(
        "POST /api/v1/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let asked = tokio::spawn(async move { ask(connect(door).await, &create).await });
    come.await.unwrap();
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    // The limit only ends a test that would hang.
    let closed = tokio::time::timeout(Duration::from_secs(10), idle.read(&mut [0])).await;
    assert_eq!(closed.expect("an idle connection is closed").unwrap(), 0);
    let answer = asked.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
    assert!(TcpStream::connect(door).await.is_err(), "nobody new is taken");
    assert_eq!(db.open_sessions().await.unwrap().values().sum::<u64>(), 1);
}

#[tokio::test]
async fn elsewhere_it_speaks_tls_with_a_certificate_it_keeps() {
    let sign_in_token = Some(Token::from("correct horse battery".to_owned()));
    // 0.0.0.0 is no loopback address, so this is a public door.
    let config = Config { sign_in_token, ..free("0.0.0.0:0") };
    let World { control, folder, .. } = World::with(config).await;
    let serving = control.bind().await.unwrap();
    let port = serving.addresses()[0].port();
    let running = tokio::spawn(serving.run(std::future::pending()));
    let certificate = std::fs::read(folder.path("data/tls/cert.pem")).unwrap();
    let door = SocketAddr::from(([127, 0, 0, 1], port));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    for name in ["localhost", "127.0.0.1"] {
        let name = ServerName::try_from(name).unwrap();
        let stream = connector.connect(name, connect(door).await).await.unwrap();
        let answer = ask(stream, &get("/api/v1/titles")).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
    let plain = ask(connect(door).await, &get("/api/v1/titles")).await;
    assert!(plain.starts_with("HTTP/1.1 308 "), "nothing is served in the clear: {plain}");
    assert!(plain.contains("location: https://localhost/api/v1/titles\r\n"), "{plain}");
    let nameless = ask(connect(door).await, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(nameless.contains(" 400 ") && nameless.contains("https://"), "{nameless}");
    running.abort();
    let _ = running.await;
    assert_eq!(std::fs::read(folder.path("data/tls/cert.pem")).unwrap(), certificate);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path("data/tls/key.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "the key is its owner's alone");
    }
}

#[tokio::test]
async fn a_certificate_is_made_once_and_anew_for_other_names() {
    let sign_in_token = || Some(Token::from("correct horse battery".to_owned()));
    let world = World::with(Config { sign_in_token: sign_in_token(), ..free("0.0.0.0:0") }).await;
    let read = || std::fs::read(world.folder.path("data/tls/cert.pem")).unwrap();
    world.control.bind().await.unwrap();
    let first = read();
    let config = |address| Config { sign_in_token: sign_in_token(), ..free(address) };
    World::control(&world.folder, &world.bus, &world.db, config("0.0.0.0:0")).await.bind().await.unwrap();
    assert_eq!(read(), first);
    // Not an address of this machine: the certificate is made, the listener fails.
    let error =
        World::control(&world.folder, &world.bus, &world.db, config("192.0.2.1:0")).await.bind().await.err().unwrap();
    assert!(error.to_string().contains("cannot listen on 192.0.2.1:0"), "{error}");
    assert_ne!(read(), first);
}

#[tokio::test]
async fn an_address_in_use_is_one_clear_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let World { control, folder: _folder, .. } = World::with(free(&address.to_string())).await;
    let error = control.bind().await.err().unwrap().to_string();
    assert!(error.contains(&format!("cannot listen on {address}")) && !error.contains('\n'), "{error}");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named() {
    let world = World::new().await;
    let path = world.folder.root().join("cert.pem");
    std::fs::write(&path, "not PEM").unwrap();
    let sign_in_token = Some(Token::from("correct horse battery".to_owned()));
    let config =
        Config { tls_cert: Some(path.clone()), tls_key: Some(path.clone()), sign_in_token, ..free("0.0.0.0:0") };
    let control = World::control(&world.folder, &world.bus, &world.db, config).await;
    let error = control.bind().await.err().unwrap().to_string();
    assert!(error.contains("cert.pem holds no certificate"), "{error}");
}
