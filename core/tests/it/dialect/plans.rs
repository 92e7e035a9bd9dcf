//! Filters on indexed columns use the index: no cast of a comparison stands in its way.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio_postgres::types::ToSql;
use windlass_core::contract::{Resource, Snapshot};
use windlass_core::plan::cost::Asked;
use windlass_core::plan::cursor::Key;
use windlass_core::plan::{self, Lists, Principal, View};
use windlass_core::request::{Count, Prefer, Target, query};
use windlass_core::sql;

use super::{STORE, STORE_RESOURCES, uri};
use crate::app::{Setup, with_app};

const SCHEMA: &str = "
create type public.stage as enum ('new', 'open');
create domain public.points as integer;
create table public.many (
    id bigint primary key, name text, label varchar(20), code char(8), stage public.stage, score public.points,
    amount numeric(12, 2), at timestamptz, token uuid, tags text[], during int4range, meta jsonb, story text
);
insert into public.many select n, 'name' || n, 'label' || n, 'c' || n, (case when n % 1000 = 0 then 'new' else 'open' end)::stage,
    n, n, timestamptz '2026-01-01Z' + n * interval '1 minute', gen_random_uuid(), array['t' || n, 'u' || n % 7],
    int4range(n, n + 2), jsonb_build_object('k', 'v' || n), 'word' || n
    from generate_series(1, 20000) n;
create index on public.many (name text_pattern_ops);
create index on public.many (name);
create index on public.many (label);
create index on public.many (code);
create index on public.many (stage);
create index on public.many (score);
create index on public.many (amount);
create index on public.many (at);
create index on public.many (token);
create index on public.many using gin (tags);
create index on public.many using gist (during);
create index on public.many using gin (meta);
create index on public.many using btree ((meta ->> 'k'));
create index on public.many using gin (to_tsvector('english', story));
analyze public.many;
";

/// The statement of a list.
fn statement(resource: &Arc<Resource>, text: &str) -> sql::Statement {
    sql::read::statement(&read(resource, text)).unwrap()
}

/// The plan of a list.
pub fn read(resource: &Arc<Resource>, text: &str) -> plan::Read {
    planned(&Snapshot::default(), resource, text, None)
}

fn planned(snapshot: &Snapshot, resource: &Arc<Resource>, text: &str, count: Option<Count>) -> plan::Read {
    let query = query::parse(text).unwrap();
    let prefer = Prefer {
        count,
        ..Prefer::default()
    };
    let view = View {
        snapshot,
        principal: &Principal::Anonymous,
    };
    // Cursors are made with the key of the service.
    let lists = Lists {
        key: &Key::new(&[7; 32]),
        streamed: false,
    };
    plan::read::plan(resource, Target::Collection, query, &prefer, &view, lists).unwrap()
}

/// What the planner makes of a statement.
async fn explained(owner: &tokio_postgres::Client, made: &sql::Statement) -> String {
    let binds: Vec<&(dyn ToSql + Sync)> = made.binds.iter().map(|bind| bind as _).collect();
    let rows = owner.query(&format!("explain {}", made.text), &binds).await.unwrap();
    let lines: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    lines.join("\n")
}

#[test]
fn filters_use_indexes() {
    let setup = Setup {
        schema: SCHEMA,
        resources: &[("many", "[access]\nread = [\"public\"]\n")],
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        let published = app.context.published.load_full();
        let resource = published.snapshot.resources.first().unwrap();
        let owner = app.owner().await;
        let mut wrong = Vec::new();
        for filter in [
            "id=eq.7",
            "id=in.(1,2)",
            "id=eq(any).{1,2}",
            "id=lt.10",
            "name=eq.name7",
            "name=in.(name1,name2)",
            "name=like.name77*",
            "name=eq(any).{name1,name2}",
            "label=eq.label7",
            "code=eq.c7",
            "code=in.(c7,c8)",
            "stage=eq.new",
            "score=eq.7",
            "score=gt.19990",
            "amount=eq.7",
            "at=lt.2026-01-01T00:10:00Z",
            "token=eq.6f6e0c86-9a55-4a5b-8f3a-0a8f8f1f8c11",
            "tags=cs.{t7}",
            "tags=ov.{t7,t8}",
            "during=cs.[7,8)",
            "during=adj.[20002,20003)",
            "meta=cs.{\"k\":\"v7\"}",
            "meta->>k=eq.v7",
            "story=fts(english).word7",
            "or=(id.eq.1,id.eq.2)",
        ] {
            let query = uri(filter).replace("%3D", "=");
            let made = statement(resource, &query);
            let plan = explained(&owner, &made).await;
            if !plan.contains("Index Cond") {
                wrong.push(format!("{filter}\n{}\n{plan}", made.text));
            }
            // What Postgres serves is never taken for unserved.
            let read = read(resource, &query);
            let asked = Asked {
                resource,
                reach: read.reach(),
            };
            let missing = plan::cost::unserved(asked, &BTreeSet::new());
            if !missing.is_empty() {
                wrong.push(format!("{filter}: {missing:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
        // Values never change the text.
        for (one, other) in [
            ("id=eq.1", "id=eq.2"),
            ("id=in.(1,2,3)", "id=in.(4)"),
            ("id=eq(any).{1}", "id=eq(any).{2,3}"),
            ("name=like(any).{a*}", "name=like(any).{b,c}"),
            ("meta->>k=eq.a", "meta->>other=eq.b"),
            ("meta->0=eq.1", "meta->7=eq.2"),
            ("story=fts(english).a", "story=fts(german).b"),
            ("tags=cs.{a}", "tags=cs.{b,c}"),
            ("limit=1", "limit=2"),
            ("select=meta->>a", "select=meta->>b"),
            ("order=meta->>a", "order=meta->>b"),
        ] {
            let (one, other) = (statement(resource, &uri(one)), statement(resource, &uri(other)));
            assert_eq!(one.text, other.text);
        }
    });
}

/// A shop with many rows, and indexes where a careful owner has them.
const MANY: &str = "
insert into categories select n, 'c' || n, case when n > 200 then 100 + n / 50 end from generate_series(100, 5000) n;
insert into products select n, 'sku' || n, 'p' || n, 100 + n % 4900, n % 90, n from generate_series(100, 20000) n;
insert into tags select n, 't' || n from generate_series(100, 3000) n;
insert into product_tags select n, 100 + n % 2900, n % 9 from generate_series(100, 20000) n;
insert into customers select n, 'customer' || n, n || '@example.org', 'city' || n % 500 from generate_series(1000, 20000) n;
insert into orders select n, 1000 + n % 19000, date '2025-01-01' + n % 300, 'sent', null, null, n % 500 from generate_series(1000, 60000) n;
insert into lines select n, 1, 100 + n % 19000, 1 from generate_series(1000, 60000) n;
insert into receipts select n, 'N' || n from generate_series(1000, 60000, 2) n;
create index orders_customer on orders (customer_id);
create index orders_placed on orders (placed, id);
create index lines_product on lines (product_id);
create index products_category on products (category_id);
create index products_pages on products ((meta ->> 'pages'));
create index categories_parent on categories (parent_id);
create index product_tags_tag on product_tags (tag_id);
create index customers_city on customers (city);
analyze;
";

/// What is asked; then tables of which no more may be read than an index finds, and words that the plan must have.
const SHAPES: &[(&str, &str, &[&str], &str)] = &[
    // To one, to many, many to many: looked up for the rows of the page.
    (
        "orders",
        "select=id,customers(name)&limit=20",
        &["customers"],
        "orders_pkey",
    ),
    (
        "orders",
        "select=id,customers(name)&customer_id=eq.5000",
        &["customers", "orders"],
        "orders_customer",
    ),
    (
        "customers",
        "select=name,orders(id,total)&limit=20",
        &["customers", "orders"],
        "orders_customer",
    ),
    (
        "customers",
        "select=name,orders(id)&orders.order=placed.desc&orders.limit=3&id=eq.5000",
        &["customers", "orders"],
        "orders_customer",
    ),
    (
        "products",
        "select=name,tags(name)&id=eq.5000",
        &["products", "tags", "product_tags"],
        "product_tags_pkey",
    ),
    (
        "tags",
        "select=name,products(sku)&limit=5",
        &["tags", "products", "product_tags"],
        "product_tags_tag",
    ),
    (
        "orders",
        "select=id,receipts(number)&limit=20",
        &["orders", "receipts"],
        "receipts_pkey",
    ),
    (
        "categories",
        "select=name,up:parent_id(name),down:categories!parent_id(name)&id=eq.120",
        &["categories"],
        "categories_parent",
    ),
    // Nested.
    (
        "customers",
        "select=name,orders(id,lines(quantity,products(name,categories(name))))&id=eq.5000",
        &["customers", "orders", "lines", "products", "categories"],
        "lines_pkey",
    ),
    // Spread.
    (
        "lines",
        "select=quantity,...products(name,...categories(category:name))&order_id=eq.5000",
        &["lines", "products", "categories"],
        "products_pkey",
    ),
    // `!inner`: of the side with the filter, and of the page.
    (
        "orders",
        "select=id,customers!inner(name)&customers.id=eq.5000",
        &["orders", "customers"],
        "orders_customer",
    ),
    (
        "customers",
        "select=name,orders!inner(id)&id=in.(5000,5001)",
        &["customers", "orders"],
        "orders_customer",
    ),
    (
        "products",
        "select=name,tags!inner(name)&tags.id=eq.500",
        &["products", "product_tags", "tags"],
        "product_tags",
    ),
    // Rows without related ones.
    (
        "customers",
        "select=name,orders()&orders=is.null&id=lt.1100",
        &["customers", "orders"],
        "orders_customer",
    ),
    (
        "orders",
        "select=id,receipts()&receipts=is.null&id=lt.1100",
        &["orders", "receipts"],
        "receipts_pkey",
    ),
    (
        "orders",
        "select=id,receipts()&receipts=is.null&limit=5",
        &["orders"],
        "receipts_pkey",
    ),
    // Order: by an index, by a related row among few, and pages by cursor.
    (
        "orders",
        "select=id&order=placed,id&limit=20",
        &["orders"],
        "orders_placed",
    ),
    (
        "orders",
        "select=id&order=placed.desc,id.desc&limit=20",
        &["orders"],
        "Index Only Scan Backward using orders_placed",
    ),
    (
        "orders",
        "select=id,customers(name)&order=customers(name)&customer_id=in.(5000,5001)",
        &["orders", "customers"],
        "customers_pkey",
    ),
    (
        "products",
        "select=id&meta->>pages=eq.80",
        &["products"],
        "products_pages",
    ),
    // Counts and groups of what a filter finds.
    (
        "orders",
        "select=count()&customer_id=eq.5000",
        &["orders"],
        "orders_customer",
    ),
    (
        "orders",
        "select=state,total.sum()&customer_id=eq.5000&order=sum.desc",
        &["orders"],
        "orders_customer",
    ),
    (
        "customers",
        "select=name,orders(count(),total.sum())&limit=20",
        &["customers", "orders"],
        "orders_customer",
    ),
    (
        "orders",
        "select=count(),customers(city)&customer_id=in.(5000,5001)",
        &["orders", "customers"],
        "orders_customer",
    ),
];

#[test]
fn shapes_use_indexes() {
    let schema = format!("{STORE}{MANY}");
    let setup = Setup {
        schema: &schema,
        resources: STORE_RESOURCES,
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        let published = app.context.published.load_full();
        let snapshot = &published.snapshot;
        let find = |name: &str| snapshot.resources.iter().find(|known| known.name == name).unwrap();
        let owner = app.owner().await;
        let mut wrong = Vec::new();
        let mut look = async |what: &str, made: sql::Statement, tables: &[&str], word: &str| {
            let plan = explained(&owner, &made).await;
            let scanned = tables
                .iter()
                .any(|table| plan.contains(&format!("Seq Scan on {table} ")));
            if scanned || !plan.contains(word) {
                wrong.push(format!("{what}\n{}\n{plan}", made.text));
            }
        };
        for (resource, text, tables, word) in SHAPES {
            let text = uri(text);
            let made = sql::read::statement(&planned(snapshot, find(resource), &text, None)).unwrap();
            look(&text, made, tables, word).await;
            // A count is of all rows that match: with a filter an index finds them.
            if ["=eq.", "=in.", "=lt."].iter().any(|filter| text.contains(filter)) {
                let made = sql::read::statement(&planned(snapshot, find(resource), &text, Some(Count::Exact))).unwrap();
                look(&format!("count=exact {text}"), made, tables, word).await;
            }
        }
        // Pages by cursor, forwards and back.
        for order in [
            "order=placed,id",
            "order=placed.desc,id.desc",
            "order=id",
            "order=id.desc",
        ] {
            let mut path = format!("/api/orders?select=id&{order}&limit=20");
            for relation in ["next", "next", "prev"] {
                let page = app.get(&path).await.is(200);
                let link = page
                    .header("link")
                    .split(", ")
                    .find(|link| link.ends_with(&format!("\"{relation}\"")));
                path = link
                    .unwrap()
                    .split_once('<')
                    .unwrap()
                    .1
                    .split_once('>')
                    .unwrap()
                    .0
                    .to_owned();
                let query = path.split_once('?').unwrap().1;
                let made = sql::read::statement(&planned(snapshot, find("orders"), query, None)).unwrap();
                look(&format!("{relation} of {order}"), made, &["orders"], "Index Cond").await;
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    });
}
