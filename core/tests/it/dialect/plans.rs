//! Filters on indexed columns use the index: no cast of a comparison stands in its way.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio_postgres::types::ToSql;
use windlass_core::contract::{Resource, Snapshot};
use windlass_core::plan::cost::Asked;
use windlass_core::plan::cursor::Key;
use windlass_core::plan::{self, Lists, Principal, View};
use windlass_core::request::{Prefer, Target, query};
use windlass_core::sql;

use super::uri;
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
pub fn statement(resource: &Arc<Resource>, text: &str) -> sql::Statement {
    sql::read::statement(&read(resource, text)).unwrap()
}

/// The plan of a list.
pub fn read(resource: &Arc<Resource>, text: &str) -> plan::Read {
    let query = query::parse(text).unwrap();
    let prefer = Prefer::default();
    let view = View {
        snapshot: &Snapshot::default(),
        principal: &Principal::Anonymous,
    };
    // No request brings a cursor here: any key will do.
    let lists = Lists {
        key: &Key::new(&[0; 32]),
        streamed: false,
    };
    plan::read::plan(resource, Target::Collection, query, &prefer, &view, lists).unwrap()
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
            let binds: Vec<&(dyn ToSql + Sync)> = made.binds.iter().map(|bind| bind as _).collect();
            let rows = owner.query(&format!("explain {}", made.text), &binds).await.unwrap();
            let plan: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
            if !plan.iter().any(|line| line.contains("Index Cond")) {
                wrong.push(format!("{filter}\n{}\n{}", made.text, plan.join("\n")));
            }
            // What Postgres serves is never taken for unserved.
            let read = read(resource, &query);
            let asked = Asked {
                resource,
                condition: &read.condition,
                output: &read.output,
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
