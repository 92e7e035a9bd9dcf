//! Writes that are done once, whatever number of times they are asked for: the functions over `windlass.idempotency`.
//!
//! Both run inside of the write's own transaction, so that a stored reply exists exactly if the write does.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;

/// Claims a key for the transaction: text, and types of its parameters.
pub(super) const CLAIM: (&str, &[Type]) = (
    "select state, status, headers, body from windlass.idempotency_claim($1, $2)",
    &[Type::BYTEA, Type::BYTEA],
);

/// Keeps a reply under a key that was claimed.
pub(super) const KEEP: (&str, &[Type]) = (
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
