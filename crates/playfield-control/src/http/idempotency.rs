//! `Idempotency-Key`: a request that comes twice is done once. What is kept of the answer lacks the viewer's token, which
//! is derived anew from the key.

use axum::http::HeaderMap;
use playfield_core::api::CreatedSession;
use playfield_core::id::Token;
use playfield_store::db::{Begun, Hash};

use crate::app::App;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::secret::{derive, hash};
use crate::sessions::Asked;

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

/// Creates the session that is asked for, or finds the one that was created for the same request before.
pub(super) async fn once(app: &App, asked: Asked, request: Hash) -> Result<CreatedSession, Failure> {
    let Some(key) = asked.key else { return app.create_session(asked).await };
    let caller = asked.client.clone();
    match app.db.begin_request(caller.clone(), key, request, now_ms()).await? {
        Begun::New => {}
        Begun::Answered(kept) => return again(app, &key, &kept),
        Begun::Working => {
            let detail = "this request came before and is being worked on; try again in a moment";
            return Err(Failure::new(Kind::InProgress, detail).retry_after(1));
        }
        Begun::Different => {
            let detail = "this idempotency key came before with another request; make up a new key for each request";
            return Err(Failure::new(Kind::KeyReused, detail));
        }
    }
    let created = app.create_session(asked).await;
    match &created {
        Ok(created) => {
            let mut kept = created.clone();
            kept.viewer.token = Token::from(String::new());
            let kept = serde_json::to_vec(&kept).map_err(Failure::internal)?;
            app.db.finish_request(caller, key, kept).await?;
        }
        // What failed may be tried again under the same key.
        Err(_) => app.db.forget_request(caller, key).await?,
    }
    created
}

fn again(app: &App, key: &Hash, kept: &[u8]) -> Result<CreatedSession, Failure> {
    let mut created: CreatedSession = serde_json::from_slice(kept).map_err(Failure::internal)?;
    created.viewer.token = derive(&app.secret, key, &created.session.id);
    Ok(created)
}
