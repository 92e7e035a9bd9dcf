//! Searches by index: how many of the true neighbours they find, what they are told, and that filters leave enough.

use std::fmt::Write as _;
use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::{RESOURCES, SCHEMA, ids, setup};
use crate::app::{Answer, App, Setup, with_app};

const POINTS: usize = 6_000;
const CLUSTERS: usize = 60;
const DIMENSIONS: usize = 16;

/// Numbers between 0 and 1 that look random and are always the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f32::from(u16::try_from(self.0 >> 48).unwrap()) / f32::from(u16::MAX)
    }

    fn around(&mut self, centre: &[f32], spread: f32) -> Vec<f32> {
        centre.iter().map(|x| x + (self.next() - 0.5) * spread).collect()
    }
}

struct Cloud {
    centres: Vec<Vec<f32>>,
    points: Vec<Vec<f32>>,
    numbers: Numbers,
}

impl Cloud {
    /// Points in clusters, stored in the table `points`: ids from 1, tags from 0 to 99 in turn.
    async fn stored(app: &App) -> Self {
        let mut numbers = Numbers(42);
        let centres: Vec<Vec<f32>> = (0..CLUSTERS)
            .map(|_| (0..DIMENSIONS).map(|_| numbers.next() * 10.0).collect())
            .collect();
        let points: Vec<Vec<f32>> = (0..POINTS)
            .map(|n| numbers.around(&centres[n * 7 % CLUSTERS], 2.0))
            .collect();
        let owner = app.owner().await;
        for (number, some) in points.chunks(1_000).enumerate() {
            let mut sql = String::from("insert into points (tag, at) values ");
            for (index, point) in some.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                write!(sql, "{comma}({}, '{}')", (number * 1_000 + index) % 100, text(point)).unwrap();
            }
            owner.batch_execute(&sql).await.unwrap();
        }
        owner.batch_execute("analyze points").await.unwrap();
        Self {
            centres,
            points,
            numbers,
        }
    }

    fn question(&mut self, number: usize) -> Vec<f32> {
        let centre = self.centres[number % CLUSTERS].clone();
        self.numbers.around(&centre, 3.0)
    }

    /// The true neighbours, by looking at every point that is asked for.
    fn exact(&self, question: &[f32], k: usize, asked: impl Fn(usize) -> bool) -> Vec<i64> {
        let mut all: Vec<(f32, i64)> = self
            .points
            .iter()
            .enumerate()
            .filter(|(index, _)| asked(*index))
            .map(|(index, point)| {
                let distance = point.iter().zip(question).map(|(a, b)| (a - b) * (a - b)).sum();
                (distance, i64::try_from(index).unwrap() + 1)
            })
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all.into_iter().take(k).map(|(_, id)| id).collect()
    }
}

fn text(point: &[f32]) -> String {
    format!("[{}]", point.iter().map(f32::to_string).collect::<Vec<_>>().join(","))
}

/// How many of the true neighbours searches of this kind find, of all.
async fn recall(app: &App, cloud: &mut Cloud, extra: &str) -> f64 {
    let (mut found, mut wanted) = (0_u32, 0_u32);
    for number in 0..150 {
        let question = cloud.question(number);
        let search = format!(
            "{{\"embedding\":{},\"k\":10,\"select\":\"id\"{extra}}}",
            text(&question)
        );
        let rows = ids(&app.post("/api/points/nearest", &search).await.is(200).json());
        let exact = cloud.exact(&question, 10, |_| true);
        assert_eq!(rows.len(), 10);
        wanted += 10;
        found += u32::try_from(exact.iter().filter(|id| rows.contains(id)).count()).unwrap();
    }
    f64::from(found) / f64::from(wanted)
}

#[test]
fn an_index_finds_the_true_neighbours() {
    with_app(setup(), async |app| {
        let mut cloud = Cloud::stored(&app).await;
        let usual = recall(&app, &mut cloud, "").await;
        let wide = recall(&app, &mut cloud, ",\"ef_search\":300").await;
        let narrow = recall(&app, &mut cloud, ",\"ef_search\":1").await;
        assert!(usual >= 0.95, "recall@10 is {usual}");
        assert!(wide >= 0.99, "recall@10 is {wide} with ef_search 300");
        assert!(narrow < wide, "ef_search makes no difference: {narrow}, {wide}");
        // The service's own statement is planned by the index, with and without a filter.
        for query in ["", "?tag=lt.50"] {
            let search = format!("{{\"embedding\":{},\"select\":\"id\"}}", text(&cloud.question(1)));
            app.post(&format!("/api/points/nearest{query}"), &search).await.is(200);
            assert!(
                plan(&app, query.is_empty())
                    .await
                    .contains("Index Scan using points_at"),
                "{query}"
            );
        }
        app.get(&format!(
            "/api/points?order=at.nearest.{}&limit=3",
            text(&cloud.question(2))
        ))
        .await
        .is(200);
    });
}

/// How Postgres plans the service's search, with the binds that it had.
async fn plan(app: &Arc<App>, bare: bool) -> String {
    let slow = app.context.lanes.slow();
    let statement = slow
        .iter()
        .find(|slow| slow.statement.contains("windlass distance") && slow.statement.contains("\"tag\" <") != bare)
        .unwrap();
    let owner = app.owner().await;
    let vector = text(&[1.0; DIMENSIONS]);
    let values = if bare {
        format!("'{vector}', 10, 10")
    } else {
        format!("'{vector}', 50, 10, 10")
    };
    owner
        .batch_execute(&format!(
            "set plan_cache_mode = force_custom_plan; prepare search as {}",
            statement.statement
        ))
        .await
        .unwrap();
    let rows = owner
        .simple_query(&format!("explain execute search({values})"))
        .await
        .unwrap();
    let lines = rows.iter().filter_map(|row| match row {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn filters_leave_as_many_rows_as_are_asked_for() {
    // Whatever the planner thinks of so small a table: here the index alone must find the rows.
    let schema = format!(
        "do $$ begin execute format('alter database %I set enable_seqscan = off', current_database());
         execute format('alter database %I set enable_sort = off', current_database()); end $$; {SCHEMA}"
    );
    let setup = Setup {
        schema: &schema,
        resources: RESOURCES,
        ..Setup::default()
    };
    with_app(setup, async |app| {
        let mut cloud = Cloud::stored(&app).await;
        let (mut found, mut wanted) = (0, 0);
        for number in 0..20 {
            let question = cloud.question(number);
            let search = json!({"embedding": question, "k": 10, "select": "id,tag", "where": {"tag": "eq.7"}});
            let answer = app
                .post("/api/points/nearest", &search.to_string())
                .await
                .is(200)
                .json();
            let rows = ids(&answer);
            assert_eq!(rows.len(), 10, "question {number}");
            assert!(answer.as_array().unwrap().iter().all(|row| row["tag"] == 7));
            let distances: Vec<f64> = super::all(&answer, "distance")
                .iter()
                .map(|d| d.as_f64().unwrap())
                .collect();
            assert!(distances.is_sorted(), "{distances:?}");
            let exact = cloud.exact(&question, 10, |index| index % 100 == 7);
            wanted += exact.len();
            found += exact.iter().filter(|id| rows.contains(id)).count();
        }
        // Strict order passes over what it comes upon too late: fewer than without a filter.
        assert!(found * 100 >= wanted * 90, "{found} of {wanted}");
        // More rows than `ef_search`, too.
        let search = json!({"embedding": cloud.question(3), "k": 200, "select": "id", "ef_search": 10});
        let rows = app
            .post("/api/points/nearest", &search.to_string())
            .await
            .is(200)
            .json();
        assert_eq!(ids(&rows).len(), 200);
    });
}

#[test]
fn indexes_are_told_what_a_search_asks_for() {
    let schema = format!(
        "{SCHEMA}
        insert into grid select n, array[cos(n), sin(n)]::vector from generate_series(1, 500) n;
        create function told(name text) returns text language sql volatile as $$ select current_setting(name, true) $$;
        create view settings as select 1 as id, '[1]'::vector(1) as at, told('hnsw.ef_search') as ef,
            told('hnsw.iterative_scan') as iterative, told('transaction_read_only') as read_only,
            told('plan_cache_mode') as plans;"
    );
    let resources: Vec<(&str, &str)> = RESOURCES
        .iter()
        .copied()
        .chain([(
            "settings",
            "key = [\"id\"]\n[access]\nread = [\"public\"]\n[fields.at]\nmetric = \"l2\"\n",
        )])
        .collect();
    let setup = Setup {
        schema: &schema,
        resources: &resources,
        ..Setup::default()
    };
    with_app(setup, async |app| {
        for (extra, ef) in [
            ("", "100"),
            (",\"k\":100", "200"),
            (",\"k\":1000", "400"),
            (",\"ef_search\":77", "77"),
            (",\"ef_search\":400", "400"),
        ] {
            let search = format!("{{\"embedding\":[1],\"select\":\"ef,iterative,read_only,plans\"{extra}}}");
            let rows = app.post("/api/settings/nearest", &search).await.is(200).json();
            let wanted = json!([{"ef": ef, "iterative": "strict_order", "read_only": "on", "plans": "force_custom_plan", "distance": 0.0}]);
            assert_eq!(rows, wanted, "{extra}");
            let lines = Answer::of(
                app.request(Method::POST, "/api/settings/nearest")
                    .header("content-type", "application/json")
                    .header("accept", "application/x-ndjson")
                    .body(search),
            )
            .await
            .is(200);
            assert!(lines.text.contains(&format!("\"ef\":\"{ef}\"")), "{}", lines.text);
        }
        // They are over with the search.
        let rows = app.get("/api/settings?select=ef,plans").await.is(200).json();
        assert_eq!(rows[0]["plans"], "auto");
        assert_ne!(rows[0]["ef"], "400");
        // The distance of the only index; lists of an IVFFlat index are looked through in proportion.
        let rows = app
            .post("/api/grid/nearest", r#"{"embedding":[1,0],"k":50,"select":"id"}"#)
            .await
            .is(200)
            .json();
        assert_eq!(ids(&rows).len(), 50);
        let over = r#"{"embedding":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"ef_search":301}"#;
        let answer = app.post("/api/points/nearest", over).await.is(422);
        assert_eq!(answer.violations(), ["less_than_equal body.ef_search"]);
    });
}
