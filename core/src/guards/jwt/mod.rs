//! JSON Web Tokens (RFC 7519), signed as RFC 7515 has it and verified as RFC 8725 asks.
//!
//! A key is good for one algorithm, which the settings name: what a token's header says only picks among the keys, and never
//! decides how it is verified. Signatures are checked by `ring`, in which a signature of another length, or a key of
//! another type, is no signature at all.

mod claims;
mod key;
mod read;
mod remote;
mod sign;

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use remote::Refresh;
pub use sign::{Wanted, mint};

use super::invalid;
use crate::config::{Auth, Material, TokenRules};
use crate::diagnostic::Diagnostic;
use crate::error::{Code, Error, Result};
use crate::plan::Principal;
use crate::request::json::{self, Json};
use key::Key;
use remote::Remote;

/// Longest token, in bytes.
const LONGEST: usize = 8 * 1024;
/// Most keys that one token is tried with.
const MOST_KEYS: usize = 16;

/// Verifies tokens.
#[derive(Debug)]
pub struct Verifier {
    keys: Vec<Key>,
    remotes: Vec<Arc<Remote>>,
    rules: TokenRules,
}

/// What came of trying keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    /// One of them made the signature.
    Fits,
    /// None of them made it.
    Unfit,
    /// None is for this token.
    Unknown,
}

/// What a token's header says (RFC 7515 §4).
struct Header {
    algorithm: String,
    kid: Option<String>,
}

impl Verifier {
    /// Reads the keys of a project in `directory`.
    ///
    /// # Errors
    /// Each key that cannot be used, with its place in the settings.
    pub fn open(auth: &Auth, directory: &Path) -> Result<Self, Vec<Diagnostic>> {
        let mut keys = Vec::new();
        let mut wrong = Vec::new();
        let mut remotes = Vec::new();
        for settings in &auth.keys {
            let read = match &settings.material {
                Material::Url(url) => {
                    let remote = Remote::new(url, settings.algorithm, settings.kid.clone());
                    remote.map(|remote| remotes.push(Arc::new(remote)))
                }
                Material::Secret(_) | Material::File(_) => key::read(settings, directory).map(|read| keys.extend(read)),
            };
            if let Err(message) = read {
                wrong.push(settings.wrong(message));
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self {
            keys,
            remotes,
            rules: auth.rules.clone(),
        })
    }

    /// With other times for fetching keys, before the first one is.
    #[must_use]
    pub fn with_refresh(mut self, refresh: Refresh) -> Self {
        for remote in self.remotes.iter_mut().filter_map(Arc::get_mut) {
            remote.refresh = refresh;
        }
        self
    }

    /// Whether there are keys at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.remotes.is_empty()
    }

    /// Whose token it is.
    ///
    /// # Errors
    /// `unauthenticated`, whatever is wrong with it; `keys_unavailable` where its issuer's keys cannot be had.
    pub async fn principal(&self, token: &str, now: SystemTime) -> Result<Principal> {
        let payload = self.payload(token).await?;
        let text = std::str::from_utf8(&payload).map_err(|_| invalid("the claims are not JSON"))?;
        // Refuses a name that comes twice (RFC 7519 §4), and what Postgres could not hold.
        let claims = json::parse(&payload).map_err(|_| invalid("the claims are not JSON that can be read"))?;
        claims::principal(&claims, text, &self.rules, now).map_err(|why| invalid(&why))
    }

    /// What was signed, whatever it says.
    async fn payload(&self, token: &str) -> Result<Vec<u8>> {
        if token.len() > LONGEST {
            return Err(invalid("the token is too long"));
        }
        let malformed = || invalid("the token is not of three parts in base64url");
        let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = signed.split_once('.').ok_or_else(malformed)?;
        // Strict: no padding, no other alphabet, no bits to spare. So one token has one spelling.
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
        let header = read_header(&header)?;
        self.verify(&header, signed.as_bytes(), &signature).await?;
        Ok(payload)
    }

    async fn verify(&self, header: &Header, signed: &[u8], signature: &[u8]) -> Result<()> {
        let mut tried = attempt(&self.keys, header, signed, signature);
        let mut away = false;
        for remote in &self.remotes {
            if tried == Tried::Fits {
                break;
            }
            if remote.algorithm.as_str() != header.algorithm {
                continue;
            }
            let Some(known) = remote.keys().await else {
                away = true;
                continue;
            };
            let mut found = attempt(&known.keys, header, signed, signature);
            // A key that nobody knows may be a new one. One without a name is new if no known one fits.
            if (found == Tried::Unknown || found == Tried::Unfit && header.kid.is_none())
                && let Some(newer) = remote.newer().await
            {
                found = attempt(&newer.keys, header, signed, signature);
            }
            if found != Tried::Unknown {
                tried = found;
            }
        }
        match tried {
            Tried::Fits => Ok(()),
            _ if away => Err(Error::new(Code::KeysUnavailable, Code::KeysUnavailable.title()).with_retry_after(5)),
            Tried::Unfit => Err(invalid("its signature does not fit")),
            Tried::Unknown => Err(invalid("there is no key for the algorithm and name in its header")),
        }
    }
}

/// Tries the keys that a token may be signed by.
fn attempt(keys: &[Key], header: &Header, signed: &[u8], signature: &[u8]) -> Tried {
    let fits = |key: &&Key| {
        let named = key.kid.as_deref().zip(header.kid.as_deref());
        key.algorithm.as_str() == header.algorithm && named.is_none_or(|(ours, theirs)| ours == theirs)
    };
    let mut keys = keys.iter().filter(fits).take(MOST_KEYS).peekable();
    if keys.peek().is_none() {
        Tried::Unknown
    } else if keys.any(|key| key.verify(signed, signature)) {
        Tried::Fits
    } else {
        Tried::Unfit
    }
}

/// Reads a header. What it may say of keys (`jwk`, `jku`, `x5u`, `x5c`) is never followed.
fn read_header(bytes: &[u8]) -> Result<Header> {
    let wrong = || invalid("its header is not one of a signed token");
    let Ok(Json::Object(members)) = json::parse(bytes) else {
        return Err(wrong());
    };
    let of = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let text = |wanted: &str| match of(wanted) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone().into_owned())),
        Some(_) => Err(wrong()),
    };
    // RFC 7515 §4.1.11: what is not understood must be refused, and nothing beyond the standard is. RFC 7797's `b64` needs it.
    if ["crit", "b64", "enc", "zip"].iter().any(|name| of(name).is_some()) {
        return Err(invalid("its header asks for what is not supported"));
    }
    if let Some(kind) = text("typ")? {
        let kind = kind.to_ascii_lowercase();
        let kind = kind.strip_prefix("application/").unwrap_or(&kind);
        if !matches!(kind, "jwt" | "at+jwt") {
            return Err(invalid("its type is not JWT"));
        }
    }
    Ok(Header {
        algorithm: text("alg")?.ok_or_else(wrong)?,
        kid: text("kid")?,
    })
}

#[cfg(test)]
mod tests;
