//! Lists that are streamed: NDJSON and CSV, slow readers, readers who leave, and errors in the middle.

mod bounds;
mod forms;

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use windlass_core::app::Limits;
use windlass_core::db::cluster::Role;
use windlass_core::db::connect;
use windlass_core::db::lane::LaneOptions;

use crate::app::{Answer, App, Setup, with_app};

const NDJSON: &str = "application/x-ndjson";
const CSV: &str = "text/csv";

const SCHEMA: &str = r#"
create type tone as enum ('high', 'low, deep');
create table notes (
    id integer primary key,
    body text,
    tone tone,
    tags text[],
    meta jsonb,
    plain json,
    price numeric,
    ratio double precision,
    at timestamptz,
    raw bytea,
    yes boolean
);
insert into notes values
    (1, 'plain', 'high', '{a,"b,c"}', '{"k": "v"}', '[1, 2]', 1.50, 'NaN', '2024-01-02 03:04:05.000006+00', '\xff', true),
    (2, 'with "quotes", commas' || chr(13) || chr(10) || 'and lines', 'low, deep', '{}', '"text"', 'null', 'Infinity', 0.1, null, '\x', false),
    (3, '', null, null, null, null, null, null, null, null, null),
    (4, null, 'high', '{NULL}', '5', '"x"', -0.00, '-Infinity', '-infinity', null, null),
    (5, ' spaces ', 'high', '{""}', '[]', '{}', 12345678901234567890.5, 1e300, null, '\x00', true);
create table clubs (id integer primary key, name text, tags text[]);
create table members (id integer primary key, club_id integer references clubs, name text not null, n integer);
insert into clubs values (1, 'a,b', '{x,y}'), (2, null, null), (3, 'empty', '{}');
insert into members values (1, 1, 'Ada', 7), (2, 1, 'Bob "B"', null), (3, 2, 'Cid', 9), (4, null, 'Dot', 1);
create table "odd labels" (id integer primary key, "a,b" text, "say ""x""" text);
insert into "odd labels" values (1, 'x', null);
create table many (id integer primary key, body text not null);
insert into many select n, 'row ' || n from generate_series(1, 20000) as n;
analyze many;
create table wide (id integer primary key, body text not null);
insert into wide select n, repeat(md5(n::text), 64) from generate_series(1, 40000) as n;
create function burst(n integer) returns integer language plpgsql volatile as $$
begin
    if n = 15000 then raise exception 'the pipe burst'; end if;
    return n;
end $$;
create view broken as select id, burst(id) as burst from many order by id;
create function early(n integer) returns integer language plpgsql volatile as $$
begin
    raise exception 'never a row';
end $$;
create view stillborn as select id, early(id) as early from many;
create view sleepy as select id, id::text || coalesce(pg_sleep(case when id > 2000 then 30 else 0 end)::text, '') as body from many order by id;
create function doze(seconds double precision) returns setof text language sql stable as 'select pg_sleep(seconds)::text';
create view asleep as select id, coalesce(pg_sleep(30)::text, '') as body from many;
"#;

fn setup() -> Setup<'static> {
    const OPEN: &str = "key = [\"id\"]\n[access]\nread = [\"public\"]\n[page]\nmax_stream = 1000000\n";
    const WRITABLE: &str =
        "[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n";
    const RESOURCES: &[(&str, &str)] = &[
        ("notes", "[access]\nread = [\"public\"]\n"),
        ("clubs", "[access]\nread = [\"public\"]\n"),
        ("members", WRITABLE),
        ("odd", "table = \"public.odd labels\"\n[access]\nread = [\"public\"]\n"),
        (
            "paged",
            "table = \"public.many\"\n[access]\nread = [\"public\"]\n[page]\ndefault = 10\nmax = 100\n",
        ),
        (
            "many",
            "[access]\nread = [\"public\"]\n[page]\ndefault = 10\nmax = 100\nmax_stream = 15000\n",
        ),
        (
            "few",
            "table = \"public.many\"\n[access]\nread = [\"public\"]\n[page]\ndefault = 2\nmax = 2\nmax_stream = 5\nmax_groups = 3\n",
        ),
        ("wide", "[access]\nread = [\"public\"]\n[page]\nmax_stream = 1000000\n"),
        ("broken", OPEN),
        ("stillborn", OPEN),
        ("sleepy", OPEN),
        (
            "asleep",
            "key = [\"id\"]\n[access]\nread = [\"public\"]\n[page]\nmax_groups = 5\nmax_stream = 1000000\n",
        ),
        ("doze", "function = \"public.doze\"\n[access]\ncall = [\"public\"]\n"),
        ("closed", "table = \"public.many\"\n[access]\nread = [\"scope:x\"]\n"),
    ];
    Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    }
}

async fn asked(app: &App, path: &str, accept: &str, prefer: &str) -> Answer {
    let request = app
        .request(Method::GET, path)
        .header("accept", accept)
        .header("prefer", prefer);
    Answer::of(request).await
}

fn lines(answer: &Answer) -> Vec<Value> {
    assert!(
        answer.text.is_empty() || answer.text.ends_with('\n'),
        "the last line is whole"
    );
    answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The rows are those of the list as JSON, whatever the query.
#[test]
fn lines_are_the_rows_of_the_list() {
    with_app(setup(), |app| async move {
        for path in [
            "/api/notes",
            "/api/notes?order=body.desc.nullsfirst",
            "/api/notes?select=id,label:body&id=gt.1",
            "/api/notes?limit=2&offset=1",
            "/api/notes?limit=0",
            "/api/notes?id=eq.99",
            "/api/notes?or=(id.eq.1,body.is.null)",
            "/api/paged?limit=100",
            "/api/paged?limit=7&offset=19995",
            "/api/odd",
        ] {
            for prefer in ["", "count=exact"] {
                let list = asked(&app, path, "application/json", prefer).await;
                let stream = asked(&app, path, NDJSON, prefer).await.is(list.status);
                assert_eq!(json!(lines(&stream)), list.json(), "{path}");
                assert_eq!(stream.header("content-type"), NDJSON);
                assert_eq!(
                    stream.header("vary"),
                    "accept, prefer, range, range-unit, authorization, apikey, x-api-key"
                );
                assert_eq!(stream.header("link"), "");
                assert_eq!(stream.header("transfer-encoding"), "chunked");
                assert_eq!(stream.header("preference-applied"), prefer);
                let range = if prefer.is_empty() {
                    "*/*"
                } else {
                    list.header("content-range")
                };
                assert_eq!(stream.header("content-range"), range, "{path}");
                let head = app
                    .request(Method::HEAD, path)
                    .header("accept", NDJSON)
                    .header("prefer", prefer);
                let head = Answer::of(head).await.is(list.status);
                assert_eq!(
                    (head.header("content-range"), head.header("content-type")),
                    (range, NDJSON),
                    "{path}"
                );
                assert_eq!((head.text.as_str(), head.header("content-length")), ("", ""));
            }
        }
    });
}

#[test]
fn csv_is_read_by_any_reader() {
    with_app(setup(), |app| async move {
        let all = asked(&app, "/api/notes", CSV, "").await.is(200);
        assert_eq!(all.header("content-type"), "text/csv; charset=utf-8");
        let wanted = [
            "id,body,tone,tags,meta,plain,price,ratio,at,raw,yes",
            r#"1,plain,high,"[""a"",""b,c""]","{""k"": ""v""}","[1, 2]",1.50,NaN,2024-01-02T03:04:05.000006Z,/w==,true"#,
            "2,\"with \"\"quotes\"\", commas\r\nand lines\",\"low, deep\",[],\"\"\"text\"\"\",null,Infinity,0.1,,\"\",false",
            "3,\"\",,,,,,,,,",
            r#"4,,high,[null],5,"""x""",0.00,-Infinity,-infinity,,"#,
            r#"5, spaces ,high,"[""""]",[],{},12345678901234567890.5,1e+300,,AA==,true"#,
            "",
        ];
        assert_eq!(all.text, wanted.join("\r\n"));
        for (path, wanted) in [
            ("/api/notes?select=who:body,id&id=eq.1", "who,id\r\nplain,1\r\n"),
            ("/api/notes?select=id&id=eq.99", "id\r\n"),
            ("/api/notes?select=body&id=eq.4", "body\r\n\r\n"),
            ("/api/odd", "id,\"a,b\",\"say \"\"x\"\"\"\r\n1,x,\r\n"),
            ("/api/paged?select=id&limit=2&offset=1", "id\r\n2\r\n3\r\n"),
        ] {
            assert_eq!(asked(&app, path, CSV, "").await.is(200).text, wanted, "{path}");
        }
        let counted = asked(&app, "/api/notes?select=id&limit=1", CSV, "count=exact")
            .await
            .is(206);
        assert_eq!(
            (counted.text.as_str(), counted.header("content-range")),
            ("id\r\n1\r\n", "0-0/5")
        );
    });
}

/// A table of requests with what they are refused with, or how many rows they give.
#[test]
fn streams_are_bounded_and_refused_like_lists() {
    with_app(setup(), |app| async move {
        for (path, rows) in [
            ("/api/paged", 20_000),
            ("/api/paged?limit=5000", 5000),
            ("/api/many?limit=15000", 15_000),
            ("/api/many?limit=500", 500),
            ("/api/many?id=lte.15000", 15_000),
            ("/api/many?limit=19000&offset=19000", 1000),
            ("/api/many?id=lte.12", 12),
            ("/api/broken?limit=100", 100),
        ] {
            assert_eq!(
                lines(&asked(&app, path, NDJSON, "").await.is(200)).len(),
                rows,
                "{path}"
            );
        }
        let json = asked(&app, "/api/many?limit=500", "application/json", "").await.is(200);
        assert_eq!(
            json.json().as_array().unwrap().len(),
            100,
            "a gathered list keeps its own maximum"
        );
        for (path, accept, status, code) in [
            ("/api/many?nope=eq.1", NDJSON, 400, "unknown_column"),
            ("/api/many?id=eq.x", CSV, 400, "bad_query"),
            ("/api/many?limit=x", CSV, 400, "bad_query"),
            ("/api/many?cursor=x", NDJSON, 400, "bad_query"),
            ("/api/closed", NDJSON, 401, "unauthenticated"),
            ("/api/nothing", NDJSON, 404, "route_not_found"),
            ("/api/many", "text/plain", 406, "not_acceptable"),
            ("/api/many", "text/csv;q=0", 406, "not_acceptable"),
            // What goes wrong before the first row is told as always.
            ("/api/stillborn", NDJSON, 400, "database_rule"),
            ("/api/stillborn", CSV, 400, "database_rule"),
        ] {
            let refused = asked(&app, path, accept, "").await.is(status);
            assert_eq!(refused.json()["code"], code, "{path}");
            assert_eq!(refused.header("content-type"), "application/problem+json", "{path}");
        }
        let beyond = asked(&app, "/api/many?offset=20000", NDJSON, "count=exact")
            .await
            .is(416);
        assert_eq!(beyond.header("content-range"), "*/20000");

        // A cursor of a gathered list goes on in a stream, forwards only.
        let list = app.get("/api/paged?limit=5").await.is(200);
        let next = list.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
        assert_eq!(lines(&asked(&app, &next, NDJSON, "").await.is(200))[0]["id"], 6);
        let second = app.get(&next).await.is(200);
        let prev = second.header("link").rsplit(['<', '>']).nth(1).unwrap().to_owned();
        assert!(
            asked(&app, &prev, NDJSON, "")
                .await
                .is(400)
                .text
                .contains("cannot go back")
        );
        let ranged = app
            .request(Method::GET, "/api/many")
            .header("accept", NDJSON)
            .header("range", "items=10-14");
        assert_eq!(lines(&Answer::of(ranged).await.is(200)).len(), 5);
    });
}

/// Sends a request of its own making and gives the connection, of which nothing was read yet.
async fn open(app: &App, path: &str) -> TcpStream {
    open_as(app, path, NDJSON).await
}

async fn open_as(app: &App, path: &str, accept: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// A connection that sees what others run.
async fn watcher(app: &App) -> tokio_postgres::Client {
    let config = app.cluster.endpoint().config(Role::Superuser);
    connect::open(&config).await.unwrap()
}

/// How many statements of the service run in Postgres.
async fn running(watcher: &tokio_postgres::Client) -> i64 {
    let counted = watcher.query_one(
        "select count(*) from pg_stat_activity where usename = 'windlass_login' and state <> 'idle'",
        &[],
    );
    counted.await.unwrap().get(0)
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(10), "{what}: not within 10 s");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn a_reader_who_leaves_frees_the_lane() {
    with_app(setup(), |app| async move {
        let watcher = watcher(&app).await;
        // While rows come; while none come any more; before the first one came.
        for (path, read) in [("/api/wide", 1000), ("/api/sleepy", 100), ("/api/asleep", 0)] {
            let mut stream = open(&app, path).await;
            let mut some = vec![0; read];
            stream.read_exact(&mut some).await.unwrap();
            until(&format!("{path} runs"), async || running(&watcher).await == 1).await;
            assert_eq!(app.context.lanes.state().exclusive_busy, 1, "{path}");
            drop(stream);
            until(path, async || running(&watcher).await == 0).await;
            until(path, async || app.context.lanes.state().exclusive_busy == 0).await;
        }
        app.get("/api/notes").await.is(200);
    });
}

#[test]
fn who_hangs_up_frees_the_lanes() {
    let setup = setup();
    let most = setup.lanes.exclusive;
    with_app(setup, move |app| async move {
        let watcher = watcher(&app).await;
        for path in ["/api/asleep", "/api/rpc/doze?seconds=30", "/api/asleep?select=count()"] {
            let mut waiting = Vec::new();
            for _ in 0..most {
                waiting.push(open_as(&app, path, "application/json").await);
            }
            until(&format!("{path} runs"), async || {
                running(&watcher).await == i64::from(most)
            })
            .await;
            drop(waiting);
            until(path, async || running(&watcher).await == 0).await;
            until(path, async || app.context.lanes.state().exclusive_busy == 0).await;
            app.get("/api/notes").await.is(200);
        }
    });
}

#[test]
fn groups_are_never_cut() {
    with_app(setup(), |app| async move {
        for accept in ["application/json", NDJSON, CSV] {
            let refused = asked(&app, "/api/few?select=body,count()", accept, "").await.is(400);
            assert_eq!(refused.json()["code"], "reply_too_large", "{accept}");
        }
        let csv = asked(&app, "/api/few?select=n:count(),last:id.max()", CSV, "")
            .await
            .is(200);
        assert_eq!(csv.text, "n,last\r\n20000,20000\r\n");
        let lines = asked(&app, "/api/few?select=n:count()", NDJSON, "").await.is(200);
        assert_eq!(lines.text, "{\"n\":20000}\n");
    });
}

#[test]
fn an_error_in_the_middle_is_noticed() {
    with_app(setup(), |app| async move {
        let watcher = watcher(&app).await;
        for accept in [NDJSON, CSV] {
            let response = app
                .request(Method::GET, "/api/broken")
                .header("accept", accept)
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 200);
            let broken = response.text().await;
            assert!(broken.is_err(), "{accept}: it looks whole: {}", broken.unwrap().len());
        }
        // Byte by byte: the last chunk, which is empty, never comes.
        let mut stream = open(&app, "/api/broken").await;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await.unwrap();
        let reply = String::from_utf8(reply).unwrap();
        assert!(reply.contains("{\"id\":10000,") && !reply.ends_with("0\r\n\r\n") && !reply.contains("burst\":15000"));
        until("the lanes are free", async || {
            app.context.lanes.state().exclusive_busy == 0
        })
        .await;
        assert_eq!(running(&watcher).await, 0);
        let whole = asked(&app, "/api/broken?limit=14999", NDJSON, "").await.is(200);
        assert_eq!(lines(&whole).len(), 14_999);
    });
}

#[test]
fn a_reader_may_be_slow_but_not_for_ever() {
    let setup = Setup {
        limits: Limits {
            stream_timeout: Duration::from_secs(2),
            ..Limits::default()
        },
        lanes: LaneOptions {
            shared: 1,
            exclusive: 2,
            wait: Duration::from_millis(200),
            statement_timeout: Duration::from_secs(1),
        },
        ..setup()
    };
    with_app(setup, |app| async move {
        let watcher = watcher(&app).await;
        // 80 MB that nobody reads: they stay where they are.
        let mut stream = open(&app, "/api/wide").await;
        let mut head = vec![0; 1000];
        stream.read_exact(&mut head).await.unwrap();
        until("it runs", async || running(&watcher).await == 1).await;
        // One stream at a time with two lanes: another is refused, but lists and writes find their lane.
        let refused = asked(&app, "/api/many", NDJSON, "").await.is(503);
        assert_eq!(refused.json()["code"], "pool_timeout");
        app.get("/api/many").await.is(200);
        // Longer than a statement may take, but within the time of streams.
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert_eq!(running(&watcher).await, 1);
        until("it is given up", async || running(&watcher).await == 0).await;
        until("its lane is free", async || {
            app.context.lanes.state().exclusive_busy == 0
        })
        .await;
        let mut rest = Vec::new();
        // Broken off: either the connection is reset, or what came has no end.
        if stream.read_to_end(&mut rest).await.is_ok() {
            assert!(
                !rest.ends_with(b"0\r\n\r\n") && rest.len() < 60_000_000,
                "{}",
                rest.len()
            );
        }
        let whole = asked(&app, "/api/paged", NDJSON, "").await.is(200);
        assert_eq!(lines(&whole).len(), 20_000);
        // No first row within the time of a statement.
        let slow = asked(&app, "/api/asleep", NDJSON, "").await.is(504);
        assert_eq!(slow.json()["code"], "statement_timeout");
        until("its lane is free", async || {
            app.context.lanes.state().exclusive_busy == 0
        })
        .await;
    });
}
