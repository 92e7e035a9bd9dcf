//! A key that verifies by one algorithm.

use std::fmt;
use std::path::Path;

use ring::hmac;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};

use super::read;
use crate::config::{Algorithm, Material, TokenKey};

/// Largest file with keys, in bytes.
const LARGEST: u64 = 256 * 1024;

/// A key, its name and its only algorithm.
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    parts: Parts,
}

/// What a key is made of; its type follows from the algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parts {
    /// A secret.
    Secret(Vec<u8>),
    /// Modulus and exponent, big endian without zeros in front.
    Rsa {
        /// Modulus.
        n: Vec<u8>,
        /// Exponent.
        e: Vec<u8>,
    },
    /// An uncompressed point (SEC 1 §2.3.3) of P-256.
    P256(Vec<u8>),
    /// An uncompressed point of P-384.
    P384(Vec<u8>),
    /// RFC 8032 §5.1.5: 32 bytes.
    Ed25519(Vec<u8>),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, …)", self.algorithm.as_str())
    }
}

/// The keys that an entry of the settings names: one, or those of a set that fit its algorithm.
pub(super) fn read(settings: &TokenKey, directory: &Path) -> Result<Vec<Key>, String> {
    let algorithm = settings.algorithm;
    let found = match &settings.material {
        Material::Secret(secret) => vec![(None, Parts::Secret(secret.reveal().clone()))],
        Material::Url(_) => return Err("it is fetched when it is needed".to_owned()),
        Material::File(path) => {
            let path = directory.join(path);
            let shown = path.display();
            let size = std::fs::metadata(&path)
                .map_err(|error| format!("cannot read {shown}: {error}"))?
                .len();
            if size > LARGEST {
                return Err(format!("{shown} has more than {LARGEST} bytes"));
            }
            let bytes = std::fs::read(&path).map_err(|error| format!("cannot read {shown}: {error}"))?;
            read::keys(&bytes, algorithm).map_err(|why| format!("{shown}: {why}"))?
        }
    };
    let kid = |found: Option<String>| settings.kid.clone().or(found);
    found
        .into_iter()
        .map(|(found, parts)| Key::new(algorithm, kid(found), parts))
        .collect()
}

/// Whether a key is of the algorithm's type, and strong enough for it.
fn usable(algorithm: Algorithm, parts: &Parts) -> Result<(), String> {
    use Algorithm::{EdDsa, Es256, Es384, Hs256, Hs384, Hs512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    let name = algorithm.as_str();
    match (algorithm, parts) {
        (Hs256 | Hs384 | Hs512, Parts::Secret(secret)) => match algorithm.least_secret() {
            Some(least) if secret.len() < least => Err(format!("a secret for {name} has at least {least} bytes")),
            _ => Ok(()),
        },
        (Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512, Parts::Rsa { n, .. }) => {
            // RFC 7518 §3.3: 2048 bits or more.
            if n.len() < 256 || n.len() > 1024 {
                return Err("an RSA key has 2048 to 8192 bits".to_owned());
            }
            Ok(())
        }
        (Es256, Parts::P256(_)) | (Es384, Parts::P384(_)) | (EdDsa, Parts::Ed25519(_)) => Ok(()),
        _ => Err(format!("the key is of another type than {name} needs")),
    }
}

impl Key {
    /// A key that is good for one algorithm.
    ///
    /// # Errors
    /// For one of another type, or too weak for it.
    pub(super) fn new(algorithm: Algorithm, kid: Option<String>, parts: Parts) -> Result<Self, String> {
        usable(algorithm, &parts)?;
        Ok(Self { algorithm, kid, parts })
    }

    /// Whether this key made the signature.
    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> bool {
        use Algorithm::{EdDsa, Es256, Es384, Hs256, Hs384, Hs512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        let keyed = |algorithm: hmac::Algorithm, secret: &[u8]| {
            hmac::verify(&hmac::Key::new(algorithm, secret), signed, signature).is_ok()
        };
        let rsa = |parameters: &signature::RsaParameters, n: &Vec<u8>, e: &Vec<u8>| {
            RsaPublicKeyComponents { n, e }
                .verify(parameters, signed, signature)
                .is_ok()
        };
        let point = |algorithm: &'static dyn signature::VerificationAlgorithm, bytes: &Vec<u8>| {
            UnparsedPublicKey::new(algorithm, bytes)
                .verify(signed, signature)
                .is_ok()
        };
        match (self.algorithm, &self.parts) {
            (Hs256, Parts::Secret(secret)) => keyed(hmac::HMAC_SHA256, secret),
            (Hs384, Parts::Secret(secret)) => keyed(hmac::HMAC_SHA384, secret),
            (Hs512, Parts::Secret(secret)) => keyed(hmac::HMAC_SHA512, secret),
            (Rs256, Parts::Rsa { n, e }) => rsa(&signature::RSA_PKCS1_2048_8192_SHA256, n, e),
            (Rs384, Parts::Rsa { n, e }) => rsa(&signature::RSA_PKCS1_2048_8192_SHA384, n, e),
            (Rs512, Parts::Rsa { n, e }) => rsa(&signature::RSA_PKCS1_2048_8192_SHA512, n, e),
            (Ps256, Parts::Rsa { n, e }) => rsa(&signature::RSA_PSS_2048_8192_SHA256, n, e),
            (Ps384, Parts::Rsa { n, e }) => rsa(&signature::RSA_PSS_2048_8192_SHA384, n, e),
            (Ps512, Parts::Rsa { n, e }) => rsa(&signature::RSA_PSS_2048_8192_SHA512, n, e),
            (Es256, Parts::P256(bytes)) => point(&signature::ECDSA_P256_SHA256_FIXED, bytes),
            (Es384, Parts::P384(bytes)) => point(&signature::ECDSA_P384_SHA384_FIXED, bytes),
            (EdDsa, Parts::Ed25519(bytes)) => point(&signature::ED25519, bytes),
            _ => false,
        }
    }
}
