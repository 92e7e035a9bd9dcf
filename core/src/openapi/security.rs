//! Which credentials operations ask for.

use salvo::oapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme};
use salvo::oapi::{Components, SecurityRequirement, SecurityScheme};

use crate::contract::Grant;

/// Tokens and keys in the header that HTTP has for them.
const BEARER: &str = "bearerAuth";
/// Keys in a header of their own.
const KEY: &str = "apiKeyAuth";

/// The alternatives of an operation; none where everybody is let in.
pub(super) fn requirements(grants: &[Grant]) -> Vec<SecurityRequirement> {
    if grants.contains(&Grant::Public) {
        return Vec::new();
    }
    // Beside `authenticated` nothing else is needed. Where nobody may, credentials are needed all the same.
    let every = grants.is_empty() || grants.contains(&Grant::Authenticated);
    let named = grants.iter().filter_map(|grant| match grant {
        Grant::Scope(name) => Some(name.clone()),
        Grant::Role(name) => Some(format!("role:{name}")),
        Grant::Public | Grant::Authenticated => None,
    });
    let alternatives: Vec<Vec<String>> = if every {
        vec![Vec::new()]
    } else {
        named.map(|name| vec![name]).collect()
    };
    let schemes = |needed: &Vec<String>| [BEARER, KEY].map(|scheme| SecurityRequirement::new(scheme, needed.clone()));
    alternatives.iter().flat_map(schemes).collect()
}

/// With the schemes that [`requirements`] names.
pub(super) fn schemes(components: Components) -> Components {
    let bearer = Http::new(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description("A token or an API key in the header `Authorization: Bearer …`.");
    let key = ApiKeyValue::with_description(
        "X-API-Key",
        "An API key, or a token. The header `apikey`, which Supabase's clients send, means the same.",
    );
    components
        .add_security_scheme(BEARER, SecurityScheme::Http(bearer))
        .add_security_scheme(KEY, SecurityScheme::ApiKey(ApiKey::Header(key)))
}
