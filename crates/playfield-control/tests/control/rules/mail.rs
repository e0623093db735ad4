//! Mail, handed in to a server that follows a script, with TLS that begins after a command.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use playfield_control::Config;
use playfield_control::rules::config::MailTls;
use playfield_core::api::{Delivery, DeliveryState};
use playfield_core::id::Token;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::rule;
use super::running::{Running, enter};
use crate::world::Folder;

/// A mail server for one name: what was said to it, and what it says to `RCPT` in place of a yes.
struct Server {
    port: u16,
    said: Arc<Mutex<Vec<String>>>,
    folder: Folder,
}

impl Server {
    async fn new(starttls: bool, to_recipients: &'static str) -> Server {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let folder = Folder::new();
        std::fs::write(folder.path("ca.pem"), certificate.pem()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = said.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (tls, kept) = (tls.clone(), kept.clone());
                tokio::spawn(async move {
                    stream.write_all(b"220-hello\r\n220 test\r\n").await.unwrap();
                    let mut plain = BufReader::new(stream);
                    talk(&mut plain, &kept, to_recipients, starttls).await;
                    if starttls {
                        let Ok(private) = tls.accept(plain.into_inner()).await else { return };
                        let mut private = BufReader::new(private);
                        kept.lock().unwrap().push("(private)".to_owned());
                        talk(&mut private, &kept, to_recipients, false).await;
                    }
                });
            }
        });
        Server { port, said, folder }
    }

    fn config(&self, tls: MailTls) -> Config {
        let mut config = Config::default();
        (config.rules.tries, config.rules.first_wait_ms) = (2, 10);
        config.rules.trust = Some(self.folder.path("ca.pem"));
        config.rules.mail.host = Some("localhost".to_owned());
        (config.rules.mail.port, config.rules.mail.tls) = (self.port, tls);
        config.rules.mail.from = "cameras@example.com".to_owned();
        config
    }
}

/// Follows the script until the end, or until TLS is to begin.
async fn talk<S>(stream: &mut BufReader<S>, said: &Mutex<Vec<String>>, to_recipients: &str, starttls: bool)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut line, mut is_mail) = (String::new(), false);
    loop {
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let text = line.trim_end().to_owned();
        said.lock().unwrap().push(text.clone());
        let answer = match text.split([' ', ':']).next().unwrap() {
            "." => "250 kept as 7",
            _ if is_mail => continue,
            "EHLO" => "250-test\r\n250 AUTH PLAIN",
            "RCPT" => to_recipients,
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 yes",
        };
        is_mail = text == "DATA" || (is_mail && text != ".");
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        if starttls && text == "STARTTLS" {
            return;
        }
    }
}

/// What became of a mail.
async fn sent(config: Config) -> Delivery {
    let running = Running::new(config).await;
    running.rule(rule(json!({"do": "mail", "to": ["a@example.com", "b@example.com"]}))).await;
    running.tell(vec![enter(1)]).await;
    let known = running.deliveries(|all| all.iter().any(|it| it.ended_ms.is_some())).await.remove(0);
    running.stop().await;
    known
}

#[tokio::test]
async fn a_mail_is_handed_in_by_who_signed_in_over_tls() {
    let server = Server::new(true, "250 yes").await;
    let mut config = server.config(MailTls::Starttls);
    config.rules.mail.user = Some("me".to_owned());
    config.rules.mail.password = Some(Token::from("secret".to_owned()));
    let known = sent(config).await;
    assert_eq!((known.state, known.detail.as_deref()), (DeliveryState::Done, Some("250 kept as 7")));
    let said = server.said.lock().unwrap().clone();
    let at = |line: &str| said.iter().position(|it| it == line).unwrap_or_else(|| panic!("no {line} in {said:?}"));
    let auth = format!("AUTH PLAIN {}", BASE64_STANDARD.encode("\0me\0secret"));
    let order = [
        at("STARTTLS"),
        at("(private)"),
        at(&auth),
        at("MAIL FROM:<cameras@example.com>"),
        at("RCPT TO:<a@example.com>"),
        at("RCPT TO:<b@example.com>"),
        at("DATA"),
        at("Subject: gate: Street"),
        at("."),
        at("QUIT"),
    ];
    assert!(order.is_sorted(), "{said:?}");
    assert!(said.contains(&format!("Message-ID: <{}@example.com>", known.id)));
}

#[tokio::test]
async fn a_mail_is_not_sent_in_the_open_where_tls_was_asked_for() {
    let server = Server::new(true, "250 yes").await;
    let mut config = server.config(MailTls::Starttls);
    // Nobody says that this certificate is to be believed.
    config.rules.trust = None;
    let known = sent(config).await;
    assert_eq!(known.state, DeliveryState::GivenUp);
    assert!(known.detail.unwrap().contains("no TLS"));
    assert!(!server.said.lock().unwrap().iter().any(|line| line.starts_with("MAIL")));
}

#[tokio::test]
async fn a_server_that_says_never_is_not_asked_again() {
    for (answer, tries, says) in [
        ("550 no such person", 1, "RCPT TO: the mail server says 550 no such person"),
        ("450 later", 2, "given up after 2 tries: RCPT TO: the mail server says 450 later"),
    ] {
        let server = Server::new(false, answer).await;
        let known = sent(server.config(MailTls::None)).await;
        assert_eq!((known.state, known.tries, known.detail.as_deref()), (DeliveryState::GivenUp, tries, Some(says)));
    }
}
