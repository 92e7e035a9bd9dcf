//! Files that expose functions, and what is said of those that cannot be.

use windlass_core::contract::{self, Outcome};
use windlass_core::db::cluster::Role;
use windlass_core::db::{connect, introspect};

use crate::app::{Setup, with_app};

const SCHEMA: &str = r#"
create table things (id integer primary key);
create function unnamed(integer) returns integer language sql immutable as 'select $1';
create function half(a integer, text) returns integer language sql immutable as 'select a';
create function anything(a anyelement) returns anyelement language sql immutable as 'select a';
create function rows_of_what() returns setof record language sql immutable as 'select 1';
create function trigger_fn() returns trigger language plpgsql as 'begin return new; end';
create function fine(name text, most integer default 10) returns setof things language sql stable as 'select * from things';
comment on function fine is 'All of them.';
create procedure done() language sql as '';
create aggregate longest(text) (sfunc = textcat, stype = text);
create schema other;
create function other.elsewhere() returns integer language sql immutable as 'select 1';
grant usage on schema other to public;
"#;

#[test]
fn mistakes_have_their_place() {
    let setup = Setup {
        schema: SCHEMA,
        resources: &[],
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        let login = connect::open(&app.cluster.endpoint().config(Role::Login))
            .await
            .unwrap();
        let catalog = introspect::catalog(&login).await.unwrap();
        let read = |text: &str| contract::read_function("resources/f.toml".as_ref(), text, &catalog, &[]);
        let call = "\n[access]\ncall = ['public']\n";
        for (text, wanted) in [
            (
                "function = 'fin'",
                "1:12: there is no function `public.fin` | did you mean `public.fine`?",
            ),
            (
                "function = 'elsewhere'",
                "1:12: there is no function `public.elsewhere` | did you mean `other.elsewhere`?",
            ),
            (
                "function = 'all_teams'\n[cost]\nmax_rows = 1",
                "2:2: `cost` is for tables",
            ),
            ("function = 'done'", "1:12: there is no function `public.done`"),
            ("function = 'longest'", "1:12: there is no function `public.longest`"),
            (
                "function = 'unnamed'",
                "1:12: `public.unnamed(integer)` has no name for argument 1",
            ),
            (
                "function = 'half'",
                "1:12: `public.half(a integer, text)` has no name for argument 2",
            ),
            (
                "function = 'anything'",
                "1:12: `public.anything(a anyelement)` takes a `anyelement`, which a request cannot hold",
            ),
            (
                "function = 'rows_of_what'",
                "1:12: `public.rows_of_what()` returns `record`, whose form is not known before it is called",
            ),
            (
                "function = 'trigger_fn'",
                "1:12: `public.trigger_fn()` returns `trigger`",
            ),
            (
                "function = 'fine'\ntable = 'things'",
                "2:9: both `table` and `function` are named",
            ),
            ("function = 'fine'\npath = '/x'", "2:1: `path` is for tables"),
            ("function = 'fine'\nhidden = ['id']", "2:1: `hidden` is for tables"),
            (
                "function = 'fine'\nfunctoin = 1",
                "2:1: unknown key `functoin` | did you mean `function`?",
            ),
            ("function = 1", "1:12: `function` takes a string"),
        ] {
            let found = read(&format!("{text}{call}")).unwrap_err();
            let told: Vec<String> = found
                .iter()
                .map(|d| {
                    format!(
                        "{}:{}: {} | {}",
                        d.line,
                        d.column,
                        d.message,
                        d.help.as_deref().unwrap_or("")
                    )
                })
                .collect();
            assert!(told.iter().any(|one| one.starts_with(wanted)), "{text}\n{told:#?}");
        }
        for (text, wanted) in [
            ("function = 'fine'", "1:12: nobody may call this function"),
            (
                "function = 'fine'\n[access]\nread = ['public']\ncall = ['public']",
                "3:8: `read`, `create`, `update` and `delete` are for tables",
            ),
            (
                "function = 'fine'\n[access]\ncall = ['everyone']",
                "3:9: `everyone` is not a grant",
            ),
            (
                "function = 'fine'\n[access]\ncall = ['public']\n[args.nam]\nformat = 'email'",
                "4:7: `fine` has no argument `nam`",
            ),
            (
                "function = 'fine'\n[access]\ncall = ['public']\n[args.most]\nformat = 'email'",
                "5:10:",
            ),
            (
                "function = 'fine'\n[access]\ncall = ['public']\n[args.most]\nread_only = true",
                "5:13: arguments have no `read_only`",
            ),
        ] {
            let found = read(text).unwrap_err();
            let told: Vec<String> = found
                .iter()
                .map(|d| format!("{}:{}: {}", d.line, d.column, d.message))
                .collect();
            assert!(told.iter().any(|one| one.starts_with(wanted)), "{text}\n{told:#?}");
        }
        // A table's file has neither arguments nor calls.
        let table = "table = 'things'\n[access]\ncall = ['public']\n[args.id]\nge = 1\n";
        let found = contract::read_resource("resources/things.toml".as_ref(), table, &catalog, &|_| {
            Err(String::new())
        });
        let told: Vec<String> = found
            .unwrap_err()
            .iter()
            .map(|d| format!("{}:{} {}", d.line, d.column, d.message))
            .collect();
        assert_eq!(told, ["3:8 `call` is for functions", "4:2 `args` is for functions"]);

        let fine = read(&format!(
            "function = 'fine'{call}[args.most]\nge = 1\nle = 50\ndescription = 'Rows.'\n"
        ))
        .unwrap();
        assert_eq!(
            (fine.path.as_str(), fine.description.as_deref()),
            ("/api/rpc/f", Some("All of them."))
        );
        let overload = fine.overloads.first().unwrap();
        assert_eq!(
            (overload.outcome, overload.signature.as_str()),
            (Outcome::Rows, "f(name, most)")
        );
        assert_eq!(overload.rows.fields.len(), 1);
        let most = overload.arguments.field("most").unwrap().1;
        assert_eq!((most.optional, most.default.clone()), (true, Some(10.into())));
    });
}
