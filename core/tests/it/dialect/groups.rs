//! Groups of types that are written as text and ordered by value, and what clients write for counts.

use super::table::{self, Table};
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

pub const TABLES: &[Table] = &[("group_order", include_str!("../../fixtures/dialect/group_order.txt"))];

#[test]
fn groups_have_the_order_of_their_values() {
    let setup = Setup {
        schema: SCHEMA,
        resources: &[("desks", GROUPS), ("leads", GROUPS)],
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        table::ask(&app, TABLES).await;
        let counted = app
            .get("/api/leads?select=stage,count()&order=stage.desc&limit=1")
            .await;
        assert_eq!(counted.text, r#"[{"stage":"lost","count":1}]"#);
    });
}
