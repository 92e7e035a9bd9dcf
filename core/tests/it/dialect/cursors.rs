//! Cursors over orders that are no plain columns: places inside of JSON, and columns of related rows.

use reqwest::Method;
use serde_json::Value;

use super::{uri, with_dialect, with_store};
use crate::app::{Answer, App};

/// Rows with ties and nulls in everything that orders them below.
const MORE: &str = r#"
insert into customers select n, (array['ä', 'a', 'B', 'b', ''])[1 + n % 5], null, case when n % 3 > 0 then 'c' || n % 4 end, '2025-01-01',
    (array[true, false, null])[1 + n % 3] from generate_series(200, 230) n;
insert into orders select n, case when n % 7 > 0 then 200 + n % 31 end, date '2025-01-01' + n % 3, (array['open', 'sent'])[1 + n % 2]::state,
    case when n % 3 > 0 then 1 + n % 2 end, null, case when n % 5 > 0 then n % 4 end from generate_series(300, 350) n;
insert into receipts select n, 'N' || n * 7 % 13 || '-' || n from generate_series(300, 350, 3) n;
insert into products select n, 'sku' || n, 'p', null, 1, 0,
    case when n % 4 > 0 then row(n % 5, 1)::size end,
    (array['{}', '{a}', '{b,c}', '{NULL}'])[1 + n % 4]::text[],
    (array['{}', '{"pages": 5}', '{"pages": 40}', '{"pages": "5"}', '{"pages": null}', '{"pages": [1]}', '{"cover": {"colour": "red"}}',
        '{"cover": {"colour": "Żółw\"\\"}}', '[1, 2]', '{"pages": {"a": 1.0}}', '{"pages": 5.0}', '{"pages": true}'])[1 + n % 12]::jsonb
    from generate_series(400, 440) n;
insert into lines select 300 + n, 1, 400 + n % 41, 1 from generate_series(0, 50) n;
"#;

/// Where rows come from, with the parameter that every request has, and the orders to try; `D` stands for each direction
/// with nulls on either side.
const ORDERS: &[(&str, &[&str])] = &[
    (
        "products?select=id",
        &[
            "meta->pagesD",
            "meta->>pagesD",
            "meta->cover->>colourD",
            "meta->coverD,stock.desc",
            "meta->0D",
            "labels->>0D",
            "size->widthD",
            "name,meta->>pagesD",
        ],
    ),
    (
        "orders?select=id,customers()",
        &[
            "customers(name)D",
            "customers(city)D,placed.desc",
            "customers(vip)D",
            "placed.desc,customers(name)D,totalD",
        ],
    ),
    (
        "orders?select=id,...customers(name)&customers.vip=is.true",
        &["customers(name)D"],
    ),
    (
        "orders?select=id,b:billing_id()",
        &["b(city)D", "b(city)D,b(street).desc"],
    ),
    ("orders?select=id,receipts!inner()", &["receipts(number)D"]),
    ("orders?select=id,receipts()&receipts=is.null", &["receipts(number)D"]),
    ("orders?select=id,receipts()", &["receipts(number)D,id.desc"]),
    (
        "lines?select=id:order_id,line_no,products()",
        &[
            "products(meta->pages)D",
            "products(meta->>pages)D",
            "products(size->width)D",
        ],
    ),
];

const WAYS: &[&str] = &[
    "",
    ".desc",
    ".nullsfirst",
    ".nullslast",
    ".desc.nullsfirst",
    ".desc.nullslast",
];

#[test]
fn pages_over_paths_and_related_columns() {
    with_store(|app| async move {
        let owner = app.owner().await;
        owner.batch_execute(MORE).await.unwrap();
        let mut walked = 0;
        for (from, orders) in ORDERS {
            for order in *orders {
                for way in WAYS {
                    let path = format!("/api/{from}&order={}", order.replace('D', way));
                    let whole = rows(&app.get(&uri(&format!("{path}&limit=900"))).await.is(200));
                    assert!(whole.len() > 15, "{path}");
                    let (forward, last) = walk(&app, uri(&format!("{path}&limit=7")), "next").await;
                    assert_eq!(forward, whole, "{path}");
                    let (mut back, _) = walk(&app, last, "prev").await;
                    back.sort_by_key(|row| whole.iter().position(|known| known == row));
                    back.dedup();
                    assert_eq!(back, whole, "{path}: back");
                    walked += 1;
                }
            }
        }
        assert!(walked > 100, "{walked}");
    });
}

/// Rows that come meanwhile move no others.
#[test]
fn rows_inserted_between_pages() {
    with_store(|app| async move {
        let owner = app.owner().await;
        owner.batch_execute(MORE).await.unwrap();
        for order in [
            "customers(name).desc.nullslast",
            "customers(city)",
            "receipts(number).nullsfirst",
        ] {
            let path = uri(&format!("/api/orders?select=id,customers(),receipts()&order={order}"));
            let whole = rows(&app.get(&format!("{path}&limit=900")).await.is(200));
            let (mut seen, mut next) = (Vec::new(), Some(format!("{path}&limit=5")));
            while let Some(path) = next {
                let page = app.get(&path).await.is(200);
                seen.extend(rows(&page));
                next = link(&page, "next");
                if seen.len() < 40 {
                    owner
                        .batch_execute(
                            "insert into orders select max(id) + 1, 200 + max(id) % 31 from orders where id > 900 having max(id) > 0
                             union all select 1000, 203 where not exists (select from orders where id > 900)",
                        )
                        .await
                        .unwrap();
                }
            }
            seen.retain(|row| row["id"].as_i64().unwrap() < 900);
            assert_eq!(seen, whole, "{order}");
            owner.batch_execute("delete from orders where id > 900").await.unwrap();
        }
    });
}

/// A cursor of one relation is refused where the same name means another.
#[test]
fn a_cursor_is_bound_to_the_relation() {
    with_store(|app| async move {
        let path = |relation: &str| {
            uri(&format!(
                "/api/orders?select=id,a:addresses!{relation}()&order=a(city)&limit=1"
            ))
        };
        let first = app.get(&path("billing_id")).await.is(200);
        let next = link(&first, "next").unwrap();
        app.get(&next).await.is(200);
        let other = next.replace("billing_id", "shipping_id");
        assert_ne!(other, next);
        let refused = app.get(&other).await.is(400);
        assert!(refused.text.contains("made for another"), "{}", refused.text);
    });
}

/// Follows the links of this relation; gives all rows, and the last page's path.
async fn walk(app: &App, path: String, relation: &str) -> (Vec<Value>, String) {
    let (mut all, mut path, mut pages) = (Vec::new(), path, 0);
    loop {
        let page = app.get(&path).await.is(200);
        all.extend(rows(&page));
        pages += 1;
        assert!(pages < 100, "no end: {path}");
        match link(&page, relation) {
            Some(next) => path = next,
            None => return (all, path),
        }
    }
}

fn rows(answer: &Answer) -> Vec<Value> {
    answer.json().as_array().unwrap().clone()
}

fn link(answer: &Answer, relation: &str) -> Option<String> {
    let suffix = format!(">; rel=\"{relation}\"");
    let mut links = answer.header("link").split(", ");
    let found = links.find_map(|link| link.strip_suffix(&suffix)?.strip_prefix('<'));
    found.map(str::to_owned)
}

/// What is counted beside a stream: the planner's guess needs no exact count, and promises no rows.
#[test]
fn counts_of_streams() {
    with_store(|app| async move {
        let owner = app.owner().await;
        owner.batch_execute("analyze").await.unwrap();
        for accept in ["application/x-ndjson", "text/csv"] {
            for (path, prefer, status, range) in [
                ("orders?select=id", "count=exact", 200, "0-4/5"),
                ("orders?select=id&limit=2", "count=exact", 206, "0-1/5"),
                ("orders?select=id", "count=planned", 200, "*/5"),
                ("orders?select=id&limit=2", "count=planned", 200, "*/5"),
                ("orders?select=id", "count=estimated", 200, "*/5"),
                ("orders?select=id&limit=2&offset=4", "count=estimated", 200, "*/5"),
                ("orders?select=id&offset=99", "count=planned", 200, "*/5"),
                ("orders?select=id&offset=99", "count=exact", 416, "*/5"),
                ("orders?select=id&state=eq.sent", "count=exact", 200, "0-1/2"),
                ("orders?select=state,count()", "count=exact", 200, "0-2/3"),
                ("orders?select=state,count()", "count=planned", 200, "0-2/3"),
                (
                    "orders?select=id,lines(line_no)&customers=is.null",
                    "count=exact",
                    400,
                    "",
                ),
                (
                    "orders?select=id,...customers(name)&customers=is.null",
                    "count=exact",
                    200,
                    "0-0/1",
                ),
                ("orders?select=id", "", 200, "*/*"),
            ] {
                let path = uri(&format!("/api/{path}"));
                let asked = |method| {
                    let request = app.request(method, &path).header("accept", accept);
                    Answer::of(request.header("prefer", prefer))
                };
                let answer = asked(Method::GET).await;
                let told = (answer.status, answer.header("content-range"));
                assert_eq!(told, (status, range), "{accept} {path} {prefer}: {}", answer.text);
                let head = asked(Method::HEAD).await;
                assert_eq!(
                    (head.status, head.header("content-range")),
                    told,
                    "HEAD {accept} {path} {prefer}"
                );
                if status < 300 {
                    // What is estimated of a list is planned of a stream, and said to be.
                    let applied = prefer.replace("estimated", "planned");
                    assert_eq!(answer.header("preference-applied"), applied, "{path}");
                    let list = app.get(&path).await.is(200).json();
                    let lines = answer.text.lines().count() - usize::from(accept == "text/csv");
                    assert_eq!(lines, list.as_array().unwrap().len(), "{path}");
                }
            }
        }
    });
}

#[test]
fn pages_go_on_over_paths_that_lead_nowhere() {
    with_dialect(|app| async move {
        for order in [
            "id,meta->>nowhere",
            "id.desc,meta->pets->0",
            "meta->>nowhere,id",
            "id,meta->age.desc.nullslast",
        ] {
            let (mut path, mut seen) = (format!("/api/all?select=id&limit=1&order={order}"), 0);
            loop {
                let page = app.get(&uri(&path)).await.is(200);
                seen += page.json().as_array().unwrap().len();
                let next = page
                    .header("link")
                    .split(", ")
                    .find(|link| link.ends_with("rel=\"next\""))
                    .map(str::to_owned);
                match next {
                    Some(next) => path = next.trim_start_matches('<').split('>').next().unwrap().to_owned(),
                    None => break,
                }
            }
            assert_eq!(seen, 5, "{order}");
        }
    });
}
