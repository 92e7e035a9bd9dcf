//! Which credentials a request carries, before anything is verified.

use salvo::http::HeaderMap;

use super::invalid;
use crate::error::{Code, Error, Result};

/// How every API key begins.
pub(super) const PREFIX: &str = "wl_";

/// The headers in which credentials come.
pub(super) const NAMES: &[&str] = &["authorization", "apikey", "x-api-key"];

/// What is to be verified.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Credential<'a> {
    /// An API key.
    Key(&'a str),
    /// Anything else: a token.
    Token(&'a str),
}

/// The credentials of a request. `Authorization` goes before the headers for keys: Supabase's clients send both, and mean the
/// former.
///
/// # Errors
/// `bad_header` for a header that comes twice, `unauthenticated` for one that holds no credentials.
pub(super) fn of(headers: &HeaderMap) -> Result<Option<Credential<'_>>> {
    if let Some(value) = single(headers, "authorization")? {
        let (scheme, credential) = value.split_once(' ').unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(invalid("the header Authorization is not of the scheme Bearer"));
        }
        return told(credential.trim_matches(' ')).map(Some);
    }
    for name in ["apikey", "x-api-key"] {
        if let Some(value) = single(headers, name)? {
            return told(value).map(Some);
        }
    }
    Ok(None)
}

fn told(text: &str) -> Result<Credential<'_>> {
    if text.is_empty() {
        return Err(invalid("the credentials are empty"));
    }
    Ok(if text.starts_with(PREFIX) {
        Credential::Key(text)
    } else {
        Credential::Token(text)
    })
}

/// The only value of a header.
fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Error::new(Code::BadHeader, Code::BadHeader.title())
            .with_details(format!("the header {name} comes more than once"))
            .with_hint("send one kind of credentials, once"));
    }
    let text = value.to_str().map_err(|_| invalid("the credentials are not text"))?;
    Ok(Some(text.trim_matches(' ')))
}

#[cfg(test)]
mod tests {
    use salvo::http::HeaderValue;

    use super::*;

    #[test]
    fn credentials_are_found_where_clients_put_them() {
        use Code::{BadHeader, Unauthenticated};
        let key = |text| Ok(Some(Credential::Key(text)));
        let token = |text| Ok(Some(Credential::Token(text)));
        type Found = Result<Option<Credential<'static>>, Code>;
        type Sent = [(&'static str, &'static [u8])];
        let cases: &[(&Sent, Found)] = &[
            (&[], Ok(None)),
            (&[("authorization", b"Bearer wl_x")], key("wl_x")),
            (&[("authorization", b"bearer   a.b.c")], token("a.b.c")),
            (&[("apikey", b"wl_x")], key("wl_x")),
            (&[("x-api-key", b"wl_x")], key("wl_x")),
            (&[("apikey", b"a.b.c")], token("a.b.c")),
            (
                &[("authorization", b"Bearer a.b.c"), ("apikey", b"wl_x")],
                token("a.b.c"),
            ),
            (&[("authorization", b"Bearer")], Err(Unauthenticated)),
            (&[("authorization", b"Bearer ")], Err(Unauthenticated)),
            (&[("authorization", b"")], Err(Unauthenticated)),
            (&[("authorization", b"wl_x")], Err(Unauthenticated)),
            (&[("authorization", b"Basic eDp5")], Err(Unauthenticated)),
            (&[("authorization", b"Bearer \xff")], Err(Unauthenticated)),
            (&[("apikey", b"")], Err(Unauthenticated)),
            (
                &[("authorization", b"Bearer wl_x"), ("authorization", b"Bearer wl_y")],
                Err(BadHeader),
            ),
            (&[("apikey", b"wl_x"), ("apikey", b"wl_x")], Err(BadHeader)),
        ];
        for (sent, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in *sent {
                headers.append(*name, HeaderValue::from_bytes(value).unwrap());
            }
            let found = of(&headers).map_err(|error| error.code());
            assert_eq!(found.as_ref(), expected.as_ref(), "{sent:?}");
        }
    }
}
