//! Writes that are done once, whatever number of times they are asked for: the functions over `windlass.idempotency`.
//!
//! Both run inside of the write's own transaction, so that a stored reply exists exactly if the write does.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;

use super::connection::{Connection, Failed};
use crate::error::{Code, Error};

/// Claims a key for the transaction: text, and types of its parameters.
const CLAIM: (&str, &[Type]) = (
    "select state, status, headers, body from windlass.idempotency_claim($1, $2)",
    &[Type::BYTEA, Type::BYTEA],
);

/// Keeps a reply under a key that was claimed.
const KEEP: (&str, &[Type]) = (
    "select windlass.idempotency_keep($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    &[
        Type::BYTEA,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::BYTEA,
        Type::INT2,
        Type::TEXT,
        Type::BYTEA,
    ],
);

/// Largest body that is kept, in bytes; the table has a check of the same size.
pub const MAX_BODY: usize = 4 << 20;

/// The name of a write, and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The client's key.
    pub key: String,
    /// Who asks: two principals' equal keys are two keys.
    pub principal: String,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// SHA-256 of all that the reply depends on.
    pub fingerprint: [u8; 32],
}

impl Once {
    /// SHA-256 of what names the write; each part with its length, so that none can pass for two.
    #[must_use]
    pub fn scope(&self) -> [u8; 32] {
        digest([&self.principal, &self.method, &self.path, &self.key].map(|part| part.as_bytes()))
    }
}

/// SHA-256 over parts, each with its length in front.
#[must_use]
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// A reply as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its status.
    pub status: u16,
    /// Names and values of its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Whether it was kept by an earlier request.
    pub replayed: bool,
}

impl Connection {
    /// The reply that is kept under this name; `None` if the write is to be done now, by nobody else until it ends.
    pub(super) async fn claim(&self, once: &Once) -> Result<Option<Kept>, Failed> {
        let claim = self.prepare_typed(CLAIM).await.map_err(Failed::Database)?;
        let (scope, fingerprint) = (once.scope(), once.fingerprint);
        let row = self
            .client
            .query_one(&claim, &[&&scope[..], &&fingerprint[..]])
            .await
            .map_err(Failed::Database)?;
        let state: &str = row.try_get(0).map_err(Failed::Database)?;
        match state {
            "new" => Ok(None),
            "kept" => {
                let status: i16 = row.try_get(1).map_err(Failed::Database)?;
                let headers: &str = row.try_get(2).map_err(Failed::Database)?;
                Ok(Some(Kept {
                    status: u16::try_from(status).map_err(Error::internal)?,
                    headers: serde_json::from_str(headers).map_err(Error::internal)?,
                    body: row.try_get(3).map_err(Failed::Database)?,
                    replayed: true,
                }))
            }
            "other" => Err(Error::new(Code::IdempotencyMismatch, Code::IdempotencyMismatch.title())
                .with_details("the same key came with another query, body or header before")
                .with_hint("take a new key for each write, and the same one only to send that write again")
                .into()),
            _ => Err(Error::new(Code::IdempotencyInFlight, Code::IdempotencyInFlight.title())
                .with_hint("send it again with the same key")
                .with_retry_after(1)
                .into()),
        }
    }

    pub(super) async fn keep(&self, once: &Once, kept: &Kept) -> Result<(), Failed> {
        if kept.body.len() > MAX_BODY {
            return Err(Error::new(
                Code::BadHeader,
                "The reply is too large to be kept for an Idempotency-Key",
            )
            .with_details(format!("at most {} bytes are kept; nothing was changed", MAX_BODY))
            .with_hint("ask for `Prefer: return=minimal`, or send fewer rows at once")
            .into());
        }
        let keep = self.prepare_typed(KEEP).await.map_err(Failed::Database)?;
        let (scope, fingerprint) = (once.scope(), once.fingerprint);
        let status = i16::try_from(kept.status).map_err(Error::internal)?;
        let headers = serde_json::to_string(&kept.headers).map_err(Error::internal)?;
        self.client
            .query_one(
                &keep,
                &[
                    &&scope[..],
                    &once.key,
                    &once.principal,
                    &once.method,
                    &once.path,
                    &&fingerprint[..],
                    &status,
                    &headers,
                    &kept.body,
                ],
            )
            .await
            .map(drop)
            .map_err(Failed::Database)
    }
}
