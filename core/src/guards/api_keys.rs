//! API keys: made here, verified from memory.
//!
//! All keys that are valid stand in memory by their hash. Whether they are still those of the database is asked when they
//! were last compared longer ago than [`Freshness`] allows: one question for all requests that wait, and none without requests.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::data_types::PgTimestamp;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::credentials::PREFIX;
use super::invalid;
use crate::db::pool::Pool;
use crate::db::store::api_key::{self, Active, Entry, New};
use crate::db::store::migration_run::timestamp;
use crate::error::{Code, Error, Result};
use crate::plan::{Identity, Principal};

/// Random bytes of a key.
const BYTES: usize = 32;
/// Characters of a key that are kept to tell it from others, its prefix among them: 36 of its 256 bits.
const HINT: usize = 9;
/// How often uses are written down.
const WRITE: Duration = Duration::from_secs(10);

/// How old what is known of the keys may be.
#[derive(Debug, Clone, Copy)]
pub struct Freshness {
    /// Older: it is compared before it is used.
    pub compare: Duration,
    /// Older: it is not used any more, even if the database is away.
    pub most: Duration,
    /// An unknown key is looked for again once it is older than this.
    pub unknown: Duration,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            compare: Duration::from_secs(1),
            most: Duration::from_secs(5),
            unknown: Duration::from_millis(50),
        }
    }
}

/// What a new key is to be.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// What may be done with it.
    pub scopes: Vec<String>,
    /// For which tenant.
    pub tenant: Option<String>,
    /// In which role.
    pub role: Option<String>,
    /// How long it is valid; for ever without.
    pub lifetime: Option<Duration>,
    /// The operating system's user who makes it.
    pub created_by: String,
}

/// Makes a key and stores its hash; the key itself is given once, here.
///
/// # Errors
/// If the database is away, or the system has no randomness.
pub async fn mint(pool: &Pool, new: NewKey) -> Result<(String, Entry)> {
    let mut bytes = [0; BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::internal("the system gives no random bytes"))?;
    let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
    let row = New {
        name: new.name,
        hint: key.chars().take(HINT).collect(),
        hash: Sha256::digest(key.as_bytes()).to_vec(),
        scopes: new.scopes,
        tenant: new.tenant,
        role: new.role,
        created_by: new.created_by,
        expires_at: new.lifetime.map(|lifetime| timestamp(SystemTime::now() + lifetime)),
    };
    let entry = api_key::insert(pool, &row).await?;
    Ok((key, entry))
}

/// The keys of a database.
pub struct ApiKeys {
    shared: Arc<Shared>,
    writer: JoinHandle<()>,
}

struct Shared {
    pool: Pool,
    freshness: Freshness,
    known: ArcSwapOption<Known>,
    // Held while they are compared: who comes meanwhile waits for that, and asks nothing.
    comparing: tokio::sync::Mutex<()>,
    used: Mutex<HashMap<i64, PgTimestamp>>,
}

/// The keys as they were at a moment.
struct Known {
    generation: i64,
    by_hash: Arc<HashMap<Vec<u8>, Key>>,
    at: Instant,
}

struct Key {
    id: i64,
    expires_at: Option<PgTimestamp>,
    principal: Principal,
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeys(…)")
    }
}

impl Drop for ApiKeys {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

impl ApiKeys {
    /// The keys that a pool of the owner's connections leads to. Uses are written down by a task of its own.
    #[must_use]
    pub fn new(pool: Pool, freshness: Freshness) -> Self {
        let shared = Arc::new(Shared {
            pool,
            freshness,
            known: ArcSwapOption::empty(),
            comparing: tokio::sync::Mutex::default(),
            used: Mutex::default(),
        });
        let writing = Arc::clone(&shared);
        let writer = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(WRITE);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                writing.flush().await;
            }
        });
        Self { shared, writer }
    }

    /// Whose key it is.
    ///
    /// # Errors
    /// `unauthenticated` for one that is unknown, revoked or expired; `database_unavailable` where that cannot be told.
    pub async fn principal(&self, key: &str) -> Result<Principal> {
        let shared = &self.shared;
        let hash = Sha256::digest(key.as_bytes());
        let mut known = shared.known(shared.freshness.compare).await?;
        if !known.by_hash.contains_key(hash.as_slice()) {
            // It may have been made a moment ago. However many unknown keys come, they are looked for at this pace.
            tokio::time::sleep_until(known.at + shared.freshness.unknown).await;
            known = shared.known(shared.freshness.unknown).await?;
        }
        let found = known
            .by_hash
            .get(hash.as_slice())
            .ok_or_else(|| invalid("there is no such key"))?;
        let now = timestamp(SystemTime::now());
        if found.expires_at.is_some_and(|end| end.0 <= now.0) {
            return Err(invalid("the key has expired"));
        }
        let mut used = shared.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert(found.id, now);
        Ok(found.principal.clone())
    }

    /// Writes down when keys were used.
    pub async fn flush(&self) {
        self.shared.flush().await;
    }
}

impl Shared {
    /// What is known of the keys, compared with the database not longer ago than this.
    async fn known(&self, age: Duration) -> Result<Arc<Known>> {
        let fresh = |known: &Arc<Known>| known.at.elapsed() <= age;
        if let Some(known) = self.known.load_full().filter(fresh) {
            return Ok(known);
        }
        let _one = self.comparing.lock().await;
        let old = self.known.load_full();
        if let Some(known) = old.clone().filter(fresh) {
            return Ok(known);
        }
        // Taken before the question: what changes meanwhile is seen by the next.
        let at = Instant::now();
        match self.compare(old.as_deref(), at).await {
            Ok(known) => {
                let known = Arc::new(known);
                self.known.store(Some(Arc::clone(&known)));
                Ok(known)
            }
            Err(error) => match old.filter(|known| known.at.elapsed() <= self.freshness.most) {
                Some(known) => Ok(known),
                None => {
                    tracing::warn!("API keys cannot be verified: {error}");
                    Err(Error::new(Code::DatabaseUnavailable, Code::DatabaseUnavailable.title())
                        .with_retry_after(1)
                        .with_source(error))
                }
            },
        }
    }

    async fn compare(&self, old: Option<&Known>, at: Instant) -> Result<Known> {
        // Before the keys: with an older number they are only read once more.
        let generation = api_key::generation(&self.pool).await?;
        if let Some(old) = old.filter(|old| old.generation == generation) {
            return Ok(Known {
                generation,
                by_hash: Arc::clone(&old.by_hash),
                at,
            });
        }
        let keys = api_key::active(&self.pool).await?;
        let by_hash = keys.into_iter().map(|key| (key.hash.clone(), Key::from(key))).collect();
        Ok(Known {
            generation,
            by_hash: Arc::new(by_hash),
            at,
        })
    }

    async fn flush(&self) {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        if used.is_empty() {
            return;
        }
        let used: Vec<(i64, PgTimestamp)> = used.into_iter().collect();
        if let Err(error) = api_key::touch(&self.pool, &used).await {
            tracing::warn!("when API keys were last used could not be written down: {error}");
            let mut next = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            for (id, at) in used {
                next.entry(id).or_insert(at);
            }
        }
    }
}

impl From<Active> for Key {
    fn from(key: Active) -> Self {
        let subject = format!("key:{}", key.id);
        let mut claims = json!({ "sub": subject, "name": key.name, "scope": key.scopes.join(" ") });
        if let serde_json::Value::Object(members) = &mut claims {
            for (name, value) in [("role", &key.role), ("tenant", &key.tenant)] {
                if let Some(value) = value {
                    members.insert(name.to_owned(), value.as_str().into());
                }
            }
        }
        Self {
            id: key.id,
            expires_at: key.expires_at,
            principal: Principal::Known(Arc::new(Identity {
                id: subject.clone(),
                subject,
                role: key.role,
                scopes: key.scopes,
                tenant: key.tenant,
                claims: claims.to_string(),
            })),
        }
    }
}
