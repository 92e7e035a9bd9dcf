//! Tokens that are taken, and many that are not.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::config;

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/keys");

/// Nothing is waited for where all keys are known.
fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(work)
}

fn principal(verifier: &Verifier, token: &str, now: SystemTime) -> Result<Principal> {
    block(verifier.principal(token, now))
}

fn auth(text: &str) -> Auth {
    let (settings, wrong) = config::read(text, &HashMap::new());
    assert!(wrong.is_empty(), "{wrong:?}");
    settings.auth
}

fn verifier(text: &str) -> Verifier {
    Verifier::open(&auth(text), Path::new(KEYS)).unwrap()
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// A token of these parts, signed with a secret by HMAC-SHA256 whatever its header says.
fn signed(header: &str, claims: &str) -> String {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = ring::hmac::sign(&key, text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

fn simple() -> Verifier {
    verifier(&format!("[auth.jwt]\nsecret = \"{SECRET}\""))
}

fn why(verifier: &Verifier, token: &str) -> String {
    match principal(verifier, token, now()) {
        Ok(principal) => format!("taken: {principal:?}"),
        Err(error) => {
            assert_eq!(error.code(), crate::error::Code::Unauthenticated);
            error.details().unwrap_or_default().to_owned()
        }
    }
}

const HS256: &str = r#"{"alg":"HS256"}"#;

#[test]
fn headers_that_mislead_are_refused() {
    let verifier = simple();
    let claims = r#"{"sub":"a","exp":1800000100}"#;
    let taken = |header: &str| why(&verifier, &signed(header, claims)).starts_with("taken");
    for header in [
        HS256,
        r#"{"typ":"JWT","alg":"HS256"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","kid":"any"}"#,
        r#"{"typ":"application/jwt","alg":"HS256"}"#,
        // What it says of keys is not followed.
        r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"},"jku":"https://evil.example","x5u":"https://evil.example"}"#,
    ] {
        assert!(taken(header), "{header}");
    }
    for (header, reason) in [
        (r#"{"alg":"none"}"#, "no key for the algorithm"),
        (r#"{"alg":"None"}"#, "no key for the algorithm"),
        (r#"{"alg":"hs256"}"#, "no key for the algorithm"),
        (r#"{"alg":"HS256 "}"#, "no key for the algorithm"),
        (r#"{"alg":"HS512"}"#, "no key for the algorithm"),
        (r#"{"alg":"RS256"}"#, "no key for the algorithm"),
        (r#"{"alg":""}"#, "no key for the algorithm"),
        (r#"{"alg":["HS256"]}"#, "its header"),
        (r#"{"alg":null}"#, "its header"),
        (r#"{"typ":"JWT"}"#, "its header"),
        (r#"{"alg":"none","alg":"HS256"}"#, "its header"),
        (r#"{"alg":"HS256","kid":1}"#, "its header"),
        (r#"{"alg":"HS256","typ":"JWE"}"#, "its type"),
        (r#"{"alg":"HS256","crit":["exp"],"exp":1}"#, "not supported"),
        (r#"{"alg":"HS256","crit":[]}"#, "not supported"),
        (r#"{"alg":"HS256","b64":false}"#, "not supported"),
        (r#"{"alg":"HS256","zip":"DEF"}"#, "not supported"),
        (r#"{"alg":"HS256","enc":"A128GCM"}"#, "not supported"),
        ("", "its header"),
        ("[]", "its header"),
        ("\"HS256\"", "its header"),
        ("{\"alg\":\"HS256\"", "its header"),
    ] {
        let found = why(&verifier, &signed(header, claims));
        assert!(found.contains(reason), "{header}: {found}");
    }
}

#[test]
fn a_token_has_one_spelling() {
    let verifier = simple();
    let good = signed(HS256, r#"{"sub":"a","exp":1800000100}"#);
    assert!(why(&verifier, &good).starts_with("taken"));
    let parts: Vec<&str> = good.split('.').collect();
    let (header, claims, tag) = (parts[0], parts[1], parts[2]);
    // The last character of 32 bytes has two bits to spare.
    let mut spare = tag.to_owned();
    let last = spare.pop().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = alphabet.find(last).unwrap();
    spare.push(alphabet.chars().nth(place + 1).unwrap());
    for wrong in [
        String::new(),
        ".".into(),
        "..".into(),
        "a.b".into(),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!(".{claims}.{tag}"),
        format!("{header}..{tag}"),
        format!("{good}."),
        format!("{good}.{tag}"),
        format!("{good}="),
        format!("{header}=.{claims}.{tag}"),
        format!("{header}.{claims}=.{tag}"),
        format!("{header}.{claims}.{spare}"),
        format!("{header}.{claims}.{}", &tag[..tag.len() - 1]),
        format!("{header}.{claims}.{}", &tag[..22]),
        format!("{header}.{claims}.{tag}AAAA"),
        format!("{header}.{claims}.{}", tag.to_lowercase()),
        format!(" {good}"),
        format!("{good} "),
        good.replace('-', "+").replace('_', "/") + "+",
        format!(
            "{header}.{}.{tag}",
            URL_SAFE_NO_PAD.encode(r#"{"sub":"b","exp":1800000100}"#)
        ),
        signed(
            HS256,
            &format!(r#"{{"sub":"{}","exp":1800000100}}"#, "x".repeat(LONGEST)),
        ),
    ] {
        assert!(!why(&verifier, &wrong).starts_with("taken"), "{wrong:.80}");
    }
    let other = verifier_of("[auth.jwt]\nsecret = \"another secret of at least thirty-two bytes\"");
    assert_eq!(why(&other, &good), "its signature does not fit");
}

fn verifier_of(text: &str) -> Verifier {
    verifier(text)
}

#[test]
fn claims_are_checked() {
    let verifier = verifier(&format!(
        "[auth.jwt]\nsecret = \"{SECRET}\"\nissuer = \"https://i\"\naudience = [\"api\", \"web\"]\nleeway = \"10s\""
    ));
    let good = json!({ "iss": "https://i", "aud": "api", "sub": "a", "exp": 1_800_000_100 });
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = good.clone();
        if value == json!("absent") {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        why(&verifier, &signed(HS256, &claims.to_string()))
    };
    for (name, value) in [
        ("sub", json!("a")),
        ("sub", json!("absent")),
        ("aud", json!(["x", "web"])),
        ("exp", json!(1_799_999_990.5)),
        ("exp", json!(1e18)),
        ("nbf", json!(1_800_000_009)),
        ("nbf", json!("absent")),
        ("iat", json!(1_800_000_009)),
        ("role", json!(null)),
        ("scope", json!(["a", "b"])),
        ("tenant", json!(7)),
    ] {
        let found = with(name, value.clone());
        assert!(found.starts_with("taken"), "{name} {value}: {found}");
    }
    for (name, value, reason) in [
        ("exp", json!("absent"), "has no end"),
        ("exp", json!(null), "is no number"),
        ("exp", json!("1800000100"), "is no number"),
        ("exp", json!(true), "is no number"),
        ("exp", json!(1_799_999_990), "has expired"),
        ("exp", json!(0), "has expired"),
        ("exp", json!(-1), "has expired"),
        ("nbf", json!(1_800_000_011), "not valid yet"),
        ("nbf", json!("x"), "is no number"),
        ("iat", json!(1_800_000_011), "in the future"),
        ("iss", json!("absent"), "another issuer"),
        ("iss", json!("https://i/"), "another issuer"),
        ("iss", json!(["https://i"]), "is no text"),
        ("aud", json!("absent"), "somebody else"),
        ("aud", json!("API"), "somebody else"),
        ("aud", json!([]), "somebody else"),
        ("aud", json!({ "api": true }), "is no text"),
        ("aud", json!(["api", 1]), "no list of texts"),
        ("sub", json!(1), "is no text"),
        ("role", json!(["admin"]), "is no text"),
        ("role", json!("a\u{0}b"), "cannot be read"),
        ("scope", json!({}), "is no text"),
        ("scope", json!(1), "is no text"),
        ("tenant", json!(1.5), "is no text"),
        ("tenant", json!(-1), "is no text"),
        ("tenant", json!(["t"]), "is no text"),
    ] {
        let found = with(name, value.clone());
        assert!(
            found.contains(reason) || found.contains("that can be read"),
            "{name} {value}: {found}"
        );
    }
    for claims in [
        "",
        "[]",
        "1",
        "null",
        "\u{feff}{}",
        r#"{"exp":1800000100,"exp":1,"iss":"https://i","aud":"api"}"#,
        r#"{"exp":1800000100,"iss":"https://i","aud":"api","sub":"a","sub":"b"}"#,
        r#"{"exp":NaN,"iss":"https://i","aud":"api"}"#,
        r#"{"exp":1e999,"iss":"https://i","aud":"api"}"#,
    ] {
        assert!(!why(&verifier, &signed(HS256, claims)).starts_with("taken"), "{claims}");
    }
    let bytes = [
        br#"{"exp":1800000100,"iss":"https://i","aud":"api","sub":""#.as_slice(),
        b"\xff\"}",
    ]
    .concat();
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(HS256), URL_SAFE_NO_PAD.encode(bytes));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, text.as_bytes()).as_ref());
    assert_eq!(why(&verifier, &format!("{text}.{tag}")), "the claims are not JSON");
}

#[test]
fn claims_are_mapped() {
    let settings = format!(
        "[auth.jwt]\nsecret = \"{SECRET}\"\nrole_claim = \"app.role\"\nscope_claim = \"https://x.example/scopes\"\ntenant_claim = \"app.org.id\""
    );
    let verifier = verifier(&settings);
    let claims = json!({
        "iss": "i", "sub": "u1", "exp": 1_800_000_100, "role": "ignored",
        "app": { "role": "editor", "org": { "id": 12_345_678_901_234_567_890_u64 } },
        "https://x.example/scopes": ["a.read", "b write"],
    });
    let Principal::Known(identity) = principal(&verifier, &signed(HS256, &claims.to_string()), now()).unwrap() else {
        panic!("nobody");
    };
    assert_eq!(identity.role.as_deref(), Some("editor"));
    assert_eq!(identity.tenant.as_deref(), Some("12345678901234567890"));
    assert_eq!(identity.scopes, ["a.read", "b write"]);
    assert_eq!(identity.subject, "u1");
    assert_eq!(identity.claims, claims.to_string(), "policies read what the token said");

    let id = |changed: &[(&str, serde_json::Value)]| {
        let mut claims = claims.clone();
        for (name, value) in changed {
            claims[*name] = value.clone();
        }
        let principal = principal(&verifier, &signed(HS256, &claims.to_string()), now()).unwrap();
        principal.id().to_owned()
    };
    let same = id(&[]);
    assert_eq!(
        id(&[("exp", json!(1_800_000_200)), ("https://x.example/scopes", json!([]))]),
        same
    );
    for (name, value) in [
        ("sub", json!("u2")),
        ("iss", json!("j")),
        ("app", json!({})),
        ("sub", json!(null)),
    ] {
        assert_ne!(id(&[(name, value.clone())]), same, "{name} {value}");
    }
    let nobody = |jti: &str| id(&[("sub", json!(null)), ("jti", json!(jti))]);
    assert_ne!(
        nobody("1"),
        nobody("2"),
        "without a subject each token is its own principal"
    );
}

#[test]
fn every_algorithm_takes_its_own_tokens_and_no_others() {
    let all = [
        ("HS256", ""),
        ("HS384", ""),
        ("HS512", ""),
        ("RS256", "rsa"),
        ("RS384", "rsa"),
        ("RS512", "rsa"),
        ("PS256", "rsa"),
        ("PS384", "rsa"),
        ("PS512", "rsa"),
        ("ES256", "p256"),
        ("ES384", "p384"),
        ("EdDSA", "ed25519"),
    ];
    let settings = |(algorithm, file): (&str, &str)| {
        let material = match file {
            "" => format!("secret = \"{SECRET}\""),
            file => format!("file = \"{file}.pem\""),
        };
        format!("[[auth.keys]]\nalgorithm = \"{algorithm}\"\n{material}\n")
    };
    let tokens: Vec<String> = all
        .iter()
        .map(|one| {
            let private = (!one.1.is_empty()).then(|| std::fs::read(format!("{KEYS}/{}.private.pem", one.1)).unwrap());
            let wanted = Wanted {
                subject: Some("a".into()),
                lifetime: Duration::from_secs(60),
                private,
                ..Wanted::default()
            };
            mint(&auth(&settings(*one)), &wanted, now()).unwrap()
        })
        .collect();
    for own in all {
        let verifier = verifier(&settings(own));
        for (other, token) in all.iter().zip(&tokens) {
            let taken = principal(&verifier, token, now()).is_ok();
            assert_eq!(taken, own == *other, "{own:?} {other:?}");
            // The header's word does not make it another token.
            let (_, rest) = token.split_once('.').unwrap();
            let renamed = format!(r#"{{"alg":"{}","typ":"JWT"}}"#, own.0);
            let renamed = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(renamed));
            assert_eq!(
                principal(&verifier, &renamed, now()).is_ok(),
                own == *other,
                "{own:?} {other:?}"
            );
            let (front, signature) = token.rsplit_once('.').unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
            for wrong in [
                {
                    bytes[0] ^= 1;
                    bytes.clone()
                },
                {
                    bytes[0] ^= 1;
                    bytes.iter().copied().chain([0]).collect()
                },
                bytes[1..].to_vec(),
                [&[0], bytes.as_slice()].concat(),
                vec![0; bytes.len()],
            ] {
                let forged = format!("{front}.{}", URL_SAFE_NO_PAD.encode(wrong));
                assert!(principal(&verifier, &forged, now()).is_err(), "{own:?}");
            }
        }
    }
}

#[test]
fn a_public_key_is_no_secret() {
    // The oldest of tricks: what everybody can read, taken for the secret of an HMAC.
    let verifier = verifier("[[auth.keys]]\nalgorithm = \"RS256\"\nfile = \"rsa.pem\"");
    let pem = std::fs::read(format!("{KEYS}/rsa.pem")).unwrap();
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(HS256),
        URL_SAFE_NO_PAD.encode(r#"{"sub":"a","exp":1800000100}"#)
    );
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &pem);
    let tag = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, text.as_bytes()).as_ref());
    assert!(why(&verifier, &format!("{text}.{tag}")).contains("no key for the algorithm"));
}

#[test]
fn named_keys_are_picked_by_name() {
    let two = "[[auth.keys]]\nalgorithm = \"HS256\"\nkid = \"old\"\nsecret = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n\
               [[auth.keys]]\nalgorithm = \"HS256\"\nkid = \"new\"\nsecret = \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"\n";
    let verifier = verifier(two);
    for kid in ["old", "new"] {
        let wanted = Wanted {
            kid: Some(kid.into()),
            lifetime: Duration::from_secs(60),
            ..Wanted::default()
        };
        let token = mint(&auth(two), &wanted, now()).unwrap();
        assert!(why(&verifier, &token).starts_with("taken"), "{kid}");
        let (_, rest) = token.split_once('.').unwrap();
        for (header, taken) in [
            (r#"{"alg":"HS256"}"#, false),
            (r#"{"alg":"HS256","kid":"other"}"#, false),
        ] {
            let other = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
            assert_eq!(
                why(&verifier, &other).starts_with("taken"),
                taken,
                "another header is not signed"
            );
        }
    }
}

#[test]
fn files_of_keys_are_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rsa = std::fs::read_to_string(format!("{KEYS}/rsa.pem")).unwrap();
    let read = |algorithm: &str, text: &str| -> String {
        std::fs::write(folder.path().join("key"), text).unwrap();
        let settings = auth(&format!("[[auth.keys]]\nalgorithm = \"{algorithm}\"\nfile = \"key\""));
        match Verifier::open(&settings, folder.path()) {
            Ok(verifier) => format!("{} keys", verifier.keys.len()),
            Err(wrong) => {
                assert_eq!((wrong[0].line, wrong[0].file.to_str()), (3, Some("windlass.toml")));
                wrong[0].message.clone()
            }
        }
    };
    let x = "A".repeat(43);
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    for (algorithm, text, expected) in [
        ("RS256", rsa.clone(), "1 keys"),
        ("PS512", rsa.clone(), "1 keys"),
        ("ES256", rsa.clone(), "another type than ES256"),
        ("HS256", rsa.clone(), "another type than HS256"),
        ("EdDSA", rsa.clone(), "another type than EdDSA"),
        ("RS256", format!("{rsa}{rsa}"), "several PEM sections"),
        ("RS256", rsa.replace("MIIB", "MIIC"), "cannot be read"),
        (
            "RS256",
            std::fs::read_to_string(format!("{KEYS}/weak.pem")).unwrap(),
            "2048 to 8192 bits",
        ),
        (
            "RS256",
            std::fs::read_to_string(format!("{KEYS}/rsa.private.pem")).unwrap(),
            "it is a private key",
        ),
        ("RS256", String::new(), "neither PEM"),
        ("RS256", "hello".into(), "neither PEM"),
        ("RS256", "{".into(), "no JSON"),
        ("RS256", "{}".into(), "no `kty`"),
        ("RS256", r#"{"keys":[]}"#.into(), "no key for RS256"),
        ("HS256", format!(r#"{{"kty":"oct","k":"{secret}"}}"#), "1 keys"),
        ("HS256", r#"{"kty":"oct","k":"AAAA"}"#.into(), "at least 32 bytes"),
        ("HS256", r#"{"kty":"oct"}"#.into(), "`k` is missing"),
        (
            "HS256",
            format!(r#"{{"kty":"oct","alg":"HS512","k":"{secret}"}}"#),
            "no key for HS256",
        ),
        (
            "HS256",
            format!(r#"{{"kty":"oct","use":"enc","k":"{secret}"}}"#),
            "no key for HS256",
        ),
        (
            "HS256",
            format!(r#"{{"kty":"oct","key_ops":["sign"],"k":"{secret}"}}"#),
            "no key for HS256",
        ),
        (
            "EdDSA",
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#),
            "1 keys",
        ),
        (
            "EdDSA",
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{x}"}}"#),
            "no key for EdDSA",
        ),
        (
            "EdDSA",
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","d":"{x}"}}"#),
            "private key",
        ),
        (
            "EdDSA",
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}="}}"#),
            "not base64url",
        ),
        (
            "EdDSA",
            r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#.into(),
            "32 bytes",
        ),
        (
            "ES256",
            format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{x}"}}"#),
            "1 keys",
        ),
        (
            "ES256",
            format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"AAAA"}}"#),
            "length of the curve",
        ),
        (
            "ES384",
            format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{x}"}}"#),
            "no key for ES384",
        ),
        (
            "EdDSA",
            format!(
                r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"1","x":"{x}"}},{{"kty":"oct","k":"AA"}},{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#
            ),
            "2 keys",
        ),
    ] {
        let found = read(algorithm, &text);
        assert!(found.contains(expected), "{algorithm} {text:.60}: {found}");
    }
    let missing = auth("[[auth.keys]]\nalgorithm = \"RS256\"\nfile = \"nowhere.pem\"");
    let wrong = Verifier::open(&missing, folder.path()).unwrap_err();
    assert!(wrong[0].message.contains("nowhere.pem"), "{wrong:?}");
}

/// Vectors that are judged otherwise here, and why.
const OTHERWISE: &[(u64, &str)] = &[
    (346, "the key is pinned to PS256, the token is PS384"),
    (350, "the key is pinned to PS256, the token is PS384"),
    (
        367,
        "letter for letter the valid token of vector 357: its padding is lost in the file",
    ),
    (
        370,
        "letter for letter the valid token of vector 357: its padding is lost in the file",
    ),
    (
        372,
        "a character outside of the alphabet is refused, not left out (RFC 7515 §2)",
    ),
    (
        373,
        "a character outside of the alphabet is refused, not left out (RFC 7515 §2)",
    ),
];

/// The JWS vectors of C2SP's Wycheproof, which are fetched and not part of this repository; see CONTRIBUTING.md.
#[test]
#[ignore = "needs the vectors: packaging/ci/wycheproof DIR"]
fn wycheproof() {
    let path = std::env::var("WYCHEPROOF").expect("WYCHEPROOF names json_web_signature_test.json");
    let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut taken, mut refused, mut foreign, mut otherwise, mut wrong) = (0, 0, 0, 0, Vec::new());
    for group in vectors["testGroups"].as_array().unwrap() {
        let key = group.get("public").unwrap_or(&group["private"]);
        std::fs::write(folder.path().join("key"), key.to_string()).unwrap();
        // One that names no algorithm is tried with all of them.
        let named = key["alg"].as_str();
        let verifiers: Vec<Verifier> = config::Algorithm::ALL
            .iter()
            .map(|algorithm| algorithm.as_str())
            .filter(|name| named.is_none_or(|named| named == *name))
            .filter_map(|name| {
                let settings = auth(&format!("[[auth.keys]]\nalgorithm = \"{name}\"\nfile = \"key\""));
                Verifier::open(&settings, folder.path()).ok()
            })
            .collect();
        for test in group["tests"].as_array().unwrap() {
            let valid = test["result"] == "valid";
            let token = test["jws"].as_str().unwrap();
            let ours = verifiers.iter().any(|verifier| block(verifier.payload(token)).is_ok());
            match (valid, ours) {
                (true, true) => taken += 1,
                (false, false) => refused += 1,
                // P-521 is no algorithm of ours.
                (true, false) if verifiers.is_empty() => foreign += 1,
                _ if OTHERWISE.iter().any(|(id, _)| test["tcId"] == *id) => otherwise += 1,
                _ => wrong.push(format!(
                    "{} {} {}: {ours}",
                    test["tcId"], group["comment"], test["comment"]
                )),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(otherwise, OTHERWISE.len());
    assert!(
        taken > 20 && refused > 300 && foreign < 5,
        "{taken} taken, {refused} refused, {foreign} foreign"
    );
}
