//! Tokens through the front door.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use reqwest::Method;
use windlass_core::config;
use windlass_core::guards::Verifier;
use windlass_core::guards::jwt::{Wanted, mint};

use super::setup;
use crate::app::{Answer, Setup, with_app};

const SETTINGS: &str =
    "[auth.jwt]\nsecret = \"a secret of tests, of thirty-two bytes or more\"\nissuer = \"https://issuer.test\"\n";

/// A token of the settings above.
pub fn token(wanted: Wanted) -> String {
    let (settings, _) = config::read(SETTINGS, &HashMap::new());
    let wanted = Wanted {
        lifetime: Duration::from_secs(600),
        ..wanted
    };
    mint(&settings.auth, &wanted, SystemTime::now()).unwrap()
}

/// What verifies them.
pub fn verifier() -> Verifier {
    let (settings, _) = config::read(SETTINGS, &HashMap::new());
    Verifier::open(&settings.auth, Path::new("/")).unwrap()
}

#[test]
fn tokens_open_what_their_claims_grant() {
    let setup = Setup {
        tokens: Some(verifier()),
        ..setup()
    };
    with_app(setup, |app| async move {
        let of = |role: Option<&str>, scopes: &[&str]| {
            token(Wanted {
                subject: Some("ada".into()),
                role: role.map(ToOwned::to_owned),
                scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
                ..Wanted::default()
            })
        };
        let reader = of(None, &["leads.read", "other"]);
        app.get_as(&reader, "/api/leads/1").await.is(200);
        app.get_as(&of(Some("auditor"), &[]), "/api/leads/1").await.is(200);
        app.get_as(&of(Some("owner"), &[]), "/api/leads/1").await.is(403);
        let both = app.request(Method::GET, "/api/leads/1").header("apikey", &reader);
        Answer::of(both).await.is(200);

        let expired = token(Wanted {
            claims: [("exp".to_owned(), 1.into())].into_iter().collect(),
            ..Wanted::default()
        });
        let foreign = token(Wanted {
            claims: [("iss".to_owned(), "https://evil.test".into())].into_iter().collect(),
            ..Wanted::default()
        });
        let (signed, _) = reader.rsplit_once('.').unwrap();
        let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", signed.split('.').nth(1).unwrap());
        for (bad, why) in [
            (expired.as_str(), "the token has expired"),
            (&foreign, "the token is of another issuer (`iss`)"),
            (&unsigned, "there is no key for the algorithm and name in its header"),
            (&format!("{signed}."), "its signature does not fit"),
            ("nonsense", "the token is not of three parts in base64url"),
            (&"a".repeat(9000), "the token is too long"),
        ] {
            for path in ["/api/leads/1", "/api/reports", "/api/nothing", "/docs"] {
                let refused = app.get_as(bad, path).await.is(401);
                assert_eq!(refused.json()["details"], why);
                let challenge = refused.header("www-authenticate");
                assert!(
                    challenge.contains("error=\"invalid_token\"") && !challenge.contains('`'),
                    "{challenge}"
                );
            }
        }
        // Longer than any header that is read at all.
        let huge = app.get_as(&"a".repeat(100_000), "/api/leads/1").await;
        assert_eq!(huge.status, 431);
    });
}

#[test]
fn without_keys_no_token_is_valid() {
    with_app(setup(), |app| async move {
        let refused = app.get_as(&token(Wanted::default()), "/api/reports").await.is(401);
        assert_eq!(refused.json()["details"], "no tokens are taken here");
    });
}
