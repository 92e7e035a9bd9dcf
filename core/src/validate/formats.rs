//! Named formats of strings.

use std::net::{Ipv4Addr, Ipv6Addr};

use iri_string::types::UriStr;

use super::temporal::{self, Zone};
use crate::contract::Format;

/// Pydantic's type string and the phrase, if `text` does not have the format.
pub(super) fn fault(format: Format, text: &str) -> Option<(&'static str, &'static str)> {
    let mut ignored = String::new();
    match format {
        Format::Email => (!is_email(text)).then_some(("string_email", "not an e-mail address")),
        Format::Uri => UriStr::new(text)
            .is_err()
            .then_some(("url_parsing", "not an absolute URI")),
        Format::Uuid => (!is_uuid(text)).then_some(("uuid_parsing", "not a UUID")),
        Format::Hostname => (!is_hostname(text)).then_some(("string_hostname", "not a host name")),
        Format::Ipv4 => text
            .parse::<Ipv4Addr>()
            .is_err()
            .then_some(("ip_v4_address", "not an IPv4 address")),
        Format::Ipv6 => text
            .parse::<Ipv6Addr>()
            .is_err()
            .then_some(("ip_v6_address", "not an IPv6 address")),
        Format::DateTime => temporal::timestamp(text, Zone::Needed, true, &mut ignored)
            .err()
            .map(moment_fault),
        Format::Date => temporal::date(text).is_none().then_some(("date_parsing", DATE)),
        Format::Time => temporal::time(text, Zone::Optional, true, &mut ignored)
            .is_err()
            .then_some(("time_parsing", TIME)),
        Format::Duration => temporal::duration(text)
            .is_none_or(|duration| duration.signed)
            .then_some(("time_delta_parsing", DURATION)),
        Format::Phone => (!is_phone(text)).then_some(("string_phone", "not a phone number such as +14155550123")),
    }
}

pub(super) const DATE: &str = "not a date such as 2026-01-31";
pub(super) const TIME: &str = "not a time such as 13:45:00";
pub(super) const DURATION: &str = "not a duration such as P1DT12H";

/// What is wrong with a date with a time that needs an offset.
pub(super) fn moment_fault(fault: temporal::Fault) -> (&'static str, &'static str) {
    match fault {
        temporal::Fault::Unreadable => (
            "datetime_parsing",
            "not a date with a time such as 2026-01-31T13:45:00Z",
        ),
        temporal::Fault::NoOffset => ("timezone_aware", "must have an offset, such as Z or +02:00"),
        temporal::Fault::HasOffset => ("timezone_naive", "must not have an offset"),
    }
}

/// The addresses that HTML's `input type=email` and RFC 5321 both allow, with a dot in the domain:
/// a dot-atom of at most 64 bytes, `@`, a host name; at most 254 bytes in all.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    if text.len() > 254 || local.is_empty() || local.len() > 64 {
        return false;
    }
    let mut after_dot = true;
    for byte in local.bytes() {
        let is_dot = byte == b'.';
        if (is_dot && after_dot) || !(is_dot || is_atom(byte)) {
            return false;
        }
        after_dot = is_dot;
    }
    let Some((_, last)) = domain.rsplit_once('.') else {
        return false;
    };
    !after_dot && is_hostname(domain) && last.bytes().any(|b| !b.is_ascii_digit())
}

/// RFC 5322's `atext`, which HTML shares.
fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

/// RFC 1123: labels of 1 to 63 letters, digits and inner hyphens; at most 253 bytes.
fn is_hostname(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            let bytes = label.as_bytes();
            bytes.len() <= 63
                && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
                && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
                && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        })
}

/// RFC 9562's text form: 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(position, byte)| match position {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
    })
}
