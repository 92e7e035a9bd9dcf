//! Makes tokens, to try things out with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaEncoding, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Map, Value};

use crate::config::{Algorithm, Auth, Material, TokenKey};
use crate::error::{Code, Error, Result};

/// What a token is to say.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// `sub`
    pub subject: Option<String>,
    /// The role, at the claim that the settings name; so are these.
    pub role: Option<String>,
    /// The scopes.
    pub scopes: Vec<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// Further claims.
    pub claims: Map<String, Value>,
    /// How long it is valid.
    pub lifetime: Duration,
    /// A private key in PKCS #8 PEM, for algorithms with public keys.
    pub private: Option<Vec<u8>>,
    /// The name of the key to sign with; else the first that can.
    pub kid: Option<String>,
}

/// Signs a token with a key of the settings.
///
/// # Errors
/// `act_refused` where there is no key to sign with, with what to do.
pub fn mint(auth: &Auth, wanted: &Wanted, now: SystemTime) -> Result<String> {
    let fits = |key: &&TokenKey| {
        let secret = matches!(key.material, Material::Secret(_));
        wanted.kid.as_ref().is_none_or(|kid| key.kid.as_ref() == Some(kid)) && secret == wanted.private.is_none()
    };
    let key = auth.keys.iter().find(fits).ok_or_else(|| {
        Error::new(Code::ActRefused, "there is no key to sign with").with_hint(if auth.keys.is_empty() {
            "Set one: WINDLASS_AUTH_JWT_SECRET, `[auth.jwt] secret` or `[[auth.keys]]`."
        } else {
            "Secrets sign by themselves; for a public key name its private one with --key FILE."
        })
    })?;
    let mut header = Map::new();
    header.insert("alg".to_owned(), key.algorithm.as_str().into());
    header.insert("typ".to_owned(), "JWT".into());
    if let Some(kid) = &key.kid {
        header.insert("kid".to_owned(), kid.as_str().into());
    }
    let encode = |value: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(value).to_string());
    let signed = format!("{}.{}", encode(header), encode(claims(auth, wanted, now)));
    let signature = sign(key, wanted.private.as_deref(), signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn claims(auth: &Auth, wanted: &Wanted, now: SystemTime) -> Map<String, Value> {
    let rules = &auth.rules;
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut claims = Map::new();
    if let Some(issuer) = &rules.issuer {
        claims.insert("iss".to_owned(), issuer.as_str().into());
    }
    if let Some(audience) = rules.audience.first() {
        claims.insert("aud".to_owned(), audience.as_str().into());
    }
    if let Some(subject) = &wanted.subject {
        claims.insert("sub".to_owned(), subject.as_str().into());
    }
    claims.insert("iat".to_owned(), now.as_secs().into());
    claims.insert("exp".to_owned(), now.saturating_add(wanted.lifetime).as_secs().into());
    for (path, value) in [(&rules.role_claim, &wanted.role), (&rules.tenant_claim, &wanted.tenant)] {
        if let Some(value) = value {
            put(&mut claims, path, value.as_str().into());
        }
    }
    if !wanted.scopes.is_empty() {
        put(&mut claims, &rules.scope_claim, wanted.scopes.join(" ").into());
    }
    claims.extend(wanted.claims.clone());
    claims
}

/// Puts a value at a path. An address is a name, not a path.
fn put(claims: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.').filter(|_| !path.contains('/')) {
        None => _ = claims.insert(path.to_owned(), value),
        Some((first, rest)) => {
            let inner = claims.entry(first).or_insert_with(|| Map::new().into());
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn sign(key: &TokenKey, private: Option<&[u8]>, message: &[u8]) -> Result<Vec<u8>> {
    use Algorithm::{EdDsa, Es256, Es384, Hs256, Hs384, Hs512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    if let Material::Secret(secret) = &key.material {
        let algorithm = match key.algorithm {
            Hs384 => hmac::HMAC_SHA384,
            Hs512 => hmac::HMAC_SHA512,
            _ => hmac::HMAC_SHA256,
        };
        let key = hmac::Key::new(algorithm, secret.reveal());
        return Ok(hmac::sign(&key, message).as_ref().to_vec());
    }
    let unusable = || {
        Error::new(
            Code::ActRefused,
            format!("the private key cannot be used for {}", key.algorithm.as_str()),
        )
        .with_hint("It must be PKCS #8 PEM: `openssl pkcs8 -topk8 -nocrypt` makes it.")
    };
    let der = PrivatePkcs8KeyDer::from_pem_slice(private.unwrap_or_default()).map_err(|_| unusable())?;
    let der = der.secret_pkcs8_der();
    let random = SystemRandom::new();
    let rsa = |padding: &'static dyn RsaEncoding| {
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| unusable())?;
        let mut signature = vec![0; pair.public().modulus_len()];
        let signed = pair.sign(padding, &random, message, &mut signature);
        signed.map_err(|_| unusable())?;
        Ok(signature)
    };
    let ecdsa = |algorithm| {
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, der, &random).map_err(|_| unusable())?;
        let signature = pair.sign(&random, message).map_err(|_| unusable())?;
        Ok(signature.as_ref().to_vec())
    };
    match key.algorithm {
        Rs256 => rsa(&signature::RSA_PKCS1_SHA256),
        Rs384 => rsa(&signature::RSA_PKCS1_SHA384),
        Rs512 => rsa(&signature::RSA_PKCS1_SHA512),
        Ps256 => rsa(&signature::RSA_PSS_SHA256),
        Ps384 => rsa(&signature::RSA_PSS_SHA384),
        Ps512 => rsa(&signature::RSA_PSS_SHA512),
        Es256 => ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
        Es384 => ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
        EdDsa => {
            // Older files leave the public key out.
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| unusable())?;
            Ok(pair.sign(message).as_ref().to_vec())
        }
        Hs256 | Hs384 | Hs512 => Err(unusable()),
    }
}
