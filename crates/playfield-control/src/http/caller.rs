//! Who asks: the operator (signed in), or a viewer by its token.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use playfield_core::api::{EndReason, Role};
use playfield_core::id::{SessionId, ViewerId};
use playfield_store::db::ViewerRow;

use crate::app::Shared;
use crate::clock::now_ms;
use crate::config::{Config, Door};
use crate::failure::{Failure, Kind};
use crate::http::Peer;
use crate::secret::hash;

/// The name of the sign-in cookie.
pub(super) const COOKIE_NAME: &str = "playfield_sign_in";

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The address that limits are counted by.
    pub client: String,
    /// Signed in; at a local door everybody is.
    signed_in: bool,
    /// The viewer whose token came with the request.
    viewer: Option<ViewerRow>,
}

impl Caller {
    /// Who signed in may do what belongs to no session.
    pub(super) fn signed_in(&self) -> Result<(), Failure> {
        if self.signed_in { Ok(()) } else { Err(sign_in_first()) }
    }

    /// The viewer, who may only touch its own session.
    pub(super) fn viewer_of(&self, session: &SessionId) -> Result<&ViewerRow, Failure> {
        let missing = || Failure::new(Kind::BadToken, "send the viewer's token: `authorization: Bearer TOKEN`");
        let viewer = self.viewer.as_ref().ok_or_else(missing)?;
        if viewer.session == *session {
            return Ok(viewer);
        }
        Err(Failure::new(Kind::Forbidden, "this token belongs to a viewer of another session"))
    }

    /// Who may look at a session: its viewers, and, without a viewer's token, the operator.
    pub(super) fn may_see(&self, session: &SessionId) -> Result<(), Failure> {
        match self.viewer {
            Some(_) => self.viewer_of(session).map(drop),
            None => self.signed_in(),
        }
    }

    /// Who may end a session, invite others and change what they are: its host, and, without a viewer's token, the operator.
    pub(super) fn may_end(&self, session: &SessionId) -> Result<(), Failure> {
        self.may_see(session)?;
        match &self.viewer {
            Some(viewer) if viewer.person.role != Role::Host => {
                Err(Failure::new(Kind::Forbidden, "only the host of the session may do this"))
            }
            _ => Ok(()),
        }
    }

    /// The viewer whose token came with the request.
    pub(super) fn viewer_id(&self) -> Option<&ViewerId> {
        self.viewer.as_ref().map(|viewer| &viewer.person.viewer)
    }

    /// Whether the caller is this viewer.
    pub(super) fn is(&self, viewer: &ViewerId) -> bool {
        self.viewer.as_ref().is_some_and(|own| own.person.viewer == *viewer)
    }
}

/// Lets in who is known, with a [`Caller`] that says who.
pub(super) async fn known(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    match identify(&app, &head).await {
        Ok(caller) => {
            head.extensions.insert(caller);
            next.run(Request::from_parts(head, body)).await
        }
        Err(failure) => failure.into_response(),
    }
}

async fn identify(app: &Shared, head: &Parts) -> Result<Caller, Failure> {
    let client = client(&app.config, head);
    let signed_in = is_open(head) || has_cookie(app, &head.headers).await?;
    let Some(token) = bearer(&head.headers)? else {
        return if signed_in { Ok(Caller { client, signed_in, viewer: None }) } else { Err(sign_in_first()) };
    };
    // Looked up by its hash: how long that takes says nothing of the token.
    if let Some(viewer) = app.db.viewer_by_token(hash(token.as_bytes())).await? {
        if viewer.removed {
            let reason = EndReason::Kicked;
            return Err(Failure::new(Kind::Removed, reason.sentence()).because(reason));
        }
        return Ok(Caller { client, signed_in, viewer: Some(viewer) });
    }
    if app.access.admits(token, &client)? {
        return Ok(Caller { client, signed_in: true, viewer: None });
    }
    Err(Failure::new(Kind::BadToken, "no viewer has this token; start the title again"))
}

fn sign_in_first() -> Failure {
    Failure::new(
        Kind::SignInRequired,
        "this server asks for a sign-in; open /sign-in, or POST the token to /api/v1/sign-in",
    )
}

fn is_open(head: &Parts) -> bool {
    head.extensions.get::<Door>() == Some(&Door::Local)
}

async fn has_cookie(app: &Shared, headers: &HeaderMap) -> Result<bool, Failure> {
    match cookie(headers) {
        Some(cookie) => Ok(app.db.cookie_is_good(hash(cookie.as_bytes()), now_ms()).await?),
        None => Ok(false),
    }
}

/// The sign-in cookie, if one came.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}

/// The token that came with a request.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(Failure::new(Kind::BadToken, "the authorization header must be `Bearer TOKEN`")),
    }
}

/// The address that limits are counted by. A proxy that is trusted says whom it speaks for, last in its list.
pub(super) fn client(config: &Config, head: &Parts) -> String {
    let peer = head.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.to_canonical());
    let trusted = config.trusted_proxies.iter().any(|proxy| proxy.to_canonical() == peer);
    let said = || {
        let header = head.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        header.rsplit(',').next()?.trim().parse::<IpAddr>().ok()
    };
    bucket(trusted.then(said).flatten().unwrap_or(peer))
}

/// One household is one client: of IPv6 that is a /64.
fn bucket(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) if address.is_loopback() => address.to_string(),
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn a_client_is_an_address_or_a_network() {
        let check = |peer: &str, forwarded: Option<&str>, expect: &str| {
            let config = Config { trusted_proxies: vec!["10.0.0.1".parse().unwrap()], ..Config::default() };
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(Peer(peer.parse().unwrap()));
            if let Some(forwarded) = forwarded {
                request.headers_mut().insert("x-forwarded-for", forwarded.parse().unwrap());
            }
            assert_eq!(client(&config, &request.into_parts().0), expect);
        };
        check("192.0.2.7", None, "192.0.2.7");
        check("::ffff:192.0.2.7", None, "192.0.2.7");
        check("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64");
        check("192.0.2.7", Some("198.51.100.1"), "192.0.2.7");
        check("10.0.0.1", Some("6.6.6.6, 198.51.100.1"), "198.51.100.1");
        check("10.0.0.1", Some("nonsense"), "10.0.0.1");
    }

    #[test]
    fn the_sign_in_cookie_is_found_among_others() {
        let check = |cookies: &'static str, expect: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, cookies.parse().unwrap());
            assert_eq!(cookie(&headers), expect);
        };
        check("playfield_sign_in=abc", Some("abc"));
        check("a=b; playfield_sign_in=abc; c=d", Some("abc"));
        check("not_playfield_sign_in=abc", None);
    }
}
