//! Related rows that functions find.

use super::table::{self, Table};
use crate::app::{Setup, with_app};

const SCHEMA: &str = "
create table public.lists (id int primary key, name text not null, floor int not null);
create table public.items (id int primary key, list_id int not null references public.lists, label text, secret text);
create table public.vault (id int primary key);
insert into public.lists values (1, 'one', 2), (2, 'two', 9), (3, 'three', 1);
insert into public.items values (1, 1, 'a', 'x'), (2, 1, 'b', 'y'), (3, 2, 'c', 'z'), (4, 3, 'd', 'w');
insert into public.vault values (1);
create function public.above(list public.lists) returns setof public.items language sql stable
    as 'select * from public.items where list_id = list.id and items.id >= list.floor';
create function public.newest(list public.lists) returns setof public.items rows 1 language sql stable
    as 'select * from public.items where list_id = list.id order by items.id desc limit 1';
create function public.maybe(list public.lists) returns public.items language sql stable
    as 'select * from public.items where list_id = list.id and items.id > 2';
-- Named as a resource: it goes before what the foreign key says.
create function public.items(list public.lists) returns setof public.items language sql stable
    as 'select * from public.items where list_id = list.id and label <> ''a''';
create function public.lists(item public.items) returns public.lists language sql stable
    as 'select * from public.lists where id = item.list_id';
create function public.opened(list public.lists) returns setof public.vault language sql stable
    as 'select * from public.vault';
create table public.notes (list_id int);
create function public.note(list public.lists) returns int language sql volatile as
    'insert into public.notes values (list.id) returning list_id';
-- It only says that it reads.
create function public.lying(list public.lists) returns setof public.items language plpgsql stable as
    'begin perform public.note(list); return query select * from public.items; end';
create function public.lists_again() returns setof public.lists language sql stable as 'select * from public.lists';
";

const RESOURCES: &[(&str, &str)] = &[
    (
        "lists",
        "computed = ['above', 'public.newest', 'maybe', 'items', 'opened', 'lying']\n[access]\nread = ['public']\ncreate = ['public']\n",
    ),
    (
        "items",
        "hidden = ['secret']\ncomputed = ['lists']\n[access]\nread = ['public']\n[page]\nmax_groups = 9\n",
    ),
    ("vault", "[access]\nread = ['scope:vault']\n"),
    ("lists_again", "function = 'lists_again'\n[access]\ncall = ['public']\n"),
];

pub const TABLES: &[Table] = &[("computed", include_str!("../../fixtures/dialect/computed.txt"))];

#[test]
fn functions_find_related_rows() {
    let setup = Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        table::ask(&app, TABLES).await;
        let made = app
            .post("/api/lists?select=id,newest(id)", r#"{"id":7,"name":"new","floor":0}"#)
            .await;
        for path in [
            "/api/lists?select=id,lying(id)",
            "/api/lists/1?select=id,lying(id)",
            "/api/lists?select=id,lying()&lying=not.is.null",
            "/api/lists/1?select=id,lying!inner()",
            "/api/items?select=id,lists(lying(id))",
        ] {
            let refused = app.get(path).await.is(400).json();
            assert_eq!(refused["code"], "database_rule", "{path}: {refused}");
        }
        let owner = app.owner().await;
        let written: i64 = owner
            .query_one("select count(*) from public.notes", &[])
            .await
            .unwrap()
            .get(0);
        assert_eq!(written, 0);
        assert_eq!((made.status, made.text.as_str()), (201, r#"{"id":7,"newest":null}"#));
    });
}
