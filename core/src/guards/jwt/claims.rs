//! What a verified token says.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::TokenRules;
use crate::db::once::digest;
use crate::plan::{Identity, Principal};
use crate::request::json::Json;

/// Checks the claims (RFC 7519 §4.1) and reads the principal from them. `text` is the JSON as it came.
///
/// # Errors
/// Why they are not valid, without their values.
pub(super) fn principal(
    claims: &Json<'_>,
    text: &str,
    rules: &TokenRules,
    now: SystemTime,
) -> Result<Principal, String> {
    let Json::Object(members) = claims else {
        return Err("the claims are no object".to_owned());
    };
    let of = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let leeway = rules.leeway.as_secs_f64();
    let end = moment(of("exp"), "exp")?.ok_or("the token has no end (`exp`)")?;
    if now >= end + leeway {
        return Err("the token has expired".to_owned());
    }
    if moment(of("nbf"), "nbf")?.is_some_and(|begin| now + leeway < begin) {
        return Err("the token is not valid yet".to_owned());
    }
    if moment(of("iat"), "iat")?.is_some_and(|made| now + leeway < made) {
        return Err("the token was made in the future".to_owned());
    }
    let issuer = string(of("iss"), "iss")?;
    if rules.issuer.is_some() && issuer != rules.issuer {
        return Err("the token is of another issuer (`iss`)".to_owned());
    }
    let audience = strings(of("aud"), "aud")?;
    if !rules.audience.is_empty() && !audience.iter().any(|one| rules.audience.contains(one)) {
        return Err("the token is for somebody else (`aud`)".to_owned());
    }
    let subject = string(of("sub"), "sub")?;
    let role = string(at(claims, &rules.role_claim), &rules.role_claim)?.filter(|role| !role.is_empty());
    let tenant = match at(claims, &rules.tenant_claim) {
        // As it is written: a number that is a key is whole.
        Some(Json::Number(number)) if number.bytes().all(|b| b.is_ascii_digit()) => Some((*number).to_owned()),
        other => string(other, &rules.tenant_claim)?.filter(|tenant| !tenant.is_empty()),
    };
    let scopes = match at(claims, &rules.scope_claim) {
        Some(Json::String(list)) => list.split_ascii_whitespace().map(ToOwned::to_owned).collect(),
        other => strings(other, &rules.scope_claim)?,
    };
    // Without a subject nothing but the whole token tells one from another.
    let whole = if subject.is_some() { "" } else { text };
    let parts = [&issuer, &subject, &role, &tenant].map(|part| part.as_deref().unwrap_or("").as_bytes());
    let id = digest(parts.into_iter().chain([whole.as_bytes()]));
    let id = id.iter().fold("token:".to_owned(), |mut id, byte| {
        for digit in [byte >> 4, byte & 15] {
            id.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        id
    });
    Ok(Principal::Known(Arc::new(Identity {
        id,
        subject: subject.unwrap_or_default(),
        role,
        scopes,
        tenant,
        claims: text.to_owned(),
    })))
}

/// The claim at a path. A name with dots in it, such as an address, is found as well.
fn at<'a, 'b>(value: &'a Json<'b>, path: &str) -> Option<&'a Json<'b>> {
    let Json::Object(members) = value else {
        return None;
    };
    let member = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    member(path).or_else(|| {
        path.match_indices('.').find_map(|(dot, _)| {
            let (first, rest) = path.split_at_checked(dot)?;
            at(member(first)?, rest.strip_prefix('.')?)
        })
    })
}

/// Seconds since 1970, perhaps with a fraction (RFC 7519 §2).
fn moment(value: Option<&Json<'_>>, name: &str) -> Result<Option<f64>, String> {
    match value {
        None => Ok(None),
        Some(Json::Number(number)) => match number.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() => Ok(Some(seconds)),
            _ => Err(format!("the claim `{name}` is no time")),
        },
        Some(_) => Err(format!("the claim `{name}` is no number")),
    }
}

fn string(value: Option<&Json<'_>>, name: &str) -> Result<Option<String>, String> {
    match value {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone().into_owned())),
        Some(_) => Err(format!("the claim `{name}` is no text")),
    }
}

/// A text, or a list of them.
fn strings(value: Option<&Json<'_>>, name: &str) -> Result<Vec<String>, String> {
    match value {
        Some(Json::Array(items)) => items
            .iter()
            .map(|item| match item {
                Json::String(text) => Ok(text.clone().into_owned()),
                _ => Err(format!("the claim `{name}` is no list of texts")),
            })
            .collect(),
        one => Ok(string(one, name)?.into_iter().collect()),
    }
}
