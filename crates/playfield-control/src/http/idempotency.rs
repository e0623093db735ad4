//! `Idempotency-Key`: a request that comes twice is done once. What is kept of the answer lacks its token, which is derived
//! anew from the key.

use axum::http::HeaderMap;
use playfield_core::api::{CreatedInvite, CreatedSession, Joined};
use playfield_core::id::Token;
use playfield_store::db::{Begun, Hash};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::invites::join_path;
use crate::secret::{derive, hash};

const LONGEST: usize = 128;

/// The hash of the key that came with a request.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<Hash>, Failure> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let bytes = value.as_bytes();
    if bytes.is_empty() || bytes.len() > LONGEST || !bytes.iter().all(u8::is_ascii_graphic) {
        let detail = "`Idempotency-Key` must be 1 to 128 visible ASCII characters";
        return Err(Failure::new(Kind::Malformed, detail));
    }
    Ok(Some(hash(bytes)))
}

/// An answer with a token in it.
pub(super) trait Answer: Clone + Serialize + DeserializeOwned {
    /// The id that the token is derived for.
    fn id(&self) -> String;

    /// Puts another token in place of the one it has.
    fn set_token(&mut self, token: Token);
}

impl Answer for CreatedSession {
    fn id(&self) -> String {
        self.session.id.to_string()
    }

    fn set_token(&mut self, token: Token) {
        self.viewer.token = token;
    }
}

impl Answer for CreatedInvite {
    fn id(&self) -> String {
        self.invite.id.to_string()
    }

    fn set_token(&mut self, token: Token) {
        self.path = join_path(&token);
        self.token = token;
    }
}

impl Answer for Joined {
    fn id(&self) -> String {
        self.viewer.id.to_string()
    }

    fn set_token(&mut self, token: Token) {
        self.viewer.token = token;
    }
}

/// A request that may come twice: who sent it, its key, and a hash of all that it asks for.
pub(super) struct Once {
    pub caller: String,
    pub key: Option<Hash>,
    pub request: Hash,
}

impl Once {
    /// Does what is asked, or finds the answer that the same request got before. Run it in a task of its own: if it is dropped
    /// half-way, because the caller hung up, the key stays taken, and the caller who comes again is told to wait.
    pub(super) async fn answer<T: Answer>(
        self,
        app: &App,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let Once { caller, key, request } = self;
        let Some(key) = key else { return work.await };
        match app.db.begin_request(caller.clone(), key, request, now_ms()).await? {
            Begun::New => {}
            Begun::Answered(kept) => return again(app, &key, &kept),
            Begun::Working => {
                let detail = "this request came before and is being worked on; try again in a moment";
                return Err(Failure::new(Kind::InProgress, detail).retry_after(1));
            }
            Begun::Different => {
                let detail =
                    "this idempotency key came before with another request; make up a new key for each request";
                return Err(Failure::new(Kind::KeyReused, detail));
            }
        }
        let made = work.await;
        match &made {
            Ok(made) => {
                let mut kept = made.clone();
                kept.set_token(Token::from(String::new()));
                let kept = serde_json::to_vec(&kept).map_err(Failure::internal)?;
                app.db.finish_request(caller, key, kept).await?;
            }
            // What failed may be tried again under the same key.
            Err(_) => app.db.forget_request(caller, key).await?,
        }
        made
    }
}

fn again<T: Answer>(app: &App, key: &Hash, kept: &[u8]) -> Result<T, Failure> {
    let mut made: T = serde_json::from_slice(kept).map_err(Failure::internal)?;
    made.set_token(derive(&app.secret, key, &made.id()));
    Ok(made)
}
