//! Every kind of column against every operator, order, and write: whatever comes, it is never a 5xx, and what a
//! row holds can be asked for.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, with_app};

const ALL: &str =
    "[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n";
const READ: &str = "[access]\nread = [\"public\"]\n";

/// More columns than the catalog's fixture has, and constraints that only Postgres judges.
const MORE: &str = "
create domain public.mood_domain as public.status;
alter table public.kinds add column a_mood public.mood_domain, add column a_bit bit(3), add column a_cash money,
  add column some_docs json[], add column some_percents public.positive[], add column some_fixed char(3)[],
  add column some_points point[], add column a_cidr cidr;
create table public.booked (id int primary key, during int4range, exclude using gist (during with &&));
create table public.doors (id int primary key, open boolean not null default true);
create view public.open_doors as select * from public.doors where open with check option;
";

#[test]
fn no_column_and_no_operator_gives_a_5xx() {
    let schema = format!("{}{MORE}", include_str!("../fixtures/kinds.sql"));
    let grouped = format!("{ALL}[page]\nmax_groups = 100\n");
    let resources = [
        ("kinds", grouped.as_str()),
        ("booked", ALL),
        (
            "open_doors",
            "key = [\"id\"]\n[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\n",
        ),
        ("plain_view", READ),
        ("sum_view", READ),
        ("kept", READ),
    ];
    let setup = Setup {
        schema: &schema,
        resources: &resources,
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        let row: Value = serde_json::from_str(r#"{
            "a_int2": 1, "a_int4": 5, "a_int8": 9, "a_float4": 1.5, "a_float8": 0.25, "a_numeric": 1.50, "a_text": "x",
            "a_char": "DE", "a_name": "n", "a_uuid": "6f6e0c86-9a55-4a5b-8f3a-0a8f8f1f8c11", "a_date": "2024-02-29",
            "a_time": "10:00:00", "a_timetz": "10:00:00+01:00", "a_timestamp": "2024-02-29T10:00:00",
            "a_tstz": "2024-02-29T10:00:00Z", "a_interval": "P1D", "a_bytea": "AAE=", "a_json": {"a": 1}, "a_jsonb": {"a": 1},
            "an_enum": "it's done", "odd_enum": "A b", "some_ints": [1, 2], "some_words": ["a"], "some_enums": ["new"],
            "a_vector": [1, 2, 3], "any_vector": [1], "a_halfvec": [1, 2, 3, 4],
            "a_sparsevec": {"dimensions": 5, "indices": [1, 4], "values": [0.5, -2]}, "a_range": "[1,5)",
            "a_multirange": "{[1,5)}", "an_inet": "10.0.0.1", "a_point": "(1,2)", "a_tsvector": "'x'", "a_pair": "(1,b)",
            "a_percent": 7, "a_slug": "ab", "some_slugs": ["ab"], "tags": ["t"], "word": "a", "word2": "b",
            "Odd name": 3, "a_mood": "new", "a_bit": "101", "a_cash": "$5.00", "some_docs": [{"b": 2}],
            "some_percents": [4], "some_fixed": ["abc"], "some_points": ["(1,2)"], "a_cidr": "10.0.0.0/8"
        }"#)
        .unwrap();
        let made = app.post("/api/kinds", &row.to_string()).await.is(201).json();
        let mut second = row.clone();
        second["a_text"] = json!("y");
        second["a_int8"] = json!(10);
        let batch = app
            .post("/api/kinds", &json!([second]).to_string())
            .await
            .is(201)
            .json();
        for (name, value) in row.as_object().unwrap() {
            assert_eq!(&made[name], value, "{name}");
            assert!(
                batch[0][name] == *value || ["a_text", "a_int8"].contains(&name.as_str()),
                "{name}: {}",
                batch[0][name]
            );
        }

        let mut tried = 0;
        let mut wrong = Vec::new();
        for (name, value) in made.as_object().unwrap() {
            let held = match value {
                Value::String(text) => text.clone(),
                Value::Array(_) if name.ends_with("vec") || name.ends_with("vector") => value.to_string(),
                Value::Array(items) => format!(
                    "{{{}}}",
                    items.iter().map(|i| i.to_string()).collect::<Vec<_>>().join(",")
                ),
                other => other.to_string(),
            };
            for operand in [
                held.as_str(),
                "",
                "null",
                "1",
                "x",
                "{}",
                "{{{{{{{1}}}}}}}",
                "[1,2)",
                "9999999999999999999999",
            ] {
                for operator in windlass_core::request::OPERATORS {
                    let operand = match *operator {
                        "in" => format!("(\"{}\")", operand.replace('"', "\\\"")),
                        _ => operand.to_owned(),
                    };
                    let query = format!("{}={operator}.{}", encoded(name), encoded(&operand));
                    let answer = app.get(&format!("/api/kinds?{query}&select=id")).await;
                    tried += 1;
                    if answer.status >= 500 {
                        wrong.push(format!("{} {query}: {}", answer.status, answer.text));
                    }
                }
            }
            for query in [
                format!("order={}.desc", encoded(name)),
                format!("select=z:{}", encoded(name)),
            ] {
                let answer = app.get(&format!("/api/kinds?{query}")).await;
                if answer.status >= 500 {
                    wrong.push(format!("{} {query}: {}", answer.status, answer.text));
                }
            }
            let quoted = held.replace('\\', "\\\\").replace('"', "\\\"");
            for operator in ["eq", "gt", "like", "imatch"] {
                for (quantifier, list) in [("any", format!("{{\"{quoted}\",x}}")), ("all", "{}".to_owned())] {
                    let query = format!("{}={operator}({quantifier}).{}", encoded(name), encoded(&list));
                    checked(&app, &query, &mut wrong).await;
                }
            }
            for operator in ["fts(english)", "wfts(simple)", "plfts(no_such)", "not.cs", "not.is"] {
                checked(&app, &format!("{}={operator}.x", encoded(name)), &mut wrong).await;
            }
            for path in ["->a", "->>a", "->0", "->-1->b", "->a->>0"] {
                let path = encoded(&format!("{name}{path}"));
                for operator in windlass_core::request::OPERATORS {
                    let operand = if *operator == "in" { "(1)" } else { "1" };
                    checked(&app, &format!("{path}={operator}.{operand}"), &mut wrong).await;
                }
                for query in [
                    format!("select={path}"),
                    format!("select=z:{path}::int"),
                    format!("order={path}"),
                    format!("select={path},count()"),
                    format!("select={path}.max(),z:{path}::numeric.sum()"),
                ] {
                    checked(&app, &query, &mut wrong).await;
                }
            }
            let column = encoded(name);
            for cast in windlass_core::request::Cast::ALL {
                let cast = encoded(cast.sql());
                checked(&app, &format!("select={column}::{cast}"), &mut wrong).await;
                checked(&app, &format!("select={column}::{cast},count()"), &mut wrong).await;
                checked(&app, &format!("select={column}::{cast}.max()::text"), &mut wrong).await;
            }
            for function in ["count", "sum", "avg", "min", "max"] {
                checked(&app, &format!("select={column}.{function}()"), &mut wrong).await;
                checked(&app, &format!("select={column}.{function}()::int"), &mut wrong).await;
                checked(
                    &app,
                    &format!("select={column},z:{column}.{function}()&order={column}"),
                    &mut wrong,
                )
                .await;
            }
            // What a row holds finds it, wherever the type can be compared.
            let found = app
                .get(&format!("/api/kinds?{}=eq.{}&select=id", encoded(name), encoded(&held)))
                .await;
            if found.status == 200 && !value.is_null() && found.json().as_array().unwrap().is_empty() {
                wrong.push(format!("{name}=eq.{held} finds nothing"));
            }
            for operand in ["null", "[]", "{}", "\"\"", "1e300", "[[1],[2]]", "[null]"] {
                let answer = app
                    .send(Method::PATCH, "/api/kinds/1", &format!("{{\"{name}\":{operand}}}"))
                    .await;
                if answer.status >= 500 {
                    wrong.push(format!("{} {name} := {operand}: {}", answer.status, answer.text));
                }
            }
        }
        assert!(tried > 4000, "{tried}");
        assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));

        // What only Postgres can judge.
        let long: String = (0..60_000_u64)
            .map(|n| char::from(b'!' + u8::try_from(n * n * 7919 % 89).unwrap()))
            .collect();
        let long = long.replace(['"', '\\'], "-");
        app.post(
            "/api/kinds",
            &json!({"a_text": "z", "a_name": long.get(..60)}).to_string(),
        )
        .await
        .is(201);
        app.post("/api/booked", r#"[{"id":1,"during":"[1,5)"}]"#).await.is(201);
        app.post("/api/booked", r#"{"id":2,"during":"[4,6)"}"#).await.is(409);
        app.post("/api/booked", r#"{"id":3,"during":"[9,1)"}"#).await.is(422);
        app.post("/api/open_doors", r#"{"id":1,"open":true}"#).await.is(201);
        app.post("/api/open_doors", r#"{"id":2,"open":false}"#).await.is(422);
        assert_eq!(
            app.send(Method::PUT, "/api/open_doors/1", "{}")
                .await
                .is(422)
                .violations(),
            ["missing body.open"]
        );
        app.send(Method::PATCH, "/api/open_doors/1", r#"{"open":false}"#)
            .await
            .is(422);
        app.get("/api/sum_view?order=n.desc&n=gt.0").await.is(200);
        app.get("/api/kept?a_text=eq.x").await.is(200);

        // A column changes its type while statements that use it are prepared.
        let owner = app.owner().await;
        owner
            .batch_execute(
                "update kinds set a_numeric = 1; alter table kinds alter column a_numeric type numeric(30, 5)",
            )
            .await
            .unwrap();
        for _ in 0..12 {
            app.get("/api/kinds?select=a_numeric").await.is(200);
            app.get("/api/kinds/1?select=a_numeric").await.is(200);
            app.send(Method::PATCH, "/api/kinds/1", r#"{"a_numeric":2}"#)
                .await
                .is(200);
        }
    });
}

/// Notes a query that is answered with a 5xx.
async fn checked(app: &crate::app::App, query: &str, wrong: &mut Vec<String>) {
    let answer = app.get(&format!("/api/kinds?{query}")).await;
    if answer.status >= 500 {
        wrong.push(format!("{} {query}: {}", answer.status, answer.text));
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
