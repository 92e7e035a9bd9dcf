//! Keys in files: PEM (RFC 7468) of public keys, JWK and JWKS (RFC 7517).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::pem::{PemObject, SectionKind};

use super::key::Parts;
use crate::config::Algorithm;
use crate::request::json::{self, Json};

/// Keys with their names.
type Named = Vec<(Option<String>, Parts)>;

/// Object identifiers, as DER has them.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// The keys of a file that are for an algorithm.
///
/// # Errors
/// Why there is none.
pub(super) fn keys(bytes: &[u8], algorithm: Algorithm) -> Result<Named, String> {
    let text = bytes.trim_ascii();
    if !text.starts_with(b"{") {
        return Ok(vec![(None, pem(text)?)]);
    }
    let value = json::parse(text).map_err(|error| format!("it is no JSON that can be read: {error}"))?;
    let Some(Json::Array(items)) = member(&value, "keys") else {
        let (kid, parts) = jwk(&value, algorithm)?.ok_or_else(|| other(algorithm))?;
        return Ok(vec![(kid, parts)]);
    };
    let mut found = Vec::new();
    for (place, item) in items.iter().enumerate() {
        // RFC 7517 §5: of a set, keys that are not understood are left out. Those that are, must be right.
        match jwk(item, algorithm) {
            Ok(key) => found.extend(key),
            Err(why) => return Err(format!("key {}: {why}", place + 1)),
        }
    }
    if found.is_empty() {
        return Err(other(algorithm));
    }
    Ok(found)
}

fn other(algorithm: Algorithm) -> String {
    format!("it holds no key for {}", algorithm.as_str())
}

fn member<'a, 'b>(value: &'a Json<'b>, wanted: &str) -> Option<&'a Json<'b>> {
    match value {
        Json::Object(members) => members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value),
        _ => None,
    }
}

fn text<'a>(value: &'a Json<'_>, wanted: &str) -> Option<&'a str> {
    match member(value, wanted) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}

/// A key of RFC 7518 §6 and RFC 8037 §2; none if it is for something else than verifying by this algorithm.
fn jwk(value: &Json<'_>, algorithm: Algorithm) -> Result<Option<(Option<String>, Parts)>, String> {
    let kind = text(value, "kty").ok_or("it is no JWK, as it has no `kty`")?;
    if text(value, "alg").is_some_and(|name| name != algorithm.as_str())
        || text(value, "use").is_some_and(|purpose| purpose != "sig")
    {
        return Ok(None);
    }
    if let Some(Json::Array(operations)) = member(value, "key_ops")
        && !operations
            .iter()
            .any(|operation| matches!(operation, Json::String(name) if name == "verify"))
    {
        return Ok(None);
    }
    let secret = algorithm.least_secret().is_some();
    let curve = text(value, "crv");
    let fits = match (kind, curve) {
        ("oct", _) => secret,
        ("RSA", _) => algorithm.as_str().starts_with("RS") || algorithm.as_str().starts_with("PS"),
        ("EC", Some("P-256")) => algorithm == Algorithm::Es256,
        ("EC", Some("P-384")) => algorithm == Algorithm::Es384,
        ("OKP", Some("Ed25519")) => algorithm == Algorithm::EdDsa,
        _ => false,
    };
    if !fits {
        return Ok(None);
    }
    if kind != "oct" && member(value, "d").is_some() {
        return Err("it is a private key: put the public one here, and keep that one where tokens are made".to_owned());
    }
    let bytes = |name: &str| -> Result<Vec<u8>, String> {
        let text = text(value, name).ok_or_else(|| format!("`{name}` is missing"))?;
        URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| format!("`{name}` is not base64url"))
    };
    let point = |length: usize| -> Result<Vec<u8>, String> {
        let (x, y) = (bytes("x")?, bytes("y")?);
        if x.len() != length || y.len() != length {
            return Err("`x` or `y` has not the length of the curve".to_owned());
        }
        Ok([&[4], x.as_slice(), y.as_slice()].concat())
    };
    let parts = match (kind, curve) {
        ("oct", _) => Parts::Secret(bytes("k")?),
        ("RSA", _) => Parts::Rsa {
            n: unsigned(&bytes("n")?),
            e: unsigned(&bytes("e")?),
        },
        ("EC", Some("P-256")) => Parts::P256(point(32)?),
        ("EC", _) => Parts::P384(point(48)?),
        _ => {
            let x = bytes("x")?;
            if x.len() != 32 {
                return Err("`x` has not 32 bytes".to_owned());
            }
            Parts::Ed25519(x)
        }
    };
    Ok(Some((text(value, "kid").map(ToOwned::to_owned), parts)))
}

fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default().to_vec()
}

/// The one public key of a PEM file.
fn pem(bytes: &[u8]) -> Result<Parts, String> {
    let mut sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes);
    let (kind, der) = match sections.next() {
        Some(Ok(section)) => section,
        Some(Err(_)) | None => return Err("it is neither PEM, JWK nor JWKS".to_owned()),
    };
    if sections.next().is_some() {
        return Err("it has several PEM sections: put each key into a file of its own".to_owned());
    }
    let broken = || "the key in it cannot be read".to_owned();
    match kind {
        SectionKind::PublicKey => public(&der).ok_or_else(broken),
        SectionKind::Certificate => {
            Err("it is a certificate: `openssl x509 -pubkey -noout` takes the public key out of it".to_owned())
        }
        SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
            Err("it is a private key: `openssl pkey -pubout` makes the public one, which belongs here".to_owned())
        }
        _ => Err("it holds no public key".to_owned()),
    }
}

/// `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
fn public(der: &[u8]) -> Option<Parts> {
    let mut outer = Der(der);
    let mut info = Der(outer.take(0x30)?);
    let mut how = Der(info.take(0x30)?);
    // A bit string begins with the number of bits that do not count: none.
    let key = info.take(0x03)?.strip_prefix(&[0])?;
    (outer.0.is_empty() && info.0.is_empty()).then_some(())?;
    let kind = how.take(0x06)?;
    if kind == RSA {
        return rsa(key);
    }
    if kind == ED25519 {
        return (key.len() == 32).then(|| Parts::Ed25519(key.to_vec()));
    }
    if kind != EC {
        return None;
    }
    let curve = how.take(0x06)?;
    let uncompressed = key.first() == Some(&4);
    match (curve, key.len()) {
        (P256, 65) if uncompressed => Some(Parts::P256(key.to_vec())),
        (P384, 97) if uncompressed => Some(Parts::P384(key.to_vec())),
        _ => None,
    }
}

/// `RSAPublicKey` (RFC 8017 §A.1.1).
fn rsa(der: &[u8]) -> Option<Parts> {
    let mut outer = Der(der);
    let mut numbers = Der(outer.take(0x30)?);
    let parts = Parts::Rsa {
        n: unsigned(numbers.take(0x02)?),
        e: unsigned(numbers.take(0x02)?),
    };
    (outer.0.is_empty() && numbers.0.is_empty()).then_some(parts)
}

/// What is left of a DER value (X.690 §8.1).
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The contents of the next element, which must have this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, first], rest) = self.0.split_first_chunk()?;
        if found != tag {
            return None;
        }
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let count = usize::from(first & 0x7f);
            let (digits, rest) = rest.split_at_checked(count).filter(|_| (1..=3).contains(&count))?;
            let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
            (length, rest)
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(contents)
    }
}
