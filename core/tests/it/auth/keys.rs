//! API keys from their making to their end.

use std::time::{Duration, Instant};

use reqwest::Method;
use windlass_core::db::store::api_key;
use windlass_core::guards::NewKey;

use super::setup;
use crate::app::{Answer, with_app};

#[test]
fn keys_are_found_where_clients_send_them() {
    with_app(setup(), |app| async move {
        let key = app.key(&["leads.read"]).await;
        assert!(key.starts_with("wl_") && key.len() == 46, "{key}");
        let get = |headers: Vec<(&'static str, String)>| {
            let request = app.request(Method::GET, "/api/leads?limit=1");
            Answer::of(
                headers
                    .into_iter()
                    .fold(request, |request, (name, value)| request.header(name, value)),
            )
        };
        let bearer = |key: &str| format!("Bearer {key}");
        for headers in [
            vec![("authorization", bearer(&key))],
            vec![("authorization", format!("bEaReR {key}"))],
            vec![("apikey", key.clone())],
            vec![("x-api-key", key.clone())],
            vec![("authorization", bearer(&key)), ("apikey", "wl_other".into())],
        ] {
            get(headers.clone()).await.is(200);
        }
        let mut other = key.clone();
        other.pop();
        for headers in [
            vec![("authorization", bearer(&other))],
            vec![("authorization", bearer(&format!("{key}x")))],
            vec![("authorization", bearer(&key.to_uppercase()))],
            vec![("authorization", bearer(""))],
            vec![("authorization", key.clone())],
            vec![("authorization", "Basic d2w6eA==".into())],
            vec![("apikey", other.clone())],
            vec![("authorization", bearer(&"x".repeat(20_000)))],
        ] {
            let refused = get(headers).await.is(401);
            let challenge = refused.header("www-authenticate");
            assert!(
                challenge.starts_with("Bearer realm=\"windlass\", error=\"invalid_token\", error_description=\""),
                "{challenge}"
            );
            assert_eq!(refused.json()["code"], "unauthenticated");
            assert!(!refused.text.contains(&other), "a reply repeats no credentials");
        }
        // Credentials that are not valid are refused where none are needed, but not by what tells how the service is.
        app.get_as("wl_no", "/api/reports").await.is(401);
        app.get_as("wl_no", "/health/live").await.is(200);
        app.get_as("wl_no", "/health/ready").await.is(200);
        get(vec![
            ("apikey", key.clone()),
            ("authorization", "Bearer wl_x".into()),
            ("authorization", bearer(&key)),
        ])
        .await
        .is(400);
    });
}

#[test]
fn a_revoked_key_does_not_outlive_its_revocation() {
    with_app(setup(), |app| async move {
        let key = app.key(&["leads.read"]).await;
        let brief = NewKey {
            scopes: vec!["leads.read".into()],
            lifetime: Some(Duration::from_secs(2)),
            ..NewKey::default()
        };
        let brief = app.key_of(brief).await;
        let made = Instant::now();
        app.get_as(&key, "/api/leads?limit=1").await.is(200);
        app.get_as(&brief, "/api/leads?limit=1").await.is(200);

        let entry = api_key::all(&app.stores)
            .await
            .unwrap()
            .into_iter()
            .find(|entry| key.starts_with(&entry.hint));
        let id = entry.unwrap().id;
        assert!(
            api_key::revoke(&app.stores, id)
                .await
                .unwrap()
                .unwrap()
                .revoked_at
                .is_some()
        );
        assert!(api_key::revoke(&app.stores, 999).await.unwrap().is_none());
        let revoked = Instant::now();
        while app.get_as(&key, "/api/leads?limit=1").await.status == 200 {
            assert!(revoked.elapsed() < Duration::from_secs(3), "it outlived its revocation");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        while app.get_as(&brief, "/api/leads?limit=1").await.status == 200 {
            assert!(made.elapsed() < Duration::from_secs(4), "it outlived its time");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let expired = app.get_as(&brief, "/api/leads").await.is(401);
        assert_eq!(expired.json()["details"], "the key has expired");

        app.guards.close().await;
        let listed = api_key::all(&app.stores).await.unwrap();
        let used = |hint: &str| {
            listed
                .iter()
                .find(|entry| hint.starts_with(&entry.hint))
                .unwrap()
                .last_used_at
                .is_some()
        };
        assert!(used(&key) && used(&brief));
        let owner = app.owner().await;
        let whole = owner
            .query_one("select string_agg(k::text, ' ') from windlass.api_key k", &[])
            .await
            .unwrap();
        assert!(
            !whole.get::<_, String>(0).contains(&key[..20]),
            "a key is stored nowhere"
        );
    });
}

#[test]
fn without_the_database_nobody_is_let_in_for_long() {
    with_app(setup(), |app| async move {
        let key = app.key(&["word"]).await;
        app.get_as(&key, "/api/reports?limit=1").await.is(200);
        let owner = app.owner().await;
        owner
            .batch_execute("alter table windlass.api_key_generation rename to gone")
            .await
            .unwrap();
        let begun = Instant::now();
        // What is known holds for a few seconds, and then nothing does.
        let refused = loop {
            let answer = app.get_as(&key, "/api/reports?limit=1").await;
            if answer.status != 200 {
                break answer.is(503);
            }
            assert!(begun.elapsed() < Duration::from_secs(8), "still let in");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(refused.json()["code"], "database_unavailable");
        assert!(
            begun.elapsed() > Duration::from_secs(3),
            "a short absence disturbs nobody"
        );
        owner
            .batch_execute("alter table windlass.gone rename to api_key_generation")
            .await
            .unwrap();
        app.get_as(&key, "/api/reports?limit=1").await.is(200);
    });
}
