//! Cursors: the order's values of one row, sealed so that nobody but this project can have made them.
//!
//! A cursor is base64url (RFC 4648 §5) of a version, the direction, what it is bound to, the values, and an HMAC-SHA256
//! (RFC 2104) over all of it. It holds nothing that its reader may not see: who may not read a column cannot order by it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::{By, Order, Principal, Subject};
use crate::contract::Resource;
use crate::error::{Code, Error, Result};
use crate::request::Key as StepKey;

const VERSION: u8 = 1;
/// Bytes of the HMAC.
const TAG: usize = 32;
/// Bytes of a binding.
const BOUND: usize = 16;
/// A longer one is not given away: clients take 16 kB of headers, in which two of them must have room.
const LONGEST: usize = 4_000;

/// A place in an order: beside which row a page begins, and on which side of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The row's values in Postgres's text form, one per term of the order; `None` is null.
    pub values: Vec<Option<String>>,
    /// The page ends before the row, instead of beginning after it.
    pub backward: bool,
}

/// What a cursor belongs to: one resource, order, filter and principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding([u8; BOUND]);

/// Seals and opens cursors. Processes that share a database share the key.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// A key of 32 random bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        // RFC 2104 §2: a key shorter than a block is filled up with zeros.
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self(Hmac::new(&block.into()))
    }
}

impl Binding {
    /// What cursors of this order over rows narrowed by these parameters are bound to.
    #[must_use]
    pub fn new(resource: &Resource, order: &[Order], narrowing: &[(String, String)], principal: &Principal) -> Self {
        let mut hash = Sha256::new();
        // Lengths first: no two lists of words give the same bytes.
        let mut add = |text: &str| {
            hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(text);
        };
        add(&resource.path);
        for term in order {
            match &term.by {
                By::Own(subject) => add_subject(resource, subject, &mut add),
                By::Related(embed, subject) => {
                    embed.way.steps().for_each(&mut add);
                    add_subject(&embed.way.target, subject, &mut add);
                }
                By::Output(_) | By::Nearest(_) => continue,
            }
            add(if term.descending { "desc" } else { "asc" });
            add(if term.nulls_first() { "first" } else { "last" });
        }
        add("");
        for (name, value) in narrowing {
            add(name);
            add(value);
        }
        if let Some(identity) = principal.identity() {
            // After a word that no narrowing parameter is named.
            add("");
            add(&identity.id);
        }
        let mut binding = [0; BOUND];
        for (to, from) in binding.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self(binding)
    }
}

fn add_subject(resource: &Resource, subject: &Subject, add: &mut impl FnMut(&str)) {
    let Some(field) = resource.fields.get(subject.field) else {
        return;
    };
    add(&field.name);
    for step in &subject.path {
        add(if step.text { "->>" } else { "->" });
        match &step.key {
            StepKey::Name(name) => add(name),
            StepKey::Index(index) => add(&index.to_string()),
        }
    }
    add(&subject.pg_type(field).base);
}

impl Cursor {
    /// Its sealed text; none if that would be too long for a header.
    #[must_use]
    pub fn seal(&self, key: &Key, binding: Binding) -> Option<String> {
        let mut bytes = vec![VERSION, u8::from(self.backward)];
        bytes.extend(binding.0);
        for value in &self.values {
            match value {
                None => bytes.push(0),
                Some(text) => {
                    bytes.push(1);
                    bytes.extend(u32::try_from(text.len()).ok()?.to_le_bytes());
                    bytes.extend(text.as_bytes());
                }
            }
        }
        let mut mac = key.0.clone();
        mac.update(&bytes);
        bytes.extend(mac.finalize().into_bytes());
        let text = URL_SAFE_NO_PAD.encode(bytes);
        (text.len() <= LONGEST).then_some(text)
    }

    /// Opens a sealed text.
    ///
    /// # Errors
    /// `bad_query` if nobody with the key made it, or it was made for another resource, order, filter or principal.
    pub fn open(text: &str, key: &Key, binding: Binding) -> Result<Self> {
        let broken = || refused("it is broken, or was not made here");
        let strange = |(_, c): &(usize, char)| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if let Some((at, c)) = text.chars().enumerate().find(strange) {
            let place = at + 1;
            return Err(refused(&format!(
                "character {place}: expected a letter, a digit, `-` or `_`, found `{c}`"
            )));
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| broken())?;
        let at = bytes.len().checked_sub(TAG).ok_or_else(broken)?;
        let (body, tag) = bytes.split_at_checked(at).ok_or_else(broken)?;
        let mut mac = key.0.clone();
        mac.update(body);
        mac.verify_slice(tag).map_err(|_| broken())?;
        let (&[version, backward], rest) = body.split_first_chunk().ok_or_else(broken)?;
        if version != VERSION {
            return Err(refused("it was made by another version"));
        }
        let (bound, rest) = rest.split_first_chunk::<BOUND>().ok_or_else(broken)?;
        if *bound != binding.0 {
            return Err(refused(
                "it was made for another resource, order or filter, or for somebody else",
            ));
        }
        Ok(Self {
            values: values(rest).ok_or_else(broken)?,
            backward: backward == 1,
        })
    }
}

fn values(mut bytes: &[u8]) -> Option<Vec<Option<String>>> {
    let mut values = Vec::new();
    while let Some((mark, rest)) = bytes.split_first() {
        if *mark == 0 {
            values.push(None);
            bytes = rest;
            continue;
        }
        let (length, rest) = rest.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        values.push(Some(String::from_utf8(text.to_vec()).ok()?));
        bytes = rest;
    }
    Some(values)
}

fn refused(why: &str) -> Error {
    Error::new(Code::BadQuery, "The cursor cannot be used")
        .with_details(why)
        .with_hint(
            "take `cursor` as it stands in the `Link` of a reply, with the same filters and order; or begin again without it",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_opens() {
        let (key, other) = (Key::new(&[7; 32]), Key::new(&[8; 32]));
        let (bound, elsewhere) = (Binding([1; BOUND]), Binding([2; BOUND]));
        let cursor = Cursor {
            values: vec![Some("ż\"'".into()), None, Some(String::new())],
            backward: true,
        };
        let sealed = cursor.seal(&key, bound).unwrap();
        assert_eq!(Cursor::open(&sealed, &key, bound).unwrap(), cursor);
        assert!(Cursor::open(&sealed, &other, bound).is_err() && Cursor::open(&sealed, &key, elsewhere).is_err());
        for at in 0..sealed.len() {
            let mut forged = sealed.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(Cursor::open(&forged, &key, bound).is_err(), "{at}");
            assert!(Cursor::open(&sealed[..at], &key, bound).is_err(), "{at}");
        }
        let long = Cursor {
            values: vec![Some("x".repeat(20_000))],
            backward: false,
        };
        assert_eq!(long.seal(&key, bound), None);
    }
}
