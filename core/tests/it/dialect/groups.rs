//! Groups of types that are written as text and ordered by value, and what clients write for counts.

use super::ask;
use crate::app::{Setup, with_app};

const SCHEMA: &str = "
create type public.stage as enum ('new', 'open', 'won', 'lost');
create table public.desks (id int primary key, name text not null);
create table public.leads (
    id int primary key, desk_id int references public.desks, stage public.stage not null, address inet, during int4range
);
insert into public.desks values (1, 'east'), (2, 'west'), (3, 'idle');
insert into public.leads values
    (1, 1, 'won', '10.0.0.9', '[1,5)'), (2, 1, 'new', '10.0.0.10', '[1,5)'), (3, 2, 'lost', '9.0.0.1', '[10,12)'),
    (4, 2, 'open', '10.0.0.9', '[2,3)'), (5, 2, 'new', null, null);
";

const GROUPS: &str = "[access]\nread = ['public']\n[page]\nmax_groups = 50\n";

const CASES: &[(&str, u16, &str)] = &[
    (
        "/api/leads?select=stage,count()",
        200,
        r#"[{"stage":"new","count":2},{"stage":"open","count":1},{"stage":"won","count":1},{"stage":"lost","count":1}]"#,
    ),
    (
        "/api/leads?select=stage,count()&order=stage.desc&limit=2",
        200,
        r#"[{"stage":"lost","count":1},{"stage":"won","count":1}]"#,
    ),
    (
        "/api/leads?select=stage,n:count()&order=n.desc,stage.desc&limit=2",
        200,
        r#"[{"stage":"new","n":2},{"stage":"lost","n":1}]"#,
    ),
    (
        "/api/leads?select=address,count()&address=not.is.null&order=address",
        200,
        r#"[{"address":"9.0.0.1","count":1},{"address":"10.0.0.9","count":2},{"address":"10.0.0.10","count":1}]"#,
    ),
    (
        "/api/leads?select=during,count()&during=not.is.null",
        200,
        r#"[{"during":"[1,5)","count":2},{"during":"[2,3)","count":1},{"during":"[10,12)","count":1}]"#,
    ),
    (
        "/api/leads?select=desk_id,last:stage.max()&order=last.desc",
        200,
        r#"[{"desk_id":2,"last":"lost"},{"desk_id":1,"last":"won"}]"#,
    ),
    (
        "/api/desks?select=name,leads(stage,count())&leads.order=stage.desc&id=eq.2",
        200,
        r#"[{"name":"west","leads":[{"stage":"lost","count":1},{"stage":"open","count":1},{"stage":"new","count":1}]}]"#,
    ),
    // As supabase's clients write it.
    (
        "/api/desks?select=name,leads(count)",
        200,
        r#"[{"name":"east","leads":[{"count":2}]},{"name":"west","leads":[{"count":3}]},{"name":"idle","leads":[{"count":0}]}]"#,
    ),
    ("/api/leads?select=count", 200, r#"[{"count":5}]"#),
    (
        "/api/leads?select=count::text,desk_id&desk_id=eq.1",
        200,
        r#"[{"count":"2","desk_id":1}]"#,
    ),
    ("/api/leads?select=count->x", 400, "no column `count`"),
    ("/api/leads?select=sum", 400, "no column `sum`"),
    (
        "/api/leads?select=stage,count()&cursor=AQ",
        400,
        "Groups have no cursors",
    ),
];

#[test]
fn groups_have_the_order_of_their_values() {
    let setup = Setup {
        schema: SCHEMA,
        resources: &[("desks", GROUPS), ("leads", GROUPS)],
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        ask(&app, CASES).await;
        let counted = app
            .get("/api/leads?select=stage,count()&order=stage.desc&limit=1")
            .await;
        assert_eq!(counted.text, r#"[{"stage":"lost","count":1}]"#);
    });
}
