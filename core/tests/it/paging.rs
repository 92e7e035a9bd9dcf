//! Pages of lists: cursors over every order, `Link`, `Range`, and the byte cap.

use std::fmt::Write;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_core::app::Limits;

use crate::app::{Answer, App, Setup, with_app};

/// One column of each type that has an order, most of them with nulls, ties and the extremes of the type.
const SCHEMA: &str = r#"
create type size as enum ('small', 'large', 'medium');
create domain percent as integer check (value between 0 and 100);
create table things (
    id bigint generated always as identity primary key,
    a_bool boolean,
    a_smallint smallint,
    an_int integer,
    a_bigint bigint not null,
    a_real real,
    a_double double precision,
    a_numeric numeric,
    a_text text,
    a_c_text text collate "C" not null,
    a_varchar varchar(20),
    a_char char(6),
    a_uuid uuid,
    a_date date,
    a_time time,
    a_timetz timetz,
    a_timestamp timestamp,
    a_timestamptz timestamptz not null,
    an_interval interval,
    a_bytea bytea,
    a_jsonb jsonb,
    a_size size,
    a_percent percent,
    some_ints integer[],
    some_words text[],
    some_times timestamptz[],
    a_range int4range,
    an_inet inet,
    a_bit bit(3),
    a_money money,
    batch text not null default 'old'
);
create function fill(first integer, last integer, named text) returns void language sql as $$
insert into things (a_bool, a_smallint, an_int, a_bigint, a_real, a_double, a_numeric, a_text, a_c_text,
    a_varchar, a_char, a_uuid, a_date, a_time, a_timetz, a_timestamp, a_timestamptz, an_interval, a_bytea, a_jsonb, a_size,
    a_percent, some_ints, some_words, some_times, a_range, an_inet, a_bit, a_money, batch)
select
    (array[true, false, null])[1 + n % 3],
    case when n % 7 > 0 then n % 5 - 2 end,
    case when n % 4 > 0 then (n * 7919) % 11 end,
    9007199254740993 + n % 6,
    (array['NaN', '-Infinity', 'Infinity', '0.1', '-0.0', '3.4e38', null]::real[])[1 + n % 7],
    (array['NaN', '-Infinity', 'Infinity', '0.1', '0.30000000000000004', '-1e-300', null, '0']::float8[])[1 + n % 8],
    (array['NaN', '-Infinity', 'Infinity', '1.10', '1.1', '-12345678901234567890.000000001', null]::numeric[])[1 + n % 7],
    (array['ä', 'a', 'B', 'b', '', 'z"''\,', null, 'Ä', E'tab\t', '🦀'])[1 + n % 10],
    (array['ä', 'a', 'B', 'b', '', '%_', 'z'])[1 + n % 7],
    (array['x', 'X', '', null])[1 + n % 4],
    (array['a', 'a b', '', null])[1 + n % 4],
    case when n % 5 > 0 then md5((n % 9)::text)::uuid end,
    (array['2024-02-29', '-infinity', 'infinity', '0044-03-15 BC', null]::date[])[1 + n % 5],
    (array['00:00', '24:00', '12:00:00.000001', null]::time[])[1 + n % 4],
    (array['12:00+02', '10:00Z', '12:00:00.5-03:30', null]::timetz[])[1 + n % 4],
    (array['2024-01-01 00:00:00.000001', '2024-01-01 00:00:00.000002', 'infinity', null]::timestamp[])[1 + n % 4],
    timestamptz '2024-01-01 00:00:00.123450+00' + (n % 5) * interval '1 microsecond',
    (array['1 mon', '30 days', '-1 day 02:03:04.000005', '1 year -3 days', null]::interval[])[1 + n % 5],
    (array['\x', '\x00', '\xff00', null]::bytea[])[1 + n % 4],
    (array['null', '1', '1.0', '"a"', '[1,2]', '{"b": 1, "a": null}', null]::jsonb[])[1 + n % 7],
    (array['small', 'large', 'medium', null]::size[])[1 + n % 4],
    case when n % 3 > 0 then n % 100 end,
    (array['{}', '{1,NULL}', '{1}', '{2,1}', null])[1 + n % 5]::int4[],
    (array['{}', '{"a,b","\"q\""}', '{NULL}', '{"NULL"}', null])[1 + n % 5]::text[],
    (array['{}', '{"2024-01-01 00:00:00.000001+02"}', null])[1 + n % 3]::timestamptz[],
    (array['empty', '[1,5)', '(,3)', '[2,)', null]::int4range[])[1 + n % 5],
    (array['10.0.0.1', '10.0.0.0/8', '::1', null]::inet[])[1 + n % 4],
    (array['000', '101', '111', null]::bit(3)[])[1 + n % 4],
    (array['0', '-12.34', '1000000', null]::money[])[1 + n % 4],
    named
from generate_series(first, last) as n $$;
create table pairs (a integer, b integer, note text, primary key (a, b));
insert into pairs select n / 3, n % 3, 'n' || n from generate_series(0, 29) as n;
create view keyless as select a, note from pairs;
create view keyed as select a, b, note from pairs;
create table large (id integer primary key, body text not null);
insert into large select n, repeat('x', 1000) from generate_series(1, 200) as n;
create table long (id integer primary key, word text not null);
insert into long select n, repeat(chr(96 + n), case n when 3 then 20000 else 10 end) from generate_series(1, 9) as n;
"#;

const OPEN: &str = "[access]\nread = [\"public\"]\n";

fn setup() -> Setup<'static> {
    const RESOURCES: &[(&str, &str)] = &[
        ("things", "[access]\nread = [\"public\"]\n[page]\nmax = 500\n"),
        ("pairs", OPEN),
        ("others", "table = \"public.pairs\"\n[access]\nread = [\"public\"]\n"),
        ("keyless", OPEN),
        ("keyed", "key = [\"a\", \"b\"]\n[access]\nread = [\"public\"]\n"),
        ("large", "[access]\nread = [\"public\"]\n[page]\nmax_bytes = 50000\n"),
        ("larger", "table = \"public.large\"\n[access]\nread = [\"public\"]\n"),
        ("long", OPEN),
    ];
    Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        limits: Limits {
            reply: 100_000,
            ..Limits::default()
        },
        ..Setup::default()
    }
}

/// The target of a `Link` with this relation.
fn link(answer: &Answer, relation: &str) -> Option<String> {
    let suffix = format!("; rel=\"{relation}\"");
    let mut links = answer.header("link").split(", ").filter(|link| !link.is_empty());
    let found = links.find_map(|link| link.strip_suffix(&suffix))?;
    let target = found.strip_prefix('<').unwrap().strip_suffix('>').unwrap();
    assert!(target.starts_with("/api/"), "{target}");
    Some(target.to_owned())
}

fn ids(answer: &Answer) -> Vec<i64> {
    let rows = answer.json();
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect()
}

/// Follows `next` from `path` on; `between` is run after each page.
async fn walk(app: &App, path: &str, mut between: impl AsyncFnMut(usize)) -> (Vec<i64>, Vec<Answer>) {
    let (mut all, mut pages) = (Vec::new(), Vec::new());
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = app.get(&path).await.is(200);
        all.extend(ids(&page));
        next = link(&page, "next");
        pages.push(page);
        assert!(pages.len() < 500, "no end: {all:?}");
        between(pages.len()).await;
    }
    (all, pages)
}

/// Every orderable column, in every direction, with nulls on either side: each row exactly once, in the order of one big
/// list, while rows are inserted between the pages; and the same way back.
#[test]
fn cursors_go_through_every_order() {
    with_app(setup(), |app| async move {
        let owner = app.owner().await;
        owner.batch_execute("select fill(1, 60, 'old')").await.unwrap();
        let columns: Vec<String> = owner
            .query(
                "select attname::text from pg_attribute where attrelid = 'things'::regclass and attnum > 0 order by attnum",
                &[],
            )
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        assert!(columns.len() > 30);
        let mut orders = Vec::new();
        for column in &columns {
            for direction in ["asc", "desc"] {
                for nulls in ["", ".nullsfirst", ".nullslast"] {
                    orders.push(format!("{column}.{direction}{nulls}"));
                }
            }
        }
        for several in [
            "a_bool,an_int.desc,a_text.nullsfirst",
            "a_bigint.desc,a_timestamptz.desc,id.desc",
            "a_bigint,a_timestamptz",
            "a_c_text.desc,a_double.desc.nullslast",
            "a_size.nullsfirst,a_jsonb.desc,a_range",
        ] {
            orders.push(several.to_owned());
        }
        for (number, order) in orders.iter().enumerate() {
            let whole = app
                .get(&format!("/api/things?select=id&limit=500&order={order}&batch=eq.old"))
                .await
                .is(200);
            assert!(link(&whole, "next").is_none() && link(&whole, "prev").is_none());
            let whole = ids(&whole);
            assert_eq!(whole.len(), 60, "{order}");
            let path = format!("/api/things?select=id&limit=7&order={order}&batch=eq.old");
            let (forward, pages) = walk(&app, &path, async |_| {}).await;
            assert_eq!(forward, whole, "{order}");
            // Back from the last page.
            let mut back = vec![ids(pages.last().unwrap())];
            let mut before = link(pages.last().unwrap(), "prev");
            while let Some(path) = before {
                let page = app.get(&path).await.is(200);
                assert!(link(&page, "next").is_some(), "{order}");
                before = link(&page, "prev");
                back.push(ids(&page));
            }
            back.reverse();
            assert_eq!(back.concat(), whole, "{order}: back");
            // New rows between the pages: old ones neither repeat nor are skipped.
            if number % 6 == 0 || order.contains(',') {
                let path = format!("/api/things?select=id,batch&limit=13&order={order}");
                let (seen, _) = walk(&app, &path, async |page| {
                    if page <= 5 {
                        owner
                            .batch_execute(&format!("select fill({page}, {}, 'new')", page + 8))
                            .await
                            .unwrap();
                    }
                })
                .await;
                let old: Vec<i64> = seen.into_iter().filter(|id| *id <= 60).collect();
                assert_eq!(old, whole, "{order}: with rows inserted");
                owner
                    .batch_execute("delete from things where batch = 'new'")
                    .await
                    .unwrap();
            }
        }
    });
}

#[test]
fn links_keep_the_query_and_end() {
    with_app(setup(), |app| async move {
        let first = app
            .get("/api/pairs?a=gt.1&select=note&limit=4&order=b.desc&or=(a.lt.9,b.eq.0)")
            .await
            .is(200);
        let next = link(&first, "next").unwrap();
        assert!(
            next.starts_with("/api/pairs?a=gt.1&select=note&limit=4&order=b.desc&or=(a.lt.9,b.eq.0)&cursor="),
            "{next}"
        );
        assert_eq!(link(&first, "prev"), None, "the first page has none before it");
        assert_eq!(first.header("content-range"), "0-3/*");
        let second = app.get(&next).await.is(200);
        assert_eq!(
            second.header("content-range"),
            "*/*",
            "the place of a cursor's page is not known"
        );
        assert_eq!(
            second.json()[0],
            json!({"note": "n20"}),
            "columns of the order that were not asked for stay away"
        );
        let counted = Answer::of(app.request(Method::GET, &next).header("prefer", "count=exact"))
            .await
            .is(206);
        assert_eq!(
            counted.header("content-range"),
            "*/22",
            "the count is of all rows, not of those after the cursor"
        );
        let prev = app.get(&link(&second, "prev").unwrap()).await.is(200);
        assert_eq!(prev.text, first.text);
        assert_eq!(link(&prev, "prev"), None);
        assert_eq!(app.get(&link(&prev, "next").unwrap()).await.is(200).text, second.text);

        // Limits and columns may change on the way, and offsets give way to a cursor.
        let other = app
            .get(&next.replace("limit=4", "limit=2").replace("select=note", "select=a,b"))
            .await
            .is(200);
        assert_eq!(other.json().as_array().unwrap().len(), 2);
        let offset = app.get("/api/pairs?limit=2&offset=4").await.is(200);
        let next = link(&offset, "next").unwrap();
        assert!(!next.contains("offset"), "{next}");
        assert_eq!(app.get(&next).await.is(200).json()[0]["note"], "n6");

        // Exactly full, one short, empty, and a page of nothing.
        for (query, has_next) in [
            ("limit=30", false),
            ("limit=29", true),
            ("limit=31", false),
            ("limit=0", false),
            ("a=gt.99", false),
            ("limit=1&offset=29", false),
        ] {
            let page = app.get(&format!("/api/pairs?{query}")).await.is(200);
            assert_eq!(link(&page, "next").is_some(), has_next, "{query}");
        }
        let head = Answer::of(app.request(Method::HEAD, "/api/pairs?limit=3"))
            .await
            .is(200);
        assert!(link(&head, "next").is_some());
        let object = Answer::of(
            app.request(Method::GET, "/api/pairs?limit=1")
                .header("accept", "application/vnd.pgrst.object+json"),
        );
        assert!(link(&object.await.is(200), "next").is_some());

        // Rows without a key are in no total order: there are no cursors for them.
        let keyless = app.get("/api/keyless?limit=3").await.is(200);
        assert_eq!(keyless.header("link"), "");
        let refused = app.get("/api/keyless?cursor=AAAA").await.is(400);
        assert!(refused.text.contains("limit` and `offset"), "{}", refused.text);
        let mut notes = Vec::new();
        let mut next = Some("/api/keyed?limit=7&order=note".to_owned());
        while let Some(path) = next {
            let page = app.get(&path).await.is(200);
            notes.extend(
                page.json()
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| row["note"].as_str().unwrap().to_owned()),
            );
            next = link(&page, "next");
        }
        notes.dedup();
        assert_eq!(notes.len(), 30);

        // A cursor that no header could carry is not given away; a list never looks as if it ended.
        let long = app.get("/api/long?order=word&limit=2").await.is(200);
        let long = app.get(&link(&long, "next").unwrap()).await.is(200);
        assert!(
            link(&long, "next").is_some() && link(&long, "prev").is_none(),
            "{}",
            long.header("link")
        );
        let long = app.get("/api/long?order=word&limit=3").await.is(200);
        let next = link(&long, "next").unwrap();
        assert!(next.ends_with("offset=3"), "{next}");
        assert_eq!(ids(&app.get(&next).await.is(200)), [4, 5, 6]);
        let first = app.get("/api/long?order=word&limit=1").await.is(200);
        let second = app.get(&link(&first, "next").unwrap()).await.is(200);
        let third = app.get(&link(&second, "next").unwrap()).await.is(400).json();
        assert_eq!(
            third["message"],
            "A value that orders these rows is too long for a cursor"
        );
    });
}

#[test]
fn cursors_cannot_be_bent() {
    with_app(setup(), |app| async move {
        let first = app.get("/api/pairs?a=gt.1&limit=4&order=b.desc").await.is(200);
        let next = link(&first, "next").unwrap();
        let cursor = next.split("cursor=").nth(1).unwrap().to_owned();
        let mut forged = cursor.clone().into_bytes();
        forged[30] = if forged[30] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        for (path, why) in [
            (
                format!("/api/pairs?a=gt.2&limit=4&order=b.desc&cursor={cursor}"),
                "another resource, order or filter",
            ),
            (
                format!("/api/pairs?limit=4&order=b.desc&cursor={cursor}"),
                "another resource, order or filter",
            ),
            (
                format!("/api/pairs?a=gt.1&b=eq.1&limit=4&order=b.desc&cursor={cursor}"),
                "another resource, order or filter",
            ),
            (
                format!("/api/pairs?a=gt.1&limit=4&order=b&cursor={cursor}"),
                "another resource, order or filter",
            ),
            (
                format!("/api/pairs?a=gt.1&limit=4&order=b.desc.nullslast&cursor={cursor}"),
                "another resource, order or filter",
            ),
            (
                format!("/api/pairs?a=gt.1&limit=4&cursor={cursor}"),
                "another resource, order or filter",
            ),
            (
                format!("/api/others?a=gt.1&limit=4&order=b.desc&cursor={cursor}"),
                "another resource, order or filter",
            ),
            (
                format!("/api/pairs?a=gt.1&order=b.desc&cursor={forged}"),
                "broken, or was not made here",
            ),
            (
                format!("/api/pairs?a=gt.1&order=b.desc&cursor={}", &cursor[1..]),
                "broken, or was not made here",
            ),
            (
                format!("/api/pairs?a=gt.1&order=b.desc&cursor={cursor}A"),
                "broken, or was not made here",
            ),
            ("/api/pairs?cursor=".to_owned(), "broken, or was not made here"),
            ("/api/pairs?cursor=%00".to_owned(), "U+0000"),
            (
                "/api/pairs?cursor=x'; drop table pairs; --".to_owned(),
                "character 2: expected a letter",
            ),
            (
                format!("/api/pairs?a=gt.1&order=b.desc&offset=0&cursor={cursor}"),
                "cannot be given together",
            ),
            (format!("{next}&cursor={cursor}"), "given twice"),
        ] {
            let refused = app.get(&path).await.is(400);
            assert_eq!(refused.json()["code"], "bad_query", "{path}");
            assert!(refused.text.contains(why), "{path}: {}", refused.text);
        }
        app.get(&next).await.is(200);
        // The order of the parameters is no part of the question.
        app.get(&format!("/api/pairs?cursor={cursor}&order=b.desc&a=gt.1"))
            .await
            .is(200);
        let item = app.get(&format!("/api/pairs/1,1?cursor={cursor}")).await.is(400);
        assert!(item.text.contains("A single row takes no"), "{}", item.text);
    });
}

/// A table of requests with `Range`: status, `Content-Range`, rows.
#[test]
fn ranges() {
    with_app(setup(), |app| async move {
        let mut wrong = String::new();
        for (path, range, count, status, content_range, rows) in [
            ("/api/pairs", "items=0-4", false, 200, "0-4/*", 5),
            ("/api/pairs", "0-4", false, 200, "0-4/*", 5),
            ("/api/pairs", "0-4", true, 206, "0-4/30", 5),
            ("/api/pairs", "items=0-29", true, 200, "0-29/30", 30),
            ("/api/pairs", "items=0-99", true, 200, "0-29/30", 30),
            ("/api/pairs", "items=25-", true, 206, "25-29/30", 5),
            ("/api/pairs", "items=25-27", false, 200, "25-27/*", 3),
            ("/api/pairs", "items=29-29", true, 206, "29-29/30", 1),
            ("/api/pairs", "items=30-39", true, 416, "*/30", 0),
            ("/api/pairs", "items=30-39", false, 200, "*/*", 0),
            ("/api/pairs?limit=3", "items=10-19", true, 206, "0-2/30", 3),
            ("/api/pairs?offset=28", "items=0-0", true, 206, "28-29/30", 2),
            ("/api/pairs?a=eq.1", "items=1-1", true, 206, "1-1/3", 1),
            ("/api/pairs", "bytes=0-4", true, 200, "0-29/30", 30),
            ("/api/pairs", "items=4-0", true, 400, "", 0),
            ("/api/pairs", "items=-5", true, 400, "", 0),
            ("/api/pairs", "items=a-b", false, 400, "", 0),
            ("/api/pairs", "nonsense", false, 400, "", 0),
            ("/api/pairs", "items=0-1,4-5", false, 400, "", 0),
            ("/api/things", "items=0-3", true, 200, "*/0", 0),
            ("/api/pairs/1,1", "items=5-9", false, 200, "", 0),
        ] {
            let mut request = app
                .request(Method::GET, path)
                .header("range-unit", "items")
                .header("range", range);
            if count {
                request = request.header("prefer", "count=exact");
            }
            let answer = Answer::of(request).await;
            let found = match serde_json::from_str(&answer.text) {
                Ok(Value::Array(rows)) => rows.len(),
                _ => 0,
            };
            if (answer.status, answer.header("content-range"), found) != (status, content_range, rows) {
                let (status, text) = (answer.status, &answer.text);
                writeln!(
                    wrong,
                    "{path} {range}: {status} {} {text}",
                    answer.header("content-range")
                )
                .unwrap();
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
        let ranged = Answer::of(app.request(Method::GET, "/api/pairs").header("range", "items=3-5"))
            .await
            .is(200);
        let next = link(&ranged, "next").unwrap();
        assert!(next.starts_with("/api/pairs?limit=3&cursor="), "{next}");
        let next = app.get(&next).await.is(200).json();
        assert_eq!((next.as_array().unwrap().len(), &next[0]["note"]), (3, &json!("n6")));
        let other = app
            .request(Method::GET, "/api/pairs")
            .header("range-unit", "pages")
            .header("range", "0-4");
        assert_eq!(Answer::of(other).await.is(200).header("content-range"), "0-29/*");
    });
}

#[test]
fn a_list_that_is_too_large_is_refused() {
    with_app(setup(), |app| async move {
        for path in ["/api/large?limit=100", "/api/large", "/api/larger?limit=100"] {
            let refused = app.get(path).await.is(400);
            assert_eq!(refused.json()["code"], "reply_too_large", "{path}");
            assert!(refused.json()["hint"].as_str().unwrap().contains("`limit`"), "{path}");
        }
        app.get("/api/large?limit=40").await.is(200);
        app.get("/api/larger?limit=90").await.is(200);
        app.get("/api/large?limit=200&select=id").await.is(200);
        let streamed = Answer::of(
            app.request(Method::GET, "/api/large?limit=200")
                .header("accept", "application/x-ndjson"),
        );
        assert!(streamed.await.is(200).text.len() > 200_000);
        // The lanes are as good as before.
        for _ in 0..20 {
            app.get("/api/large?limit=1").await.is(200);
        }
    });
}
