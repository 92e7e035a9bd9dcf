//! Keys that an issuer publishes: fetched, kept, rotated, and missed.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use windlass_core::config;
use windlass_core::error::Code;
use windlass_core::guards::Verifier;
use windlass_core::guards::jwt::{Refresh, Wanted, mint};

/// An issuer's key: the JWK that it publishes, and a token by it.
struct Key {
    jwk: String,
    token: String,
}

fn key(kid: &str) -> Key {
    let random = SystemRandom::new();
    let private = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = (
        URL_SAFE_NO_PAD.encode(&point[1..33]),
        URL_SAFE_NO_PAD.encode(&point[33..]),
    );
    let text = STANDARD.encode(private.as_ref());
    let private = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
    let settings = format!("[[auth.keys]]\nalgorithm = \"ES256\"\nkid = \"{kid}\"\nfile = \"none\"");
    let (settings, _) = config::read(&settings, &HashMap::new());
    let wanted = Wanted {
        subject: Some("ada".into()),
        lifetime: Duration::from_secs(600),
        private: Some(private.into_bytes()),
        ..Wanted::default()
    };
    Key {
        jwk: format!(r#"{{"kty":"EC","crv":"P-256","use":"sig","kid":"{kid}","x":"{x}","y":"{y}"}}"#),
        token: mint(&settings.auth, &wanted, SystemTime::now()).unwrap(),
    }
}

/// What the issuer answers; none: that it has a bad day.
type Published = Arc<Mutex<Option<String>>>;

async fn issuer(published: Published, asked: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            asked.fetch_add(1, Ordering::SeqCst);
            let mut head = vec![0; 4096];
            _ = stream.read(&mut head).await;
            let body = published.lock().unwrap().clone();
            let (status, body) = body.map_or(("500 No", String::new()), |body| ("200 OK", body));
            let reply = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            _ = stream.write_all(reply.as_bytes()).await;
        }
    });
    port
}

#[test]
fn published_keys_are_fetched_kept_and_rotated() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (published, asked) = (Published::default(), Arc::new(AtomicUsize::new(0)));
        let port = issuer(Arc::clone(&published), Arc::clone(&asked)).await;
        let settings = format!("[[auth.keys]]\nalgorithm = \"ES256\"\nurl = \"http://127.0.0.1:{port}/jwks.json\"");
        let (settings, wrong) = config::read(&settings, &HashMap::new());
        assert!(wrong.is_empty(), "{wrong:?}");
        let verifier = Verifier::open(&settings.auth, Path::new("/"))
            .unwrap()
            .with_refresh(Refresh {
                fresh: Duration::from_millis(400),
                unknown: Duration::from_millis(100),
                most: Duration::from_secs(2),
                pause: Duration::from_millis(50),
            });
        let told = async |token: &str| {
            let asked = verifier.principal(token, SystemTime::now()).await;
            asked.map(drop).map_err(|error| error.code())
        };
        // Until a token is answered in this way.
        let until = async |token: &str, wanted: Result<(), Code>| {
            let begun = Instant::now();
            while told(token).await != wanted {
                assert!(begun.elapsed() < Duration::from_secs(5), "never {wanted:?}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let (first, second, forged) = (key("1"), key("2"), key("1"));
        assert_eq!(
            asked.load(Ordering::SeqCst),
            0,
            "nothing is fetched before it is needed"
        );
        assert_eq!(told(&first.token).await, Err(Code::KeysUnavailable));
        for nonsense in [
            "",
            "not JSON",
            "{}",
            "{\"keys\":[]}",
            "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"}]}",
        ] {
            *published.lock().unwrap() = Some(nonsense.to_owned());
            tokio::time::sleep(Duration::from_millis(60)).await;
            assert_eq!(told(&first.token).await, Err(Code::KeysUnavailable), "{nonsense}");
        }

        *published.lock().unwrap() = Some(format!("{{\"keys\":[{}]}}", first.jwk));
        until(&first.token, Ok(())).await;
        let before = asked.load(Ordering::SeqCst);
        for _ in 0..50 {
            assert_eq!(told(&first.token).await, Ok(()));
            assert_eq!(told(&forged.token).await, Err(Code::Unauthenticated));
            assert_eq!(told(&second.token).await, Err(Code::Unauthenticated));
        }
        assert!(
            asked.load(Ordering::SeqCst) - before <= 2,
            "keys are kept, and unknown names do not hammer the issuer"
        );

        // Another key: its first token is answered at once, not when the old keys have aged.
        *published.lock().unwrap() = Some(format!("{{\"keys\":[{}]}}", second.jwk));
        tokio::time::sleep(Duration::from_millis(120)).await;
        assert_eq!(told(&second.token).await, Ok(()));
        assert_eq!(
            told(&first.token).await,
            Err(Code::Unauthenticated),
            "a key that is withdrawn"
        );

        // The issuer is away: what is known serves on, for a while.
        *published.lock().unwrap() = None;
        let away = Instant::now();
        until(&second.token, Err(Code::KeysUnavailable)).await;
        assert!(away.elapsed() > Duration::from_secs(1), "it served on");
        *published.lock().unwrap() = Some(format!("{{\"keys\":[{}]}}", second.jwk));
        until(&second.token, Ok(())).await;
    });
}
