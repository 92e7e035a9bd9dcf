//! Related rows that functions find.

use super::ask;
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
create function public.lists_again() returns setof public.lists language sql stable as 'select * from public.lists';
";

const RESOURCES: &[(&str, &str)] = &[
    (
        "lists",
        "computed = ['above', 'public.newest', 'maybe', 'items', 'opened']\n[access]\nread = ['public']\ncreate = ['public']\n",
    ),
    (
        "items",
        "hidden = ['secret']\ncomputed = ['lists']\n[access]\nread = ['public']\n[page]\nmax_groups = 9\n",
    ),
    ("vault", "[access]\nread = ['scope:vault']\n"),
    ("lists_again", "function = 'lists_again'\n[access]\ncall = ['public']\n"),
];

const CASES: &[(&str, u16, &str)] = &[
    (
        "/api/lists?select=name,above(id)",
        200,
        r#"[{"name":"one","above":[{"id":2}]},{"name":"two","above":[]},{"name":"three","above":[{"id":4}]}]"#,
    ),
    (
        "/api/lists?select=name,last:newest(id,label)&limit=2",
        200,
        r#"[{"name":"one","last":{"id":2,"label":"b"}},{"name":"two","last":{"id":3,"label":"c"}}]"#,
    ),
    (
        "/api/lists?select=id,maybe(id)",
        200,
        r#"[{"id":1,"maybe":null},{"id":2,"maybe":{"id":3}},{"id":3,"maybe":{"id":4}}]"#,
    ),
    (
        "/api/lists?select=id,items(label)&id=eq.1",
        200,
        r#"[{"id":1,"items":[{"label":"b"}]}]"#,
    ),
    ("/api/lists?select=id&maybe=is.null", 400, "no column `maybe`"),
    ("/api/lists?select=id,maybe()&maybe=is.null", 200, r#"[{"id":1}]"#),
    (
        "/api/lists?select=id,above!inner(id)",
        200,
        r#"[{"id":1,"above":[{"id":2}]},{"id":3,"above":[{"id":4}]}]"#,
    ),
    (
        "/api/lists?select=id,above!inner(id)&above.label=eq.d",
        200,
        r#"[{"id":3,"above":[{"id":4}]}]"#,
    ),
    (
        "/api/lists?select=id,items(id)&items.order=id.desc&items.limit=1&id=eq.2",
        200,
        r#"[{"id":2,"items":[{"id":3}]}]"#,
    ),
    (
        "/api/lists?select=id,items(count())&order=id&limit=1",
        200,
        r#"[{"id":1,"items":[{"count":1}]}]"#,
    ),
    (
        "/api/lists?select=id,newest(label)&order=newest(label).desc&limit=1",
        200,
        r#"[{"id":3,"newest":{"label":"d"}}]"#,
    ),
    (
        "/api/items?select=id,lists(name,newest(id))&id=eq.1",
        200,
        r#"[{"id":1,"lists":{"name":"one","newest":{"id":2}}}]"#,
    ),
    (
        "/api/lists/1?select=id,newest(id)",
        200,
        r#"{"id":1,"newest":{"id":2}}"#,
    ),
    // What is hidden stays hidden, and what may not be read is not there.
    ("/api/lists?select=above(secret)", 400, "no column `secret`"),
    ("/api/lists?select=opened(id)", 400, "no relation to `opened`"),
    // Rows that look like a table's are none.
    (
        "/api/rpc/lists_again?select=id,newest(id)",
        400,
        "no relation to `newest`",
    ),
    ("/api/lists?select=nowest(id)", 400, "did you mean `newest`?"),
];

#[test]
fn functions_find_related_rows() {
    let setup = Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        ask(&app, CASES).await;
        let made = app
            .post("/api/lists?select=id,newest(id)", r#"{"id":7,"name":"new","floor":0}"#)
            .await;
        assert_eq!((made.status, made.text.as_str()), (201, r#"{"id":7,"newest":null}"#));
    });
}
