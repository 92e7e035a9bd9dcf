//! What the API does with good requests.

use reqwest::Method;
use serde_json::json;

use crate::app::{Answer, App, Setup, with_app};

async fn people(app: &App) {
    let rows: Vec<_> = (1..=30)
        .map(|n| json!({"email": format!("p{n}@example.com"), "name": format!("Person {n:02}"), "score": n * 3, "mood": if n % 2 == 0 { "busy" } else { "calm" }}))
        .collect();
    app.post("/api/people", &json!(rows).to_string()).await.is(201);
}

#[test]
fn lists() {
    with_app(Setup::default(), |app| async move {
        people(&app).await;
        let names = |answer: &Answer| -> Vec<String> {
            answer
                .json()
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let all = app.get("/api/people").await.is(200);
        assert_eq!(names(&all).len(), 20, "the default page");
        assert_eq!(names(&all)[0], "Person 01", "ordered by the key");
        assert_eq!(all.header("content-range"), "0-19/*");
        assert_eq!(names(&app.get("/api/people?limit=1000").await.is(200)).len(), 30);

        for (query, count) in [
            ("score=eq.30", 1),
            ("score=neq.30", 29),
            ("score=gt.30&score=lte.60", 10),
            ("score=lt.9", 2),
            ("score=gte.88", 1),
            ("score=not.gte.88", 29),
            ("score=in.(3,6,9,1000)", 3),
            ("score=not.in.(3,6)", 28),
            ("score=in.()", 0),
            ("mood=eq.busy", 15),
            ("mood=in.(busy,calm)", 30),
            ("left_at=is.null", 30),
            ("left_at=is.not_null", 0),
            ("left_at=not.is.null", 0),
            ("name=like.Person%2A5", 3),
            ("name=like.person*", 0),
            ("name=ilike.person*", 30),
            ("email=eq.p1@example.com", 1),
            ("or=(score.eq.3,score.eq.6)", 2),
            ("or=(score.eq.3,and(mood.eq.busy,score.gt.80))", 3),
            ("not.or=(score.gt.3,name.eq.x)", 1),
            ("and=(score.gt.3,score.not.gt.6)", 1),
            ("balance=isdistinct.1.5", 30),
            ("tags=eq.{}", 30),
            ("joined=gt.2000-01-01T00:00:00Z", 30),
            ("id=in.(1,2,3)&mood=eq.busy", 1),
            (r#"name=in.("Person 01","a,b")"#, 1),
        ] {
            let answer = app.get(&format!("/api/people?limit=100&{query}")).await.is(200);
            assert_eq!(answer.json().as_array().unwrap().len(), count, "{query}");
        }

        let page = app
            .get("/api/people?order=mood.desc,score.desc&select=name,points:score&limit=2&offset=1")
            .await
            .is(200);
        assert_eq!(
            page.json(),
            json!([{"name": "Person 28", "points": 84}, {"name": "Person 26", "points": 78}])
        );
        assert_eq!(page.header("content-range"), "1-2/*");

        let counted = Answer::of(
            app.request(Method::GET, "/api/people?score=gt.30&limit=5")
                .header("prefer", "count=exact"),
        )
        .await
        .is(206);
        assert_eq!(counted.header("content-range"), "0-4/20");
        assert_eq!(counted.header("preference-applied"), "count=exact");
        let none = Answer::of(
            app.request(Method::GET, "/api/people?score=gt.3000")
                .header("prefer", "count=exact"),
        )
        .await
        .is(200);
        assert_eq!((none.header("content-range"), none.text.as_str()), ("*/0", "[]"));
        Answer::of(
            app.request(Method::GET, "/api/people?offset=31")
                .header("prefer", "count=exact"),
        )
        .await
        .is(416);

        let one = app
            .request(Method::GET, "/api/people?id=eq.1")
            .header("accept", "application/vnd.pgrst.object+json");
        assert_eq!(Answer::of(one).await.is(200).json()["name"], "Person 01");
        Answer::of(
            app.request(Method::GET, "/api/people")
                .header("accept", "application/vnd.pgrst.object+json"),
        )
        .await
        .is(406);
        let busy = app.get("/api/busy?order=score.desc&limit=1").await.is(200);
        assert_eq!(busy.json()[0]["score"], 90);
        let head = Answer::of(app.request(Method::HEAD, "/api/people")).await.is(200);
        assert!(head.text.is_empty() && head.header("content-length").parse::<usize>().unwrap() > 100);
    });
}

#[test]
fn items_and_writes() {
    with_app(Setup::default(), |app| async move {
        let made = app.post("/api/people", r#"{"email":"  ADA@Example.com ","name":"Ada","balance":12.50,"meta":{"n":1e2,"big":12345678901234567890}}"#).await.is(201);
        assert_eq!(made.header("location"), "/api/people/1");
        let ada = made.json();
        assert_eq!(
            (&ada["email"], &ada["domain"], &ada["mood"], &ada["score"]),
            (
                &json!("ada@example.com"),
                &json!("example.com"),
                &json!("calm"),
                &json!(0)
            )
        );
        assert!(
            made.text.contains(r#""balance":12.50"#) && made.text.contains("12345678901234567890"),
            "{}",
            made.text
        );
        assert!(!made.text.contains("secret"), "hidden columns stay hidden");
        assert_eq!(app.get("/api/people/1").await.is(200).json(), ada);

        let changed = app
            .send(Method::PATCH, "/api/people/1", r#"{"score":7,"balance":null}"#)
            .await
            .is(200)
            .json();
        assert_eq!(
            (&changed["score"], &changed["balance"], &changed["name"]),
            (&json!(7), &json!(null), &json!("Ada"))
        );
        let replaced = app
            .send(Method::PUT, "/api/people/1", r#"{"email":"a@example.org","name":"A"}"#)
            .await
            .is(200)
            .json();
        assert_eq!(
            (&replaced["score"], &replaced["domain"], &replaced["meta"]),
            (&json!(0), &json!("example.org"), &json!({}))
        );

        let minimal = app
            .request(Method::POST, "/api/people")
            .header("prefer", "return=minimal")
            .header("content-type", "application/json");
        let minimal = Answer::of(minimal.body(r#"{"email":"b@example.com","name":"B"}"#))
            .await
            .is(201);
        assert_eq!(
            (
                minimal.text.as_str(),
                minimal.header("location"),
                minimal.header("preference-applied")
            ),
            ("", "/api/people/2", "return=minimal")
        );

        let many = app.post("/api/people?select=id,score", r#"[{"email":"c@example.com","name":"C"},{"email":"d@example.com","name":"D","score":4},{"email":"e@example.com","name":"E","tags":["x","y,\"z"]}]"#).await.is(201);
        assert_eq!(
            many.json(),
            json!([{"id": 3, "score": 0}, {"id": 4, "score": 4}, {"id": 5, "score": 0}])
        );
        assert_eq!(
            app.get("/api/people/5?select=tags").await.is(200).json(),
            json!({"tags": ["x", "y,\"z"]})
        );

        // One bad row of a batch: nothing is stored.
        app.post(
            "/api/people",
            r#"[{"email":"f@example.com","name":"F"},{"email":"c@example.com","name":"again"}]"#,
        )
        .await
        .is(409);
        assert_eq!(app.get("/api/people?email=eq.f@example.com").await.json(), json!([]));

        let bulk = app
            .request(Method::PATCH, "/api/people?id=gte.3&select=id")
            .header("prefer", "return=representation")
            .header("content-type", "application/json");
        assert_eq!(
            Answer::of(bulk.body(r#"{"mood":"busy"}"#))
                .await
                .is(200)
                .json()
                .as_array()
                .unwrap()
                .len(),
            3
        );
        app.send(Method::DELETE, "/api/people?id=in.(3,4)", "").await.is(204);
        app.send(Method::DELETE, "/api/people/5", "").await.is(204);
        app.send(Method::DELETE, "/api/people/5", "").await.is(404);

        app.post(
            "/api/notes",
            r#"[{"person_id":1,"seq":1,"body":"x"},{"person_id":1,"seq":2}]"#,
        )
        .await
        .is(201);
        let made = app
            .post("/api/notes", r#"{"person_id":1,"seq":3,"body":"y"}"#)
            .await
            .is(201);
        assert_eq!(made.header("location"), "/api/notes/1,3");
        assert_eq!(app.get("/api/notes/1,3").await.is(200).json()["body"], "y");
        app.send(Method::PUT, "/api/notes/1,3", r#"{"person_id":1,"seq":3}"#)
            .await
            .is(200);
        app.send(Method::PUT, "/api/notes/1,3", r#"{"person_id":1,"seq":4}"#)
            .await
            .is(422);
        app.send(Method::DELETE, "/api/notes/1,3", "").await.is(204);
        app.send(Method::DELETE, "/api/people/1", "").await.is(409);
    });
}

#[test]
fn every_kind_of_value_comes_back_as_it_went() {
    with_app(Setup::default(), |app| async move {
        let row = json!({
            "id": "6f6e0c86-9a55-4a5b-8f3a-0a8f8f1f8c11", "select": "a \"quoted\" \\ text\n🦀", "with space": true,
            "big": 9_007_199_254_740_993_i64, "at": "2024-02-29", "clock": "23:59:59.5", "span": "P1Y2M3DT4H5M6.5S",
            "raw": "AAEC/w==", "ratio": -1.5e-7, "place": "(1,2)", "during": "[1,5)", "nums": [1, null, -3], "doc": {"a": [1, 2.50]}
        });
        let made = app.post("/api/odd", &row.to_string()).await.is(201);
        assert_eq!(made.json(), row);
        let batch = json!([{"select": row["select"], "raw": row["raw"], "span": row["span"], "nums": row["nums"], "doc": row["doc"], "during": row["during"], "big": row["big"]}]);
        let made = app.post("/api/odd", &batch.to_string()).await.is(201).json();
        for name in ["select", "raw", "span", "nums", "doc", "during", "big"] {
            assert_eq!(made[0][name], row[name], "{name}");
        }
        for query in [
            "select=eq.x",
            "with%20space=is.true",
            "at=gte.2024-01-01",
            "span=gt.P1D",
            "during=eq.[1,5)",
            "place=eq.(1,2)",
            "ratio=lt.0",
            "raw=not.is.null",
            "id=eq.6f6e0c86-9a55-4a5b-8f3a-0a8f8f1f8c11",
        ] {
            // `select` is the parameter of that name, so the column can only be asked in a tree.
            let query = if query.starts_with("select=") {
                "or=(select.like.a*)"
            } else {
                query
            };
            let answer = app.get(&format!("/api/odd?{query}")).await.is(200);
            assert!(!answer.json().as_array().unwrap().is_empty(), "{query}");
        }
    });
}

#[test]
fn rules_hold_on_what_is_stored() {
    with_app(Setup::default(), |app| async move {
        app.post(
            "/api/people",
            r#"{"email":"a@example.com","name":"A","joined":"2024-01-02T00:00:00Z"}"#,
        )
        .await
        .is(201);
        // Decided by the body alone; by the stored row; by a default that only the database knows.
        let early = r#"{"email":"b@example.com","name":"B","joined":"2024-01-02T00:00:00Z","left_at":"2024-01-02T00:30:00+01:00"}"#;
        assert_eq!(
            app.post("/api/people", early).await.is(422).violations(),
            ["value_error body.left_at"]
        );
        let answer = app
            .send(Method::PATCH, "/api/people/1", r#"{"left_at":"2024-01-01T00:00:00Z"}"#)
            .await
            .is(422);
        assert_eq!(answer.violations(), ["value_error body.left_at"]);
        let past = r#"{"email":"c@example.com","name":"C","left_at":"2001-01-01T00:00:00Z"}"#;
        assert_eq!(
            app.post("/api/people", past).await.is(422).violations(),
            ["value_error body.left_at"]
        );
        let past = format!("[{{\"email\":\"d@example.com\",\"name\":\"D\"}},{past}]");
        assert_eq!(
            app.post("/api/people", &past).await.is(422).violations(),
            ["value_error body.1.left_at"]
        );
        assert_eq!(
            app.get("/api/people?select=email").await.json(),
            json!([{"email": "a@example.com"}])
        );
        app.send(Method::PATCH, "/api/people/1", r#"{"left_at":"2024-01-03T00:00:00Z"}"#)
            .await
            .is(200);
    });
}

#[test]
fn one_row_or_nothing() {
    with_app(Setup::default(), |app| async move {
        people(&app).await;
        let ask = |method: Method, path: &str, body: &'static str| {
            let request = app
                .request(method, path)
                .header("accept", "application/vnd.pgrst.object+json");
            Answer::of(
                request
                    .header("prefer", "return=representation")
                    .header("content-type", "application/json")
                    .body(body),
            )
        };
        ask(Method::PATCH, "/api/people?id=in.(1,2)", r#"{"mood":"busy"}"#)
            .await
            .is(406);
        assert_eq!(
            app.get("/api/people/1?select=mood").await.json(),
            json!({"mood": "calm"}),
            "nothing was changed"
        );
        ask(Method::DELETE, "/api/people?id=gt.5000", "").await.is(406);
        assert_eq!(
            ask(Method::PATCH, "/api/people?id=in.(1)", r#"{"mood":"busy"}"#)
                .await
                .is(200)
                .json()["id"],
            1
        );
        ask(Method::PATCH, "/api/people/5000", r#"{"mood":"busy"}"#)
            .await
            .is(404);
    });
}
