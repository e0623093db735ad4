//! The sign-in: one secret for the installation, exchanged for a cookie; wrong tries are rationed by address.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use playfield_core::id::Token;
use playfield_store::db::{Db, DbError, Hash};
use tokio::time::Instant;

use crate::clock::now_ms;
use crate::config::Config;
use crate::failure::{Failure, Kind};
use crate::secret::{NoRandomness, hash, random, same};

/// How long a sign-in lasts.
pub(crate) const COOKIE_AGE: Duration = Duration::from_secs(30 * 24 * 3600);
/// Wrong tries an address may make at once.
const TRIES: f64 = 8.0;
/// Seconds until an address gets one more.
const REFILL_S: f64 = 15.0;
/// Addresses remembered. When that many have tried wrongly all start afresh: better than to shut everybody out.
const ADDRESSES: usize = 10_000;
const KEPT_AS: &str = "sign-in";

/// Who may sign in, and how often they tried.
pub(crate) struct Access {
    secret: Option<Hash>,
    tries: Mutex<HashMap<String, Tries>>,
}

#[derive(Clone, Copy)]
struct Tries {
    left: f64,
    at: Instant,
}

/// Why the sign-in cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

impl Access {
    /// Sets the sign-in up. Returns the token if it was made just now: nothing shows it again.
    pub(crate) async fn open(config: &Config, db: &Db) -> Result<(Access, Option<Token>), AccessError> {
        let (secret, shown) = match (config.needs_sign_in(), &config.sign_in_token) {
            (false, _) => (None, None),
            (true, Some(given)) => (Some(given_secret(given, db).await?), None),
            (true, None) => made_secret(db).await?,
        };
        Ok((Access { secret, tries: Mutex::default() }, shown))
    }

    /// Whether `token` is the sign-in token.
    pub(crate) fn knows(&self, token: &Hash) -> bool {
        self.secret.as_ref().is_some_and(|secret| same(secret, token))
    }

    /// Whether `token`, which came with a request in place of a cookie, is the sign-in token. What could be a guess counts as
    /// a try here too; what is as long as the secrets we make is none, and so a viewer's old token locks nobody out.
    pub(crate) fn admits(&self, token: &str, client: &str) -> Result<bool, Failure> {
        let known = self.knows(&hash(token.as_bytes()));
        let guessable = self.secret.is_some() && token.len() < Token::from_entropy([0; 32]).reveal().len();
        if guessable {
            // The right one costs none, and is not believed of who has none left.
            self.take_tries(client, if known { 0.0 } else { 1.0 })?;
        }
        Ok(known)
    }

    /// Somebody comes with a code: that may be a guess.
    pub(crate) fn try_code(&self, client: &str) -> Result<(), Failure> {
        self.take_tries(client, 1.0)
    }

    /// It was none.
    pub(crate) fn right_code(&self, client: &str) {
        self.give_try_back(client);
    }

    /// Exchanges the token for a cookie.
    pub(crate) async fn sign_in(&self, token: &Token, client: &str, db: &Db) -> Result<Token, Failure> {
        self.take_tries(client, 1.0)?;
        if !self.knows(&hash(token.reveal().as_bytes())) {
            return Err(Failure::new(
                Kind::BadToken,
                "this is not the sign-in token; the one who runs the server has it",
            ));
        }
        self.give_try_back(client);
        let cookie = Token::from_entropy(random()?);
        db.insert_cookie(hash(cookie.reveal().as_bytes()), now_ms() + COOKIE_AGE.as_millis() as u64).await?;
        Ok(cookie)
    }

    /// Taken before the token is looked at, so that tries at the same time count too.
    fn take_tries(&self, client: &str, taken: f64) -> Result<(), Failure> {
        let now = Instant::now();
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ADDRESSES {
            all.retain(|_, tries| tries.now(now) < TRIES);
        }
        if all.len() >= ADDRESSES {
            all.clear();
        }
        let tries = all.entry(client.to_owned()).or_insert(Tries { left: TRIES, at: now });
        let left = tries.now(now);
        if left < 1.0 {
            let wait = ((1.0 - left) * REFILL_S).ceil() as u32;
            let detail = format!("too many wrong tokens from your address; try again in {wait} s");
            return Err(Failure::new(Kind::TooManyTries, detail).retry_after(wait));
        }
        *tries = Tries { left: left - taken, at: now };
        Ok(())
    }

    fn give_try_back(&self, client: &str) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(client);
    }
}

impl Tries {
    fn now(self, now: Instant) -> f64 {
        (self.left + (now - self.at).as_secs_f64() / REFILL_S).min(TRIES)
    }
}

/// A token that was given replaces an earlier one; who signed in with that is signed out.
async fn given_secret(given: &Token, db: &Db) -> Result<Hash, DbError> {
    let secret = hash(given.reveal().as_bytes());
    if db.kept(KEPT_AS).await?.as_deref() != Some(&secret) {
        db.remove_all_cookies().await?;
        db.keep(KEPT_AS, secret.to_vec()).await?;
    }
    Ok(secret)
}

async fn made_secret(db: &Db) -> Result<(Option<Hash>, Option<Token>), AccessError> {
    if let Some(kept) = db.kept(KEPT_AS).await?.and_then(|kept| Hash::try_from(kept).ok()) {
        return Ok((Some(kept), None));
    }
    let token = Token::from_entropy(random()?);
    let secret = hash(token.reveal().as_bytes());
    db.keep(KEPT_AS, secret.to_vec()).await?;
    Ok((Some(secret), Some(token)))
}
