//! Grants, and what depends on who asks besides rows.

use reqwest::Method;

use super::{role, setup};
use crate::app::{Answer, with_app};

#[test]
fn grants_hold_for_whoever_has_them() {
    with_app(setup(), |app| async move {
        let reader = app.key(&["leads.read"]).await;
        let writer = app.key(&["leads.read", "leads.write"]).await;
        let blind = app.key(&["leads.write", "word"]).await;
        let nobody = app.key(&[]).await;
        let auditor = app.key_of(role("auditor")).await;
        let owner = app.key_of(role("owner")).await;
        let who = [
            ("anonymous", ""),
            ("reader", reader.as_str()),
            ("writer", &writer),
            ("blind", &blind),
            ("nobody", &nobody),
            ("auditor", &auditor),
            ("owner", &owner),
        ];
        let table = "
request                                anonymous reader writer blind nobody auditor owner
GET    /api/leads?limit=1                    401    200    200   403    403     400   403
GET    /api/leads/1                          401    200    200   403    403     200   403
HEAD   /api/leads/1                          401    200    200   403    403     200   403
POST   /api/leads {\"name\":\"n\"}               401    403    201   201    403     403   403
PATCH  /api/leads/2 {\"score\":3}              401    403    200   204    403     403   403
PATCH  /api/leads?id=eq.3 {\"score\":3}        401    403    204   403    403     403   403
PUT    /api/leads/4 {\"name\":\"put\"}           401    403    200   204    403     403   403
DELETE /api/leads/999                        401    403    403   403    403     403   404
GET    /api/reports?limit=1                  200    200    200   200    200     200   200
POST   /api/reports {\"body\":\"b\"}             401    201    201   201    201     201   201
GET    /api/reports?select=leads(name)       400    200    200   400    400     400   400
GET    /api/rpc/word                         401    403    403   200    403     403   403
OPTIONS /api/leads                           204    204    204   204    204     204   204
GET    /api/nothing                          404    404    404   404    404     404   404
";
        let mut lines = table.trim().lines();
        let names: Vec<&str> = lines.next().unwrap().split_whitespace().skip(1).collect();
        assert_eq!(names, who.map(|(name, _)| name));
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (request, expected) = words.split_at(words.len() - who.len());
            let (method, path) = (request[0].parse::<Method>().unwrap(), request[1]);
            let body = request.get(2).copied().unwrap_or("");
            for ((name, key), expected) in who.iter().zip(expected) {
                let answer = if key.is_empty() {
                    app.send(method.clone(), path, body).await
                } else {
                    app.send_as(key, method.clone(), path, body).await
                };
                let found = answer.status.to_string();
                assert_eq!(&found, expected, "{name}: {line}\n{}", answer.text);
                if method == Method::HEAD {
                    continue;
                }
                match found.as_str() {
                    "401" => {
                        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"windlass\"");
                        assert_eq!(answer.json()["code"], "unauthenticated");
                    }
                    "403" => {
                        assert!(
                            answer
                                .header("www-authenticate")
                                .contains("error=\"insufficient_scope\"")
                        );
                        assert_eq!(answer.json()["code"], "forbidden");
                    }
                    _ => {}
                }
            }
        }
        let refused = app.get_as(&nobody, "/api/leads").await.is(403);
        assert!(refused.header("www-authenticate").ends_with("scope=\"leads.read\""));
        assert_eq!(
            refused.json()["details"],
            "it needs the scope `leads.read` or the role `auditor`"
        );
        let costly = app.get_as(&auditor, "/api/leads").await.is(400);
        assert_eq!(costly.json()["code"], "too_costly", "the costs are those of the role");
    });
}

#[test]
fn what_is_kept_is_kept_for_one_principal() {
    with_app(setup(), |app| async move {
        let one = app.key(&["leads.read", "leads.write"]).await;
        let other = app.key(&["leads.read", "leads.write"]).await;

        let create = |key: String| {
            let request = app.request(Method::POST, "/api/leads").bearer_auth(key);
            Answer::of(
                request
                    .header("content-type", "application/json")
                    .header("idempotency-key", "\"once\"")
                    .body("{\"name\":\"once\"}"),
            )
        };
        let first = create(one.clone()).await.is(201);
        let again = create(one.clone()).await.is(201);
        let others = create(other.clone()).await.is(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(first.text, again.text);
        assert_eq!(others.header("idempotency-replayed"), "");
        assert_ne!(
            first.text, others.text,
            "another's key of the same name is another write"
        );

        let page = app.get_as(&one, "/api/leads?limit=2").await.is(200);
        let link = page.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
        app.get_as(&one, &link).await.is(200);
        let stolen = app.get_as(&other, &link).await.is(400);
        assert!(
            stolen.json()["details"]
                .as_str()
                .unwrap()
                .ends_with("or for somebody else")
        );

        for (answer, private, varies) in [
            (page, true, true),
            (app.get_as(&one, "/api/leads/1").await, true, true),
            (app.get_as(&one, "/api/reports").await, true, true),
            (app.get("/api/reports").await, false, true),
            (app.get("/health/live").await, false, false),
        ] {
            assert_eq!(answer.header("cache-control") == "private", private, "{}", answer.text);
            let vary = answer.header("vary");
            assert_eq!(vary.ends_with("authorization, apikey, x-api-key"), varies, "{vary}");
        }
    });
}
