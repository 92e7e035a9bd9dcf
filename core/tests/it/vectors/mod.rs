//! Vectors: what goes in comes out again, and the nearest rows are found by each distance, with filters, and by index.

mod embeddings;
mod guarded;
mod nearest;
mod ordered;
mod recall;
mod refusals;

use serde_json::{Value, json};

use crate::app::Setup;

const SCHEMA: &str = r"
create table places (
    id integer primary key,
    name text not null,
    kind text not null default 'shop',
    at vector(3),
    owner_id integer
);
create table owners (id integer primary key, name text not null, at halfvec(2));
alter table places add foreign key (owner_id) references owners;
insert into owners values (1, 'ada', '[1,0]'), (2, 'bob', '[0,1]');
insert into places values
    (1, 'east', 'shop', '[1,0,0]', 1), (2, 'north', 'bar', '[0,1,0]', 2), (3, 'up', 'shop', '[0,0,1]', 1),
    (4, 'far east', 'bar', '[5,0,0]', 2), (5, 'north-east', 'shop', '[1,1,0]', null), (6, 'nowhere', 'shop', null, null),
    (7, 'centre', 'shop', '[0,0,0]', null);
create table mixed (
    a integer, b text,
    dense vector(3), half halfvec(3), thin sparsevec(6), any_vector vector, distance real,
    primary key (a, b)
);
insert into mixed values
    (1, 'x,y', '[1,2,3]', '[1,2,3]', '{1:1,6:-2}/6', '[1]', 4.5),
    (2, 'z', '[-1,0.5,2]', '[0.5,0,-2]', '{2:0.25}/6', '[1,2]', null),
    (3, 'w', '[0,0,1]', '[0,1,0]', '{3:7,4:1}/6', null, 1);
create view seen as select id, at from places where id <> 4;
create table points (id bigint generated always as identity primary key, tag integer not null, at vector(16) not null);
create index points_at on points using hnsw (at vector_l2_ops);
create table grid (id integer primary key, at vector(2));
create index grid_at on grid using ivfflat (at vector_cosine_ops) with (lists = 9);
create table secret (id integer primary key, at vector(2));
";

const ALL: &str =
    "[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n";

const RESOURCES: &[(&str, &str)] = &[
    (
        "places",
        "[access]\nread = [\"public\"]\ncreate = [\"public\"]\n[page]\nmax = 50\n[fields.at]\nmetric = \"l2\"\n",
    ),
    ("owners", "[access]\nread = [\"public\"]\n"),
    ("mixed", ALL),
    ("seen", "[access]\nread = [\"public\"]\n"),
    (
        "points",
        "[access]\nread = [\"public\"]\n[page]\nmax = 500\n[nearest]\nmax_ef_search = 300\n",
    ),
    ("grid", "[access]\nread = [\"public\"]\n"),
    (
        "secret",
        "[access]\nread = [\"scope:secret.read\"]\ncreate = [\"public\"]\n",
    ),
];

fn setup() -> Setup<'static> {
    Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    }
}

/// The values of one member of each row.
fn all(rows: &Value, name: &str) -> Vec<Value> {
    let rows = rows.as_array().unwrap_or_else(|| panic!("{rows}"));
    rows.iter().map(|row| row[name].clone()).collect()
}

fn ids(rows: &Value) -> Vec<i64> {
    all(rows, "id").iter().map(|id| id.as_i64().unwrap()).collect()
}

fn body(parts: Value) -> String {
    let mut body = json!({"embedding": [1, 0, 0]});
    for (name, value) in parts.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}
