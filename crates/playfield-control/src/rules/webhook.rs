//! Webhooks: a signed POST, as Standard Webhooks 1.0 has it, of a CloudEvents 1.0 envelope.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use axum::http::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use playfield_store::db::Hash;

use super::connect::Connector;
use super::deliver::Outcome;
use super::sign::signature;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(15);
/// Most bytes of the head of an answer.
const HEAD: usize = 16 * 1024;

/// A POST to be made.
pub(super) struct Post<'a> {
    /// Where to.
    pub url: &'a str,
    /// The same each time it is tried.
    pub id: &'a str,
    /// When it is sent, in seconds of Unix time.
    pub seconds: u64,
    pub key: &'a Hash,
    pub body: &'a str,
    /// Whether only public addresses will do.
    pub public: bool,
}

/// Posts it, and says what became of it. Redirects are not followed: where they lead nobody wrote into the rule.
pub(super) async fn post(connector: &Connector, post: Post<'_>) -> Outcome {
    match tokio::time::timeout(ANSWER, send(connector, &post)).await {
        Ok(Ok(status)) if status.is_success() => Outcome::Done(format!("answered {status}")),
        Ok(Ok(StatusCode::GONE)) => Outcome::Never("answered 410 Gone: it wants no more of these".to_owned()),
        Ok(Ok(status)) if status.is_redirection() => {
            Outcome::Again(format!("answered {status}, which is not followed; write the address that it leads to"))
        }
        Ok(Ok(status)) => Outcome::Again(format!("answered {status}")),
        Ok(Err(problem)) => Outcome::Again(problem),
        Err(_) => Outcome::Again(format!("no answer within {} s", ANSWER.as_secs())),
    }
}

async fn send(connector: &Connector, post: &Post<'_>) -> Result<StatusCode, String> {
    let uri: Uri = post.url.parse().map_err(|_| format!("`{}` is no address", post.url))?;
    let authority = uri.authority().ok_or_else(|| format!("`{}` names no host", post.url))?;
    let tls = uri.scheme_str() == Some("https");
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let way = connector.connect(host, port, tls, post.public).await?;
    let request = Request::post(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority.as_str())
        .header(USER_AGENT, concat!("playfield/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/cloudevents+json")
        .header("webhook-id", post.id)
        .header("webhook-timestamp", post.seconds)
        .header("webhook-signature", signature(post.key, post.id, post.seconds, post.body))
        .body(Body::from(post.body.to_owned()))
        .map_err(|error| error.to_string())?;
    let broken = |error: hyper::Error| format!("{host}: {error}");
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(HEAD)
        .handshake(TokioIo::new(way))
        .await
        .map_err(broken)?;
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(sender.send_request(request));
    // The answer's head is all that counts; its body is left unread, and the connection closed.
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        ended = &mut connection => {
            ended.map_err(broken)?;
            answer.await
        }
    };
    Ok(answer.map_err(broken)?.status())
}
