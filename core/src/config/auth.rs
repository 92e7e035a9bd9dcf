//! `[auth]`: by which keys tokens are verified, and what their claims mean.

use std::path::PathBuf;
use std::time::Duration;

use super::raw::{Raw, Value};
use super::secret::Secret;
use crate::diagnostic::Diagnostic;
use crate::suggest;

/// How a token is signed (RFC 7518 §3.1, RFC 8037 §3.1). `none` is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the standards")]
pub enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    /// All, in the order of the standards.
    pub const ALL: &'static [Self] = &[
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// Its name in a token's header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.as_str() == name)
    }

    /// The fewest bytes that a secret may have (RFC 7518 §3.2); none for algorithms with public keys.
    #[must_use]
    pub const fn least_secret(self) -> Option<usize> {
        match self {
            Self::Hs256 => Some(32),
            Self::Hs384 => Some(48),
            Self::Hs512 => Some(64),
            _ => None,
        }
    }
}

/// `[auth]`
#[derive(Debug, Clone)]
pub struct Auth {
    /// `[auth.jwt]`
    pub rules: TokenRules,
    /// The keys, that of `[auth.jwt] secret` first.
    pub keys: Vec<TokenKey>,
}

/// What a token must say, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// The `iss` that it must have.
    pub issuer: Option<String>,
    /// Of these one must be in its `aud`; without any, `aud` is not looked at.
    pub audience: Vec<String>,
    /// How far clocks may be apart.
    pub leeway: Duration,
    /// The claim with the role, a path with dots.
    pub role_claim: String,
    /// The claim with the scopes.
    pub scope_claim: String,
    /// The claim with the tenant.
    pub tenant_claim: String,
}

/// A key by which tokens are verified. It is good for one algorithm alone.
#[derive(Debug, Clone)]
pub struct TokenKey {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Its name; a token that names a key is verified by one of that name.
    pub kid: Option<String>,
    /// What it is made of.
    pub material: Material,
    place: Diagnostic,
}

/// What a key is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// The bytes of a secret.
    Secret(Secret<Vec<u8>>),
    /// A PEM, JWK or JWKS file, relative to the project.
    File(PathBuf),
    /// Where an issuer publishes a JWKS.
    Url(String),
}

impl TokenKey {
    /// A mistake in what it is made of, at its place in the settings.
    #[must_use]
    pub fn wrong(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            message: message.into(),
            ..self.place.clone()
        }
    }
}

/// The key of `[auth.jwt] secret`.
pub(super) fn simple(raw: &Raw, secret: String, algorithm: Algorithm) -> Result<TokenKey, String> {
    Ok(TokenKey {
        algorithm,
        kid: None,
        material: Material::Secret(strong(secret, algorithm)?),
        // Not the value itself, which is the secret.
        place: raw.wrong(""),
    })
}

/// An algorithm of secrets.
pub(super) fn symmetric(raw: &Raw) -> Result<Algorithm, String> {
    let algorithm = algorithm(raw)?;
    match algorithm.least_secret() {
        Some(_) => Ok(algorithm),
        None => Err("must be HS256, HS384 or HS512; public keys belong into `[[auth.keys]]`".to_owned()),
    }
}

fn algorithm(raw: &Raw) -> Result<Algorithm, String> {
    let names = Algorithm::ALL.iter().map(|algorithm| algorithm.as_str());
    let Value::Text(name) = &raw.value else {
        return Err("must be text in quotes".to_owned());
    };
    Algorithm::parse(name).ok_or_else(|| match suggest::nearest(name, names.clone()) {
        Some(near) => format!("there is no algorithm `{name}`; did you mean `{near}`?"),
        None => format!("must be one of {}", names.collect::<Vec<_>>().join(", ")),
    })
}

fn strong(secret: String, algorithm: Algorithm) -> Result<Secret<Vec<u8>>, String> {
    let least = algorithm.least_secret().unwrap_or(0);
    if secret.len() < least {
        let name = algorithm.as_str();
        return Err(format!(
            "must have at least {least} bytes for {name}: `openssl rand -hex {least}` makes one"
        ));
    }
    Ok(Secret::new(secret.into_bytes()))
}

/// `[[auth.keys]]`; every mistake goes to `wrong`.
pub(super) fn keys(raw: &Raw, wrong: &mut Vec<Diagnostic>) -> Vec<TokenKey> {
    let Value::List(items) = &raw.value else {
        wrong.push(raw.wrong("`auth.keys`: write each key as a section `[[auth.keys]]` of windlass.toml"));
        return Vec::new();
    };
    items.iter().filter_map(|item| key(item, wrong)).collect()
}

/// Whether nobody on the way can put keys of his own in the place of the issuer's.
fn is_safe(url: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        .iter()
        .any(|local| url.strip_prefix(local).is_some_and(|rest| rest.starts_with([':', '/'])));
    local || url.starts_with("https://")
}

fn key(item: &Raw, wrong: &mut Vec<Diagnostic>) -> Option<TokenKey> {
    const KNOWN: &[&str] = &["algorithm", "kid", "secret", "file", "url"];
    let Value::Table(entries) = &item.value else {
        wrong.push(item.wrong("`auth.keys`: write each key as a section `[[auth.keys]]`"));
        return None;
    };
    let before = wrong.len();
    let mut refuse = |raw: &Raw, name: &str, message: &str| {
        wrong.push(raw.wrong(format!("`auth.keys.{name}`: {message}")));
    };
    let (mut how, mut kid, mut secret, mut file, mut url) = (None, None, None, None, None);
    for (name, raw) in entries {
        let text = match &raw.value {
            Value::Text(text) if !text.is_empty() => text.clone(),
            _ => {
                refuse(raw, name, "must be text in quotes");
                continue;
            }
        };
        match name.as_str() {
            "algorithm" => match algorithm(raw) {
                Ok(algorithm) => how = Some(algorithm),
                Err(message) => refuse(raw, name, &message),
            },
            "kid" => kid = Some(text),
            "secret" => secret = Some((raw, text)),
            "url" if is_safe(&text) => url = Some((raw, text)),
            "url" => refuse(raw, name, "must begin with https://; http:// is for this machine alone"),
            "file" => file = Some((raw, PathBuf::from(text))),
            _ => {
                let near = suggest::help(name, KNOWN.iter().copied()).unwrap_or_default();
                refuse(raw, name, format!("there is no such key. {near}").trim());
            }
        }
    }
    if wrong.len() > before {
        return None;
    }
    let Some(algorithm) = how else {
        wrong.push(item.wrong("`auth.keys`: a key needs its `algorithm`, so that no token can choose one"));
        return None;
    };
    let (place, material) = match (secret, file, url) {
        (Some((raw, text)), None, None) if algorithm.least_secret().is_some() => match strong(text, algorithm) {
            Ok(secret) => (raw, Material::Secret(secret)),
            Err(message) => {
                wrong.push(raw.wrong(format!("`auth.keys.secret`: {message}")));
                return None;
            }
        },
        (None, None, Some((raw, url))) if algorithm.least_secret().is_none() => (raw, Material::Url(url)),
        (None, None, Some((raw, _))) => {
            wrong.push(raw.wrong("`auth.keys.url`: what is published is no secret"));
            return None;
        }
        (Some((raw, _)), None, None) => {
            let name = algorithm.as_str();
            wrong.push(raw.wrong(format!(
                "`auth.keys.secret`: {name} has public keys: name one with `file` or `url`"
            )));
            return None;
        }
        (None, Some((raw, path)), None) => (raw, Material::File(path)),
        _ => {
            wrong.push(item.wrong("`auth.keys`: a key needs one of `secret`, `file` and `url`"));
            return None;
        }
    };
    Some(TokenKey {
        algorithm,
        kid,
        material,
        place: place.wrong(""),
    })
}
